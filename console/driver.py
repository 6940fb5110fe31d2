"""A terminal driver that drops frames where Textual's would stop the program, and gives the terminal back when asked.

Textual hands what it writes to a thread through a queue of 30 and waits when that is full, so that behind a stalled
link every timer and key stands still within ten frames. Here a frame, which is any write made during a compositor
update, is dropped whole while the writer is behind, and so is every other until it has caught up and the whole screen
is painted anew. Every other write sets a mode of the terminal: it is never dropped.

SIGTERM and SIGHUP, which Textual leaves to end the process where it stands, leave as ``q`` does, and so does an
interrupt from outside, with an exit code that says so; Ctrl+C on the terminal is a key.

It draws on standard output, Textual's on stderr: ``2> log`` would leave an empty screen whose keys act.

What is pasted is text (``console.pasting``), and bytes that are no UTF-8 are a sign for that, where Textual would end.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import selectors
import signal
import sys
import termios
import threading
from codecs import getincrementaldecoder
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from console.pasting import PasteParser
from widgets.charset import stream_encoding
from widgets.plain import plain

MOST_BEHIND = 6
"""Writes that may wait: two synchronized frames of three writes each."""
READ_S, READ_BYTES = 0.1, 4096
"""How long after an escape more of its sequence may come, and as much as a terminal holds."""
LEAVE_S = 3.0
"""How long leaving may take once a signal has asked for it: a link that takes nothing more would hold it for ever."""
ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class PatientDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with frames that may be dropped."""

    dropped = 0
    """Frames dropped since the start."""

    _dropping = False
    _stale = False
    _before: dict[int, Any] | None = None  # what these signals did before; None while they are not ours
    _last_resort: threading.Timer | None = None
    _ends: tuple[int, int] | None = None  # of a pipe that tells the thread which reads keys to end

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._out = _screen()
        if self._out is not None:
            self._file = _as_text(self._out)

    @property
    def behind(self) -> bool:
        """True while the terminal has not taken what was written: what was drawn last is not yet seen."""
        return self._writer_thread is not None and self._writer_thread._queue.qsize() > MOST_BEHIND

    @property
    def _writing(self) -> bool:
        """True while something waits to be written, or is being written to a terminal that does not take it."""
        busy = self._out is not None and self._out.busy
        return self._writer_thread is not None and (busy or self._writer_thread._queue.qsize() > 0)

    @property
    def waiting(self) -> bool:
        """True while the terminal shows something older than what was drawn."""
        return self._stale or self._writing

    def begin_frame(self, *, whole: bool) -> None:
        """A compositor update begins, of the whole screen or of what changed in it: decide once whether it is written.

        Once one was dropped only a whole screen is: what changed since a frame that was never shown would stand among
        older cells, digits of one number among another's. It waits until the writer has nothing left to write, so that
        a link which takes one frame at a time gets there as well.
        """
        late = self._writing if self._stale else self.behind
        self._dropping = late or (self._stale and not whole)
        if late:
            self.dropped += 1
        elif self._dropping:
            self._app.call_later(self.catch_up)
        self._stale = self._dropping

    def catch_up(self) -> None:
        """Paint the whole screen where the terminal shows something older and would take it now.

        Call it from time to time: where nothing changes there is no frame that would.
        """
        if self._stale and not self._writing:
            self._app.screen.refresh()

    def end_frame(self) -> None:
        """The compositor update is over: what follows sets modes again."""
        self._dropping = False

    def write(self, data: str) -> None:
        """Write, or drop what belongs to a dropped frame; in ASCII where the terminal's encoding has no more."""
        if self._dropping or self._gone:
            return
        encoding = self._file.encoding if self._file is not None else "utf-8"
        super().write(data if encoding.lower().startswith("utf") else plain(data, encoding))

    # ---- what is typed -----------------------------------------------------------------------------------------------

    def run_input_thread(self) -> None:
        """Read keys until the terminal is given back; Textual's loop with another parser, and no byte that ends it.

        Textual's looks ten times a second whether it is over. This one sleeps until there is a key.
        """
        parser = PasteParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        assert self._ends is not None
        over, _ = self._ends
        with selectors.SelectSelector() as selector:  # others cannot wait for a terminal on every system
            selector.register(self.fileno, selectors.EVENT_READ)
            selector.register(over, selectors.EVENT_READ)
            while over not in (ready := {key.fd for key, _ in selector.select(READ_S if parser.unfinished else None)}):
                if self.fileno in ready:
                    if not (said := os.read(self.fileno, READ_BYTES)):
                        self._leave(signal.SIGHUP, None)  # it is gone, which is heard here where that is ignored
                        return
                    for message in parser.feed(text) if (text := decode(said)) else ():
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def disable_input(self) -> None:
        """Wake the thread that reads keys for the last time, and wait for its end."""
        if self._ends:
            os.write(self._ends[1], b".")
        super().disable_input()

    # ---- leaving -----------------------------------------------------------------------------------------------------

    @property
    def _gone(self) -> bool:
        """True once writing has failed: the terminal is not there any more, and nobody empties the queue."""
        return self._writer_thread is not None and not self._writer_thread.is_alive()

    def start_application_mode(self) -> None:
        """Take the terminal, and the signals that ask for it back."""
        self._ends = os.pipe()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._before is None:
            heeded = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup stays nohup
            self._before = {number: signal.signal(number, self._leave) for number in heeded}

    def stop_application_mode(self) -> None:
        """Give back the terminal, then the signals."""
        super().stop_application_mode()
        for end in self._ends or ():
            os.close(end)
        self._ends = None
        for number, handler in (self._before or {}).items():
            signal.signal(number, handler)
        self._before = None

    def close(self) -> None:
        """Wait until all is written, where anybody still writes."""
        if not self._gone:
            super().close()
        if self._last_resort is not None:
            self._last_resort.cancel()

    def _leave(self, number: int, _: object) -> None:
        """Ask the application to exit. In a signal handler nothing may wait, so its loop does it."""
        if self._last_resort is None:
            code = 128 + number
            self._last_resort = threading.Timer(LEAVE_S, self._end, (code,))
            self._last_resort.daemon = True
            self._last_resort.start()
            self._loop.call_soon_threadsafe(self._app.exit, None, code)

    def _end(self, code: int) -> None:
        """End without a word: the link takes none. What runs is touched by neither way of leaving."""
        if self.attrs_before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        os._exit(code)


class Terminal(io.FileIO):
    """A terminal that takes its time also where another program has left it non-blocking: a full one is no error.

    ``busy`` while it has not taken what it was last given. Linux says of no pseudo-terminal how much of it is unread.
    """

    busy = False

    def write(self, data: Any, /) -> int:
        """As FileIO.write, and never None."""
        self.busy = True
        try:
            while (taken := super().write(data)) is None:
                select.select([], [self.fileno()], [])
        finally:
            self.busy = False
        return taken


def _screen() -> Terminal | None:
    """Standard output where that is a terminal."""
    given = sys.__stdout__
    return Terminal(given.fileno(), "w", closefd=False) if given is not None and given.isatty() else None


def _as_text(out: Terminal) -> io.TextIOWrapper:
    """To be written to as Python writes to stderr: nothing is refused."""
    encoding = stream_encoding(sys.__stdout__.encoding if sys.__stdout__ is not None else "utf-8")
    return io.TextIOWrapper(io.BufferedWriter(out), encoding=encoding, errors="backslashreplace")
