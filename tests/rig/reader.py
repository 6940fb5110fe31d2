"""A program on a pseudo-terminal that another process reads, as sshd does: one that is slow, or stands still."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.rig.terminal import QUIET_S, SETTLE_AT_MOST_S, Terminal

COPY = """
import os, signal, sys, time
terminal, copy, piece, pause_s = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
def hurry(*_):
    global piece, pause_s
    piece, pause_s = 65536, 0.0
signal.signal(signal.SIGUSR1, hurry)
while True:
    try:
        data = os.read(terminal, piece)
    except OSError:  # Linux says EIO when the last writer has closed
        break
    if not data:
        break
    os.write(copy, data)
    time.sleep(pause_s)
"""


class CopiedTerminal(Terminal):
    """A terminal whose output a child process copies to the file `copy`, `piece` bytes each `pause_s`.

    What the file holds is drawn inside `pump` and what waits; the reader reads always. `stop` and `go` are
    SIGSTOP and SIGCONT for it.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int],
        copy: Path,
        env: Mapping[str, str] | None = None,
        *,
        piece: int = 65536,
        pause_s: float = 0.0,
        synchronized: bool = False,
    ) -> None:
        super().__init__(command, size, env, synchronized=synchronized)
        with copy.open("wb") as file:
            argv = [sys.executable, "-I", "-S", "-c", COPY, str(self._fd), str(file.fileno()), str(piece), str(pause_s)]
            self.reader = subprocess.Popen(argv, pass_fds=(self._fd, file.fileno()))
        self._copy = copy.open("rb")

    def stop(self) -> None:
        """Stop the reader where it is, and wait until it stands."""
        self.reader.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.reader.pid, os.WSTOPPED)

    def go(self) -> None:
        """Let it read on."""
        self.reader.send_signal(signal.SIGCONT)

    def hurry(self) -> None:
        """Let it read all there is from now on."""
        self.reader.send_signal(signal.SIGUSR1)

    def pump(self, seconds: float) -> None:
        """Draw what the reader copies for so long, or until it has copied the last."""
        end = time.monotonic() + seconds
        while self._open and time.monotonic() < end:
            ended = self.reader.poll() is not None
            if data := self._copy.read(65536):
                self._take(data)
            elif ended:
                self._open = False
            else:
                time.sleep(0.01)

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Wait until the program has ended, and the reader has copied its last word."""
        code = super().wait_exit(timeout)
        self.pump(timeout)
        return code

    def _settle(self) -> None:
        end = time.monotonic() + SETTLE_AT_MOST_S
        before = -1
        while self._open and before != self.received and time.monotonic() < end:
            before = self.received
            self.pump(QUIET_S)

    def close(self, patience_s: float = 3.0) -> None:
        """End the program, then the reader."""
        self.go()
        super().close(patience_s)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.reader.wait(patience_s)
        self.reader.kill()
        self.reader.wait()
        self._copy.close()
