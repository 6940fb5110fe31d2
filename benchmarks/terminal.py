"""A program on a pseudo-terminal whose output is timed and answered, but not drawn.

tests.rig.terminal draws what it reads with an emulator: that takes more CPU than the programs measured here, on the
same cores, and would delay the very time stamps that matter.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.tree import tree

SIZE = (200, 50)
NAMED = {
    "down": "\x1b[B", "up": "\x1b[A", "pagedown": "\x1b[6~", "pageup": "\x1b[5~", "backspace": "\x7f", "slash": "/",
}  # fmt: skip
APPLICATION_MODE = {"down": "\x1bOB", "up": "\x1bOA"}
# What a modern terminal says when asked: its class, its version, where the cursor is, and of the modes only that it
# knows synchronized output (2026). A program that waits for an answer would be charged for the wait otherwise. ``#``
# stands for what the query names.
ANSWERS: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>0;276;0c"),
    (re.compile(rb"\x1b\[5n"), b"\x1b[0n"),
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[\?2026\$p"), b"\x1b[?2026;2$y"),
    (re.compile(rb"\x1b\[\?((?!2026)\d+)\$p"), b"\x1b[?#;0$y"),
    (re.compile(rb"\x1b\](1[01]);\?(?:\x07|\x1b\\)"), b"\x1b]#;rgb:0000/0000/0000\x1b\\"),
    (re.compile(rb"\x1b\[>0?q"), b"\x1bP>|XTerm(370)\x1b\\"),
)
QUIET_S = 0.005
"""Output that pauses so long is a whole frame: within a frame no program measured here pauses for 1 ms."""

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_SETTLED_S = 0.03
_READ_BYTES = 1 << 16
_LAST_WORDS_BYTES = 400
_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\].*?(\x07|\x1b\\)|[()].|.)", re.S)


class Frame(NamedTuple):
    """Output without a pause: monotonic seconds of its first and of its last byte, and its size in bytes."""

    began: float
    ended: float
    size: int


class Answer(NamedTuple):
    """What a key led to: seconds until the last byte of the frame, and its size in bytes."""

    took_s: float
    size: int


class TimedTerminal:
    """A program in a terminal of 200 columns and 50 lines that knows 24-bit colour.

    Its output is read only inside methods that wait; they raise ``EOFError`` with its last words if it ends. ``born``
    is when it was started (monotonic seconds), ``received`` counts bytes, ``tail`` holds the last of them. ``env`` is
    the whole environment, to which TERM and COLORTERM are added.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.received = 0
        self.tail = b""
        self._application_mode = False
        whole = {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.born = time.monotonic()
        # A signal between the fork and the exec would run this process's handler in its copy, which would then clean up
        # what the original still uses: it waits until the copy has handlers of its own.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _become(command, whole, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def __enter__(self) -> TimedTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def pump(self, seconds: float) -> None:
        """Read for so long."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            self._take(left_s)

    def frame(self, within_s: float, at_least: int = 1, quiet_s: float = QUIET_S) -> Frame | None:
        """The next output of ``at_least`` so many bytes up to a pause of ``quiet_s``; None if none begins in time."""
        end = time.monotonic() + within_s
        while True:
            before = self.received
            began = ended = self._take(end - time.monotonic())
            if began is None or ended is None:
                return None
            while (at := self._take(quiet_s)) is not None:
                ended = at
            if self.received - before >= at_least:
                return Frame(began, ended, self.received - before)

    def press(self, key: str, within_s: float) -> Answer | None:
        """Press a key, by its name or what it types, in a quiet moment; None if no frame comes of it."""
        self.frame(_SETTLED_S, quiet_s=_SETTLED_S)
        plain = NAMED.get(key, key)
        code = APPLICATION_MODE.get(key, plain) if self._application_mode else plain
        pressed = time.monotonic()
        os.write(self._fd, code.encode())
        frame = self.frame(within_s)
        return Answer(frame.ended - pressed, frame.size) if frame else None

    def close(self, patience_s: float = 2.0) -> None:
        """End the program and all it has started, SIGTERM first, and give the terminal back."""
        family = tree(self.pid)
        _signal(family, signal.SIGTERM)
        ended = self._ended(patience_s)
        _signal([pid for pid in family if pid != self.pid or not ended], signal.SIGKILL)
        if not ended:
            self._ended(patience_s)
        os.close(self._fd)

    def _ended(self, patience_s: float) -> bool:
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            with contextlib.suppress(EOFError):
                self._take(0.02)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return True
        return False

    def _take(self, within_s: float) -> float | None:
        """Read what there is; when it came, or None if nothing did."""
        if not select.select([self._fd], [], [], max(within_s, 0.0))[0]:
            return None
        came = time.monotonic()
        try:
            data = os.read(self._fd, _READ_BYTES)
        except OSError:  # Linux says EIO when the last writer has closed
            data = b""
        if not data:
            words = _SEQUENCE.sub(b"", self.tail).decode(errors="replace").strip()
            raise EOFError(f"it ended, saying: {words or 'nothing'}")
        self.received += len(data)
        self._answer(data)
        self.tail = (self.tail + data)[-_LAST_WORDS_BYTES:]
        return came

    def _answer(self, data: bytes) -> None:
        on, off = data.rfind(b"\x1b[?1h"), data.rfind(b"\x1b[?1l")
        self._application_mode = on > off if on != off else self._application_mode
        if b"\x1b" not in data:
            return
        for query, answer in ANSWERS:
            for found in query.finditer(data):
                os.write(self._fd, answer.replace(b"#", found[1] if query.groups else b""))


def _signal(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _become(command: Sequence[str], env: Mapping[str, str], mask: set[signal.Signals]) -> None:
    """In the child: the window's size is right before the program starts; 127 when there is no such program."""
    try:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        os.execvpe(command[0], [*command], env)
    finally:
        os._exit(127)
