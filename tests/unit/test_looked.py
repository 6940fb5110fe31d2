"""When an operator looked last, what he is told of since then, and how often the bell rings."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.attention import looked
from console.attention.looked import RING_EVERY_S, Bell
from console.model import Alarm

T = 1_795_435_200.0
A = Alarm(key="a", name="lost", severity="harm", sentence="GPU 1 lost", since=T, seen=T)


def test_what_is_kept_is_known_again(tmp_path: Path) -> None:
    """In a directory that is made for it."""
    path = tmp_path / "made" / looked.FILE
    assert looked.last(path) is None
    assert looked.looked(path, T)
    assert looked.last(path) == T


@pytest.mark.parametrize("body", ["", "{", '{"at": "x"}', '{"at": -1}', "[]"])
def test_a_broken_file_is_not_known(tmp_path: Path, body: str) -> None:
    """And can be written anew."""
    path = tmp_path / looked.FILE
    path.write_text(body)
    assert looked.last(path) is None
    assert looked.looked(path, T) and looked.last(path) == T


def test_a_place_that_takes_nothing_is_no_crash(tmp_path: Path) -> None:
    """Where it should be there is a file in the way."""
    (tmp_path / "file").write_text("")
    assert not looked.looked(tmp_path / "file" / looked.FILE, T)


@pytest.mark.parametrize(("ago", "away"), [(601, True), (600, False), (-5, False)])
def test_ten_minutes_make_an_absence(ago: float, away: bool) -> None:
    """A time ahead of this clock makes none, nor one that is not known."""
    assert (looked.away_since(T - ago, T) is not None) is away
    assert looked.away_since(None, T) is None


def test_the_sentence_counts_what_there_was() -> None:
    """Nothing where nothing happened; the key only where it shows something."""
    assert looked.sentence("22:10", 2, 3, "A") == "since you last looked (22:10) 2 alarms, 3 flips: A shows them"
    assert looked.sentence("22:10", 1, 0, "A") == "since you last looked (22:10) 1 alarm: A shows them"
    assert looked.sentence("22:10", 0, 1, "A") == "since you last looked (22:10) 1 flip"
    assert looked.sentence("22:10", 0, 0, "A") == ""
    assert looked.since_then((A, msgspec.structs.replace(A, since=T - 9)), T - 5) == 1


def rings(bell: Bell, at: float, *alarms: Alarm, behind: bool = False) -> bool:
    """Whether it rings ``at`` seconds after it was made."""
    return bell.due(alarms, T + at, at, behind=behind)


def test_an_alarm_rings_once() -> None:
    """Not with every tick, nor when it was over for a moment and is the same one again."""
    bell = Bell(T)
    assert rings(bell, 0, A)
    assert not rings(bell, 20, A)
    over = msgspec.structs.replace(A, over_at=T + 30)
    assert not rings(bell, 30, over)
    assert not rings(bell, 40, A)
    assert rings(bell, 500, msgspec.structs.replace(A, since=T + 500))


def test_many_ring_once_and_another_rings_when_ten_seconds_are_over() -> None:
    """A storm is no concert; what came in between is not forgotten."""
    bell = Bell(T)
    b = msgspec.structs.replace(A, key="b", since=T + 3)
    assert rings(bell, 0, A, msgspec.structs.replace(A, key="c"))
    assert not rings(bell, 3, A, b)
    assert rings(bell, RING_EVERY_S, A, b)
    assert not rings(bell, 3 * RING_EVERY_S, A, b)


def test_what_is_known_shelved_or_older_than_the_console_is_silent() -> None:
    """The list has it."""
    for quiet in ({"acked_at": T}, {"shelved_at": T, "shelved_until": T + 99}, {"since": T - 1}):
        assert not rings(Bell(T), 1, msgspec.structs.replace(A, **quiet))


def test_a_link_that_is_behind_gets_no_bell_later() -> None:
    """It is told by the screen that comes."""
    bell = Bell(T)
    assert not rings(bell, 0, A, behind=True)
    assert not rings(bell, 20, A)


def test_two_consoles_that_agree_on_its_beginning_ring_no_second_time() -> None:
    """Each has seen it begin a moment apart; the earlier moment is taken by both."""
    bell = Bell(T)
    assert rings(bell, 2, msgspec.structs.replace(A, since=T + 1.5))
    assert not rings(bell, 30, msgspec.structs.replace(A, since=T + 1))


def test_a_clock_that_is_set_back_does_not_silence_it() -> None:
    """What begins then is no older than the console; what has called before is no news."""
    bell = Bell(T)
    old = msgspec.structs.replace(A, key="old", since=T - 1800)
    assert not bell.due([old], T, 0.0, behind=False)
    assert not bell.due([old], T - 3600, 20.0, behind=False)
    assert bell.due([old, msgspec.structs.replace(A, key="b", since=T - 3599)], T - 3599, 21.0, behind=False)
