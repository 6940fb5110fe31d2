"""Snapshots composed by hand: a mixed host with everything that can be seen at once, and a site that stands still."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from console.economics.terms import Price, SiteTerms
from console.economics.totals import totals
from console.flips.records import Action, Move, Plan, Progress, Refusal, Who
from console.model import GpuRow, GpuState, HostState, LogLine, Quote, Snapshot, Totals, Uuid
from console.site.detail import Detail
from console.site.interface import Check, JournalLine, Site, Told
from tests.pilot.cards import CONTRACT, NOW, RENTED, STEPS, TO_AI, UNITS, ladder_4090, option, row, rows, uuid_of

__all__ = ["CONTRACT", "NOW", "RENTED", "TO_AI", "StillSite", "fleet", "option", "row", "rows", "snapshot", "uuid_of"]


def quotes() -> tuple[Quote, ...]:
    """Four fresh quotes and a stale one."""
    return (
        Quote(
            name="power",
            kind="power_price",
            value=0.071,
            unit="USD/kWh",
            source="day-ahead",
            at=NOW - 240,
            max_age_s=3600,
        ),
        Quote(name="ERG", kind="coin_price", value=0.84, unit="USD", source="feed", at=NOW - 38, max_age_s=900),
        Quote(name="4090 rent", kind="rental", value=0.41, unit="USD/h", source="median", at=NOW - 185, max_age_s=900),
        Quote(name="H100 rent", kind="rental", value=1.99, unit="USD/h", source="median", at=NOW - 2470, max_age_s=900),
        Quote(name="carbon", kind="carbon", value=212, unit="g/kWh", source="feed", at=NOW - 660, max_age_s=3600),
    )


def log() -> tuple[LogLine, ...]:
    """What happened, in no order."""
    return (
        LogLine(at=NOW - 671, text="GPU 0 ergo → vllm-qwen by op-2: warm in 38 s, +0.28 $/h", tone="value"),
        LogLine(at=NOW - 192, text="GPU 3 lost: xid 79", tone="harm"),
        LogLine(at=NOW - 23, text="GPU 2 ergo → vllm-qwen by op-2: stopped in 1.2 s, free, starting", tone="label"),
        LogLine(at=NOW - 1580, text="H100 rent is stale: the feed has not answered since 13:21", tone="warn"),
        LogLine(at=NOW - 4000, text="GPU 7 ergo → off by op-1: curtailed for the grid, −0.4 kW", tone="label"),
    )


def trend(level: float, step: float, at: int) -> tuple[float, ...]:
    """A series that wobbles and steps up at one place."""
    return tuple(level + 0.06 * level * math.sin(i / 5) / 3 + (step if i > at else 0) for i in range(STEPS))


SITE = SiteTerms(power=Price(name="price of power", value=0.071), psu_efficiency=0.92, pue=1.1, overhead_w_per_gpu=56.3)


def sums(made: tuple[GpuRow, ...]) -> Totals:
    """The header's sums as the site makes them: over the cards that are well, the counts over all."""
    well = tuple(r for r in made if r.reading.state is GpuState.OK)
    counts = totals(made, SITE).counts
    return msgspec.structs.replace(totals(well, SITE, 71.20, NOW - 50_000), counts=counts)


def snapshot(**more: object) -> Snapshot:
    """The whole host at ``NOW``."""
    made = rows()
    summed = sums(made)
    net = summed.net_per_h or 0.0
    base = Snapshot(
        seq=1,
        at=NOW,
        host="rig-07",
        site="Yokohama-2",
        currency="USD",
        timezone="Asia/Tokyo",
        host_state=HostState.OK,
        reason="",
        simulated=True,
        read_only="",
        rows=made,
        quotes=quotes(),
        totals=summed,
        power_limit_w=3200,
        log=log(),
        trend_net=trend(net - 1.3, 1.25, 48),
        trend_power_w=trend(2480, 600, 48),
    )
    return msgspec.structs.replace(base, **more)


def fleet(count: int, **more: object) -> Snapshot:
    """A host of ``count`` GPUs, half mining and half AI, all well."""
    rtx = "NVIDIA GeForce RTX 4090"
    made = tuple(
        row(i, rtx, ladder_4090("ergo"), "ergo", output=(178e6 + i * 1e5, "H/s"), watts=220 + i % 9, advice=TO_AI)
        if i % 2
        else row(
            i,
            rtx,
            ladder_4090("vllm-qwen"),
            "vllm-qwen",
            util=80 + i % 17,
            output=(1900 + i, "tok/s"),
            watts=290 + i % 11,
        )
        for i in range(count)
    )
    return snapshot(rows=made, **more)


class StillSite(Site):
    """A site that shows the snapshots it is given and writes down what it is asked."""

    def __init__(self, first: Snapshot | None = None) -> None:
        self.shown = first if first is not None else snapshot()
        self.at = NOW
        self.calls: list[tuple[object, ...]] = []
        self.told = Told()
        self.lines: tuple[JournalLine, ...] = ()
        self.heard: Callable[[Snapshot], None] | None = None
        self.progress: Callable[[Progress], None] | None = None
        self.refusals: tuple[Refusal, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.details: Callable[[Uuid, float], Detail | None] = lambda _uuid, _span_s: None

    def snapshot(self) -> Snapshot:
        """The newest."""
        return self.shown

    def now(self) -> float:
        """The instant it stands at."""
        return self.at

    def ready(self) -> bool:
        """Always."""
        return True

    def priced(self) -> bool:
        """Always."""
        return True

    def check(self) -> Check:
        """Nothing is wrong."""
        return Check()

    def listen(self, heard: Callable[[Snapshot], None]) -> None:
        """Keep who listens."""
        self.heard = heard

    def tell(self, new: Snapshot) -> None:
        """A new snapshot, from this thread."""
        self.shown = new
        assert self.heard is not None
        self.heard(new)

    def plan(self, slots: tuple[int, ...], target: str, *, whole: bool, force: tuple[str, ...] = ()) -> Plan:
        """One move for each slot that nothing refuses."""
        self.calls.append(("plan", slots, target, whole, force))
        stays = tuple(r for r in self.refusals if not any(f"{self.shown.host}:{s}" in force for s in r.slots))
        held = {slot for refusal in stays for slot in refusal.slots}
        after = {"ai": "vllm-qwen", "best": "vllm-qwen", "mine": "ergo"}.get(target, target)
        moves = tuple(self._move(slot, after) for slot in slots if slot not in held)
        return Plan(
            plan_id="p1",
            at=NOW,
            host=self.shown.host,
            who=Who(uid=0, login="op-1"),
            target=target,
            moves=moves,
            refusals=stays,
            forced=force,
        )

    def stand_down(self) -> Plan:
        """Everything that runs, off."""
        running = tuple(r.reading.slot for r in self.shown.rows if r.occupancy.instance)
        return msgspec.structs.replace(self.plan(running, "off", whole=True), abort_requests=True)

    def flips(self) -> Told:
        """What it was given."""
        return self.told

    def detail(self, uuid: Uuid, span_s: float) -> Detail | None:
        """What it was given of this GPU."""
        return self.details(uuid, span_s)

    def halt(self) -> None:
        """Written down."""
        self.calls.append(("halt",))

    def _move(self, slot: int, after: str) -> Move:
        found = next(r for r in self.shown.rows if r.reading.slot == slot)
        nets = {o.workload: o.net_per_h for o in found.money.options}
        before = found.money.running or "off"

        def action(name: str) -> tuple[Action, ...]:
            if name == "off":
                return ()
            unit = UNITS.get(name, "{}.service").format(slot)
            return (
                Action(
                    workload=name, kind="ai", controller="systemd", unit=unit, uuids=(found.reading.uuid,), timeout_s=60
                ),
            )

        return Move(
            flip_id=f"f{slot}",
            uuids=(found.reading.uuid,),
            slots=(slot,),
            before=before,
            after=after,
            stops=action(before),
            starts=action(after),
            downtime_s=41,
            downtime_cost=0.00023,
            net_before_per_h=nets.get(before),
            net_after_per_h=nets.get(after),
            payback_s=3,
            warnings=self.warnings,
        )

    def undo(self, slots: tuple[int, ...], *, force: tuple[str, ...] = ()) -> Plan:
        """The plan back."""
        self.calls.append(("undo", slots))
        stays = () if force else tuple(one for one in self.refusals if {*one.slots} & {*slots})
        return Plan(
            plan_id="u1",
            at=NOW,
            host=self.shown.host,
            who=Who(uid=0, login="op-1"),
            target="undo",
            moves=() if stays else (self._move(slots[0], "ergo"),),
            refusals=stays,
            forced=force,
            undoes="f0",
        )

    def prepare(self) -> None:
        """A dialog opened."""
        self.calls.append(("prepare",))

    def dismiss(self) -> None:
        """It closed."""
        self.calls.append(("dismiss",))

    def flip(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Keep who wants to hear."""
        self.calls.append(("flip", plan))
        self.progress = heard

    def stop_batch(self) -> None:
        """Begin no more."""
        self.calls.append(("stop_batch",))

    def history(self, limit: int = 50) -> tuple[JournalLine, ...]:
        """What the journal was given."""
        return self.lines[:limit]

    def unpin(self, slots: tuple[int, ...]) -> None:
        """Written down."""
        self.calls.append(("unpin", slots))

    def acknowledge(self, keys: tuple[str, ...]) -> None:
        """Written down, as the next two."""
        self.calls.append(("acknowledge", keys))

    def shelve(self, keys: tuple[str, ...], until: float, reason: str = "") -> None:
        """Written down."""
        self.calls.append(("shelve", keys, until, reason))

    def release(self, keys: tuple[str, ...]) -> None:
        """Written down."""
        self.calls.append(("release", keys))

    def forget(self, uuid: Uuid) -> None:
        """Nothing."""

    def close(self) -> None:
        """Closed."""
        self.calls.append(("close",))
