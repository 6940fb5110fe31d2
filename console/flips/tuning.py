"""Power limits and clocks around a flip: safe ones before a workload stops, a workload's own once it is warm.

A GPU that is ended while overclocked may hang (nbminer issue 98), and a limit that is left over from mining is what a
marketplace shows to renters. Root's own unit sets them (console.profiles); a profile that cannot be applied is told and
journalled, and ends no flip: the workload runs on whatever limits the card has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console.flips.facts import Hands
from console.flips.records import Action
from console.flips.telling import Teller
from console.flips.waiting import Watch
from console.model import Uuid
from console.workloads.contract import WorkloadError

SAFE = "default"
"""The shipped profile that takes everything back."""


class Tuning:
    """Applies profiles and believes what is then read."""

    def __init__(self, hands: Hands, watch: Watch, tell: Teller) -> None:
        self._hands, self._watch, self._tell = hands, watch, tell
        self._made_safe: tuple[Action, ...] = ()
        self.failed = ""

    def safe(self, actions: Iterable[Action]) -> str:
        """Take back the profiles of what will stop; in words, "" where none has one."""
        self._made_safe = tuple(action for action in actions if action.profile)
        return self._apply("safe", [(SAFE, uuid) for action in self._made_safe for uuid in action.uuids])

    def back(self) -> str:
        """Apply again what ``safe`` took back, where that goes on; in words, "" where nothing was."""
        return self.own(self._made_safe)

    def own(self, actions: Iterable[Action]) -> str:
        """Apply the profiles of what was started; in words, "" where none has one."""
        wanted = [(action.profile, uuid) for action in actions if action.profile for uuid in action.uuids]
        return self._apply("profile", wanted)

    def _apply(self, step: str, wanted: list[tuple[str, Uuid]]) -> str:
        if not wanted:
            return ""
        self._tell.begins(step)
        names = ", ".join(dict.fromkeys(name for name, _ in wanted))
        self.failed = "; ".join(dict.fromkeys(self._troubles(wanted)))
        return f"profile {names} " + (f"not applied: {self.failed}" if self.failed else "applied and read back")

    def _troubles(self, wanted: list[tuple[str, Uuid]]) -> Iterator[str]:
        for name, uuid in wanted:
            try:
                self._hands.tune(name, uuid)
            except WorkloadError as error:
                yield str(error)
                return  # what keeps one from being set keeps them all
        for one in self._watch.look(tuple(uuid for _, uuid in wanted)) or ():
            names = (name for name, uuid in wanted if uuid == one.reading.uuid)
            if why := next((said for name in names if (said := self._hands.untuned(name, one.reading))), ""):
                yield f"GPU {one.reading.slot}: {why}"
