"""Heads of the journal's chain in the system log, where who rewrites the journal and its anchors cannot reach.

Anybody may send a line to the log under any name. Fields that begin with ``_`` are journald's own word about the
sender (systemd.journal-fields(7), "Trusted Journal Fields"), so only lines of those who may write the journal, sent by
this program, count. What others send could not hide a change anyway: a head that fits does not outweigh one that
contradicts.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from console.flips.chain import Logged
from console.flips.systemlog import MOST_PATH
from console.model import Record
from console.text import clean

PROGRAM = "journalctl"
ARGUMENTS = ("-q", "-t", "changeover", "-o", "json", "--no-pager", "-r", "--output-fields=MESSAGE,_UID,_COMM")
"""Newest first, so that what a limit cuts off is the oldest."""
WITHIN_S = 20.0
MOST_BYTES = 256 * 1024 * 1024
MOST_LINE = 1024 * 1024
MOST_HEADS = 200_000
_CHUNK = 1 << 16
_SENDER = re.compile(r"changeover|python[0-9.]*", re.ASCII)
_HEAD = re.compile(
    r"journal line (?P<seq>[1-9][0-9]{0,14}) (?P<hash>[0-9a-f]{64}) flip \S{0,100} "
    r"genesis (?P<genesis>[0-9a-f]{64}) at (?P<path>.+)",
    re.ASCII,
)


class Asked(Record):
    """What the system log holds, and how asking it went as a sentence."""

    heads: tuple[Logged, ...]
    said: str


class _Entry(Record, forbid_unknown_fields=False, rename={"message": "MESSAGE", "uid": "_UID", "comm": "_COMM"}):
    message: object = None  # text; numbers where it is not UTF-8, null where it is too long (journalctl's JSON)
    uid: object = None
    comm: object = None


def ask(path: Path, program: str = PROGRAM, within_s: float = WITHIN_S) -> Asked:
    """The heads of journals that the system log holds, of senders who may write the one at ``path``.

    Asks journald by ``program``, a name to be found on PATH or a path; "" asks nobody. Never raises: what keeps it from
    being asked is said, and no heads is what there is then.
    """
    if not program:
        return Asked(heads=(), said="system log not asked")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    quiet = subprocess.DEVNULL
    command = (program, *ARGUMENTS)
    try:
        running = subprocess.Popen(
            command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, env=environment, start_new_session=True
        )
    except OSError as error:
        return Asked(heads=(), said=f"system log not asked: {program}: {error.strerror or error}")
    heads: list[Logged] = []
    trouble = ""
    with running:
        try:
            heads.extend(_heads(_lines(running, time.monotonic() + within_s), _Writers(path)))
        except _CutError as cut:
            heads, trouble = cut.heads, f"; {cut}, so the oldest are left out"
        finally:
            _end(running)
    if not trouble and running.returncode:
        trouble = f"; {program} left with {running.returncode}, so some may be missing"
    return Asked(heads=tuple(heads), said=f"system log: {len(heads)} heads of journals{trouble}")


class _CutError(Exception):
    """The answer is not read to its end; ``heads`` are those before."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.heads: list[Logged] = []


def _end(running: subprocess.Popen[bytes]) -> None:
    """Let it leave by itself for a moment after its last word, then kill it and what it started."""
    try:
        running.wait(0.2)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


def _lines(running: subprocess.Popen[bytes], end: float) -> Iterator[bytes]:
    """Line by line, as it comes, so that a log without an end costs time and no memory. Raises _CutError."""
    assert running.stdout is not None
    stream, rest, size = running.stdout.fileno(), b"", 0
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while True:
            left_s = end - time.monotonic()
            if left_s <= 0 or not ready.select(left_s):
                raise _CutError("it did not answer in time")
            part = os.read(stream, _CHUNK)
            if not part:
                break
            size += len(part)
            *whole, rest = (rest + part).split(b"\n")
            yield from whole
            if size > MOST_BYTES or len(rest) > MOST_LINE:
                raise _CutError("it says too much")
    yield rest


def _heads(lines: Iterator[bytes], trusted: Callable[[int], bool]) -> list[Logged]:
    decoder = msgspec.json.Decoder(_Entry)
    found: list[Logged] = []
    try:
        for line in lines:
            head = _decoded(decoder, line, trusted)
            if head is not None:
                found.append(head)
            if len(found) >= MOST_HEADS:
                raise _CutError("it has too many")
    except _CutError as cut:
        cut.heads = found
        raise
    return found


def _decoded(decoder: msgspec.json.Decoder[_Entry], line: bytes, trusted: Callable[[int], bool]) -> Logged | None:
    try:
        entry = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _head(entry, trusted)


def _head(entry: _Entry, trusted: Callable[[int], bool]) -> Logged | None:
    message, uid, comm = entry.message, entry.uid, entry.comm
    if not (isinstance(message, str) and isinstance(uid, str) and isinstance(comm, str)):
        return None
    found = _HEAD.fullmatch(message)
    if found is None or not _SENDER.fullmatch(comm) or not re.fullmatch("[0-9]{1,10}", uid, re.ASCII):
        return None
    if not trusted(int(uid)):
        return None
    return Logged(
        genesis=found["genesis"],
        seq=int(found["seq"]),
        hash=found["hash"],
        at_utc_ms=0,
        path=clean(found["path"], MOST_PATH),
    )


class _Writers:
    """Who may write the journal at a path: root, its owner, and its group where that may write it."""

    def __init__(self, path: Path) -> None:
        self._known: dict[int, bool] = {0: True, os.getuid(): True}
        self._gid: int | None = None
        try:
            about = path.stat()
        except OSError:
            return
        self._known[about.st_uid] = True
        if about.st_mode & stat.S_IWGRP:
            self._gid = about.st_gid

    def __call__(self, uid: int) -> bool:
        """True for one of them."""
        if uid not in self._known:
            self._known[uid] = self._gid is not None and _in_group(uid, self._gid)
        return self._known[uid]


def _in_group(uid: int, gid: int) -> bool:
    import grp
    import pwd

    try:
        user = pwd.getpwuid(uid)
        return user.pw_gid == gid or user.pw_name in grp.getgrgid(gid).gr_mem
    except (KeyError, OverflowError):
        return False
