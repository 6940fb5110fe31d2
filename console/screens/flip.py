"""The flip dialog: shows a plan before anything happens, and lets nothing be confirmed that was typed too early.

It acts on the plan it was opened with: whatever the cursor, the table or the quotes do behind it. Only while it is
being found out who holds a GPU is it planned again, and what is new then has to stand as long as the first did.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from console.flips.records import Plan
from console.model import Snapshot
from console.screens.modal import NO_LIMIT, STOOD_S, Press
from console.view import dialog
from console.view.pieces import Line

SCROLLS = {"down": 1, "j": 1, "pagedown": 1, "up": -1, "k": -1, "pageup": -1}
LONGEST = 80  # characters of a host and a slot
FINDING_S = 5.0
"""How long it is planned again: the controllers have been asked by then, and what has ended has left NVML's lists."""


class FlipDialog:
    """``y`` confirms, esc and ``n`` cancel, ``!`` asks for host and slot and plans again with their guards waived."""

    def __init__(
        self,
        plan: Plan,
        snapshot: Snapshot,
        *,
        confirm: Callable[[Plan], None],
        cancel: Callable[[], None],
        again: Callable[[tuple[str, ...]], Plan],
    ) -> None:
        """``again`` plans the same anew with the guards of some GPUs waived."""
        self.title = dialog.title(plan)
        self.plan = plan
        self.armed = False
        self._snapshot = snapshot
        self._confirm, self._cancel, self._again = confirm, cancel, again
        self._until = time.monotonic() + FINDING_S
        self._stood_at: float | None = None
        self._before = Press("", None, 0.0)  # the last key but a y
        self._typed: str | None = None  # what was typed of host:slot, None while that is not asked for
        self._forced: tuple[str, ...] = plan.forced
        self._top = self._page = self._read = 0  # lines of the plan: the first shown, how many, and how far it was seen
        self._room = 0

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:
        """The plan and what can be pressed. Where not all of it fits, a part of it, and how to see the rest."""
        self._room = room
        body = self._body(room)
        if self._typed is not None:
            foot = dialog.force_prompt(self.plan, self._typed)
        else:
            armed = self.armed and self._read_to_the_end(len(body))
            foot = [dialog.keys(self.plan, armed=armed)]
        if len(body) + len(foot) + 1 <= height:
            self._top, self._page, self._read = 0, len(body), len(body)
            return [*body, (), *foot]
        self._page = max(0, height - len(foot) - 1)
        self._top = min(self._top, max(0, len(body) - self._page))
        self._read = max(self._read, self._top + self._page if self._page else 0)
        return [*body[self._top : self._top + self._page], dialog.more(self._top + self._page, len(body)), *foot]

    def _body(self, room: int) -> list[Line]:
        return dialog.lines(self.plan, self._snapshot, room, finding=self._finding())

    def _finding(self) -> frozenset[int]:
        """The slots of which it is still being found out who holds them."""
        if time.monotonic() >= self._until:
            return frozenset()
        return dialog.doubtful(self.plan.refusals)

    def heard(self, snapshot: Snapshot) -> bool:
        """News of the site; True where they have brought another plan, which has to stand before it counts."""
        if self._typed is not None or not self._finding():
            return False
        made = self._again(self._forced)
        if _gist(made) == _gist(self.plan):
            return False  # what is the same stays as it stands: nothing moves under a finger without need
        self._snapshot = snapshot
        self._replace(made)
        return True

    def _replace(self, made: Plan) -> None:
        self.plan = made
        self.title = dialog.title(made)
        self._top = self._page = self._read = 0
        self._stood_at, self.armed = None, False  # a new plan: it has to stand before it can be confirmed

    def _read_to_the_end(self, length: int) -> bool:
        return self._read >= length

    @property
    def waits(self) -> bool:
        """True until the plan stands on the terminal; a plan made anew has to stand anew."""
        return self._stood_at is None

    def stands(self, at: float) -> None:
        """The plan is on the terminal since ``at``: from 300 ms later on keys are meant for it."""
        if self._stood_at is None:
            self._stood_at = at

    def arm(self, stood_at: float) -> None:
        """Show that keys count now, unless what stood since then has been replaced."""
        self.armed = self.armed or self._stood_at == stood_at

    def press(self, press: Press) -> None:
        """A key. Those read before the plan stood 300 ms are dropped, esc too: nothing is open that needs haste.

        A ``y`` so soon after another letter is a word and no answer: a terminal that does not mark pastes sends them as
        keys.
        """
        alone = press.at >= self._before.at + STOOD_S
        self._before = self._before if press.key == "y" else press
        if self._stood_at is None or press.at < self._stood_at + STOOD_S:
            return
        if self._typed is not None:
            self._type(press)
        elif press.key in SCROLLS:
            self._top = max(0, self._top + SCROLLS[press.key] * max(1, self._page - 1))
        elif press.key == "y" and self.plan.moves and alone:
            self._say_yes()
        elif press.key in ("escape", "n", "q"):
            self._cancel()
        elif press.character == "!" and dialog.forceable(self.plan.refusals):
            self._typed = ""

    def _say_yes(self) -> None:
        """Confirm, or show the next part of a plan that has not been seen whole: nothing unseen is ever confirmed."""
        if self._read_to_the_end(len(self._body(self._room))):
            self._confirm(self.plan)
        else:
            self._top += max(1, self._page - 1)

    def _type(self, press: Press) -> None:
        typed = self._typed or ""
        if press.key == "escape":
            self._typed = None
        elif press.key == "backspace":
            self._typed = typed[:-1]
        elif press.key == "enter":
            self._waive(typed)
        elif press.character and press.character.isprintable() and len(typed) < LONGEST:
            self._typed = typed + press.character

    def _waive(self, typed: str) -> None:
        """Plan again without the forceable guards of the GPU that was named; anything else is simply not taken."""
        names = dialog.forced_by(self.plan)
        self._typed = None
        if typed not in names:
            return
        self._forced = (*self._forced, typed)
        self._replace(self._again(self._forced))


def _gist(plan: Plan) -> object:
    """What of a plan is worth showing it anew: what moves and what is refused, not what it earns this second."""
    return [(move.uuids, move.before, move.after) for move in plan.moves], plan.refusals, plan.done
