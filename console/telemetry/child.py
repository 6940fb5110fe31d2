"""A sampler seen from the console: started, listened to, told things, abandoned. Never waited for."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.model import Record, Uuid
from console.telemetry import frames, layout

if TYPE_CHECKING:
    from subprocess import Popen

SAMPLER = Path(__file__).with_name("sampler.py")
_READ_BYTES = 1 << 16


class Order(Record):
    """What one sampler shall do, see the arguments of ``sampler.py``."""

    period_s: float
    clients_s: float
    longest_s: float
    expect: tuple[tuple[Uuid, str], ...] = ()  # (uuid, pci)
    lists: bool = True
    skip: tuple[int, ...] = ()

    def arguments(self) -> list[str]:
        """As the sampler's command line."""
        return [
            f"parent={os.getpid()}",
            f"period={self.period_s}",
            f"clients={self.clients_s}",
            f"longest={self.longest_s}",
            "expect=" + ",".join(f"{uuid}@{pci}" for uuid, pci in self.expect),
            f"list={int(self.lists)}",
            "skip=" + ",".join(map(str, self.skip)),
        ]


class Child:
    """One running sampler. It dies with the thread that makes it (PR_SET_PDEATHSIG): make it in one that lasts."""

    def __init__(self, order: Order, python: str = sys.executable) -> None:
        import subprocess

        self.order = order
        self.table: tuple[frames.Identity, ...] = ()
        self.beat = frames.Beat(layout.STARTING, 0)
        self.ticking = False
        self.failure: frames.Failure | None = None
        self.heard = time.monotonic()
        self._decoder = frames.Decoder()
        self._process: Popen[bytes] = subprocess.Popen(
            [python, "-I", "-S", str(SAMPLER), *order.arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)

    @property
    def pid(self) -> int:
        """The sampler's process id."""
        return self._process.pid

    def fileno(self) -> int:
        """Readable when frames have come, or the sampler has ended."""
        return self._stdout.fileno()

    def receive(self) -> Iterator[frames.Frame]:
        """The frames of one read. Raises EOFError when the sampler has ended, FrameError when it talks nonsense."""
        data = os.read(self.fileno(), _READ_BYTES)
        if not data:
            raise EOFError(f"sampler {self.pid} ended")
        self.heard = time.monotonic()
        yield from self._decoder.feed(data)

    def hurry(self, uuids: Sequence[Uuid], clients_s: float) -> None:
        """Ask for the process lists of these GPUs more often, or less. Does nothing when the sampler is stuck."""
        try:
            os.write(self._stdin.fileno(), f"clients {clients_s} {' '.join(uuids)}\n".encode())
        except (BlockingIOError, BrokenPipeError):
            return

    def place(self, beat: frames.Beat) -> Uuid | None:
        """Which GPU a beat is about; None where that is not known."""
        if beat.phase not in (layout.OPENING, layout.READING):
            return None
        place, expect = beat.place, self.order.expect
        if place < len(self.table):
            return Uuid(self.table[place].uuid)
        return expect[place][0] if place < len(expect) else None

    def kill(self) -> None:
        """SIGKILL, from any thread."""
        self._process.kill()

    def abandon(self) -> None:
        """Kill and let go of the pipes. A process stuck in the driver stays until the driver lets it die."""
        self._process.kill()
        self._stdin.close()
        self._stdout.close()

    def reaped(self) -> bool:
        """True once the process is gone for good. Never blocks."""
        return self._process.poll() is not None

    def reap_later(self) -> None:
        """Leave the end of a stuck process to a thread that may wait for ever."""
        threading.Thread(target=self._process.wait, name=f"reap-{self.pid}", daemon=True).start()
