"""The list of alarms over a screen: look, acknowledge, shelve, take that back, go to its GPU; no more than that."""

from __future__ import annotations

from collections.abc import Callable

from console.model import Alarm, Snapshot
from console.screens.modal import NO_LIMIT, Press, hints
from console.site.interface import Site
from console.view import alarms, clock
from console.view.pieces import Line, Piece, cut

SHELVES_S = (900.0, 3600.0, 8 * 3600.0)
"""For how long something is shelved, the next with each press; after the last of them until tomorrow."""
LEAST = 3  # lines of the list and its keys that go before what is told about the chosen one
ROOM_FOR_ALL = 110  # columns in which every key can be named
WHY = "shelved on the screen"


class AlarmList:
    """All alarms, those that call first. The cursor stays on its alarm when the order changes."""

    waits = False
    title = "alarms"

    def __init__(
        self,
        site: Site,
        snapshot: Callable[[], Snapshot],
        *,
        read_only: str,
        since: float | None,
        go: Callable[[int], None],
        close: Callable[[], None],
    ) -> None:
        """``since`` is when the operator looked last, where he was away; ``go`` puts the cursor on a slot's GPU."""
        self._site, self._snapshot, self._since = site, snapshot, since
        self._read_only = read_only
        self._go, self._close = go, close
        self._key = ""
        self._at = 0
        self._shelved: dict[str, int] = {}  # how often it was shelved here

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:
        """The list as far as it has room, all about the chosen one, the keys."""
        now, snapshot, shown = self._site.now(), self._snapshot(), self._listed()
        if not shown:
            nothing = Piece("nothing calls, and nothing has called lately", "label")
            return [(nothing,), (), *hints(room, ("esc", "close"))]
        at = self._place(shown)
        told = [(), *alarms.about(shown[at], now, snapshot.timezone, room)]
        if height < len(told) + LEAST:
            told = []
        keys = self._hints(room)[-max(1, height - 1) :]
        rows = max(1, min(len(shown), height - len(told) - len(keys)))
        top = min(max(0, at - rows + 1), max(0, len(shown) - rows))
        out = [
            alarms.line(one, now, room, chosen=top + i == at, since=self._since)
            for i, one in enumerate(shown[top : top + rows])
        ]
        return [*out, *told, *keys]

    def press(self, press: Press) -> None:
        """Arrows choose, a acknowledges, s shelves, u takes that back, enter goes there, escape closes."""
        shown = self._listed()
        at = self._place(shown)
        steps = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "pageup": -10}
        if press.key in ("escape", "q", "A"):
            self._close()
        elif not shown:
            return
        elif press.key in steps:
            self._at = min(max(0, at + steps[press.key]), len(shown) - 1)
            self._key = shown[self._at].key
        elif press.key == "enter":
            if shown[at].slots:
                self._close()
                self._go(shown[at].slots[0])
        elif not self._read_only:
            self._answer(press.key, shown[at])

    def stands(self, at: float) -> None:
        """Nothing here acts on a GPU."""

    def _answer(self, key: str, alarm: Alarm) -> None:
        try:
            if key == "a":
                self._site.acknowledge((alarm.key,))
            elif key == "u":
                self._site.release((alarm.key,))
                self._shelved.pop(alarm.key, None)
            elif key == "s":
                again = self._shelved.get(alarm.key, 0)
                self._shelved[alarm.key] = again + 1
                self._site.shelve((alarm.key,), self._until(again % (len(SHELVES_S) + 1)), WHY)
        except PermissionError as error:
            self._read_only = str(error)

    def _until(self, choice: int) -> float:
        now = self._site.now()
        if choice < len(SHELVES_S):
            return now + SHELVES_S[choice]
        return clock.tomorrow(now, self._snapshot().timezone)

    def _listed(self) -> tuple[Alarm, ...]:
        return alarms.order(self._snapshot().alarms, self._site.now())

    def _place(self, shown: tuple[Alarm, ...]) -> int:
        """Where the chosen alarm stands; where the cursor stood, when it has left."""
        found = next((i for i, one in enumerate(shown) if one.key == self._key), None)
        place = found if found is not None else min(self._at, max(0, len(shown) - 1))
        self._at = place
        if shown:
            self._key = shown[place].key
        return place

    def _hints(self, room: int) -> list[Line]:
        if self._read_only:
            why = cut(f"{self._read_only}: nothing is acknowledged here", room)
            return [*hints(room, ("↑↓", "choose"), ("enter", "its GPU"), ("esc", "close")), (Piece(why, "label"),)]
        wide = room >= ROOM_FOR_ALL
        shelve = "shelve 15 min/1 h/8 h/tomorrow" if wide else "shelve, longer"
        keys = (("a", "acknowledge"), ("s", shelve), ("u", "undo"), ("enter", "its GPU"), ("esc", "close"))
        return hints(room, *((("↑↓", "choose"),) if wide else ()), *keys)
