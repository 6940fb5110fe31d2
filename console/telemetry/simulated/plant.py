"""The state of the simulated farm and its advance through time, one simulated second per step.

State moves on a fixed grid of whole seconds however often and by whom it is read, so that what is seen depends on
simulated time and on what was done when, never on the pace of the reader.
"""

from __future__ import annotations

import threading
from math import cos, floor, pi

from console.model import Kind
from console.telemetry.simulated.cards import Card
from console.telemetry.simulated.jobs import FOREIGN, USUAL_DEMAND, power_share
from console.telemetry.simulated.layout import Layout, Unit
from console.telemetry.simulated.noise import drift, key
from console.telemetry.simulated.physics import USUAL_INLET_C, Heat, at_rest, step
from console.telemetry.simulated.runs import FIRST_PID, Phase, Run
from console.telemetry.simulated.storm import Storm
from console.telemetry.simulated.timer import Timer

PAST_S, COLD_S, RUN_UP_STEP_S = 900, 60, 10  # cards are cold at first; that minute is not shown
DAY_S = 86400.0
WARMEST_UTC_S = 6 * 3600.0  # three in the afternoon in Japan


class Plant:
    """Cards, runs and heat. Hold ``lock`` around every use; ``sync`` first, it returns the time everything is at."""

    def __init__(self, layout: Layout, storm: Storm, seed: int, start: float, timer: Timer) -> None:
        self.lock = threading.RLock()
        self.layout, self.storm, self.seed, self.start, self.timer = layout, storm, seed, start, timer
        self.tick = -PAST_S - COLD_S
        self.on: list[list[Run]] = [[] for _ in layout.cards]
        self.latest: dict[str, Run] = {}
        self.by_pid: dict[int, Run] = {}
        self.lost: set[int] = set()
        self.forgotten: set[int] = set()
        self.rates = [0.0] * len(layout.cards)
        self._air = key(seed, "air")
        self.heats: list[Heat] = [at_rest(c, self.inlet_c(self.tick)) for c in layout.cards]
        self._demand = {name: key(seed, "demand", name) for name in layout.units}
        self._ripple = [key(seed, "ripple", c.slot) for c in layout.cards]
        if storm.foreign_slot is not None:
            self.add(_stranger(storm, storm.foreign_slot))

    def sync(self) -> float:
        """Bring everything to the present and return it, in simulated seconds since the farm began."""
        t = self.timer.elapsed()
        while self.tick < floor(t):
            self.advance(1)
        return t

    def wait_until(self, t: float) -> None:
        """Block on the farm's clock until ``t`` has come. The one method to call without the lock."""
        while (left_s := t - self.timer.elapsed()) > 0.0:  # one sleep may fall short of t by a rounding
            self.timer.sleep(left_s)

    def advance(self, step_s: int) -> None:
        """One step of the grid."""
        self.tick += step_s
        if self.storm.lost_slot is not None and self.tick >= self.storm.lost_s:
            self._lose(self.storm.lost_slot)
        inlet_c = self.inlet_c(self.tick)
        for card in self.layout.cards:
            if card.slot not in self.lost:
                self._warm(card, inlet_c, step_s)
        for run in self._live():
            self._produce(run, step_s)

    def add(self, run: Run) -> None:
        """A run begins, or will begin at a time it knows."""
        for slot in run.unit.slots:
            self.on[slot].append(run)
        for pid in run.pids:
            self.by_pid[pid] = run
        if run.unit.name:
            self.latest[run.unit.name] = run

    def demand(self, run: Run, t: float) -> float:
        """Share of its capacity that a run is asked for: all of it for a miner, what users send for a server."""
        stream = self._demand.get(run.unit.name)
        if stream is None or run.work.kind is Kind.MINE:
            return 1.0
        return min(1.0, USUAL_DEMAND + 0.13 * drift(stream, t, 140.0) + 0.05 * drift(stream + 1, t, 17.0))

    def ripple(self, slot: int, t: float) -> float:
        """Fast noise of one card in [-1, 1]."""
        return drift(self._ripple[slot], t, 5.0)

    def inlet_c(self, t: float) -> float:
        """Air into the chassis: the time of day in Japan, and what the room does."""
        day = cos(2.0 * pi * (self.start + t - WARMEST_UTC_S) / DAY_S)
        return USUAL_INLET_C + 2.5 * day + 0.6 * drift(self._air, t, 240.0)

    def _warm(self, card: Card, inlet_c: float, step_s: int) -> None:
        slot, t, idle_w = card.slot, float(self.tick), card.model.idle_w
        runs = self.on[slot]
        if runs and any(run.ended_at <= t for run in runs):
            runs = self.on[slot] = [run for run in runs if run.ended_at > t]
        work_w = 0.0
        for run in runs:
            if (load := run.load(t)) > 0.0:
                asked = power_share(self.demand(run, t)) if load == 1.0 else load
                work_w += (run.work.does[card.model.name].power_w - idle_w) * asked
        work_w *= 1.0 + 0.012 * self.ripple(slot, t)
        self.heats[slot] = step(card, self.heats[slot], work_w, inlet_c, self.storm.blocked(slot, t), step_s)
        self.rates[slot] = 0.0

    def _live(self) -> list[Run]:
        return [run for slot, runs in enumerate(self.on) for run in runs if run.unit.slots[0] == slot]

    def _produce(self, run: Run, step_s: int) -> None:
        t, cards = float(self.tick), self.layout.cards
        if run.phase(t) is not Phase.RUNNING:
            return
        # A tensor-parallel server steps in unison: the slowest of its cards sets the pace of all.
        speed = min(self.heats[slot].speed for slot in run.unit.slots) ** run.work.exponent * self.demand(run, t)
        for slot in run.unit.slots:
            if rate := run.work.does[cards[slot].model.name].rate:
                ripple = 1.0 + 0.004 * self.ripple(slot, t + 2.5)
                made = rate * cards[slot].trait.rate * speed * ripple
                self.rates[slot] += made
                run.produced += made * step_s

    def _lose(self, slot: int) -> None:
        if slot in self.lost:
            return
        self.lost.add(slot)
        self.rates[slot] = 0.0
        for run in self.on[slot]:
            if run.ended_at > self.storm.lost_s:
                run.ended_at, run.failed = self.storm.lost_s, f"{run.unit.name} lost the GPU in slot {slot}"


def _stranger(storm: Storm, slot: int) -> Run:
    t, unit = storm.foreign_s, Unit(name="", workload="", slots=(slot,))
    return Run(unit, FOREIGN, (FIRST_PID - 1_000 + slot,), t, t, t + 20.0, ended_at=storm.foreign_until_s)
