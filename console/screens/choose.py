"""The picker: every option of one GPU with its money, one of them to flip to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from console import units
from console.model import GpuRow, Option
from console.screens.modal import NO_LIMIT, Press, hints
from console.view.ladder import option_line
from console.view.pieces import Line, Piece


class Picker:
    """Choose from the ladder. Nothing happens here: what is chosen is planned, shown and confirmed elsewhere."""

    waits = False

    def __init__(
        self, row: GpuRow, count: int, currency: str, pick: Callable[[str], None], close: Callable[[], None]
    ) -> None:
        reading = row.reading
        self.title = f"flip {count} marked GPUs to" if count > 1 else f"flip GPU {reading.slot} to"
        self._options: Sequence[Option] = row.money.options
        self._running = row.money.running
        self._symbol = units.symbol(currency)
        self._pick = pick
        self._close = close
        self._at = 0

    def lines(self, room: int, height: int = NO_LIMIT) -> list[Line]:  # noqa: ARG002
        """The options, the chosen one marked by ``❯``."""
        out: list[Line] = []
        for index, option in enumerate(self._options):
            line = option_line(option, self._symbol, room - 1, running=option.workload == self._running)
            chosen = index == self._at
            out.append((Piece("❯" if chosen else " ", "cursor"), *line))
        if not out:
            out.append((Piece("no option is known for this GPU", "label"),))
        return [*out, (), *hints(room, ("↑↓", "choose"), ("enter", "plan it"), ("esc", "close"))]

    def press(self, press: Press) -> None:
        """Arrows choose, enter plans, anything that closes closes."""
        if press.key in ("down", "j", "up", "k"):
            step = 1 if press.key in ("down", "j") else -1
            self._at = min(max(0, self._at + step), max(0, len(self._options) - 1))
        elif press.key == "enter" and self._options:
            self._pick(self._options[self._at].workload)
        elif press.key in ("escape", "q"):
            self._close()

    def stands(self, at: float) -> None:
        """Nothing here acts."""
