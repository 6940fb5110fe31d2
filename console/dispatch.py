"""Sends confirmed plans to a runner, a process of its own session that outlives this console when it must."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import msgspec

from console.config.settings import Config
from console.flips.orders import MAX_LINE, Go, Order, Prepare, encode
from console.flips.records import Plan, Progress
from console.model import Uuid
from console.paths import Places

ENDS = ("outcome", "refused", "error")


class Runner:
    """One ``python -m console.runner``: told to prepare, then perhaps to go. Closing it closes its stdin.

    Starting a process and writing to a pipe may block, so a thread of its own does both; no call here waits.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._started = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._failed = ""
        threading.Thread(target=self._serve, name="runner", daemon=True).start()

    def tell(self, order: Order) -> None:
        """Pass on one order; a runner that has gone is noticed where its answers are read."""
        self._orders.put(order)

    def close(self) -> None:
        """Let it go; what it has begun to stop it finishes without us."""
        self._orders.put(None)

    def follow(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Pass on every line until the runner ends; moves that it never ended are told as errors. Blocks."""
        open_moves = {move.flip_id: move.slots for move in plan.moves}
        self._started.wait()
        why = self._failed
        if self._process is not None and self._process.stdout is not None:
            with self._process.stdout as lines:
                while line := lines.readline(MAX_LINE):
                    progress = _progress(line)
                    if progress is not None and progress.kind in ENDS:
                        open_moves.pop(progress.flip_id, None)
                    if progress is not None:
                        heard(progress)
            why = f"the runner ended early ({self._process.wait()})"
        for flip_id, slots in open_moves.items():
            heard(_cut_off(flip_id, slots, why))
        self.close()

    def _serve(self) -> None:
        try:
            # -P: code is never taken from the directory that the operator happens to stand in.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "console.runner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._failed = f"no runner could be started: {error.strerror or error}"
        self._started.set()
        pipe = self._process.stdin if self._process else None
        while (order := self._orders.get()) is not None:
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.write(encode(order))
                    pipe.flush()
        if self._process is not None and pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
            self._process.wait()


class RunnerFlipper:
    """Keeps one runner ready while a dialog is open. Implements console.site.ground.Flipper."""

    def __init__(self, config: Config, where: Places) -> None:
        self._config, self._where = config.path, where
        self._ready: Runner | None = None
        self._busy: list[Runner] = []

    def prepare(self, uuids: tuple[Uuid, ...]) -> None:
        """Start a runner and let it read these GPUs, so that a confirmed flip waits for nothing."""
        if self._ready is None:
            self._ready = Runner()
        self._ready.tell(Order(prepare=Prepare(uuids=uuids, config=self._config, places=self._where)))

    def dismiss(self) -> None:
        """Let the runner go; it has done nothing."""
        if self._ready is not None:
            self._ready.close()
            self._ready = None

    def run(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Hand the plan over and follow it from a thread."""
        runner = self._ready or Runner()
        self._ready = None
        self._busy.append(runner)
        runner.tell(Order(go=Go(plan=plan, config=self._config, places=self._where)))

        def follow() -> None:
            runner.follow(plan, heard)
            with contextlib.suppress(ValueError):
                self._busy.remove(runner)

        threading.Thread(target=follow, name=f"flip {plan.plan_id}", daemon=True).start()

    def stop(self) -> None:
        """Begin no further moves."""
        for runner in list(self._busy):
            runner.tell(Order(stop=True))

    def close(self) -> None:
        """The console goes: every runner sees its stdin end and keeps to its own rules."""
        self.dismiss()
        for runner in list(self._busy):
            runner.close()


def _progress(line: bytes) -> Progress | None:
    try:
        return msgspec.json.decode(line, type=Progress)
    except msgspec.DecodeError:
        return None


def _cut_off(flip_id: str, slots: tuple[int, ...], why: str) -> Progress:
    names = ",".join(map(str, slots))
    return Progress(
        flip_id=flip_id,
        at=time.time(),
        kind="error",
        step="outcome",
        slots=slots,
        text=f"{why}; changeover settle {names} brings the flip to an outcome",
    )
