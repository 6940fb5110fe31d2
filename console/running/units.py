"""The configured units of this host: what their controllers say, what their meters say, and how to start and stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from console.config.settings import Settings
from console.flips.records import Action
from console.model import Output, Reading, Uuid, WorkState
from console.profiles.asking import NotAppliedError, apply, differs, expected
from console.workloads.command import order
from console.workloads.contract import ALIVE, Controller, Holding, Meter, SeesContainers, Task, WorkloadError
from console.workloads.doubts import SEES_CONTAINERS, Doubts, doubts, lasting_s
from console.workloads.expand import Placed
from console.workloads.lastword import still_there
from console.workloads.lookover import Key, Looked, look_over, neighbours, refusals
from console.workloads.registry import configure, connect_controller, connect_meter

FRESH_S = 0.25
"""How old a controller's word may be: asking supervisord about 16 programs takes 15 ms, a tick is 50 ms."""
ASK_S = 2.0
LOOKED_S = 60.0
"""How long it is believed of units what was found wrong with them."""
TUNE_S = 20.0
"""How long root's unit may take to set one card: without the persistence daemon the driver wakes up first."""
ROUTE_S = 30.0
"""How long a command that opens or closes a workload to requests may take."""
SILENT_AGAIN_S = 1.0
"""How soon a controller that did not answer is asked again: asking it takes ASK_S, and everybody waits meanwhile."""


class Units:
    """Controllers and meters of the placed instances. Implements console.flips.facts.Hands; threads may share it."""

    def __init__(self, settings: Settings, placed: tuple[Placed, ...]) -> None:
        self._placed = {(one.controller, one.unit): one for one in placed}
        self._controllers: dict[str, Controller] = {}
        self.trouble: dict[str, str] = {}
        self._meters: dict[Key, Meter] = {}
        self._tasks: dict[Key, Task] = {}
        self._asked: dict[str, float] = {}
        self._silent: dict[str, str] = {}
        self._heard: dict[str, float] = {}
        self._held: dict[str, tuple[Holding, ...]] = {}
        self._looked: dict[frozenset[Uuid], tuple[float, dict[Key, tuple[str, ...]]]] = {}
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._seers = {name for name, one in settings.controllers.items() if (one.kind or name) in SEES_CONTAINERS}
        for name in {one.controller for one in placed} | self._seers:
            try:
                self._controllers[name] = connect_controller(name, settings.controllers[name])
            except WorkloadError as error:
                self.trouble[name] = str(error)
        configure(self._controllers, placed)

    def tasks(self) -> Mapping[Key, Task]:
        """What every controller says of its units, at most FRESH_S old.

        Of one that does not answer (see ``silent``) its last word is kept for units whose main processes still run:
        they are what they were, not strangers. Of its other units nothing is known, which is not the same as stopped.
        """
        with self._lock:
            for name in self._controllers:
                fresh_s = SILENT_AGAIN_S if name in self._silent else FRESH_S
                if time.monotonic() - self._asked.get(name, float("-inf")) > fresh_s:
                    self._ask(name)
            return dict(self._tasks)

    def holdings(self) -> tuple[Holding, ...]:
        """Every container that was given GPUs, as old as ``tasks`` last said."""
        with self._lock:
            return tuple(one for held in self._held.values() for one in held)

    def doubts(self) -> Doubts:
        """On which GPUs somebody may be whom a controller would know of that did not answer ``tasks``."""
        now, placed = time.monotonic(), tuple(self._placed.values())
        with self._lock:
            late = {name: now - self._heard.get(name, float("-inf")) for name in self._silent}
            silent = {name: self._silent[name] for name, s in late.items() if s > lasting_s(name, placed)}
        return doubts(self.trouble | silent, placed, self._seers)

    def faults(self, action: Action) -> tuple[str, ...]:
        """What keeps this action's unit out of every flip, as its controller and those that share its GPUs find now, or
        found LOOKED_S ago at most: each a sentence. That one of them cannot look is one too. Does not raise; blocks for
        as long as they take to look, which is bounded."""
        return self._fresh(frozenset(action.uuids)).get((action.controller, action.unit), ())

    def looked_over(self, one: Placed) -> None:
        """Look over now the units that share this instance's GPUs: ``faults`` need not any more for a while."""
        self._fresh(frozenset(one.uuids))

    def _fresh(self, uuids: frozenset[Uuid]) -> dict[Key, tuple[str, ...]]:
        with self._looking:
            at, found = self._looked.get(uuids, (float("-inf"), {}))
            if time.monotonic() - at > LOOKED_S:
                found = self._look_over(uuids)
                self._looked[uuids] = (time.monotonic(), found)
        return found

    def silent(self, action: Action) -> str:
        """See console.flips.facts.Hands.silent."""
        self.tasks()
        with self._lock:
            return self._silent.get(action.controller, "") or self.trouble.get(action.controller, "")

    def route(self, action: Action, *, let_in: bool) -> bool:
        """See console.flips.facts.Hands.route."""
        placed = self._placed.get((action.controller, action.unit))
        words = (placed.undrain if let_in else placed.drain) if placed else ()
        if not words:
            return False
        order(words, ROUTE_S)
        return True

    def tune(self, profile: str, uuid: Uuid) -> None:
        """See console.flips.facts.Hands.tune."""
        try:
            apply(profile, uuid, TUNE_S)
        except NotAppliedError as error:
            raise WorkloadError(error.reason) from None

    def untuned(self, profile: str, seen: Reading) -> str:
        """See console.flips.facts.Hands.untuned."""
        known = expected(profile)
        return differs(known, seen) if known is not None else ""

    def start(self, action: Action) -> None:
        """Start the unit; returns when its controller says so. Raises WorkloadError."""
        controller = self._controller(action)
        try:
            controller.start(action.unit, action.timeout_s)
        finally:
            self._forget(action)

    def stop(self, action: Action) -> None:
        """Stop the unit; returns when its controller says so. Raises WorkloadError."""
        controller = self._controller(action)
        try:
            controller.stop(action.unit, action.timeout_s)
        finally:
            self._forget(action)

    def output(self, action: Action, timeout_s: float) -> Output | None:
        """See console.flips.facts.Facts.output."""
        task = self.tasks().get((action.controller, action.unit))
        if task is not None and task.state not in ALIVE:
            return _without_value(WorkState.STOPPED, task.reason or task.state)
        try:
            meter = self._meter(action)
            if meter is not None:
                return meter.read(timeout_s)
        except WorkloadError as error:
            return _without_value(WorkState.WARMING, str(error)) if task else None
        return _without_value(WorkState.WARMING, "it has no meter") if task else None

    def close(self) -> None:
        """Let go of every socket; changes nothing outside."""
        for meter in self._meters.values():
            meter.close()
        for controller in self._controllers.values():
            controller.close()

    def _ask(self, name: str) -> None:
        units = tuple(unit for controller, unit in self._placed if controller == name)
        others = {key: task for key, task in self._tasks.items() if key[0] != name}
        try:
            controller = self._controllers[name]
            said = controller.observe(units, ASK_S)
            if isinstance(controller, SeesContainers):
                self._held[name] = controller.holdings(units, ASK_S)
            self._silent.pop(name, None)
            self._heard[name] = time.monotonic()
        except WorkloadError as error:
            said = still_there(task for key, task in self._tasks.items() if key[0] == name)
            self._silent[name] = str(error)
        self._tasks = others | {(name, task.unit): task for task in said}
        self._asked[name] = time.monotonic()

    def _look_over(self, uuids: frozenset[Uuid]) -> dict[Key, tuple[str, ...]]:
        """What keeps the units that share these GPUs out of every flip."""
        near = tuple(one for one in self._placed.values() if uuids & set(one.uuids))
        looked: dict[str, Looked] = {}
        failed: dict[str, str] = {}
        for name, groups in neighbours(near).items():
            try:
                if name not in self._controllers:
                    raise WorkloadError(self.trouble.get(name, "the config has no such controller"))
                looked[name] = look_over(self._controllers[name], groups)
            except WorkloadError as error:
                failed[name] = f"controllers.{name}: its units could not be looked over: {error}"
        found = refusals(near, looked)
        for one in near:
            key = (one.controller, one.unit)
            found[key] = (*found.get(key, ()), *failed.values())
        return found

    def _controller(self, action: Action) -> Controller:
        controller = self._controllers.get(action.controller)
        if controller is None:
            why = self.trouble.get(action.controller, "the config has no such controller")
            raise WorkloadError(f"{action.controller} cannot be used: {why}")
        return controller

    def _meter(self, action: Action) -> Meter | None:
        key = (action.controller, action.unit)
        placed = self._placed.get(key)
        settings = placed.meter() if placed else None
        if settings is None or not settings.url:
            return None
        with self._lock:
            if key not in self._meters:
                self._meters[key] = connect_meter(settings)
            return self._meters[key]

    def _forget(self, action: Action) -> None:
        """What was known of the unit is no longer so: its state, and the counters that its meter remembers."""
        with self._lock:
            self._asked.pop(action.controller, None)
            meter = self._meters.pop((action.controller, action.unit), None)
        if meter is not None:
            meter.close()


def _without_value(state: WorkState, reason: str) -> Output:
    return Output(at=time.time(), unit="", value=None, state=state, reason=reason)
