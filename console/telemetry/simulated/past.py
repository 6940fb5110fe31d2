"""The quarter of an hour before the demo opened, run through the same physics, so that trends do not begin empty."""

from __future__ import annotations

from console.model import Kind, Record, Uuid
from console.telemetry.simulated.controller import PROMPT_SHARE
from console.telemetry.simulated.plant import PAST_S, RUN_UP_STEP_S, Plant


class Moment(Record):
    """One GPU at one instant of the past. ``workload`` is ``off`` when nothing ran; rates are of this GPU alone, in H/s
    or tok/s, None while it made nothing."""

    at: float
    power_w: float
    workload: str
    rate: float | None
    input_rate: float | None
    temp_c: float


class Past(Record):
    """One GPU's moments, oldest first, ten seconds apart."""

    uuid: Uuid
    moments: tuple[Moment, ...]


def run_up(plant: Plant) -> tuple[Past, ...]:
    """Bring a new plant from its first second to 0 and keep what was seen on the way."""
    seen: list[list[Moment]] = [[] for _ in plant.layout.cards]
    while plant.tick < 0:
        plant.advance(RUN_UP_STEP_S)
        if plant.tick <= -PAST_S:
            continue
        for slot, moments in enumerate(seen):
            moments.append(_moment(plant, slot, float(plant.tick)))
    return tuple(
        Past(uuid=card.uuid, moments=tuple(moments)) for card, moments in zip(plant.layout.cards, seen, strict=True)
    )


def _moment(plant: Plant, slot: int, t: float) -> Moment:
    run = next((run for run in plant.on[slot] if run.present(t)), None)
    rate = plant.rates[slot] or None
    return Moment(
        at=plant.start + t,
        power_w=plant.heats[slot].power_w,
        workload=run.unit.workload if run else "off",
        rate=rate,
        temp_c=plant.heats[slot].temp_c,
        input_rate=rate * PROMPT_SHARE if rate and run and run.work.kind is Kind.AI else None,
    )
