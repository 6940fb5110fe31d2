"""Files written by a thread of their own: newest wins, a clean close loses nothing, a hung disk holds nobody."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from console import store
from console.demo import FarmGround
from console.history.accrued import Day
from console.history.measured import Kept
from console.model import Record
from console.site.state import State
from console.store import Writer
from console.telemetry.simulated import Farm, HandTimer

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z


class Note(Record):
    """Something to keep."""

    number: int = 0


def kept(path: Path) -> int:
    return store.load(path, Note, Note()).number


@contextmanager
def stuck(path: Path) -> Iterator[Path]:
    """A disk that takes nothing for ``path`` until what is yielded is read: a pipe where it is written beside."""
    beside = path.with_suffix(f"{path.suffix}.{os.getpid()}.new")
    os.mkfifo(beside)
    yield beside


def test_without_a_writer_it_is_written_at_once(tmp_path: Path) -> None:
    """As before one is open, after it is closed, and in any other folder."""
    store.keep(tmp_path / "a.json", Note(number=1))
    assert kept(tmp_path / "a.json") == 1
    (tmp_path / "other").mkdir()
    writer = Writer(tmp_path / "other")
    store.keep(tmp_path / "a.json", Note(number=2))
    assert kept(tmp_path / "a.json") == 2
    assert writer.close()
    store.keep(tmp_path / "other" / "a.json", Note(number=3))
    assert kept(tmp_path / "other" / "a.json") == 3


def test_what_was_handed_over_before_a_close_is_on_disk_after_it(tmp_path: Path) -> None:
    """Every file, with its newest content; the content is of when it was handed over."""
    writer = Writer(tmp_path)
    growing = {"a": 1}
    for number in range(50):
        store.keep(tmp_path / f"{number % 5}.json", Note(number=number))
    store.keep(tmp_path / "growing.json", growing)
    growing["a"] = 2
    assert writer.close()
    assert [kept(tmp_path / f"{name}.json") for name in range(5)] == [45, 46, 47, 48, 49]
    assert store.load(tmp_path / "growing.json", dict[str, int], {}) == {"a": 1}
    assert sorted(found.name for found in tmp_path.iterdir()) == [
        *(f"{name}.json" for name in range(5)),
        "growing.json",
    ]


def test_a_disk_that_hangs_holds_neither_who_keeps_nor_who_closes(tmp_path: Path) -> None:
    """Handing over returns while a write hangs, a close gives up, and of what was due meanwhile the newest counts."""
    path = tmp_path / "a.json"
    writer = Writer(tmp_path)
    with stuck(path) as beside:
        store.keep(path, Note(number=1))
        end = time.monotonic() + 20
        while writer._due and time.monotonic() < end:
            time.sleep(0.01)
        for number in range(2, 6):
            store.keep(path, Note(number=number))
        assert not writer.close(0.05) and kept(path) == 0
        # Opening it lets the hanging write through; a pipe cannot be synced, so what went there is not renamed.
        with beside.open("rb") as read:
            assert msgspec.json.decode(read.read(), type=Note).number == 1
    assert writer.close(20.0)
    assert kept(path) == 5


class _Kept(FarmGround):
    """A simulated farm that is kept on disk like a host."""

    simulated = False


def test_no_tick_waits_for_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes of ticks sync nothing on the thread that makes snapshots, and a close keeps the last of it."""
    synced: list[str] = []
    fsync = os.fsync

    def told(number: int) -> None:
        synced.append(threading.current_thread().name)
        fsync(number)

    monkeypatch.setattr(os, "fsync", told)
    place = _Kept(Farm(gpus=4, scenario="calm", start=START, timer=HandTimer()), tmp_path)
    state = State(place, "")
    for _ in range(200):
        place._farm.sleep(1.0)
        snapshot = state.apply(place._farm.batch())
    assert threading.current_thread().name not in synced
    state.close()
    assert synced and set(synced) == {"store"}
    day = store.load(tmp_path / "today.json", Day, Day())
    assert day.accrued == snapshot.totals.today_accrued and day.known
    assert store.load(tmp_path / "measured.json", Kept, Kept()).figures


def test_one_that_only_looks_opens_no_writer(tmp_path: Path) -> None:
    """It writes nothing, and takes no other console's files."""
    place = _Kept(Farm(gpus=4, scenario="calm", start=START, timer=HandTimer()), tmp_path)
    before = {found.name for found in tmp_path.iterdir()}
    state = State(place, "", keeps=False)
    for _ in range(70):
        place._farm.sleep(1.0)
        state.apply(place._farm.batch())
    state.close()
    assert {found.name for found in tmp_path.iterdir()} == before


@pytest.mark.parametrize("what", ["pipe", "folder", "socket", "device", "link to a pipe"])
def test_what_is_no_file_is_none_and_stays(what: str, tmp_path: Path) -> None:
    """Reading it neither waits nor moves it; what is kept later takes the place of what can be replaced."""
    path = tmp_path / "a.json"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    before = sorted(found.name for found in tmp_path.iterdir())
    found: list[int] = []
    reading = threading.Thread(target=lambda: found.append(kept(path)), daemon=True)
    reading.start()
    reading.join(20)
    assert found == [0]
    assert sorted(found.name for found in tmp_path.iterdir()) == before
    assert store.save(path, Note(number=3)) == (what != "folder")
    assert what == "folder" or kept(path) == 3


def test_a_damaged_file_and_one_too_large_are_moved_aside(tmp_path: Path) -> None:
    """Of regular files nothing is lost to whoever wants to look."""
    path = tmp_path / "a.json"
    for size in (5, store.MAX_BYTES + 1):
        with path.open("wb") as file:
            file.truncate(size)
        assert kept(path) == 0 and not path.exists()
        assert (tmp_path / "a.json.bad").stat().st_size == size
