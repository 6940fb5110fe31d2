"""Starting and stopping units of the plant: how long each takes, and why a start may fail."""

from __future__ import annotations

from console.model import Kind
from console.telemetry.simulated.jobs import WORK
from console.telemetry.simulated.layout import Unit
from console.telemetry.simulated.noise import chance, key
from console.telemetry.simulated.plant import COLD_S, PAST_S, Plant
from console.telemetry.simulated.runs import FIRST_PID, Phase, Run

FAILS_AFTER_S = 4.0
RAN_BEFORE_S = 7800.0  # what runs when the demo opens has done so for about two hours
FLIPPED_S = 430.0  # the first GPU went from mining to serving this long before the demo opened


def open_shop(plant: Plant) -> None:
    """What ran before the demo opened: everything for hours, but the first GPU was flipped seven minutes ago."""
    for unit in [plant.layout.units[name] for name in dict.fromkeys(plant.layout.begin) if name]:
        if unit.name == plant.layout.begin[0] == "vllm-qwen@0.service":
            old = launch(plant, plant.layout.units["ergo@0.service"], -RAN_BEFORE_S)
            halt(plant, old, -FLIPPED_S)
            launch(plant, unit, old.ended_at + 0.5)
        else:
            began = RAN_BEFORE_S * (0.8 + 2.0 * chance(key(plant.seed, "began"), unit.slots[0]))
            run = launch(plant, unit, -began)
            run.produced = _made_before(plant, run)


def launch(plant: Plant, unit: Unit, t: float) -> Run:
    """A new run of ``unit`` from ``t`` on; one that will fail knows already when and why."""
    nth = len(plant.by_pid)
    work, luck = WORK[unit.workload], 0.94 + 0.20 * chance(key(plant.seed, "boot", unit.name), nth)
    pids = tuple(FIRST_PID + 3 * (nth + i) for i in range(len(unit.slots)))
    run = Run(unit, work, pids, t, t + work.active_s * luck, t + work.boot_s * luck)
    if trouble := _trouble(plant, unit, t):
        run.failed, run.ended_at = trouble, t + min(FAILS_AFTER_S, work.active_s) * luck
    plant.add(run)
    return run


def halt(plant: Plant, run: Run, t: float) -> None:
    """Ask a run to end; it takes 1 to 6 s: a server answers what it has begun, a miner only closes its pool."""
    if run.phase(t) in (Phase.STOPPING, Phase.ENDED):
        return
    luck = chance(key(plant.seed, "halt", run.unit.name), run.pids[0])
    took_s = 2.5 + 3.5 * luck if run.work.kind is Kind.AI else 1.0 + 2.0 * luck
    run.stopping_at, run.ended_at, run.failed = t, t + took_s, ""


def _trouble(plant: Plant, unit: Unit, t: float) -> str:
    work, storm = WORK[unit.workload], plant.storm
    for slot in unit.slots:
        card = plant.layout.cards[slot]
        if slot in plant.lost:
            return f"{unit.name} failed: no CUDA device at {card.pci}; reboot the host"
        if slot == storm.failing_slot and work.kind is Kind.AI and t > 0.0:
            return f"{unit.name} failed: port {8000 + slot} is already in use; free it or give the unit another"
        full_mib = {run.pids: run.work.does[card.model.name].mem_mib for run in plant.on[slot] if run.present(t)}
        if sum(full_mib.values()) + work.does[card.model.name].mem_mib > card.model.mem_mib:
            return f"{unit.name} failed: CUDA out of memory on {card.pci}; free the GPU before starting it"
    return ""


def _made_before(plant: Plant, run: Run) -> float:
    cards = plant.layout.cards
    rates = (run.work.does[cards[slot].model.name].rate or 0.0 for slot in run.unit.slots)
    return sum(rates) * (-PAST_S - COLD_S - run.started)
