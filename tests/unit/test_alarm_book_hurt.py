"""What can happen to what is known of alarms: clocks are set back, too many call at once, files are made to hurt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console import store
from console.attention.alarms import Sign
from console.attention.book import FILE, LONGEST, MOST, Book
from console.attention.looked import Looked
from console.model import Alarm
from console.model.attention import LONGEST_SHELF_S

T = 1_795_435_200.0
LOST = Sign("lost:GPU-1", "lost", "harm", "GPU 1 lost: xid 79", "reboot", (1,))
HOT = Sign("hot:GPU-2", "hot", "warn", "GPU 2 hot", "check fans", (2,))
DEEP = b'{"alarms":[' + b"[" * 200_000 + b"]" * 200_000 + b"]}"


def words(alarms: tuple[Alarm, ...]) -> dict[str, bool]:
    """Which are known, by key."""
    return {alarm.key: alarm.known for alarm in alarms}


def test_a_word_counts_though_the_clock_was_set_back() -> None:
    """What is said last goes before what was said at a later hour."""
    book = Book(None)
    book.see([LOST], T)
    book.acknowledge([LOST.key], "op", T)
    back = T - 3600
    assert words(book.see([LOST], back)) == {LOST.key: True}
    book.release([LOST.key], back + 1)
    assert book.listed()[0].calls(back + 2)
    book.acknowledge([LOST.key], "op", back + 3)
    assert words(book.listed()) == {LOST.key: True}
    book.release([LOST.key], back + 4)
    book.shelve([LOST.key], "op", back + 5, back + 3605, "")
    assert book.listed()[0].shelved(back + 6) and not book.listed()[0].shelved(back + 3605)


def test_more_than_there_is_room_for_do_not_begin_anew_with_each_tick() -> None:
    """What harms finds its place among what only warns."""
    book = Book(None)
    many = [HOT._replace(key=f"hot:{i}") for i in range(MOST + 100)]
    first = book.see(many, T)
    assert book.see(many, T + 1) == tuple(Alarm(**{**_fields(one), "seen": T + 1}) for one in first)
    after = book.see([*many, LOST], T + 2)
    assert len(after) == MOST and after[0].key == LOST.key
    assert {(a.key, a.since) for a in book.see([*many, LOST], T + 3)} == {(a.key, a.since) for a in after}


def _fields(alarm: Alarm) -> dict[str, object]:
    return {name: getattr(alarm, name) for name in Alarm.__struct_fields__}


def test_what_stands_is_listed_before_what_is_over() -> None:
    """However old it is."""
    book = Book(None)
    book.see([LOST], T)
    book.see([LOST, HOT], T + 500)
    assert [alarm.key for alarm in book.see([LOST], T + 501)] == [LOST.key, HOT.key]


@pytest.mark.parametrize("body", [DEEP, DEEP[:200_000]], ids=["deep", "cut"])
def test_a_file_of_brackets_is_moved_aside(tmp_path: Path, body: bytes) -> None:
    """It must not end the console, whether it holds alarms or when somebody looked, nor one that only looks on."""
    path = tmp_path / FILE
    path.write_bytes(body)
    assert [a.key for a in Book(path, keeps=False).see([LOST], T)] == [LOST.key]
    assert store.load(path, Looked, Looked()).at == 0
    assert [found.name for found in tmp_path.iterdir()] == [f"{FILE}.bad"]


@pytest.mark.parametrize(
    "hurt",
    [{"since": 1e300}, {"over_at": -1.0}, {"shelved_at": 1e300, "shelved_until": 1e301}, {"slots": [7] * LONGEST}],
    ids=["since", "over", "shelf", "slots"],
)
def test_what_no_console_wrote_is_left_out(tmp_path: Path, hurt: dict[str, object]) -> None:
    """Instants that no clock shows and an alarm without end."""
    path = tmp_path / FILE
    Book(path).see([LOST], T)
    [good] = json.loads(path.read_text())["alarms"]
    path.write_text(json.dumps({"alarms": [dict(good, key="hurt", **hurt), good]}))
    assert [alarm.key for alarm in Book(path).listed()] == [LOST.key]


def test_no_shelf_in_a_file_hides_an_alarm_for_good(tmp_path: Path) -> None:
    """One that ends later than a shelf can is none."""
    path = tmp_path / FILE
    Book(path).see([LOST], T)
    [good] = json.loads(path.read_text())["alarms"]
    for ends_at, hidden in ((T + LONGEST_SHELF_S, True), (T + 10 * LONGEST_SHELF_S, False)):
        path.write_text(json.dumps({"alarms": [dict(good, shelved_at=T, shelved_until=ends_at)]}))
        assert Book(path).listed()[0].calls(T) is not hidden
