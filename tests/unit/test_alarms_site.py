"""Alarms of a running site: made with each tick, acknowledged by name, kept where they belong, cheap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from console.attention.book import FILE
from console.demo import open_farm
from console.flips.journal import Journal
from console.model import Snapshot
from console.site.alarmview import SHOWN, AlarmView
from console.site.interface import JournalLine
from console.site.record import JournalView
from console.site.state import State
from tests.unit.test_site import ground, ticked


def until(seen: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait for it, however slow the machine."""
    end = time.monotonic() + within_s
    while not seen():
        assert time.monotonic() < end, "never seen"
        time.sleep(0.02)


def lost(snapshot: Snapshot) -> list[str]:
    """The keys of lost cards."""
    return [alarm.key for alarm in snapshot.alarms if alarm.name == "lost"]


def test_a_lost_card_is_an_alarm_of_the_snapshot_and_of_no_file(tmp_path: Path) -> None:
    """A simulated farm keeps its own in memory."""
    place = ground(tmp_path, "stormy")
    after = ticked(place, State(place, ""), 65)
    [row] = [row for row in after.rows if row.reading.state.value == "lost"]
    assert lost(after) == [f"lost:{row.reading.uuid}"]
    assert not (tmp_path / "alarms.json").exists()


def test_a_damaged_book_is_told_once_in_the_log(tmp_path: Path) -> None:
    """Which file, what became of it and what to do; the console goes on with a new one."""
    place = ground(tmp_path)
    path = tmp_path / FILE
    path.write_text("{half")
    state = State(place, "")
    place.simulated = False  # as a host, which keeps its book on disk
    state.alarms = AlarmView(place, keeps=True)
    place.simulated = True
    [said] = [line.text for line in ticked(place, state, 4).log if FILE in line.text]
    assert said.startswith(f"{path} is no book of alarms, it is now {FILE}.bad: what was acknowledged")


def test_a_flip_that_ended_off_calls_by_its_id(tmp_path: Path) -> None:
    """One that was done does not, nor one of long ago."""
    place = ground(tmp_path)
    journal = Journal(place.places, now=place.now, boot_id=place.boot_id)
    who: dict[str, object] = {"uid": 0, "login": "op-1"}
    for flip_id, result in (("bad", "off"), ("good", "done")):
        journal.append("outcome", flip_id, ("GPU-1",), who, {"text": "ended", "slots": [1], "result": result})
    snapshot = ticked(place, State(place, ""), 2)
    assert [alarm.key for alarm in snapshot.alarms if alarm.name == "flip"] == ["flip:bad"]


def test_a_flip_that_ended_off_calls_however_much_is_written_since(tmp_path: Path) -> None:
    """A day long: a busy journal must not have it be over."""
    place = ground(tmp_path)
    journal = Journal(place.places, now=place.now, boot_id=place.boot_id)
    who: dict[str, object] = {"uid": 0, "login": "op-1"}
    journal.append("outcome", "bad", ("GPU-1",), who, {"text": "ended", "slots": [1], "result": "off"})
    for number in range(60):
        journal.append("note", "", (), who, {"text": f"note {number}", "slots": []})
    snapshot = ticked(place, State(place, ""), 2)
    assert [(a.key, a.over_at) for a in snapshot.alarms if a.name == "flip"] == [("flip:bad", None)]


@pytest.mark.parametrize(("acts", "called"), [(True, ["journal"]), (False, [])])
def test_a_disk_that_takes_no_line_calls_whoever_acts(tmp_path: Path, acts: bool, called: list[str]) -> None:
    """Nobody else is to do anything about it."""
    place = ground(tmp_path)
    snapshot = ticked(place, State(place, ""), 1)
    place.obstacle = "the journal's disk is full"
    found = AlarmView(place, keeps=False, acts=acts).within(snapshot, JournalView(place)).alarms
    assert [alarm.name for alarm in found if alarm.name == "journal"] == called


def test_all_that_stand_are_shown(tmp_path: Path) -> None:
    """The header counts them; of those that are over some may be left out."""
    place = ground(tmp_path)
    view = AlarmView(place, keeps=False)
    bad = tuple(
        JournalLine(seq=n, at=place.now(), flip_id=f"f{n}", kind="outcome", slots=(), who="op", text="off", body={})
        for n in range(SHOWN + 50)
    )
    record = JournalView(place)
    record.bad_ends = bad
    snapshot = ticked(place, State(place, ""), 1)
    assert len(view.within(snapshot, record).alarms) >= len(bad)
    record.bad_ends = ()
    assert len(view.within(snapshot, record).alarms) == SHOWN


def test_acknowledging_is_journalled_with_who_and_stays() -> None:
    """Returns at once; the snapshot and the journal tell of it."""
    site = open_farm(8, 7, 40.0, "stormy")
    try:
        until(lambda: lost(site.snapshot()))
        [key, *_] = lost(site.snapshot())
        site.acknowledge((key,))
        until(lambda: any(a.key == key and a.acked_by for a in site.snapshot().alarms))
        until(lambda: any(line.body.get("alarms") == [key] for line in site.history()))
        [line] = [line for line in site.history() if line.body.get("alarms") == [key]]
        assert (line.kind, line.who != "") == ("note", True)
        assert line.text.startswith("alarm acknowledged by ")
        site.shelve((key,), site.now() + 7200, "riser ordered")
        until(lambda: any("shelved for 2h" in line.text or "shelved for 1h" in line.text for line in site.history()))
        site.release((key,))
        until(lambda: any(a.key == key and a.calls(site.now()) for a in site.snapshot().alarms))
        until(lambda: any("let call again by" in line.text for line in site.history()))
    finally:
        site.close()


def test_words_are_taken_in_the_order_of_the_keys_and_none_is_lost_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pressed in a row, the first on a disk that takes its time; and one more with the console left right after."""
    waits = iter((0.5, 0.1, 0.0, 0.3))
    done: list[str] = []
    shelve = AlarmView.shelve

    def slow(view: AlarmView, keys: Iterable[str], until: float, reason: str) -> str:
        time.sleep(next(waits))
        said = shelve(view, keys, until, reason)
        done.append(reason)
        return said

    monkeypatch.setattr(AlarmView, "shelve", slow)
    site = open_farm(8, 7, 40.0, "stormy")

    def reason() -> str:
        return next(alarm.shelved_reason for alarm in site.snapshot().alarms if alarm.key == key)

    try:
        until(lambda: lost(site.snapshot()))
        [key, *_] = lost(site.snapshot())
        for hours in (1, 8, 24):
            site.shelve((key,), site.now() + hours * 3600, f"{hours} h")
        until(lambda: len(done) == 3 and reason() == done[-1])
        assert reason() == "24 h"
        site.shelve((key,), site.now() + 3600, "at last")
    finally:
        site.close()
    assert reason() == "at last"


def test_a_console_that_only_looks_may_not_say_that_it_knows() -> None:
    """It writes nothing."""
    site = open_farm(2, 7, 20.0, "calm", read_only="--read-only")
    try:
        acts = (lambda: site.acknowledge(("x",)), lambda: site.shelve(("x",), 0.0), lambda: site.release(("x",)))
        for act in acts:
            with pytest.raises(PermissionError, match="--read-only"):
                act()
    finally:
        site.close()
