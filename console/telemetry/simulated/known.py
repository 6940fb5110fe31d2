"""What cards did the last time they ran a workload: a farm that has been here for months has tried most of them."""

from __future__ import annotations

from console.model import Kind, Record, Uuid
from console.telemetry.simulated.cards import Card
from console.telemetry.simulated.controller import PROMPT_SHARE
from console.telemetry.simulated.jobs import USUAL_DEMAND, WORK, power_share
from console.telemetry.simulated.layout import Layout
from console.telemetry.simulated.noise import chance, key
from console.telemetry.simulated.physics import USUAL_INLET_C, Heat, at_rest, step

AGO_S = 86400.0


class Known(Record):
    """One GPU under ``workload`` (``off``: idle) as it settled that time; rates are of this GPU, H/s or tok/s."""

    uuid: Uuid
    model: str
    workload: str
    rate: float | None
    input_rate: float | None
    power_w: float
    at: float


def known(layout: Layout, seed: int, start: float) -> tuple[Known, ...]:
    """The first card of each model has run all that has a meter and that it may run, the others about half of it."""
    first = {card.model.name: card.slot for card in reversed(layout.cards)}
    ran = [
        _ran(layout.cards[slot], workload, start - AGO_S)
        for workload, slots in layout.allowed.items()
        for slot in slots
        if WORK[workload].unit
        and (first[layout.cards[slot].model.name] == slot or chance(key(seed, "ran", workload), slot) < 0.5)
    ]
    idle = [_known(card, "off", _settled(card, 0.0), start - AGO_S) for card in layout.cards]
    return (*idle, *ran)


def _ran(card: Card, workload: str, at: float) -> Known:
    work = WORK[workload]
    does, asked = work.does[card.model.name], 1.0 if work.kind is Kind.MINE else USUAL_DEMAND
    heat = _settled(card, (does.power_w - card.model.idle_w) * power_share(asked))
    rate = (does.rate or 0.0) * card.trait.rate * asked * heat.speed**work.exponent
    return _known(card, workload, heat, at, rate, rate * PROMPT_SHARE if work.kind is Kind.AI else None)


def _known(
    card: Card, workload: str, heat: Heat, at: float, rate: float | None = None, input_rate: float | None = None
) -> Known:
    return Known(
        uuid=card.uuid,
        model=card.model.name,
        workload=workload,
        rate=rate,
        input_rate=input_rate,
        power_w=round(heat.power_w, 1),
        at=at,
    )


def _settled(card: Card, work_w: float) -> Heat:
    heat = at_rest(card, USUAL_INLET_C)
    for _ in range(6):  # clock, fan and temperature hang on each other: an hour each time brings them together
        heat = step(card, heat, work_w, USUAL_INLET_C, 1.0, 3600.0)
    return heat
