"""The book of alarms as a file: two processes that write at once, a full disk, and whatever may stand in it."""

from __future__ import annotations

import fcntl
import json
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from console import store
from console.attention.alarms import Sign
from console.attention.book import FILE, LOOK_EVERY_S, Book
from console.model import Alarm

T = 1_795_435_200.0
EACH = 40
SIGNS = [Sign(f"lost:GPU-{i}", "lost", "harm", f"GPU {i} lost", "reboot", (i,)) for i in range(2 * EACH)]
CONSOLE = """
import sys
from pathlib import Path
from tests.unit.test_alarm_book_shared import EACH, SIGNS, T
from console.attention.book import Book
first, book = int(sys.argv[2]), Book(Path(sys.argv[1]))
book.see(SIGNS, T)
print("ready", flush=True)
sys.stdin.readline()
for i in range(first, 2 * EACH, 2):
    book.acknowledge([SIGNS[i].key], f"op-{first}", T + 1 + i)
    if i % 10 == first:
        book.shelve([SIGNS[i].key], f"op-{first}", T + 1 + i, T + 3600, "")
"""


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each acknowledges its half, one by one, and leaves at once: the file has both halves, and no piece is left."""
    path = tmp_path / FILE
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", CONSOLE, str(path), str(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in (0, 1)
    ]
    for console in asked:
        assert console.stdout is not None and console.stdout.readline() == "ready\n"
    for console in asked:
        assert console.stdin is not None
        console.stdin.write("go\n")
        console.stdin.flush()
    for console in asked:
        console.communicate(timeout=60)
        assert console.returncode == 0
    found = {alarm.key: alarm for alarm in Book(path).listed()}
    assert [found[sign.key].acked_by for sign in SIGNS] == ["op-0", "op-1"] * EACH
    assert sum(alarm.shelved(T + 100) for alarm in found.values()) == 2 * EACH // 5
    assert sorted(one.name for one in tmp_path.iterdir()) == ["alarms.json", "alarms.lock"]


def test_what_another_says_is_known_within_seconds_and_not_looked_for_with_each_tick(tmp_path: Path) -> None:
    """Between two looks the tick does not touch the disk."""
    here, there = Book(tmp_path / FILE), Book(tmp_path / FILE)
    here.see(SIGNS[:1], T)
    there.see(SIGNS[:1], T)
    there.acknowledge([SIGNS[0].key], "op-2", T + 1)
    [before] = here.see(SIGNS[:1], T + LOOK_EVERY_S - 0.1)
    [after] = here.see(SIGNS[:1], T + LOOK_EVERY_S)
    assert (before.acked_by, after.acked_by) == ("", "op-2")


def test_a_clock_that_is_set_back_keeps_no_console_from_looking(tmp_path: Path) -> None:
    """An hour back would be an hour without what the others say."""
    here, there = Book(tmp_path / FILE), Book(tmp_path / FILE)
    here.see(SIGNS[:1], T)
    there.see(SIGNS[:1], T)
    there.acknowledge([SIGNS[0].key], "op-2", T + 1)
    [alarm] = here.see(SIGNS[:1], T - 3600)
    assert alarm.acked_by == "op-2"


def test_a_link_in_the_place_of_the_book_is_not_followed(tmp_path: Path) -> None:
    """Who may write into the directory may lay one; what it leads to is neither read nor written."""
    elsewhere = tmp_path / "elsewhere.json"
    Book(elsewhere).see(SIGNS[:1], T)
    before = elsewhere.read_bytes()
    (tmp_path / FILE).symlink_to(elsewhere)
    book = Book(tmp_path / FILE)
    assert book.listed() == () and "cannot be read" in book.trouble
    book.see(SIGNS[1:2], T)
    assert elsewhere.read_bytes() == before and not (tmp_path / FILE).is_symlink()


def test_where_nothing_is_new_nothing_is_written(tmp_path: Path) -> None:
    """A look at what others wrote leaves the file as it is."""
    path = tmp_path / FILE
    book = Book(path)
    book.see(SIGNS[:1], T)
    before = path.stat().st_ino, path.stat().st_mtime_ns
    for look in range(1, 4):
        book.see(SIGNS[:1], T + look * LOOK_EVERY_S)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(("folder", "lock"), [(0o770, 0o660), (0o700, 0o600)])
def test_whoever_may_write_the_book_may_lock_it(tmp_path: Path, folder: int, lock: int) -> None:
    """Else the first operator of a group would shut the others out."""
    tmp_path.chmod(folder)
    Book(tmp_path / FILE).see(SIGNS[:1], T)
    assert (tmp_path / "alarms.lock").stat().st_mode & 0o777 == lock


def test_whoever_sits_on_the_lock_keeps_nobody_from_writing(tmp_path: Path) -> None:
    """The file's lock is open to the group; what was said is kept all the same."""
    path = tmp_path / FILE
    Book(path).see(SIGNS[:1], T)
    with (tmp_path / "alarms.lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        book = Book(path)
        book.see(SIGNS[:1], T)
        book.acknowledge([SIGNS[0].key], "op-1", T)
    [kept] = Book(path).listed()
    assert kept.acked_by == "op-1"


def test_what_a_disk_refused_is_written_when_it_takes_it_again(tmp_path: Path) -> None:
    """A directory in the place of the file refuses the rename, for root too."""
    path = tmp_path / FILE
    path.mkdir()
    book = Book(path)
    book.see(SIGNS[:1], T)
    book.acknowledge([SIGNS[0].key], "op-1", T)
    assert f"{path} cannot be read" in book.trouble
    path.rmdir()
    book.see(SIGNS[:1], T + LOOK_EVERY_S)
    [kept] = Book(path).listed()
    assert kept.acked_by == "op-1"


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("deep", [b'{"alarms":%s}', b'{"alarms":[{"key":%s}]}', b"%s"])
def test_a_file_that_is_too_deep_does_not_stop_the_console(tmp_path: Path, deep: bytes, keeps: bool) -> None:
    """The decoder gives up with an error of its own kind."""
    path = tmp_path / FILE
    path.write_bytes(deep % (b"[" * 100_000 + b"]" * 100_000))
    book = Book(path, keeps=keeps)
    assert "is no book of alarms" in book.trouble and "acknowledge it anew" in book.trouble
    assert ("alarms.json.bad" in book.trouble) is keeps is not path.exists()
    assert len(book.see(SIGNS[:1], T)) == 1


def test_a_file_of_this_program_is_no_trouble(tmp_path: Path) -> None:
    """Nor is one that is not there."""
    book = Book(tmp_path / FILE)
    book.see(SIGNS, T)
    assert book.trouble == Book(tmp_path / FILE).trouble == ""


def hurt(body: bytes, chance: random.Random) -> bytes:
    """The file with some bytes changed, cut out, doubled, or a value in the place of another."""
    kind = chance.randrange(4)
    at, to = sorted(chance.randrange(len(body)) for _ in range(2))
    if kind == 0:
        return body[:at] + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9))) + body[at + 1 :]
    if kind == 1:
        return body[:at] + body[to:]
    if kind == 2:
        return body[:to] + body[at:]
    tree = json.loads(body)
    alarm = chance.choice(tree["alarms"])
    odd = (None, -1, 1e300, -1e300, 2**70, "", "x" * 9000, [], {}, [[]], True, "\x1b[2J", "\u202e", [10**30])
    alarm[chance.choice(list(alarm))] = chance.choice(odd)
    return json.dumps(tree).encode()


def test_whatever_stands_in_the_file_the_alarms_of_this_tick_are_there(tmp_path: Path) -> None:
    """A thousand files of a fixed seed: no error, no text that a terminal obeys, and the next console reads its own."""
    path = tmp_path / FILE
    book = Book(path)
    book.see(SIGNS[:6], T)
    book.acknowledge([SIGNS[0].key], "op-1", T + 1)
    book.shelve([SIGNS[1].key], "op-1", T + 1, T + 3600, "riser")
    body, chance = path.read_bytes(), random.Random(8)
    for _ in range(1000):
        path.write_bytes(hurt(body, chance))
        harmed = Book(path, keeps=False)
        found = harmed.see(SIGNS[2:6], T + 10)
        harmed.acknowledge([SIGNS[3].key], "op-2", T + 11)
        assert {sign.key for sign in SIGNS[2:6]} <= {alarm.key for alarm in found}
        assert all(_harmless(alarm) for alarm in found)
    again = Book(path)
    again.see(SIGNS[:6], T + 20)
    assert store.load(path, dict, {}) and Book(path).trouble == ""


def _harmless(alarm: Alarm) -> bool:
    texts = (alarm.key, alarm.name, alarm.sentence, alarm.do, alarm.acked_by, alarm.shelved_by, alarm.shelved_reason)
    alarm.calls(T), alarm.known
    return all(text.isprintable() for text in texts) and bool(msgspec.json.encode(alarm))
