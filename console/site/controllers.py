"""What the controllers of this host say of their units, asked over and over, and which of them do not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from console.config.workload_settings import ControllerSettings
from console.site.interface import Check
from console.site.watch import Watch
from console.workloads.contract import Controller, Fault, Holding, SeesContainers, Task, WorkloadError
from console.workloads.doubts import SEES_CONTAINERS, Doubts, doubts, lasting_s
from console.workloads.expand import Placed
from console.workloads.lastword import still_there
from console.workloads.lookover import Groups, Key, Looked, boots_of, look_over, neighbours, refusals, together
from console.workloads.registry import configure, connect_controller

EVERY_S = 2.0
LOOK_OVER_S = 60.0
"""How often units are looked over: a file that somebody mends is noticed without a restart."""
LOOK_AGAIN_S = 5.0
"""How soon that is tried again where it failed: meanwhile nothing is planned with units never looked over."""
ASK_S = 2.0
"""How long one answer may take, as a flip has it too: asking supervisord about 16 programs takes 15 ms."""
CHECK_S = 5.0
"""How long all controllers together may take to look their units over."""

NOT_YET = "its units have not been looked over yet"


class Said(NamedTuple):
    """One answer: the units by name, and why there is none, "" where there is one. ``doubt`` is the same once the last
    word counts no more."""

    tasks: Mapping[Key, Task]
    trouble: str
    holdings: tuple[Holding, ...] = ()
    doubt: str = ""


class Overseen(NamedTuple):
    """What a controller found wrong when it last could look, None where it never could; and why it cannot now."""

    looked: Looked | None
    trouble: str


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
        self._seers = frozenset(name for name, one in settings.items() if (one.kind or name) in SEES_CONTAINERS)
        self._watch: Watch[str, Said] = Watch("controller", EVERY_S)
        self._over: Watch[tuple[str, Groups], Overseen] = Watch("units", LOOK_AGAIN_S)
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
            {
                key: _Observer(name, self._connected[name], known[name], lasting_s(name, placed)).ask
                for key, name in self._names.items()
            }
        )
        over = {(name, groups): _Overseer(self._connected[name], groups).ask for name, groups in self._groups().items()}
        self._over.want(over)

    def faults(self) -> dict[Key, tuple[str, ...]]:
        """What keeps units out of every plan, by controller and unit: what was found when they were last looked over,
        that they never were, and that somebody of whom nothing is seen may be on their GPUs."""
        answers = {name: answer for (name, _), answer in self._over.answers().items()}
        looked = {name: answer.looked for name, answer in answers.items() if answer.looked}
        found, doubtful = refusals(self._placed, looked), self.doubts()
        for one in self._placed:
            key, said = (one.controller, one.unit), list[str]()
            if one.controller not in looked:
                trouble = answers[one.controller].trouble if one.controller in answers else ""
                trouble = trouble or self._unusable.get(one.controller, "")
                said.append(f"controllers.{one.controller}: {NOT_YET}" + (f": {trouble}" if trouble else ""))
            said += dict.fromkeys(filter(None, map(doubtful.of, one.uuids)))
            if said:
                found[key] = (*found.get(key, ()), *said)
        return found

    def doubts(self) -> Doubts:
        """On which GPUs somebody may be whom a controller would know of that cannot be asked, or was not asked yet."""
        answers = {self._names.get(key, ""): said.doubt for key, said in self._watch.answers().items()}
        silent = {name: "it has not answered yet" for name in self._names.values() if name not in answers}
        silent |= self._unusable | {name: why for name, why in answers.items() if why}
        return doubts(silent, self._placed, self._seers)

    def tasks(self) -> dict[Key, Task]:
        """What each last said of its units; of one that does not answer, what still runs of it."""
        return {key: task for said in self._watch.answers().values() for key, task in said.tasks.items()}

    def holdings(self) -> tuple[Holding, ...]:
        """Every container that was given GPUs, of the controllers that see containers."""
        return tuple(one for said in self._watch.answers().values() for one in said.holdings)

    def silent(self) -> dict[str, str]:
        """Why those that placed instances need, or that see containers, cannot be asked, by name; none that was not
        asked yet."""
        needed = {one.controller for one in self._placed} | self._seers
        answers = ((self._names.get(key, ""), said.trouble) for key, said in self._watch.answers().items())
        return {name: why for name, why in (*self._unusable.items(), *answers) if why and name in needed}

    def unasked(self) -> dict[str, str]:
        """A sentence for each that cannot be asked, by name, whether anything needs it or not."""
        return {name: self._sentence(name, why) for name, why in (self._unusable | self.silent()).items()}

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
            for name, groups in self._groups().items()
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
        boots = {(checker.controller, unit): way for checker in checkers for unit, way in checker.boots.items()}
        found |= dict.fromkeys(sentence for _, sentence in together(self._placed, boots))
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

    def _groups(self) -> dict[str, Groups]:
        """By controller that can be asked, its units that may share a GPU."""
        return {name: groups for name, groups in neighbours(self._placed).items() if name in self._connected}


class _Observer:
    """One question to one controller, with its last word."""

    def __init__(self, name: str, controller: Controller, units: tuple[str, ...], lasting_s: float) -> None:
        self._name, self._controller, self._units = name, controller, units
        self._lasting_s, self._heard = lasting_s, float("-inf")
        self._last: tuple[Task, ...] = ()
        self._held: tuple[Holding, ...] = ()

    def ask(self) -> Said:
        """What it says now. Not reachable is not stopped: then what still runs is what it was."""
        try:
            self._last, trouble = self._controller.observe(self._units, ASK_S), ""
            if isinstance(self._controller, SeesContainers):
                self._held = self._controller.holdings(self._units, ASK_S)
            self._heard = time.monotonic()
        except WorkloadError as error:
            self._last, trouble = still_there(self._last), str(error)
        doubt = trouble if time.monotonic() - self._heard > self._lasting_s else ""
        return Said({(self._name, task.unit): task for task in self._last}, trouble, self._held, doubt)


class _Overseer:
    """Lets one controller look its units over, every LOOK_OVER_S, and remembers what it found."""

    def __init__(self, controller: Controller, groups: Groups) -> None:
        self._controller, self._groups = controller, groups
        self._looked: Looked | None = None
        self._at = float("-inf")

    def ask(self) -> Overseen:
        """What it finds wrong. One that does not answer takes back nothing of what it has found."""
        if time.monotonic() - self._at < LOOK_OVER_S:
            return Overseen(self._looked, "")
        try:
            self._looked, trouble = look_over(self._controller, self._groups), ""
            self._at = time.monotonic()
        except WorkloadError as error:
            trouble = str(error)
        return Overseen(self._looked, trouble)


class _Checker(threading.Thread):
    """Lets one controller look its units over, group by group, until it fails to answer."""

    def __init__(self, name: str, controller: Controller, groups: Iterable[tuple[str, ...]]) -> None:
        super().__init__(name=f"check {name}", daemon=True)  # one that hangs must not keep the command from ending
        self.controller = name
        self.found: list[Fault] = []
        self.boots: Mapping[str, str] = {}
        self.trouble = ""
        self.done = False
        self._asked, self._groups = controller, sorted(groups)

    def run(self) -> None:
        try:
            for units in self._groups:
                self.found += self._asked.check(units)
            self.boots = boots_of(self._asked, self._groups)
        except WorkloadError as error:
            self.trouble = str(error)
        self.done = True
