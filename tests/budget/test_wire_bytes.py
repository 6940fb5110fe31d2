"""What watching costs: bytes of every tick, of a key, of a second in which nothing happens. Exact, not timed."""

import random

import msgspec
import pytest

from console.model import GpuRow, Snapshot
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text, until

PER_TICK = {8: 1000, 64: 6000}
"""Bytes that a tick may send at 200x50 in 24-bit colour, for so many GPUs."""

TICKS = 20


def busy(snapshot: Snapshot, seconds: int, chance: random.Random) -> Snapshot:
    """The host a few seconds later: load, watts, heat and output move as they do on a card that works."""
    totals = msgspec.structs.replace(
        snapshot.totals,
        wall_w=(snapshot.totals.wall_w or 0) + chance.uniform(-12, 12),
        net_per_h=(snapshot.totals.net_per_h or 0) + chance.uniform(-0.01, 0.01),
    )
    rows = tuple(_worked(row, seconds, chance) for row in snapshot.rows)
    return msgspec.structs.replace(snapshot, seq=seconds, at=sample.NOW + seconds, rows=rows, totals=totals)


def _worked(row: GpuRow, seconds: int, chance: random.Random) -> GpuRow:
    reading = msgspec.structs.replace(
        row.reading,
        at=sample.NOW + seconds,
        power_w=(row.reading.power_w or 0) + chance.choice((-3, -1, 0, 0, 1, 2)),
        util_pct=min(100.0, (row.reading.util_pct or 0) + chance.choice((-1, 0, 0, 1))),
        temp_c=(row.reading.temp_c or 40) + chance.choice((0, 0, 0, 1, -1)),
    )
    output = row.output
    if output is not None and output.value is not None:
        output = msgspec.structs.replace(output, value=output.value * (1 + chance.uniform(-0.004, 0.004)))
    return msgspec.structs.replace(row, reading=reading, output=output)


def sent(app: Wired) -> int:
    """Bytes sent since the last call."""
    return len(app.sent().encode())


@pytest.mark.parametrize("gpus", [8, 64])
async def test_a_tick_of_a_busy_host_stays_within_its_budget(gpus: int) -> None:
    """Every one of twenty, and on the mean under two thirds of it."""
    site = sample.StillSite(sample.snapshot() if gpus == 8 else sample.fleet(gpus))
    first = site.shown
    app = console(site)
    chance = random.Random(7)
    sizes = []
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.2)
        sent(app)
        for second in range(1, TICKS + 1):
            site.at = sample.NOW + second
            site.tell(busy(first, second, chance))
            await pilot.pause(0.03)
            sizes.append(sent(app))
    assert min(sizes) > 50
    assert max(sizes) <= PER_TICK[gpus]
    assert sum(sizes) / TICKS <= PER_TICK[gpus] * 2 / 3


async def test_a_second_in_which_nothing_happens_costs_a_clock() -> None:
    """The last digit of the clock and the ages that turned: nothing else is sent."""
    site = sample.StillSite(sample.snapshot(quotes=sample.quotes()[:1]))
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.2)
        sent(app)
        site.at = sample.NOW + 1
        site.tell(msgspec.structs.replace(site.shown, seq=2, at=sample.NOW + 1))
        await pilot.pause(0.05)
        assert sent(app) <= 160


async def test_the_same_snapshot_twice_sends_nothing() -> None:
    """Nothing changed, nothing is painted."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.2)
        sent(app)
        site.tell(msgspec.structs.replace(site.shown, seq=2))
        await pilot.pause(0.05)
        assert sent(app) == 0


async def test_an_open_palette_sends_nothing_of_itself() -> None:
    """Its cursor does not blink: at 3 a.m. over a phone a blink is two repaints a second."""
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: any("Take back the latest flip" in line for line in text(app)))
        await pilot.pause(0.3)
        sent(app)
        await pilot.pause(1.2)
        assert sent(app) == 0


async def test_an_open_palette_makes_no_tick_dearer_than_one_frame() -> None:
    """News are seen through it and sent once; where nothing is new nothing is sent."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: any("Take back the latest flip" in line for line in text(app)))
        await pilot.pause(0.3)
        sent(app)
        site.tell(msgspec.structs.replace(site.shown, seq=2))
        await pilot.pause(0.3)
        assert sent(app) == 0
        site.tell(msgspec.structs.replace(site.shown, seq=3, host="rig-anew"))
        await until(pilot, lambda: app.frames)
        await pilot.pause(0.3)
        assert len(app.frames) == 1


async def test_a_cursor_key_sends_two_rows_and_the_ladder() -> None:
    """Not the screen: a step down within a budget of three kilobytes."""
    app = console()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.2)
        sent(app)
        await pilot.press("j")
        await pilot.pause(0.05)
        assert 500 < sent(app) <= 3000


async def test_rows_are_formatted_only_where_they_are_seen() -> None:
    """A page down makes the rows of a page: what it costs does not grow with the table."""
    site = sample.StillSite(sample.fleet(400))
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("pagedown", "pagedown")
        await pilot.pause(0.05)
        assert app.gpus.shown is not None
        assert len(app.gpus.shown.still.lines) <= 4 * app.gpus.page_rows
