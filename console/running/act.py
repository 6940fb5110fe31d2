"""Carries out a confirmed plan in this process: what a headless command is its own runner with."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from console.flips.records import Ending, Plan, Progress
from console.running import signals
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

    def end(number: int) -> None:
        """Ctrl-C is the operator's own word, of which the journal says so; it loses nobody but while the stage opens,
        when a driver that hangs would hold it up."""
        if number != signal.SIGINT or not opened.is_set():
            lost.set()
        stop.set()

    with signals.told(ENDS_IT, end):
        stage = Stage(config, None, uuids, lost)
        try:
            if why := stage.objection(plan):
                raise ObjectionError(why)
            opened.set()
            return stage.carry_out(plan, told, stop)
        finally:
            stage.close()
