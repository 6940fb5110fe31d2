"""The sampler: a process of its own that reads NVML and can be abandoned, because a call stuck in the driver cannot.

Run as a file by console.telemetry.child, ``python -I -S sampler.py name=value…``: standard library and ctypes only.
Importing nvidia-ml-py and multiprocessing instead cost twice the memory and three times the start. It ends with its
console: by PR_SET_PDEATHSIG, by end of file on stdin, or because nobody reads its pipe.

Arguments: ``parent`` pid, ``period`` and ``clients`` seconds, ``longest`` seconds between looks at NVML's list and
between attempts at a GPU that failed, ``expect=uuid@pci,…`` GPUs to open by address, ``list`` 1 to go through NVML's
list as well, ``skip=3,…`` indices left out of it. On stdin: lines ``clients SECONDS UUID…``.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import sys
import time

if not __package__:  # run as a file: -I and -S leave neither this folder nor the project on the path
    sys.path.append(__file__.rsplit("/", 3)[0])

from console.telemetry import layout
from console.telemetry.events import Events
from console.telemetry.nvml_abi import Library
from console.telemetry.outbox import Outbox
from console.telemetry.table import Table, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9  # the signal module brings enum and functools: 4 ms and a megabyte for one number
_COMMAND_BYTES = 65536


def tie_to(parent: int) -> None:
    """Die when the parent does, also if it died before this line."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit


def private_stdout() -> int:
    """The pipe's descriptor, out of reach of a library that prints: its words go to stderr."""
    pipe = os.dup(1)
    os.dup2(2, 1)
    return pipe


def loaded_library() -> str:
    """The file that libnvidia-ml.so.1 is: its name ends in its version."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123 - pathlib costs 5 ms
        paths = [line.split(maxsplit=5)[5].strip() for line in maps if "libnvidia-ml" in line]
    return os.path.realpath(paths[0]) if paths else ""


def start(outbox: Outbox) -> Library:
    """NVML, ready. Otherwise says why not and ends the process."""
    outbox.put(layout.BEAT, layout.BEAT_BODY.pack(layout.STARTING, 0))
    try:
        library = Library()
    except OSError as error:
        give_up(outbox, layout.LIBRARY_NOT_FOUND, str(error))
    ret = library.start()
    if ret != layout.SUCCESS:
        give_up(outbox, ret, loaded_library())
    return library


def give_up(outbox: Outbox, code: int, words: str) -> NoReturn:
    """Say FAILURE and end; the console decides whether and when to try again."""
    outbox.put(layout.FAILURE, layout.FAILURE_HEAD.pack(code), text(words))
    raise SystemExit


class Sampler:
    """The loop: look round, read, say, wait for the next tick or a command."""

    def __init__(self, library: Library, outbox: Outbox, settings: dict[str, str]) -> None:
        pairs = [pair.split("@", 1) for pair in settings["expect"].split(",") if pair]
        self.period_s = float(settings["period"])
        self.longest_s = float(settings["longest"])
        self.lists = settings["list"] == "1"
        self.skip = frozenset(int(index) for index in settings["skip"].split(",") if index)
        self.outbox = outbox
        self.table = Table(library, outbox, [(uuid, pci) for uuid, pci in pairs], float(settings["clients"]))
        self.events = Events(library, outbox, self.table.devices)
        self.table.opened = self.events.register
        self._commands = b""

    def run(self) -> None:
        """Until stdin ends or the pipe has no reader."""
        self.table.open_expected()
        self.events.watch()
        due = time.monotonic()
        while True:
            now = time.monotonic()
            if self.lists and now >= self.table.look_due:
                self.table.look_due = now + self.longest_s
                self.table.look(self.skip)
            self.table.hello()
            self.table.sweep(now, self.period_s, self.longest_s)
            due = max(due + self.period_s, time.monotonic())  # never two ticks at once to catch up
            self._wait_until(due)

    def _wait_until(self, due: float) -> None:
        while (left_s := due - time.monotonic()) > 0:
            writing = [] if self.outbox.flush() else [self.outbox.fd]
            readable, _, _ = select.select([0], writing, [], left_s)
            if readable:
                self._obey()

    def _obey(self) -> None:
        said = os.read(0, _COMMAND_BYTES)
        if not said:
            raise SystemExit  # the console is gone
        *lines, self._commands = (self._commands + said)[-_COMMAND_BYTES:].split(b"\n")
        for line in lines:
            word, *rest = line.decode("ascii", "replace").split()
            if word == "clients":
                self.table.hurry(float(rest[0]), rest[1:])


def main(arguments: list[str]) -> None:
    """Read settings, tie this process to its parent, sample."""
    settings = dict(argument.split("=", 1) for argument in arguments)
    tie_to(int(settings["parent"]))
    gc.disable()  # nothing here makes cycles
    outbox = Outbox(private_stdout())
    try:
        Sampler(start(outbox), outbox, settings).run()
    except BrokenPipeError:
        return
    except Exception as error:
        give_up(outbox, layout.CRASHED, f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
