"""One program run to its end: no shell, no terminal, nothing of our environment, and bounds on time and output.

It runs in a session of its own. What it leaves behind, such as a daemon, may hold its output open for ever: that is
read until the program itself has ended, and then let go. A daemon that still writes there is ended by SIGPIPE, as it
would be at the end of a terminal session: it has to have its output elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from console.config import opening
from console.config.errors import ConfigError
from console.text import clean
from console.workloads.contract import WorkloadError

KEPT = 64 << 10
"""Bytes of output that are kept: the first half and the last."""
GRACE_S = 0.5
"""Between SIGTERM, at the time-out, and SIGKILL."""
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

SHORTEST_SECRET = 4
"""Characters: shorter arguments, such as ``-v`` or a slot, are in every other sentence and tell nothing."""
HIDDEN = "[…]"

_LONGEST_LINE = 8000
_REAPED_S = 1.0
_LAST_READS = 16
_PAGE = 64 << 10


class Ended(NamedTuple):
    """How a program ended: its exit status, below zero for a signal, and what it said on both of its outputs."""

    code: int
    output: str

    def first_line(self) -> str:
        """The first line of what it said, cleaned."""
        return clean(self.output.lstrip().partition("\n")[0])

    def last_line(self) -> str:
        """The last line that is not blank, cleaned but hardly cut; "" where it said nothing."""
        lines = (clean(line, _LONGEST_LINE) for line in reversed(self.output.splitlines()))
        return next(filter(None, lines), "")


def program_fault(program: str) -> str:
    """Why a program may not be run, as a sentence with the fix; "" for one that only root or we can have written."""
    named = clean(program, 120)
    if not program.startswith("/"):
        return f"{named} is no absolute path: write where the program is, as command -v prints it"
    path = Path(program)
    try:
        real, folders = opening.trail(path)
        for folder in folders:
            opening.check_folder(path, folder)
        found = real.stat()
        opening.check_owner(path, real, found)
    except ConfigError as error:
        return clean(error, 300)
    except OSError as error:
        return f"{named} cannot be run: {error.strerror}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{named} can be written by others: chmod go-w {real}"
    if not stat.S_ISREG(found.st_mode) or not os.access(real, os.X_OK):
        return f"{named} is no program that you may execute"
    return ""


def built(own: Mapping[str, str]) -> dict[str, str]:
    """An environment of what every program may expect, and of the config's ``own``; nothing of ours."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        home = "/"
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": home, **own}


def secrets(arguments: Iterable[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """What no sentence may hold, longest first: values of an environment, arguments, and what follows their ``=``."""
    given = list(env.values())
    for word in arguments:
        given += [word, word.partition("=")[2]]
    lines = (clean(line, _LONGEST_LINE) for text in given for line in text.splitlines())  # as sentences repeat them
    told = {text for text in (*given, *lines) if len(text) >= SHORTEST_SECRET}
    return tuple(sorted(told, key=lambda text: (-len(text), text)))


def without(line: str, hidden: Iterable[str]) -> str:
    """``line`` with HIDDEN where one of ``secrets`` stood in it."""
    for text in hidden:
        line = line.replace(text, HIDDEN)
    return line


def order(words: Sequence[str], timeout_s: float) -> None:
    """Run a command of the config that is to end with 0, with nothing of its own in its environment.

    Raises WorkloadError with its last words, from which its arguments are taken out.
    """
    program = clean(words[0], 120)
    if fault := program_fault(words[0]):
        raise WorkloadError(fault)
    try:
        ended = run(words, timeout_s, built({}))
    except TimeoutError:
        raise WorkloadError(f"{program} did not end within {timeout_s:g} s and was ended") from None
    except OSError as error:
        raise WorkloadError(f"{program} cannot be run: {error.strerror or error}") from None
    if ended.code:
        said = clean(without(ended.last_line(), secrets(words[1:], {})), 200)
        raise WorkloadError(f"{program} ended with {ended.code}" + (f": {said}" if said else ""))


def run(words: Sequence[str], timeout_s: float, env: Mapping[str, str], directory: str = "/") -> Ended:
    """Run ``words`` with the environment ``env`` and nothing else.

    Raises TimeoutError once it and its process group have been ended, OSError where it cannot be started.
    """
    end = time.monotonic() + timeout_s
    process = subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=directory,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout, _handle(process.pid) as handle:
        try:
            output = _heard(process.stdout.fileno(), handle, end)
            if output is None:
                raise TimeoutError(f"did not end within {timeout_s:g} s")
        except BaseException:
            _end(process, handle)
            raise
    return Ended(process.wait(), output.decode("utf-8", "replace"))


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int]:
    """A descriptor that can be read from once the process has ended, reaped or not."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        _signal(pid, signal.SIGKILL)
        raise
    try:
        yield handle
    finally:
        os.close(handle)


def _heard(pipe: int, handle: int, end: float) -> bytearray | None:
    """What comes out of ``pipe`` until the process behind ``handle`` has ended; None where it has not by ``end``."""
    kept = bytearray()
    os.set_blocking(pipe, False)
    with selectors.DefaultSelector() as either:
        either.register(pipe, selectors.EVENT_READ)
        either.register(handle, selectors.EVENT_READ)
        while (left_s := end - time.monotonic()) > 0:
            ready = {key.fd for key, _ in either.select(left_s)}
            if handle in ready:
                for _ in range(_LAST_READS):
                    if not _take(pipe, kept):
                        break
                return kept
            if pipe in ready and not _take(pipe, kept):
                either.unregister(pipe)
    return None


def _take(pipe: int, kept: bytearray) -> bool:
    """Read what is there now; False at the end, or where nothing is there."""
    try:
        said = os.read(pipe, _PAGE)
    except BlockingIOError:
        return False
    kept += said
    del kept[KEPT // 2 : max(KEPT // 2, len(kept) - KEPT // 2)]
    return bool(said)


def _end(process: subprocess.Popen[bytes], handle: int) -> None:
    """End the process and its group. It is not reaped before the last signal, so that its number stays its own."""
    _signal(process.pid, signal.SIGTERM)
    with selectors.DefaultSelector() as ended:
        ended.register(handle, selectors.EVENT_READ)
        ended.select(GRACE_S)
    _signal(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_REAPED_S)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
