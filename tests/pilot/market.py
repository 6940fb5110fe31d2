"""A market composed by hand: two sources of a price, one that disagrees, one held back, feeds that answer and fail."""

from __future__ import annotations

import math

import msgspec

from console.model import (
    Curve,
    Disagreement,
    FeedState,
    GpuRow,
    Held,
    Input,
    Kept,
    Market,
    PoolState,
    Quote,
    Snapshot,
    Step,
    Trail,
)
from tests.pilot import sample
from tests.pilot.sample import NOW

POWER = 0.071
STEPS = 96
FAILURE = "https://prices.example.org/nethash answers with HTTP status 503"


def quote(kind: str, name: str, value: float, unit: str, source: str, age_s: float, limit_s: float) -> Quote:
    """A quote of ``age_s`` ago."""
    return Quote(name=name, kind=kind, value=value, unit=unit, source=source, at=NOW - age_s, max_age_s=limit_s)


def quotes() -> tuple[Quote, ...]:
    """In no order: a price by interval, two sources that agree, two that do not, a stale one, one set by hand."""
    begins = NOW // 900 * 900
    power = Quote(
        name="power",
        kind="power_price",
        value=POWER,
        unit="USD/kWh",
        source="grid",
        at=begins,
        max_age_s=900,
        interval_start=begins,
        interval_end=begins + 900,
    )
    return (
        quote("difficulty", "ERG", 2.31e15, "", "chain", 1200, 7200),
        quote("coin_price", "ERG", 0.84, "USD", "exchange-b", 38, 900),
        power,
        quote("coin_price", "ERG", 0.866, "USD", "exchange-a", 312, 900),
        quote("coin_price", "QUAI", 0.0311, "USD/QUAI", "exchange-a", 51, 900),
        quote("rental", "4090 rent", 0.41, "USD/h", "rentals", 185, 900),
        quote("rental", "H100 rent", 1.99, "USD/GPU/h", "rentals", 2470, 900),
        quote("hash_price", "NEOX", 43.1, "USD/PH/day", "pool-b", 75, 900),
        quote("hash_price", "NEOX", 51.6, "USD/PH/day", "pool-a", 410, 900),
        quote("carbon", "carbon", 212, "g/kWh", "grid", 660, 3600),
        quote("reward", "ERG", 12, "ERG", "config", 86400 * 7, 86400 * 90),
        quote("fx", "EUR", 1.0832, "USD/EUR", "bank", 40000, 86400 * 3),
    )


def trail(of: Quote, size: float = 0.04, known: int = STEPS) -> Trail:
    """A day that wanders by ``size`` and ends at the quote; only the last ``known`` steps of it are known."""
    values = [of.value * (1 + size * (math.sin(i / 11) - math.sin((STEPS - 1) / 11))) for i in range(STEPS)]
    shown = tuple(value if i >= STEPS - known else None for i, value in enumerate(values))
    return Trail(kind=of.kind, name=of.name, source=of.source, step_s=900.0, values=shown)


def curve() -> Curve:
    """The price of power from two hours ago until the end of the next 24."""
    first = NOW // 900 * 900 - 7200
    steps = tuple(
        Step(start=first + 900 * i, end=first + 900 * (i + 1), value=round(POWER + 0.03 * math.sin(i / 12), 4))
        for i in range(108)
    )
    return Curve(name="power", kind="power_price", unit="USD/kWh", source="grid", steps=steps)


def power_ahead() -> tuple[Step, ...]:
    """What the curve says of the 24 hours from ``NOW``: here nothing comes on top of it."""
    end = NOW + 86400
    return tuple(
        Step(start=max(step.start, NOW), end=min(step.end, end), value=step.value)
        for step in curve().steps
        if step.end > NOW and step.start < end
    )


def feeds() -> tuple[FeedState, ...]:
    """Two that answer, one of them with something missing, one that fails, one that was not asked yet."""
    return (
        FeedState(name="grid", kind="x", asked_at=NOW - 71, answered_at=NOW - 71, next_at=NOW + 829),
        FeedState(
            name="exchange-a",
            kind="x",
            asked_at=NOW - 12,
            answered_at=NOW - 12,
            next_at=NOW + 48,
            notes=("no price for XNA",),
        ),
        FeedState(
            name="chain",
            kind="x",
            asked_at=NOW - 20,
            answered_at=NOW - 1200,
            next_at=NOW + 40,
            failures=5,
            error=FAILURE,
        ),
        FeedState(name="bank", kind="x"),
    )


def pools() -> tuple[PoolState, ...]:
    """One pool that pays in days, one that cannot be read."""
    kept = Kept(workload="ergo", pool="pool-b", ratio=0.713, shares=212, learned_from="shares", at=NOW, flagged=True)
    return (
        PoolState(
            name="pool-b",
            coin="ERG",
            at=NOW - 40,
            unpaid=7.4213,
            immature=0.5,
            payout_min=20.0,
            payout_s=260_000.0,
            kept=(kept,),
        ),
        PoolState(name="pool-c", coin="QUAI", error="pool.example.org does not answer"),
    )


def market(made: tuple[Quote, ...]) -> Market:
    """What the feeds say beside ``made``."""
    by_source = {(q.kind, q.name, q.source): q for q in made}
    erg = by_source["coin_price", "ERG", "exchange-b"], by_source["coin_price", "ERG", "exchange-a"]
    neox = by_source["hash_price", "NEOX", "pool-b"], by_source["hash_price", "NEOX", "pool-a"]
    odd = msgspec.structs.replace(by_source["coin_price", "QUAI", "exchange-a"], value=0.0964)
    reason = "rose 3.1-fold, from 0.0311 to 0.0964 USD/QUAI"
    return Market(
        feeds=feeds(),
        held=(Held(quote=odd, reason=reason, since=NOW - 118, seen=2),),
        trails=tuple(trail(q, known=24 if q.name == "4090 rent" else STEPS) for q in made if q.source != "config"),
        disagreements=(
            Disagreement(kind="coin_price", name="ERG", low=erg[0], high=erg[1], fraction=0.0309524, flagged=False),
            Disagreement(kind="hash_price", name="NEOX", low=neox[0], high=neox[1], fraction=0.197216, flagged=True),
        ),
        pools=pools(),
        power_ahead=power_ahead(),
    )


def rows(made: tuple[Quote, ...]) -> tuple[GpuRow, ...]:
    """The mixed host, every option with what it draws and what it was made of."""
    by_name = {(q.kind, q.name, q.source): q for q in made}
    erg = by_name["coin_price", "ERG", "exchange-b"]
    inputs = {
        "ergo": (Input(name="price of ERG", value=erg.value, unit=erg.unit, source=erg.source, at=erg.at),),
        "vllm-qwen": (
            Input(name="price of tokens", value=5e-8, unit="/tok", source="config"),
            Input(name="platform fee", value=0.05, unit="", source="config"),
        ),
        "acme contract": (Input(name="platform fee", value=0.0, unit="", source="config"),),
    }
    out = []
    for row in sample.rows():
        options = tuple(
            msgspec.structs.replace(
                option,
                wall_w=None if option.power_per_h is None else option.power_per_h / POWER * 1000,
                inputs=inputs.get(option.workload, ()),
            )
            for option in row.money.options
        )
        out.append(msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, options=options)))
    return tuple(out)


def snapshot(**more: object) -> Snapshot:
    """The mixed host at ``NOW`` with this market."""
    made = quotes()
    base = sample.snapshot(rows=rows(made), quotes=made, market=market(made))
    return msgspec.structs.replace(base, **more)
