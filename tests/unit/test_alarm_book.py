"""What is known of alarms: one that flaps is one, what was said to it stays, consoles share a file that may be hurt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console import store
from console.attention.alarms import Sign
from console.attention.book import AGAIN_S, FILE, KEPT_S, LONGEST_SHELF_S, MOST, Book
from console.model import Alarm

T = 1_795_435_200.0
LOST = Sign("lost:GPU-1", "lost", "harm", "GPU 1 lost: xid 79", "reboot", (1,))


def one(alarms: tuple[Alarm, ...]) -> Alarm:
    """The only one."""
    [alarm] = alarms
    return alarm


def test_it_stands_until_it_is_over_and_is_listed_after_that() -> None:
    """With when it began and when it ended."""
    book = Book(None)
    assert one(book.see([LOST], T)).calls(T)
    assert one(book.see([LOST], T + 9)).since == T
    over = one(book.see([], T + 10))
    assert (over.since, over.over_at, over.seen) == (T, T + 10, T + 9)
    assert not over.calls(T + 10)


@pytest.mark.parametrize(("gone_s", "same"), [(AGAIN_S, True), (AGAIN_S + 1, False)])
def test_what_comes_back_within_a_minute_is_the_same_and_stays_acknowledged(gone_s: float, same: bool) -> None:
    """Later it is another one, and calls again."""
    book = Book(None)
    book.see([LOST], T)
    book.acknowledge([LOST.key], "op-1", T + 1)
    book.see([], T + 10)
    back = one(book.see([LOST], T + 10 + gone_s))
    assert back.calls(T + 100) is not same
    assert (back.since == T) is same and back.over_at is None


def test_what_is_acknowledged_is_told_once() -> None:
    """The second time there is nothing to say, nor of a key that is not there."""
    book = Book(None)
    book.see([LOST], T)
    assert [a.key for a in book.acknowledge([LOST.key, "no such"], "op-1", T)] == [LOST.key]
    assert book.acknowledge([LOST.key], "op-2", T) == ()
    assert one(book.see([LOST], T + 1)).acked_by == "op-1"


def test_a_shelf_ends_by_itself_and_outlives_a_return() -> None:
    """Nobody hears of it until then, also when it is over and comes back; a week is the most."""
    book = Book(None)
    book.see([LOST], T)
    book.shelve([LOST.key], "op-1", T, T + 3600, "riser\x1b[2J ordered")
    book.see([], T + 10)
    back = one(book.see([LOST], T + 1000))
    assert back.since == T + 1000
    assert not back.calls(T + 3599) and back.calls(T + 3600)
    assert "\x1b" not in back.shelved_reason
    book.shelve([LOST.key], "op-1", T, T + 10 * LONGEST_SHELF_S, "")
    assert one(book.see([LOST], T + 1001)).shelved_until == T + LONGEST_SHELF_S


def test_what_happens_once_is_never_new_again() -> None:
    """A flip that left its GPU off: of when it ended, and still known after a long silence."""
    book = Book(None)
    ended = LOST._replace(key="flip:ab", at=T - 500)
    assert one(book.see([ended], T)).since == T - 500
    book.acknowledge(["flip:ab"], "op-1", T)
    book.see([], T + 10)
    assert not one(book.see([ended], T + 5000)).calls(T + 5000)


def test_it_is_kept_across_a_restart(tmp_path: Path) -> None:
    """What was said to it, too."""
    path = tmp_path / FILE
    first = Book(path)
    first.see([LOST], T)
    first.acknowledge([LOST.key], "op-1", T + 1)
    again = one(Book(path).see([LOST], T + 9000))
    assert (again.since, again.acked_by) == (T, "op-1") and not again.calls(T + 9000)


def test_two_consoles_share_what_is_said(tmp_path: Path) -> None:
    """One acknowledges, one shelves; both know both, and one beginning seen twice is one."""
    here, there = Book(tmp_path / FILE), Book(tmp_path / FILE)
    here.see([LOST], T)
    there.see([LOST], T + 1.5)
    here.acknowledge([LOST.key], "op-1", T + 2)
    there.see([LOST], T + 3)
    there.shelve([LOST.key], "op-2", T + 3, T + 3600, "")
    mine, theirs = one(here.see([LOST], T + 4)), one(there.see([LOST], T + 4))
    for alarm in (mine, theirs):
        assert (alarm.since, alarm.acked_by, alarm.shelved_by) == (T, "op-1", "op-2")


def test_one_that_only_looks_writes_nothing(tmp_path: Path) -> None:
    """Neither the file nor, where that is broken, its moving aside."""
    path = tmp_path / FILE
    Book(path, keeps=False).see([LOST], T)
    assert not path.exists()
    path.write_text("{")
    Book(path, keeps=False).see([LOST], T)
    assert [found.name for found in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"alarms": 3}', b"\xff\xfe", b'{"alarms": [3, {"key": 1}, null]}']
)
def test_a_broken_file_is_no_alarm_and_no_crash(tmp_path: Path, body: bytes) -> None:
    """It begins anew and can be written again."""
    path = tmp_path / FILE
    path.write_bytes(body)
    assert one(Book(path).see([LOST], T)).key == LOST.key
    assert one(Book(path).see([LOST], T + 1)).since == T


def test_an_alarm_that_does_not_decode_costs_the_others_nothing(tmp_path: Path) -> None:
    """And text in the file is as little trusted as any from outside."""
    path = tmp_path / FILE
    Book(path).see([LOST], T)
    tree = json.loads(path.read_text())
    evil = dict(tree["alarms"][0], key="k2", sentence="\x1b]52;c;aGk=\x07\u202e", severity="green")
    path.write_text(json.dumps({"alarms": [{"key": "half"}, evil, *tree["alarms"]]}))
    found = {alarm.key: alarm for alarm in Book(path).see([LOST], T + 1)}
    assert set(found) == {LOST.key, "k2"}
    assert found["k2"].sentence.isprintable() and found["k2"].severity == "harm"


def test_no_storm_makes_it_grow_without_bound(tmp_path: Path) -> None:
    """Those that stand stay, the oldest that are over go."""
    book = Book(tmp_path / FILE)
    book.see([LOST], T)
    for start in range(0, MOST + 200, 100):
        many = [LOST._replace(key=f"k{start + i}") for i in range(100)]
        book.see([LOST, *many], T + start + 1)
    found = book.see([LOST], T + 5000)
    assert len(found) <= MOST and LOST.key in {alarm.key for alarm in found}
    assert (tmp_path / FILE).stat().st_size < store.MAX_BYTES


def test_what_was_said_can_be_taken_back() -> None:
    """An acknowledged one and a shelved one call again; one to which nothing was said is not told of."""
    book = Book(None)
    other = LOST._replace(key="hot:GPU-2")
    book.see([LOST, other], T)
    assert book.release([LOST.key, other.key], T + 1) == ()
    book.acknowledge([LOST.key], "op-1", T + 2)
    book.shelve([other.key], "op-1", T + 2, T + 3600, "")
    assert not any(alarm.calls(T + 3) for alarm in book.see([LOST, other], T + 3))
    assert {alarm.key for alarm in book.release([LOST.key, other.key], T + 4)} == {LOST.key, other.key}
    assert all(alarm.calls(T + 5) for alarm in book.see([LOST, other], T + 5))
    assert [alarm.key for alarm in book.acknowledge([LOST.key], "op-2", T + 6)] == [LOST.key], "and be said again"


def test_what_one_console_takes_back_the_other_does_not_bring_again(tmp_path: Path) -> None:
    """Also where that one has acknowledged it itself and writes the file after."""
    one_console, other_console = Book(tmp_path / FILE), Book(tmp_path / FILE)
    one_console.see([LOST], T)
    other_console.see([LOST], T)
    other_console.acknowledge([LOST.key], "op-2", T + 1)
    one_console.see([LOST], T + 2)
    one_console.release([LOST.key], T + 3)
    other_console.see([LOST, LOST._replace(key="more")], T + 4)  # news: it writes
    found = {alarm.key: alarm for alarm in one_console.see([LOST], T + 5)}
    assert found[LOST.key].calls(T + 5)


def test_what_has_been_over_for_a_day_is_listed_no_longer() -> None:
    """Until then it is; what stands stays however old."""
    book = Book(None)
    book.see([LOST, LOST._replace(key="stands")], T)
    book.see([LOST._replace(key="stands")], T + 10)
    assert len(book.see([LOST._replace(key="stands")], T + 10 + KEPT_S)) == 2
    assert one(book.see([LOST._replace(key="stands")], T + 11 + KEPT_S)).key == "stands"


def test_what_is_shelved_for_longer_than_that_is_kept() -> None:
    """It may come back meanwhile, and nobody wants to hear of it."""
    book = Book(None)
    book.see([LOST], T)
    book.shelve([LOST.key], "op-1", T, T + 3 * KEPT_S, "riser ordered")
    book.see([], T + 10)
    assert one(book.see([], T + 20 + KEPT_S)).key == LOST.key
    assert not one(book.see([LOST], T + 2 * KEPT_S)).calls(T + 2 * KEPT_S)
