"""The quarter of an hour before the demo opened, run through the same physics, so that trends do not begin empty."""

from __future__ import annotations

from console.model import Output, Record, Uuid
from console.telemetry.simulated.controller import output
from console.telemetry.simulated.plant import PAST_S, RUN_UP_STEP_S, Plant
from console.telemetry.simulated.runs import Phase


class Moment(Record):
    """One GPU at one instant of the past. ``workload`` is ``off`` when nothing ran; ``output`` is of its instance."""

    at: float
    power_w: float
    workload: str
    rate: float | None  # of this GPU, H/s or tok/s
    output: Output | None


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
    running = run is not None and run.phase(t) is Phase.RUNNING
    return Moment(
        at=plant.start + t,
        power_w=plant.heats[slot].power_w,
        workload=run.unit.workload if run else "off",
        rate=plant.rates[slot] if running and plant.rates[slot] else None,
        output=output(plant, run, t) if run and running and run.work.unit else None,
    )
