"""A program on a real pseudo-terminal, and the screen an operator would see, as the emulator pyte draws it."""

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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from tests.rig.picture import draw

NAMED_KEYS = {
    "enter": "\r", "escape": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "delete": "\x1b[3~", "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR",
}  # fmt: skip
# One whole escape sequence: CSI, OSC, the other strings, two-byte and one-byte escapes.
COMPLETE = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]|\].*?(\x07|\x1b\\)|[P_^X].*?\x1b\\|[ #%()*+].|[^\[\]P_^X #%()*+])", re.S
)
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=][0-?]*[ -/]*[@-~]|\x1b\[\?[0-9;]*\$p|\x1b[P_^X].*?\x1b\\", re.S)
ANSWERS = {b"\x1b[c": "\x1b[?62;22c", b"\x1b[0c": "\x1b[?62;22c", b"\x1b[5n": "\x1b[0n", b"\x1b[6n": "\x1b[1;1R"}
SYNC_ASKED, SYNC_KNOWN = b"\x1b[?2026$p", "\x1b[?2026;2$y"
SYNC_BEGINS, SYNC_ENDS = b"\x1b[?2026h", b"\x1b[?2026l"
QUIET_S, SETTLE_AT_MOST_S = 0.1, 1.0


class Terminal:
    """A program running in a terminal of `size` (columns, rows) that knows 24-bit colour.

    What it writes is read only inside `pump`, `wait_for` and `wait_exit`: a test that calls none of them is a stalled
    link. `received` counts bytes, `bells` how often it was to ring. The environment is the test's own with TERM and
    COLORTERM set, overlaid with `env`; COLUMNS and LINES, which some test runners set and many programs believe, are
    taken out.

    A `synchronized` one says that it knows mode 2026, and shows what comes between its beginning and its end at once,
    as the specification of "Synchronized Output" asks: `frames` counts those, and `drawn`, which a test may set, is
    called with each.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (120, 40),
        env: Mapping[str, str] | None = None,
        *,
        synchronized: bool = False,
    ) -> None:
        self.screen = pyte.Screen(*size)
        self.bells = 0
        self.screen.bell = self._rang
        self.received = 0
        self.synchronized = synchronized
        self.frames = 0
        self.drawn: Callable[[bytes], None] = lambda _frame: None
        self._frame: bytes | None = None  # what came of a frame that has not ended
        self.exit_code: int | None = None  # once it has ended; minus the signal if one killed it
        self._stream = pyte.ByteStream(self.screen)
        self._held = b""
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        merged = {**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _become(command, size, merged)
        self._open = True

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is None

    @property
    def text(self) -> str:
        """The screen, row under row, without trailing blanks."""
        return "\n".join(row.rstrip() for row in self.screen.display)

    def send(self, *keys: str) -> None:
        """Press keys: names such as enter, escape, up, ctrl+c, and anything else as it is typed."""
        for key in keys:
            code = chr(ord(key[-1].upper()) & 31) if key.startswith("ctrl+") else NAMED_KEYS.get(key, key)
            self.write(code.encode())

    def write(self, data: bytes) -> None:
        """Have the terminal say these bytes, which need be no text."""
        os.write(self._fd, data)

    def pump(self, seconds: float) -> None:
        """Read and draw for so long, or until the program closes the terminal."""
        end = time.monotonic() + seconds
        while self._open and (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                self._read()

    def wait_for(self, text: str, timeout: float = 10.0) -> None:
        """Read until this text stands on the screen; TimeoutError, with the screen, when it does not come."""
        end = time.monotonic() + timeout
        while text not in self.text:
            if not self._open or time.monotonic() > end:
                raise TimeoutError(f"{text!r} did not come within {timeout:g} s; the screen:\n{self.text}")
            self.pump(0.05)
        self._settle()

    def _settle(self) -> None:
        """Read on until nothing has come for a moment: a frame is written in pieces, and the rest of it is near."""
        end = time.monotonic() + SETTLE_AT_MOST_S
        while self._open and time.monotonic() < end and select.select([self._fd], [], [], QUIET_S)[0]:
            self._read()

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Read until the program ends; its exit code. TimeoutError, with the screen, when it does not end."""
        end = time.monotonic() + timeout
        while self.alive:
            if time.monotonic() > end:
                raise TimeoutError(f"still running after {timeout:g} s; the screen:\n{self.text}")
            self.pump(0.02)
            time.sleep(0 if self._open else 0.02)
        self.pump(0.05)
        assert self.exit_code is not None
        return self.exit_code

    def resize(self, columns: int, rows: int) -> None:
        """Change the window; the kernel tells the program."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Take the terminal away, as a lost SSH link does: the program gets SIGHUP."""
        self._open = False
        os.close(self._fd)
        self._fd = -1

    def close(self, patience_s: float = 3.0) -> None:
        """End the program if it runs, SIGTERM first and SIGKILL after `patience_s`, and give the terminal back."""
        for ask in (signal.SIGTERM, signal.SIGKILL):
            if not self.alive:
                break
            os.kill(self.pid, ask)
            with contextlib.suppress(TimeoutError):
                self.wait_exit(patience_s)
        if self._fd >= 0:
            self.hang_up()

    def anew(self) -> pyte.Screen:
        """The screen as it stands; what comes from now on is drawn on an empty one."""
        before = self.screen
        self.screen = pyte.Screen(before.columns, before.lines)
        self.screen.bell = self._rang
        self._stream = pyte.ByteStream(self.screen)
        return before

    def picture(self, path: Path) -> None:
        """Write the screen to a PNG, in the colours the program asked for."""
        draw(self.screen, path)

    @property
    def within_frame(self) -> bool:
        """Whether a synchronized frame has begun and not ended: what came of it is not drawn yet."""
        return self._frame is not None

    def _rang(self) -> None:
        self.bells += 1

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # Linux says EIO when the last writer has closed
            data = b""
        self._open = bool(data)
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Answer and draw what was read; a sequence that is cut waits for its rest."""
        self.received += len(data)
        data = self._held + data
        last = data.rfind(b"\x1b")
        cut = last if last >= 0 and self._open and not COMPLETE.match(data, last) else len(data)
        data, self._held = data[:cut], data[cut:]
        for query, answer in ANSWERS.items():
            self.send(*[answer] * data.count(query))
        if self.synchronized:
            self.send(*[SYNC_KNOWN] * data.count(SYNC_ASKED))
            self._take_frames(data)
        else:
            self._draw(data)

    def _take_frames(self, data: bytes) -> None:
        """Draw what stands outside of frames as it comes, and each frame when it is whole."""
        for piece in re.split(rb"(\x1b\[\?2026[hl])", data):
            if piece == SYNC_BEGINS:
                assert self._frame is None, "a frame begins within a frame"
                self._frame = b""
            elif piece == SYNC_ENDS:
                assert self._frame is not None, "a frame ends that never began"
                whole, self._frame = self._frame, None
                self._draw(whole)
                self.frames += 1
                self.drawn(whole)
            elif self._frame is not None:
                self._frame += piece
            else:
                self._draw(piece)

    def _draw(self, data: bytes) -> None:
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))


class Recorder(Terminal):
    """A terminal that keeps every byte the program has written."""

    def __init__(self, command: Sequence[str], size: tuple[int, int], env: Mapping[str, str]) -> None:
        super().__init__(command, size, env)
        self.written = b""
        feed = self._stream.feed

        def kept(data: bytes) -> None:
            self.written += data
            feed(data)

        self._stream.feed = kept


def _become(command: Sequence[str], size: tuple[int, int], env: Mapping[str, str]) -> None:
    """In the child: the window's size is right before the program starts; 127 when there is no such program."""
    try:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        os.execvpe(command[0], [*command], env)
    finally:
        os._exit(127)
