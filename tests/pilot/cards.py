"""GPUs composed by hand as a site prices them: options, ladders, and one row for each thing that can be seen."""

from __future__ import annotations

import math

import msgspec

from console.model import (
    Advice,
    Basis,
    Flipping,
    GpuRow,
    GpuState,
    Guard,
    Holder,
    Instance,
    Kind,
    Money,
    Occupancy,
    Option,
    Output,
    Profit,
    Reading,
    Uuid,
    Xid,
)
from console.site.pricing import NO_MONEY

NOW = 1_767_157_331.0  # 14:02:11 in Tokyo
STEPS = 90
UNITS = {"ergo": "miner@{}.service", "vllm-qwen": "vllm@{}.service", "quai": "quai@{}.service"}


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


def row(slot: int, name: str, options: tuple[Option, ...], running: str, **more: object) -> GpuRow:
    """One GPU's row with the money that its ladder gives.

    ``more`` goes to the reading or the row by its name; ``mem`` and ``total`` are GiB, ``output`` a value and its unit.
    """
    made = {"advice": Advice(best=running, gain_per_h=0.0, acts=False, why="runs what is best here"), **more}
    output, advice = made.pop("output", None), made.pop("advice")
    reading = _reading(slot, name, made)
    instance = _instance(slot, options, running)
    current = next(o for o in options if o.workload == running)
    net, holder = current.net_per_h or 0.0, Holder.WORKLOAD if instance else Holder.NONE
    per_hash, ai_hour = _profits(options, running)
    return GpuRow(
        reading=reading,
        occupancy=Occupancy(uuid=reading.uuid, holder=holder, instance=instance),
        output=Output(at=NOW - 1, unit=output[1], value=output[0]) if output else None,
        money=Money(
            options=options,
            running=running,
            net_per_h=current.net_per_h,
            profit_per_hash=per_hash,
            profit_per_ai_hour=ai_hour,
            advice=advice,
        ),
        trend_net=tuple(net * (1 + 0.05 * math.sin(slot + i / 7)) for i in range(STEPS)),
        trend_power_w=tuple(reading.power_w for _ in range(STEPS)),
        **made,
    )


def _reading(slot: int, name: str, given: dict[str, object]) -> Reading:
    """A reading of a 4090 that mines, with what is ``given`` taken out of there."""
    usual = {"util": 99, "mem": 6.2, "total": 24, "temp": 58, "fan": 51, "watts": 221, "limit": 450}
    said = {key: given.pop(key, value) for key, value in usual.items()}
    return Reading(
        slot=slot,
        uuid=uuid_of(slot),
        pci=f"00000000:{slot * 16 + 1:02x}:00.0"[-16:],
        name=name,
        at=NOW - 0.4,
        util_pct=said["util"],
        mem_used_mib=said["mem"] * 1024,
        mem_total_mib=said["total"] * 1024,
        temp_c=said["temp"],
        fan_pct=said["fan"],
        power_w=said["watts"],
        power_limit_w=said["limit"],
        clients=(),
    )


def _instance(slot: int, options: tuple[Option, ...], running: str) -> Instance | None:
    kind = next(o.kind for o in options if o.workload == running)
    if kind is Kind.OFF:
        return None
    unit = UNITS.get(running, "{}.service").format(slot)
    uuids = (uuid_of(slot),)
    return Instance(workload=running, kind=kind, uuids=uuids, pids=(4000 + slot,), unit=unit, since=NOW - 7800)


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
    """The row as the site makes it of a card that fell off: its last reading, no money, what ran as last known."""
    reason = "xid 79: fell off the bus; reboot the host, check riser and power"
    return msgspec.structs.replace(
        made,
        reading=msgspec.structs.replace(
            made.reading,
            state=GpuState.LOST,
            since=NOW - 192,
            at=NOW - 192,
            reason=reason,
            xids=(Xid(code=79, at=NOW - 192),),
        ),
        occupancy=Occupancy(uuid=made.reading.uuid, holder=Holder.UNKNOWN, who=reason),
        output=None,
        money=NO_MONEY,
        was=next(option for option in made.money.options if option.workload == made.money.running),
        fresh=False,
    )


def _foreign(made: GpuRow) -> GpuRow:
    held = Occupancy(uuid=made.reading.uuid, holder=Holder.FOREIGN, who="python3 (pid 4711, user alice)")
    why = "what runs here is not known, so nothing is compared"
    advice = Advice(best="vllm-qwen", gain_per_h=None, acts=False, why=why, blocks=(why,))
    unknown = msgspec.structs.replace(made.money, running=None, net_per_h=None, advice=advice)
    return msgspec.structs.replace(made, occupancy=held, money=unknown)


RTX, H100 = "NVIDIA GeForce RTX 4090", "NVIDIA H100 80GB HBM3"
LADDER_3090 = (
    option("ergo", Kind.MINE, Basis.MEASURED, 0.035, 0.001, 0.023),
    option("off", Kind.OFF, Basis.ESTIMATED, 0.0, 0.0, 0.002, source="its own, last idle"),
)
CARDS: tuple[tuple[str, tuple[Option, ...], str, dict[str, object]], ...] = (
    (RTX, ladder_4090("vllm-qwen"), "vllm-qwen", {"util": 87, "mem": 21.1, "temp": 61, "fan": 54, "watts": 298}),
    (RTX, ladder_4090("ergo"), "ergo", {"output": (178.4e6, "H/s"), "advice": TO_AI}),
    (RTX, ladder_4090("ergo"), "ergo", {"temp": 59, "fan": 52, "watts": 224, "output": (177.9e6, "H/s")}),
    ("NVIDIA GeForce RTX 3090", LADDER_3090, "ergo", {"watts": 231}),
    (
        H100,
        ladder_h100(2.11, "acme contract"),
        "acme contract",
        {"util": 96, "mem": 71, "total": 80, "temp": 66, "fan": None, "watts": 641, "limit": 700},
    ),
    (
        H100,
        ladder_h100(1.86, "vast rented", stale=True),
        "vast rented",
        {"util": 91, "mem": 66.3, "total": 80, "temp": 83, "fan": None, "watts": 598, "limit": 700},
    ),
    (RTX, ladder_4090("off"), "off", {"util": 41, "mem": 9.4, "temp": 52, "fan": 40, "watts": 187}),
    (
        RTX,
        ladder_4090("off"),
        "off",
        {"util": 0, "mem": 0.3, "temp": 34, "fan": 30, "watts": 21, "advice": TO_AI_FROM_OFF},
    ),
)


def rows() -> tuple[GpuRow, ...]:
    """Eight GPUs: AI, mining, flipping, lost, contract, rented with a stale price, foreign, off."""
    made = [row(slot, name, options, running, **more) for slot, (name, options, running, more) in enumerate(CARDS)]
    flipping = Flipping(flip_id="f1", to="vllm-qwen", step="warming", since=NOW - 23, by="op-2", fraction=0.6)
    made[0] = msgspec.structs.replace(made[0], output=Output(at=NOW - 1, unit="tok/s", value=1940))
    made[2] = msgspec.structs.replace(made[2], flipping=flipping)
    made[3] = _lost(made[3])
    served = Output(at=NOW - 1, unit="tok/s", value=11200)
    made[4] = msgspec.structs.replace(made[4], output=served, guards=(CONTRACT,))
    made[5] = msgspec.structs.replace(made[5], guards=(RENTED,))
    made[6] = _foreign(made[6])
    return tuple(made)
