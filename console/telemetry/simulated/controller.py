"""The simulated farm's controller and meters. They have the shape that workloads ask for, and raise SimulatedError."""

from __future__ import annotations

from console.model import Output, Record, WorkState
from console.telemetry.simulated import commands
from console.telemetry.simulated.layout import Unit
from console.telemetry.simulated.plant import Plant
from console.telemetry.simulated.runs import Phase, Run

PROMPT_SHARE = 2.6  # input tokens per output token: chat with some history
SHARE_S = 24.0  # a pool gives each worker a difficulty that makes a share about this often
REJECTED = 0.004
SEATS = 48  # requests a server batches on one GPU
_STATES = {
    Phase.STARTING: "starting",
    Phase.WARMING: "running",
    Phase.RUNNING: "running",
    Phase.STOPPING: "stopping",
}


class SimulatedError(Exception):
    """A unit could not do what was asked; ``str(error)`` is one sentence for people, with the next step."""


class Task(Record):
    """What the controller says of one unit now: running, starting, stopping, stopped or failed. ``since`` is Unix."""

    unit: str
    state: str
    pids: tuple[int, ...] = ()
    since: float | None = None
    reason: str = ""


class FarmController:
    """Starts and stops units in simulated time; every call blocks on the farm's clock."""

    kind = "simulated"

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:  # noqa: ARG002
        """Each unit as it is now, in the order asked; an unknown one is stopped, with a reason. Answers at once."""
        with self._plant.lock:
            t = self._plant.sync()
            return tuple(self._task(unit, t) for unit in units)

    def start(self, unit: str, timeout_s: float) -> None:
        """Start ``unit`` and return when it is active; warming goes on after that. Running already is done.

        Raises SimulatedError when there is no such unit, when it fails, and when it takes longer than ``timeout_s``.
        """
        plant, known = self._plant, self._known(unit)
        with plant.lock:
            t = plant.sync()
            run = plant.latest.get(unit)
            if run is None or run.phase(t) in (Phase.STOPPING, Phase.ENDED):
                run = commands.launch(plant, known, t)
            due = min(run.active_at, run.ended_at)
        plant.wait_until(min(due, t + timeout_s))
        with plant.lock:
            phase = run.phase(plant.sync())
        if phase in (Phase.STOPPING, Phase.ENDED):
            raise SimulatedError(run.failed or f"{unit} was stopped while it started; look who stopped it")
        if phase is Phase.STARTING:
            raise SimulatedError(f"{unit} did not start within {timeout_s:g} s; raise its start_timeout_s")

    def stop(self, unit: str, timeout_s: float) -> None:
        """Stop ``unit`` and return when its processes have ended. Stopped already is done.

        Raises SimulatedError when there is no such unit and when it takes longer than ``timeout_s``.
        """
        plant = self._plant
        self._known(unit)
        with plant.lock:
            t = plant.sync()
            run = plant.latest.get(unit)
            if run is None or run.phase(t) is Phase.ENDED:
                return
            commands.halt(plant, run, t)
            due = run.ended_at
        plant.wait_until(min(due, t + timeout_s))
        if due > t + timeout_s:
            raise SimulatedError(f"{unit} did not stop within {timeout_s:g} s; raise its stop_timeout_s")

    def check(self, units: tuple[str, ...]) -> tuple[str, ...]:
        """Sentences on what is wrong with these units; empty when all is well."""
        known = self._plant.layout.units
        return tuple(f"no unit {unit} on this simulated host" for unit in units if unit not in known)

    def close(self) -> None:
        """Nothing to let go of."""

    def _known(self, unit: str) -> Unit:
        known = self._plant.layout.units.get(unit)
        if known is None:
            raise SimulatedError(f"no unit {unit} on this simulated host; name one of its workloads")
        return known

    def _task(self, unit: str, t: float) -> Task:
        run = self._plant.latest.get(unit)
        if unit not in self._plant.layout.units:
            return Task(unit=unit, state="stopped", reason=f"no unit {unit} on this simulated host")
        if run is None:
            return Task(unit=unit, state="stopped")
        since = self._plant.start + run.started
        if run.phase(t) is Phase.ENDED:
            ended = self._plant.start + run.ended_at
            return Task(unit=unit, state="failed" if run.failed else "stopped", since=ended, reason=run.failed)
        return Task(unit=unit, state=_STATES[run.phase(t)], pids=run.pids, since=since)


class FarmMeter:
    """Asks one unit what it produces."""

    def __init__(self, plant: Plant, unit: str) -> None:
        self._plant, self._unit = plant, unit

    def read(self, timeout_s: float = 2.0) -> Output:  # noqa: ARG002
        """Its output of the latest whole second, value None while it warms. Raises SimulatedError when it is not up."""
        with self._plant.lock:
            t = self._plant.sync()
            run = self._plant.latest.get(self._unit)
            if run is None or not run.work.unit or run.phase(t) in (Phase.STARTING, Phase.STOPPING, Phase.ENDED):
                raise SimulatedError(f"nothing answers for {self._unit}: it is not running")
            return output(self._plant, run, t)

    def close(self) -> None:
        """Nothing to let go of."""


def output(plant: Plant, run: Run, t: float) -> Output:
    """What ``run`` makes at ``t``, with the plant's lock held."""
    uptime_s, at, unit = t - run.started, plant.start + t, run.work.unit
    if run.phase(t) is not Phase.RUNNING:
        return Output(at=at, unit=unit, value=None, state=WorkState.WARMING, uptime_s=uptime_s, reason=run.work.note)
    value = sum(plant.rates[slot] for slot in run.unit.slots)
    if unit == "H/s":
        return _mined(plant, run, Output(at=at, unit=unit, value=value, uptime_s=uptime_s))
    demand, seats = plant.demand(run, t), SEATS * len(run.unit.slots)
    return Output(
        at=at,
        unit=unit,
        value=value,
        input_value=value * PROMPT_SHARE,
        running=round(seats * demand),
        waiting=round(seats * max(0.0, demand - 0.96)),
        uptime_s=uptime_s,
    )


def _mined(plant: Plant, run: Run, base: Output) -> Output:
    cards = [plant.layout.cards[slot] for slot in run.unit.slots]
    nominal = sum(run.work.does[card.model.name].rate or 0.0 for card in cards)
    shares = int(run.produced / (nominal * SHARE_S))
    return Output(
        at=base.at,
        unit=base.unit,
        value=base.value,
        per_gpu=tuple((card.pci, plant.rates[card.slot]) for card in cards),
        accepted=shares - int(shares * REJECTED),
        rejected=int(shares * REJECTED),
        algorithm=run.work.algorithm,
        uptime_s=base.uptime_s,
    )
