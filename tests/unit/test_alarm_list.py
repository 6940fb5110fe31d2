"""The list of alarms and their count in the header: what calls comes first, keys answer, nothing is too wide."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from console.model import Alarm, Snapshot
from console.screens.alarms import AlarmList
from console.screens.modal import Press
from console.view import alarms, clock, header, schema
from console.view.pieces import text_of, width
from tests.pilot import sample
from tests.pilot.sample import NOW

LOST = Alarm(
    key="lost:1", name="lost", severity="harm", sentence="GPU 3 lost: xid 79", do="reboot", slots=(3,),
    since=NOW - 192, seen=NOW,
)  # fmt: skip
STALE = Alarm(key="stale", name="stale", severity="warn", sentence="every price is old", since=NOW - 40, seen=NOW)
OVER = msgspec.structs.replace(LOST, key="over", sentence="GPU 1 hung", since=NOW - 9, over_at=NOW - 2, slots=(1,))
KNOWN = msgspec.structs.replace(
    LOST, key="known", sentence="GPU 2 stuck", since=NOW - 5, acked_by="op", acked_at=NOW - 1
)
ALL = (OVER, KNOWN, STALE, LOST)


class Opened:
    """A list on a still site, with what came of its keys."""

    def __init__(self, *shown: Alarm, read_only: str = "") -> None:
        self.site = sample.StillSite(sample.snapshot(alarms=shown))
        self.gone: list[int] = []
        self.closed = 0
        self.list = AlarmList(
            self.site, self.snapshot, read_only=read_only, since=NOW - 100, go=self.gone.append, close=self._close
        )

    def snapshot(self) -> Snapshot:
        return self.site.shown

    def _close(self) -> None:
        self.closed += 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.list.press(Press(key, key if len(key) == 1 else None, 0.0))

    def text(self, room: int = 110, height: int = 30) -> list[str]:
        return [text_of(line).rstrip() for line in self.list.lines(room, height)]


def test_what_calls_stands_first_the_newest_of_it_at_the_top() -> None:
    """Then what is known, then what is over; what came since the last look is marked."""
    shown = Opened(*ALL).text()
    assert [line[5:].split(maxsplit=2)[2] for line in shown[:4]] == [
        "every price is old", "GPU 3 lost: xid 79", "GPU 2 stuck", "GPU 1 hung"
    ]  # fmt: skip
    assert shown[0].startswith("▸•") and shown[1].startswith("   ")
    assert "calls" in shown[0] and "known" in shown[2] and "over" in shown[3]


def test_a_acknowledges_the_chosen_one_and_enter_goes_to_its_gpu() -> None:
    """The cursor stays on its alarm when a newer one comes."""
    opened = Opened(STALE, LOST)
    opened.press("down")
    opened.site.shown = sample.snapshot(alarms=(STALE, LOST, msgspec.structs.replace(STALE, key="x", since=NOW)))
    opened.press("a")
    assert opened.site.calls == [("acknowledge", ("lost:1",))]
    opened.press("enter")
    assert (opened.gone, opened.closed) == ([3], 1)


def test_s_shelves_for_a_quarter_of_an_hour_and_longer_with_each_press() -> None:
    """15 minutes, 1 and 8 hours, until tomorrow's morning at the site, where it is 14:02:11, and again 15 minutes."""
    opened = Opened(LOST)
    opened.press("s", "s", "s", "s", "s")
    lasts_s = [call[2] - NOW for call in opened.site.calls]  # type: ignore[operator]
    assert lasts_s == [900, 3600, 28800, 15 * 3600 + 57 * 60 + 49, 900]


@pytest.mark.parametrize(
    ("at", "timezone", "hours"),
    [("2026-11-27T23:30", "UTC", 6.5), ("2026-11-28T00:30", "UTC", 29.5), ("2026-03-28T22:00", "Europe/Berlin", 6.0)],
)
def test_tomorrow_begins_at_six_of_the_next_day_of_the_site(at: str, timezone: str, hours: float) -> None:
    """After midnight that is the day after; Berlin, where it is 23:00, loses an hour of that night."""
    now = datetime.fromisoformat(f"{at}+00:00").timestamp()
    assert clock.tomorrow(now, timezone) - now == hours * 3600


@pytest.mark.parametrize("room", [74, 110, 120])
def test_the_keys_are_all_named(room: int) -> None:
    """With how long a shelf lasts where there is room for it."""
    said = Opened(LOST).text(room)[-1]
    assert all(word in said for word in ("a acknowledge", "s shelve", "u undo", "enter its GPU", "esc close"))
    assert ("15 min/1 h/8 h/tomorrow" in said) is (room >= 110)


def test_u_takes_back_what_was_said() -> None:
    """And the next shelf is the shortest again."""
    opened = Opened(KNOWN)
    opened.press("s", "u", "s")
    assert [call[0] for call in opened.site.calls] == ["shelve", "release", "shelve"]
    assert opened.site.calls[1] == ("release", ("known",))
    assert opened.site.calls[0][2] == opened.site.calls[2][2]


def test_one_without_a_gpu_goes_nowhere() -> None:
    """The list stays."""
    opened = Opened(STALE)
    opened.press("enter")
    assert (opened.gone, opened.closed) == ([], 0)


def test_who_only_looks_acknowledges_and_shelves_nothing() -> None:
    """And is told why."""
    opened = Opened(LOST, read_only="--read-only")
    opened.press("a", "s")
    assert opened.site.calls == []
    assert "--read-only: nothing is acknowledged here" in opened.text()[-1]


def test_an_empty_list_says_so_and_takes_no_harm_from_keys() -> None:
    """Only closing does anything."""
    opened = Opened()
    opened.press("a", "s", "enter", "down", "escape")
    assert opened.site.calls == [] and opened.closed == 1
    assert opened.text()[0] == "nothing calls, and nothing has called lately"


@pytest.mark.parametrize("room", [40, 74, 160])
@pytest.mark.parametrize("height", [2, 6, 9, 30])
def test_the_list_keeps_to_its_room_and_its_cursor_in_sight(room: int, height: int) -> None:
    """Forty alarms, wide names, any size."""
    many = tuple(msgspec.structs.replace(LOST, key=f"k{i}", sentence=f"GPU {i} 名前 lost " * 9) for i in range(40))
    opened = Opened(*many)
    opened.press(*["down"] * 25)
    lines = opened.list.lines(room, height)
    assert len(lines) <= height
    assert all(width(line) <= room for line in lines)
    assert "esc close" in text_of(lines[-1])
    assert any(text_of(line).startswith("▸") for line in lines)


@pytest.mark.parametrize("room", [60, 80, 120, 200])
def test_the_header_counts_what_calls_at_every_width(room: int) -> None:
    """Word and sign; gone with the last one, and then the count of lost cards stands as ever."""

    def first(*shown: Alarm) -> str:
        return text_of(header.first(sample.snapshot(alarms=shown), NOW, room))

    assert "✕ 2 alarms" in first(*ALL)
    assert "! 1 alarm " in first(STALE, KNOWN)
    assert first(OVER, KNOWN) == first()
    assert "✕ 1 lost" in first(KNOWN)


def test_the_whole_of_one_says_who_said_what() -> None:
    """Times on the site's clock."""
    shelved = msgspec.structs.replace(
        LOST, shelved_by="op-2", shelved_at=NOW - 9, shelved_until=NOW + 3600, shelved_reason="riser ordered"
    )
    said = [text_of(line).rstrip() for line in alarms.about(shelved, NOW, "Asia/Tokyo", 110)]
    assert said == ["→ reboot", "since 13:58 · shelved by op-2 until 15:02 (riser ordered)"]
    long = msgspec.structs.replace(shelved, sentence="GPU 3 lost: " + "xid 79 " * 30)
    narrow = " ".join(text_of(line).strip() for line in alarms.about(shelved, NOW, "Asia/Tokyo", 30))
    assert f"→ {shelved.do}" in narrow, "what to do is cut on no screen"
    assert text_of(alarms.about(long, NOW, "Asia/Tokyo", 110)[0]).startswith("GPU 3 lost: xid 79 xid")
    tomorrow = msgspec.structs.replace(shelved, shelved_until=NOW + 86400)
    assert " 14:02 (riser" in text_of(alarms.about(tomorrow, NOW, "Asia/Tokyo", 110)[1])


def test_scripts_get_the_same_words() -> None:
    """What it is, who said so and until when; null where nothing was said."""
    shelved = msgspec.structs.replace(
        LOST,
        key="shelved",
        shelved_by="op-2",
        shelved_at=NOW - 9,
        shelved_until=NOW + 3600,
        acked_by="op",
        acked_at=NOW - 1,
    )
    said = {one["key"]: one for one in schema.status(sample.snapshot(alarms=(*ALL, shelved)))["alarms"]}
    assert {key: one["state"] for key, one in said.items()} == {
        "over": "over", "known": "known", "stale": "calls", "lost:1": "calls", "shelved": "shelved",
    }  # fmt: skip
    assert said["lost:1"] == {
        "key": "lost:1", "severity": "harm", "state": "calls", "sentence": "GPU 3 lost: xid 79", "do": "reboot",
        "slots": [3], "since": schema.iso(NOW - 192), "over_at": None, "by": None, "until": None,
    }  # fmt: skip
    assert (said["known"]["by"], said["known"]["until"]) == ("op", None)
    assert (said["shelved"]["by"], said["shelved"]["until"]) == ("op-2", schema.iso(NOW + 3600))
    assert said["over"]["over_at"] == schema.iso(NOW - 2)
