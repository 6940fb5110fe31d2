"""The process that carries out a flip: ``python -m console.runner``, orders on stdin, progress on stdout.

It has a session of its own, so that the terminal's hang-up does not reach it, and readings of its own at 25 Hz, begun
while the dialog is still open. End of file, SIGHUP and SIGTERM all mean that the console is gone: before a stop that
cancels, after it the flip finishes or rolls back. Orders: console.flips.orders.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from console.config.errors import ConfigError
from console.flips import systemlog
from console.flips.journal import JournalError
from console.flips.orders import MAX_LINE, Go, OrderError, Prepare, decode
from console.flips.records import Plan, Progress
from console.flips.who import whoami
from console.model import Uuid
from console.paths import Places
from console.running import signals
from console.running.outlet import Outlet, unbuffered
from console.running.stage import Stage
from console.text import clean


class Ears(threading.Thread):
    """Reads orders as they come, also while a flip runs."""

    def __init__(self, pipe: BinaryIO, lost: threading.Event, stop: threading.Event) -> None:
        super().__init__(name="orders", daemon=True)
        # Of the simple kind, because signal handlers put into it as well.
        self.orders: queue.SimpleQueue[Prepare | Go | OrderError | None] = queue.SimpleQueue()
        self._pipe, self._lost, self._stop = pipe, lost, stop

    def run(self) -> None:
        """Until the end of the file, which says that the console is gone, or until a line that is no order."""
        while line := self._pipe.readline(MAX_LINE + 1):
            try:
                order = decode(line)
            except OrderError as error:
                self.orders.put(error)
                break
            if order.stop:
                self._stop.set()
            elif said := order.prepare or order.go:
                self.orders.put(said)
        self._lost.set()
        self.orders.put(None)


class Runner:
    """One runner: prepares when told, carries out one plan, and ends."""

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self._lost, self._stop = threading.Event(), threading.Event()
        self._ears = Ears(stdin, self._lost, self._stop)
        self._outlet = Outlet(stdout)
        self._stage: Stage | None = None

    def hang_up(self) -> None:
        """The console is gone, or a signal has come. From any thread but in no signal handler: it takes locks."""
        self._lost.set()
        self._stop.set()
        self._ears.orders.put(None)

    def run(self) -> int:
        """Obey until a plan was carried out or the console is gone; the exit code, 2 for a line that is no order."""
        self._ears.start()
        code = 0
        while order := self._ears.orders.get():
            if isinstance(order, OrderError):
                sys.stderr.write(f"console.runner: {clean(order)}\n")
                code = 2
                break
            if isinstance(order, Go):
                self._go(order)
                break
            self._prepare(order.uuids, order.config, order.places)
        if self._stage is not None:
            self._stage.close()
        self._outlet.close()
        return code

    def _prepare(self, uuids: tuple[Uuid, ...], config: str | None, where: Places | None) -> str:
        """Open the stage for these GPUs unless it reads them already; the sentence that says why it could not."""
        if self._stage is not None:
            if set(uuids) <= set(self._stage.uuids):
                return ""
            self._stage.close()
            self._stage = None
        try:
            self._stage = Stage(config, where, uuids, self._lost)
        except (ConfigError, JournalError, ValueError, OSError) as error:
            return clean(error, 500)
        return ""

    def _go(self, order: Go) -> None:
        plan = _own(order.plan)
        uuids = tuple(sorted({uuid for move in plan.moves for uuid in move.uuids}))
        why = self._prepare(uuids, order.config, order.places)
        stage = self._stage
        if stage is None or (why := why or stage.objection(plan)):
            self._refuse(plan, why)
            return
        stage.carry_out(plan, self._outlet.tell, self._stop)

    def _refuse(self, plan: Plan, why: str) -> None:
        for move in plan.moves:
            self._outlet.tell(
                Progress(
                    flip_id=move.flip_id,
                    at=time.time(),
                    kind="refused",
                    step="outcome",
                    slots=move.slots,
                    text=why,
                    result="refused",
                )
            )


def _own(plan: Plan) -> Plan:
    """The plan with the kernel's word on who acts: a pipe may claim the rest, not that."""
    kernel = whoami(plan.who.via)
    who = msgspec.structs.replace(plan.who, uid=kernel.uid, login=kernel.login, loginuid=kernel.loginuid)
    return msgspec.structs.replace(plan, who=who)


def _crashed(kind: type[BaseException], error: BaseException | None, at: TracebackType | None) -> None:  # noqa: ARG001
    """Tell a defect of ours to the system log, because stderr goes nowhere; no values, which may be secret."""
    frames = traceback.extract_tb(at)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    systemlog.tell(
        f"the runner was ended by {kind.__name__} at {where}; changeover settle looks after its flip", systemlog.ALERT
    )


def main() -> int:
    """Be a runner on stdin and stdout."""
    sys.excepthook = _crashed
    threading.excepthook = lambda args: _crashed(args.exc_type, args.exc_value, args.exc_traceback)
    with contextlib.suppress(PermissionError):  # it leads its session already
        os.setsid()
    runner = Runner(sys.stdin.buffer, unbuffered(sys.stdout.fileno()))
    with signals.told((signal.SIGHUP, signal.SIGTERM, signal.SIGINT), lambda _: runner.hang_up()):
        return runner.run()


if __name__ == "__main__":
    sys.exit(main())
