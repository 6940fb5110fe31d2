"""What the controllers of this host say of their units, asked over and over, and which of them do not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import NamedTuple

from console.config.workload_settings import ControllerSettings
from console.model import Uuid
from console.site.interface import Check
from console.site.watch import Watch
from console.workloads.contract import Controller, Fault, Holding, SeesContainers, Task, WorkloadError
from console.workloads.expand import Placed
from console.workloads.lastword import still_there
from console.workloads.registry import configure, connect_controller

EVERY_S = 2.0
LOOK_OVER_S = 60.0
"""How often units are looked over: a file that somebody mends is noticed without a restart."""
ASK_S = 2.0
"""How long one answer may take, as a flip has it too: asking supervisord about 16 programs takes 15 ms."""
CHECK_S = 5.0
"""How long all controllers together may take to look their units over."""

Groups = tuple[tuple[str, ...], ...]
"""Units that may share a GPU, together."""
Key = tuple[str, str]
"""Controller and unit."""


class Said(NamedTuple):
    """One answer: the units by name, and why there is none, "" where there is one."""

    tasks: Mapping[Key, Task]
    trouble: str
    holdings: tuple[Holding, ...] = ()


class Controllers:
    """The controllers of a config. None of its calls blocks but ``check``."""

    def __init__(self, settings: Mapping[str, ControllerSettings]) -> None:
        self._connected: dict[str, Controller] = {}
        self._unusable: dict[str, str] = {}
        for name, one in settings.items():
            try:
                self._connected[name] = connect_controller(name, one)
            except WorkloadError as error:
                self._unusable[name] = str(error)
        self._watch: Watch[str, Said] = Watch("controller", EVERY_S)
        self._over: Watch[tuple[str, Groups], tuple[Fault, ...]] = Watch("units", LOOK_OVER_S)
        self._placed: tuple[Placed, ...] = ()
        self._names: dict[str, str] = {}  # the controller behind each question

    def want(self, placed: tuple[Placed, ...]) -> None:
        """Ask about these instances from now on."""
        self._placed = placed
        configure(self._connected, placed)
        units: dict[str, list[str]] = {}
        for one in placed:
            units.setdefault(one.controller, []).append(one.unit)
        seers = [name for name, one in self._connected.items() if isinstance(one, SeesContainers)]
        asked = dict.fromkeys((*units, *seers))
        known = {name: tuple(units.get(name, ())) for name in asked if name in self._connected}
        self._names = {f"{name}:{','.join(names)}": name for name, names in known.items()}
        self._watch.want(
            {key: _Observer(name, self._connected[name], known[name]).ask for key, name in self._names.items()}
        )
        over = ((name, tuple(sorted(groups))) for name, groups in self._neighbours().items())
        self._over.want({(name, groups): partial(_looked_over, self._connected[name], groups) for name, groups in over})

    def faults(self) -> dict[Key, tuple[str, ...]]:
        """What keeps units out of every plan, by controller and unit, as last looked over."""
        found: dict[Key, tuple[str, ...]] = {}
        for (name, _), faults in self._over.answers().items():
            for fault in faults:
                for unit in fault.units if fault.refuses else ():
                    key = (name, unit)
                    found[key] = (*found.get(key, ()), fault.sentence)
        return found

    def tasks(self) -> dict[Key, Task]:
        """What each last said of its units; of one that does not answer, what still runs of it."""
        return {key: task for said in self._watch.answers().values() for key, task in said.tasks.items()}

    def holdings(self) -> tuple[Holding, ...]:
        """Every container that was given GPUs, of the controllers that see containers."""
        return tuple(one for said in self._watch.answers().values() for one in said.holdings)

    def silent(self) -> dict[str, str]:
        """Why those that placed instances need cannot be asked, by name; none that was not asked yet."""
        needed = {one.controller for one in self._placed}
        answers = ((self._names.get(key, ""), said.trouble) for key, said in self._watch.answers().items())
        return {name: why for name, why in (*self._unusable.items(), *answers) if why and name in needed}

    def banners(self) -> tuple[str, ...]:
        """A sentence for each that cannot be asked, whether anything needs it or not."""
        return tuple(self._sentence(name, why) for name, why in (self._unusable | self.silent()).items())

    def asked_since(self, at: float) -> bool:
        """True when every newest answer is to a question asked after ``at`` (Unix seconds); else asks again now."""
        return self._watch.asked_since(at) and len(self._watch.answers()) == len(self._names)

    def ready(self) -> bool:
        """True once each has answered, or has had its time to, and has looked its units over."""
        return self._watch.rounds() >= 1 and self._over.rounds() >= 1

    def check(self) -> Check:
        """What they find wrong with their units, and which of them do not answer within CHECK_S. Blocks as long."""
        silent = self._unusable | self.silent()
        checkers = [
            _Checker(name, self._connected[name], groups)
            for name, groups in self._neighbours().items()
            if name not in silent
        ]
        end = time.monotonic() + CHECK_S
        for checker in checkers:
            checker.start()
        for checker in checkers:
            checker.join(max(0.0, end - time.monotonic()))
            if why := checker.trouble or ("" if checker.done else f"it did not answer within {CHECK_S:.0f} s"):
                silent[checker.controller] = why
        found = dict.fromkeys(fault.sentence for checker in checkers for fault in checker.found)
        return Check(faults=tuple(self._sentence(*one) for one in silent.items()), warnings=tuple(found))

    def close(self) -> None:
        """Ask nobody any more."""
        self._watch.close()
        self._over.close()
        for controller in self._connected.values():
            controller.close()

    def _sentence(self, name: str, why: str) -> str:
        for_now = "; what it runs cannot be told until it answers" if name in self._connected else ""
        return f"controllers.{name}: {why}{for_now}"

    def _neighbours(self) -> dict[str, set[tuple[str, ...]]]:
        """By controller, its units that may share a GPU: what one does must end what another does."""
        sharing: dict[tuple[str, Uuid], list[str]] = {}
        for one in self._placed:
            for uuid in one.uuids:
                sharing.setdefault((one.controller, uuid), []).append(one.unit)
        found: dict[str, set[tuple[str, ...]]] = {}
        for (name, _), units in sharing.items():
            if name in self._connected:
                found.setdefault(name, set()).add(tuple(units))
        return found


class _Observer:
    """One question to one controller, with its last word."""

    def __init__(self, name: str, controller: Controller, units: tuple[str, ...]) -> None:
        self._name, self._controller, self._units = name, controller, units
        self._last: tuple[Task, ...] = ()
        self._held: tuple[Holding, ...] = ()

    def ask(self) -> Said:
        """What it says now. Not reachable is not stopped: then what still runs is what it was."""
        try:
            self._last, trouble = self._controller.observe(self._units, ASK_S), ""
            if isinstance(self._controller, SeesContainers):
                self._held = self._controller.holdings(self._units, ASK_S)
        except WorkloadError as error:
            self._last, trouble = still_there(self._last), str(error)
        return Said({(self._name, task.unit): task for task in self._last}, trouble, self._held)


def _looked_over(controller: Controller, groups: Groups) -> tuple[Fault, ...]:
    """What one controller finds wrong; nothing where it does not answer, which is told elsewhere."""
    try:
        return tuple(fault for units in groups for fault in controller.check(units))
    except WorkloadError:
        return ()


class _Checker(threading.Thread):
    """Lets one controller look its units over, group by group, until it fails to answer."""

    def __init__(self, name: str, controller: Controller, groups: Iterable[tuple[str, ...]]) -> None:
        super().__init__(name=f"check {name}", daemon=True)  # one that hangs must not keep the command from ending
        self.controller = name
        self.found: list[Fault] = []
        self.trouble = ""
        self.done = False
        self._asked, self._groups = controller, sorted(groups)

    def run(self) -> None:
        try:
            for units in self._groups:
                self.found += self._asked.check(units)
        except WorkloadError as error:
            self.trouble = str(error)
        self.done = True
