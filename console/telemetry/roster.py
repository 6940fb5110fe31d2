"""Slot numbers on disk: which number a GPU has for ever, also while it is away.

The key is the UUID, which belongs to the card; the PCI address beside it is where the card was last seen, and follows
it to another riser. A number is never given twice, not even after its GPU was forgotten.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import msgspec

from console.model import Record, Uuid
from console.store import read_plain

SCHEMA = 1
_MAX_BYTES = 4 << 20
_DAMAGE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Entry(Record):
    """One GPU of the roster. ``seen_at`` is Unix seconds, renewed when it appears and when it goes."""

    slot: int
    uuid: Uuid
    pci: str
    name: str = ""
    seen_at: float = 0.0


class _Head(msgspec.Struct):
    schema: int


class _Book(Record):
    schema: int = SCHEMA
    next_slot: int = 0
    gpus: tuple[Entry, ...] = ()


class Roster:
    """The slots of one host. Every change is read, made and written under a lock, so two consoles agree.

    ``fixed`` are slots that the config gives, by UUID. ``notice`` is one sentence about trouble with the file, or
    ``""``; where it cannot be written, slots hold for this process only, and the notice says so. Raises ValueError
    when ``fixed`` gives one slot to two GPUs, or one that the file gives to another GPU: nothing is ever renumbered.
    """

    def __init__(self, path: Path, fixed: Mapping[str, int] | None = None) -> None:
        self.notice = ""
        self._path = path
        self._fixed = dict(fixed or {})
        self._book = _Book()
        self._writable = True
        with self._changing():
            pass  # what is damaged is moved aside, what is missing is made
        self._check_fixed()

    def entries(self) -> tuple[Entry, ...]:
        """All GPUs ever seen here and not forgotten, by slot."""
        return self._book.gpus

    def find(self, uuid: str) -> Entry | None:
        """The entry of a GPU, or None when it was never seen."""
        return next((entry for entry in self._book.gpus if entry.uuid == uuid), None)

    def admit(self, uuid: str, pci: str, name: str, at: float) -> Entry:
        """The entry of a GPU that is here now; a newcomer gets the next free slot."""
        (entry,) = self.admit_all([(uuid, pci, name)], at)
        return entry

    def admit_all(self, cards: Sequence[tuple[str, str, str]], at: float) -> tuple[Entry, ...]:
        """The same for many (uuid, pci, name), written to disk once, and only if something is new."""
        if any(self._is_news(*card) for card in cards):
            with self._changing():
                for card in cards:
                    if self._is_news(*card):
                        self._put(*card, at)
        found = {entry.uuid: entry for entry in self._book.gpus}
        return tuple(found[Uuid(uuid)] for uuid, _, _ in cards)

    def _is_news(self, uuid: str, pci: str, name: str) -> bool:
        known = self.find(uuid)
        return known is None or (known.pci, known.name, known.slot) != (pci, name, self._fixed.get(uuid, known.slot))

    def saw(self, uuids: Collection[str], at: float) -> None:
        """Note when these GPUs were last seen."""
        with self._changing():
            gpus = [msgspec.structs.replace(one, seen_at=at) if one.uuid in uuids else one for one in self._book.gpus]
            self._book = msgspec.structs.replace(self._book, gpus=tuple(gpus))

    def forget(self, uuid: str) -> None:
        """Take a GPU out; its slot is not given again.

        Raises ValueError when it is not in the roster, or when the file cannot be written: then it stays.
        """
        with self._changing():
            if self.find(uuid) is None:
                raise ValueError(f"{uuid} is not in the roster {self._path}")
            before = self._book
            kept = tuple(one for one in self._book.gpus if one.uuid != uuid)
            self._book = msgspec.structs.replace(self._book, gpus=kept)
        if not self._writable:
            self._book = before
            raise ValueError(f"{uuid} stays in the roster: {self.notice}")

    def _check_fixed(self) -> None:
        taken = {one.slot: one.uuid for one in self._book.gpus}
        for uuid, slot in self._fixed.items():
            other = taken.setdefault(slot, Uuid(uuid))
            if other != uuid:
                raise ValueError(
                    f"the config gives slot {slot} to {uuid}, but it belongs to {other}; choose another number, "
                    f"or retire that GPU with changeover forget {slot}"
                )

    def _put(self, uuid: str, pci: str, name: str, at: float) -> None:
        known = self.find(uuid)
        others = [one for one in self._book.gpus if one.uuid != uuid]
        taken = {one.slot for one in others}
        slot = self._fixed.get(uuid, known.slot if known else -1)
        if slot < 0 or slot in taken:
            reserved = taken | set(self._fixed.values())
            slot = next(number for number in count(self._book.next_slot) if number not in reserved)
        entry = Entry(slot=slot, uuid=Uuid(uuid), pci=pci, name=name or (known.name if known else ""), seen_at=at)
        gpus = tuple(sorted([*others, entry], key=lambda one: one.slot))
        self._book = _Book(next_slot=max([self._book.next_slot, *(one.slot + 1 for one in gpus)]), gpus=gpus)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Newest book in, changed book out, nobody else in between."""
        try:
            # Not blocking, so that a pipe put in its place cannot hold the console.
            lock = os.open(f"{self._path}.lock", os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        except OSError as error:
            # Read all the same: a new file is put in place whole, so that no lock is needed to find the old slots.
            self._refresh()
            self._unwritable(error)
            yield
            return
        try:
            self._share(lock)
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            before = self._book
            yield
            if self._book != before and self._writable:
                self._write()
        finally:
            os.close(lock)

    def _refresh(self) -> None:
        """Take in what stands on disk, until that lags behind what this session had to keep to itself."""
        if self._writable:
            self._book = self._read()

    def _read(self) -> _Book:
        try:
            return msgspec.json.decode(read_plain(self._path, _MAX_BYTES), type=_Book)
        except FileNotFoundError:
            return self._book
        except OSError as error:
            if error.errno == errno.EFBIG:
                self._move_aside(error)
            else:
                self._unwritable(error)
        except _DAMAGE as error:
            if self._newer():
                self._unwritable(OSError(0, "written by a newer changeover", str(self._path)))
            else:
                self._move_aside(error)
        return self._book

    def _newer(self) -> bool:
        try:
            return msgspec.json.decode(read_plain(self._path, _MAX_BYTES), type=_Head).schema > SCHEMA
        except (OSError, *_DAMAGE):
            return False

    def _move_aside(self, error: Exception) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(time.time())}")
        self.notice = f"the roster {self._path} was damaged ({error}) and is now {aside.name}; slots begin anew"
        try:
            self._path.rename(aside)
        except OSError as refused:
            self._unwritable(refused)

    def _unwritable(self, error: OSError) -> None:
        self._writable = False
        self.notice = f"slots hold for this session only: {error.strerror}: {error.filename or self._path}"

    def _write(self) -> None:
        partial = self._path.with_name(f"{self._path.name}.partial")
        try:
            with partial.open("wb") as file:
                self._share(file.fileno())
                file.write(msgspec.json.format(msgspec.json.encode(self._book), indent=1))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
            self._sync_folder()
        except OSError as error:
            self._unwritable(error)

    def _share(self, fd: int) -> None:
        """Let the group of a shared folder read and write: to whom a umask hides the roster, slots would begin anew."""
        with suppress(OSError):  # another operator's, who has shared it; or read-only, which the writing then tells
            if self._path.parent.stat().st_mode & stat.S_IWGRP:
                os.fchmod(fd, 0o660)

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
