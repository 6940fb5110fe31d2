"""What watching one GPU costs: bytes of every tick on its screen, exact, not timed."""

import random
from collections.abc import Callable

import msgspec

from console.model import GpuRow, Uuid
from console.site.detail import Detail
from tests.budget.test_wire_bytes import busy, sent
from tests.pilot import details, sample
from tests.pilot.wired import console, text, until

PER_TICK = 2000
"""Bytes that a tick may send at 200x50 in 24-bit colour, those in which the plots move on included."""
TICKS = 40


def later(site: sample.StillSite, first: dict[Uuid, GpuRow], seconds: int) -> Callable[[Uuid, float], Detail | None]:
    """What the site tells so many seconds later: figures of this tick, and a day that moves on every ten of them."""

    def found(uuid: Uuid, span_s: float) -> Detail | None:
        row = next(row for row in site.shown.rows if row.reading.uuid == uuid)
        past = details.past(first[uuid], span_s, sample.NOW + seconds)
        return msgspec.structs.replace(details.detail(row), past=past)

    return found


async def test_a_tick_stays_within_its_budget() -> None:
    """Each of forty, four of which move the plots on by a column."""
    site = details.site()
    first, chance = site.shown, random.Random(7)
    before = {row.reading.uuid: row for row in first.rows}
    app = console(site)
    sizes = []
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: any("last 15 min" in line for line in text(app)))
        await pilot.pause(0.3)
        sent(app)
        for second in range(1, TICKS + 1):
            site.at = sample.NOW + second
            site.details = later(site, before, second)
            site.tell(busy(first, second, chance))
            size = 0
            for _ in range(40):
                await pilot.pause(0.03)
                size += sent(app)
                if size:
                    break
            sizes.append(size)
    assert min(sizes) > 0
    assert max(sizes) <= PER_TICK, sizes
    assert sum(sizes) / TICKS <= PER_TICK / 4, sizes


async def test_the_same_snapshot_twice_sends_nothing() -> None:
    """Nothing changed, nothing is painted."""
    site = details.site()
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: any("last 15 min" in line for line in text(app)))
        await pilot.pause(0.3)
        sent(app)
        site.tell(msgspec.structs.replace(site.shown, seq=2))
        await pilot.pause(0.05)
        assert sent(app) == 0
