"""Carries out a confirmed plan in this process: what a headless command is its own runner with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from console.flips.records import Ending, Plan, Progress
from console.running.stage import Stage

ENDS_IT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ObjectionError(Exception):
    """The plan may not be carried out any more; ``str`` says why. Nothing was touched."""


def act(plan: Plan, config: str | None, told: Callable[[Progress], None]) -> tuple[Ending, ...]:
    """Run every move and return their endings. Call in the main thread.

    Ctrl-C, a hang-up and SIGTERM cancel what has not stopped anything yet; what has goes on to a safe end. Raises
    what Stage raises, and ObjectionError when the plan may not be carried out any more.
    """
    lost, stop, opened = threading.Event(), threading.Event(), threading.Event()
    uuids = tuple(sorted({uuid for move in plan.moves for uuid in move.uuids}))
    with _ends(lost, stop, opened):
        stage = Stage(config, None, uuids, lost)
        try:
            if why := stage.objection(plan):
                raise ObjectionError(why)
            opened.set()
            return stage.carry_out(plan, told, stop)
        finally:
            stage.close()


@contextmanager
def _ends(lost: threading.Event, stop: threading.Event, opened: threading.Event) -> Iterator[None]:
    """Ctrl-C is the operator's own word, of which the journal says so; it loses nobody but while the stage opens, when
    a driver that hangs would hold it up."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if number != signal.SIGINT or not opened.is_set():
            lost.set()
        stop.set()

    before = {number: signal.signal(number, end) for number in ENDS_IT}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
