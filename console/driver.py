"""A terminal driver that drops frames where Textual's would stop the program.

Textual hands what it writes to a thread through a queue of 30 and waits when that is full, so that behind a stalled
link every timer and key stands still within ten frames. Here a frame, which is any write made during a compositor
update, is dropped whole while the writer is behind, and once it has caught up the screen is painted anew. Every other
write sets a mode of the terminal: it is never dropped.
"""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver

from widgets.plain import plain

MOST_BEHIND = 6
"""Writes that may wait: two synchronized frames of three writes each."""


class PatientDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, with frames that may be dropped."""

    dropped = 0
    """Frames dropped since the start."""

    _dropping = False
    _stale = False

    @property
    def behind(self) -> bool:
        """True while the terminal has not taken what was written: what was drawn last is not yet seen."""
        return self._writer_thread is not None and self._writer_thread._queue.qsize() > MOST_BEHIND

    @property
    def waiting(self) -> bool:
        """True while the terminal shows something older than what was drawn."""
        return self._stale or (self._writer_thread is not None and self._writer_thread._queue.qsize() > 0)

    def begin_frame(self) -> None:
        """A compositor update begins: decide once whether it is written."""
        self._dropping = self.behind
        if self._dropping:
            self.dropped += 1
            self._stale = True
        elif self._stale:
            # A part of a screen that was never shown is worth nothing: paint the whole.
            self._stale = False
            self._app.call_later(self._app.screen.refresh)

    def end_frame(self) -> None:
        """The compositor update is over: what follows sets modes again."""
        self._dropping = False

    def write(self, data: str) -> None:
        """Write, or drop what belongs to a dropped frame; in ASCII where the terminal's encoding has no more."""
        if self._dropping:
            return
        encoding = self._file.encoding if self._file is not None else "utf-8"
        super().write(data if encoding.lower().startswith("utf") else plain(data, encoding))
