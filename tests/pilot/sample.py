"""Snapshots composed by hand: a mixed host with everything that can be seen at once, and a site that stands still."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from console.flips.records import Action, Move, Plan, Progress, Refusal, Who
from console.model import (
    Advice,
    Basis,
    Flipping,
    GpuRow,
    GpuState,
    Guard,
    Holder,
    HostState,
    Instance,
    Kind,
    LogLine,
    Money,
    Occupancy,
    Option,
    Output,
    Profit,
    Quote,
    Reading,
    Snapshot,
    Totals,
    Uuid,
    WorkState,
    Xid,
)
from console.site.interface import JournalLine, Site

NOW = 1_767_157_331.0  # 14:02:11 in Tokyo
STEPS = 90
_UNITS = {"ergo": "miner@{}.service", "vllm-qwen": "vllm@{}.service", "quai": "quai@{}.service"}


def uuid_of(slot: int) -> Uuid:
    """The made-up UUID of a slot."""
    return Uuid(f"GPU-{slot:08x}-0000-4000-8000-000000000000")


def option(name: str, kind: Kind, basis: Basis, gross: float, fees: float, power: float, **more: object) -> Option:
    """An option whose net is the sum of its parts; it draws what costs ``power`` at 0.071 $/kWh."""
    kwh = power / 0.071
    worth = gross / kwh if gross and kwh else None
    made = Option(
        workload=name,
        kind=kind,
        basis=basis,
        gross_per_h=gross,
        fees_per_h=fees,
        power_per_h=power,
        net_per_h=gross - fees - power,
        value_per_kwh=worth,
        source={
            Basis.MEASURED: "measured 2h 10m",
            Basis.ESTIMATED: "model average here",
            Basis.TABLE: "table, 2Miners 2026-06-25",
        }[basis],
    )
    return msgspec.structs.replace(made, **more)


def ladder_4090(running: str) -> tuple[Option, ...]:
    """The options of an RTX 4090, measured where it runs."""

    def basis(name: str) -> Basis:
        return Basis.MEASURED if name == running else Basis.ESTIMATED

    return (
        option("vllm-qwen", Kind.AI, basis("vllm-qwen"), 0.390, 0.070, 0.031, off_above_price=0.861),
        option("ergo", Kind.MINE, basis("ergo"), 0.045, 0.001, 0.023, off_above_price=0.162),
        option("quai", Kind.MINE, Basis.TABLE, 0.037, 0.001, 0.025),
        option("off", Kind.OFF, Basis.MEASURED, 0.0, 0.0, 0.002, source="measured"),
    )


def ladder_h100(rate: float, name: str, stale: bool = False) -> tuple[Option, ...]:
    """The options of an H100 under contract."""
    return (
        option(name, Kind.AI, Basis.MEASURED, rate * 1.04, 0.0, rate * 0.04, source="contract rate", stale=stale),
        option("ergo", Kind.MINE, Basis.TABLE, 0.050, 0.001, 0.046),
        option(
            "monero",
            Kind.MINE,
            Basis.TABLE,
            0.0,
            0.0,
            0.03,
            gross_per_h=None,
            net_per_h=None,
            missing=("price of XMR",),
        ),
        option("off", Kind.OFF, Basis.MEASURED, 0.0, 0.0, 0.004, source="measured"),
    )


def _profits(options: tuple[Option, ...], running: str) -> tuple[Profit | None, Profit | None]:
    mine = next((o for o in options if o.kind is Kind.MINE and o.net_per_h is not None), None)
    ai = next((o for o in options if o.kind is Kind.AI), None)
    per_hash = ai_hour = None
    if mine is not None and mine.net_per_h is not None:
        per_hash = Profit(
            value=mine.net_per_h / (178.4e6 * 3600), workload=mine.workload, basis=mine.basis, algorithm="autolykos2"
        )
    if ai is not None:
        ai_hour = Profit(value=ai.net_per_h, workload=ai.workload, basis=ai.basis, stale=ai.stale)
    return per_hash, ai_hour


def row(
    slot: int,
    name: str,
    options: tuple[Option, ...],
    running: str,
    *,
    util: float = 99,
    mem: float = 6.2,
    total: float = 24,
    temp: float = 58,
    fan: float | None = 51,
    watts: float = 221,
    limit: float = 450,
    output: tuple[float, str] | None = None,
    guards: tuple[Guard, ...] = (),
    advice: Advice | None = None,
    **more: object,
) -> GpuRow:
    """One GPU's row with the money that its ladder gives."""
    uuid = uuid_of(slot)
    reading = Reading(
        slot=slot,
        uuid=uuid,
        pci=f"0000{'0000'}:{slot * 16 + 1:02x}:00.0"[-16:],
        name=name,
        at=NOW - 0.4,
        util_pct=util,
        mem_used_mib=mem * 1024,
        mem_total_mib=total * 1024,
        temp_c=temp,
        fan_pct=fan,
        power_w=watts,
        power_limit_w=limit,
        clients=(),
    )
    current = next(o for o in options if o.workload == running)
    instance = None
    if current.kind is not Kind.OFF:
        unit = _UNITS.get(running, "{}.service").format(slot)
        instance = Instance(
            workload=running, kind=current.kind, uuids=(uuid,), pids=(4000 + slot,), unit=unit, since=NOW - 7800
        )
    per_hash, ai_hour = _profits(options, running)
    net = current.net_per_h or 0.0
    wobble = tuple(net * (1 + 0.05 * math.sin(slot + i / 7)) for i in range(STEPS))
    made = GpuRow(
        reading=reading,
        occupancy=Occupancy(uuid=uuid, holder=Holder.WORKLOAD if instance else Holder.NONE, instance=instance),
        output=Output(at=NOW - 1, unit=output[1], value=output[0]) if output else None,
        money=Money(
            options=options,
            running=running,
            net_per_h=current.net_per_h,
            profit_per_hash=per_hash,
            profit_per_ai_hour=ai_hour,
            advice=advice or Advice(best=None, gain_per_h=None, acts=False, why="runs what is best here"),
        ),
        guards=guards,
        trend_net=wobble,
        trend_power_w=tuple(watts for _ in range(STEPS)),
    )
    return msgspec.structs.replace(made, **more)


CONTRACT = Guard(
    name="contract",
    sentence="contract acme until 2026-12-01, 99.9 % uptime, 21 min left to the next credit tier",
    forceable=True,
)
RENTED = Guard(name="rented", sentence="rented on vast.ai until 15:40 by renter 8812; a rental cannot be recalled")
TO_AI = Advice(
    best="vllm-qwen",
    gain_per_h=0.268,
    acts=True,
    why="vllm-qwen gains 0.27 $/h over ergo: needs 0.02 (10 %, doubled as estimated); 3 samples; 41 s down cost 0.0002 "
    "$, repaid in 3 s; ergo has run 2 h 10 m of 30 m",
)
TO_AI_FROM_OFF = msgspec.structs.replace(
    TO_AI, gain_per_h=0.291, why="vllm-qwen gains 0.29 $/h over off: needs 0.02; 3 samples"
)


def _lost(made: GpuRow) -> GpuRow:
    reading = msgspec.structs.replace(
        made.reading,
        state=GpuState.LOST,
        since=NOW - 192,
        at=NOW - 192,
        reason="xid 79: fell off the bus; reboot the host, check riser and power",
        util_pct=None,
        temp_c=None,
        xids=(Xid(code=79, at=NOW - 192),),
    )
    money = msgspec.structs.replace(made.money, net_per_h=0.01)
    return msgspec.structs.replace(made, reading=reading, money=money)


def _foreign(made: GpuRow) -> GpuRow:
    held = Occupancy(uuid=made.reading.uuid, holder=Holder.FOREIGN, who="python3 (pid 4711, user alice)")
    unknown = msgspec.structs.replace(made.money, running=None, net_per_h=None)
    return msgspec.structs.replace(made, occupancy=held, money=unknown)


def _warming(made: GpuRow) -> GpuRow:
    instance = made.occupancy.instance
    assert instance is not None
    warm = msgspec.structs.replace(instance, state=WorkState.WARMING)
    return msgspec.structs.replace(made, occupancy=msgspec.structs.replace(made.occupancy, instance=warm))


def rows() -> tuple[GpuRow, ...]:
    """Eight GPUs: AI, mining, flipping, lost, contract, rented with a stale price, foreign, off."""
    rtx, h100 = "NVIDIA GeForce RTX 4090", "NVIDIA H100 80GB HBM3"
    flipping = Flipping(flip_id="f1", to="vllm-qwen", step="warming", since=NOW - 23, by="op-2", fraction=0.6)
    return (
        row(
            0,
            rtx,
            ladder_4090("vllm-qwen"),
            "vllm-qwen",
            util=87,
            mem=21.1,
            temp=61,
            fan=54,
            watts=298,
            output=(1940, "tok/s"),
        ),
        row(1, rtx, ladder_4090("ergo"), "ergo", output=(178.4e6, "H/s"), advice=TO_AI),
        row(
            2, rtx, ladder_4090("ergo"), "ergo", temp=59, fan=52, watts=224, output=(177.9e6, "H/s"), flipping=flipping
        ),
        _lost(row(3, "NVIDIA GeForce RTX 3090", ladder_4090("ergo"), "ergo", watts=231)),
        row(
            4,
            h100,
            ladder_h100(2.11, "acme contract"),
            "acme contract",
            util=96,
            mem=71,
            total=80,
            temp=66,
            fan=None,
            watts=641,
            limit=700,
            output=(11200, "tok/s"),
            guards=(CONTRACT,),
        ),
        row(
            5,
            h100,
            ladder_h100(1.86, "vast rented", stale=True),
            "vast rented",
            util=91,
            mem=66.3,
            total=80,
            temp=83,
            fan=None,
            watts=598,
            limit=700,
            guards=(RENTED,),
        ),
        _foreign(row(6, rtx, ladder_4090("off"), "off", util=41, mem=9.4, temp=52, fan=40, watts=187)),
        row(7, rtx, ladder_4090("off"), "off", util=0, mem=0.3, temp=34, fan=30, watts=21, advice=TO_AI_FROM_OFF),
    )


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


def snapshot(**more: object) -> Snapshot:
    """The whole host at ``NOW``."""
    made = rows()
    known = [r.money.net_per_h for r in made if r.money.net_per_h is not None and r.reading.state is GpuState.OK]
    net = sum(known)
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
        totals=Totals(
            wall_w=3090,
            net_per_h=net,
            best_net_per_h=net + 0.56,
            today_accrued=71.20,
            today_since=NOW - 50_000,
            counts=(("ai", 3), ("mine", 2), ("off", 1), ("foreign", 1), ("lost", 1)),
        ),
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
        self.heard: Callable[[Snapshot], None] | None = None
        self.progress: Callable[[Progress], None] | None = None
        self.refusals: tuple[Refusal, ...] = ()
        self.warnings: tuple[str, ...] = ()

    def snapshot(self) -> Snapshot:
        """The newest."""
        return self.shown

    def now(self) -> float:
        """The instant it stands at."""
        return self.at

    def ready(self) -> bool:
        """Always."""
        return True

    def check(self) -> tuple[str, ...]:
        """Nothing is wrong."""
        return ()

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

    def _move(self, slot: int, after: str) -> Move:
        found = next(r for r in self.shown.rows if r.reading.slot == slot)
        nets = {o.workload: o.net_per_h for o in found.money.options}
        before = found.money.running or "off"

        def action(name: str) -> tuple[Action, ...]:
            if name == "off":
                return ()
            unit = _UNITS.get(name, "{}.service").format(slot)
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

    def undo(self, slots: tuple[int, ...]) -> Plan:
        """The plan back."""
        self.calls.append(("undo", slots))
        return Plan(
            plan_id="u1",
            at=NOW,
            host=self.shown.host,
            who=Who(uid=0, login="op-1"),
            target="undo",
            moves=(self._move(slots[0], "ergo"),),
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
        """Nothing."""
        return ()

    def forget(self, uuid: Uuid) -> None:
        """Nothing."""

    def close(self) -> None:
        """Closed."""
        self.calls.append(("close",))
