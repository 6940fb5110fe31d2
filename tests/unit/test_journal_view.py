"""What a site tells of its journal: news once each, never the grounds of advice, and what came of unpinning."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.demo import FarmGround
from console.flips.journal import Journal
from console.flips.pins import pins
from console.model import LogLine, Uuid
from console.site.record import AGAIN_S, JournalView
from console.telemetry.simulated import Farm, HandTimer

WHO = {"login": "alice", "via": "console"}
FIRST, SECOND = Uuid("GPU-1111-a"), Uuid("GPU-2222-b")


class Desk:
    """A journal and the view of it, on a farm that stands still."""

    def __init__(self, folder: Path) -> None:
        self.farm = Farm(gpus=2, scenario="calm", start=1_795_435_200.0, timer=HandTimer())
        ground = FarmGround(self.farm, folder)
        self.path = ground.places.journal
        self.journal = Journal(ground.places, now=ground.now)
        self.view = JournalView(ground)

    def flipped(self, uuid: Uuid, slot: int, *, advised: bool = False) -> None:
        """A person flips one GPU."""
        gpus, said = (uuid,), {"slots": [slot]}
        move = {"starts": [{"workload": "vllm", "uuids": [uuid]}]}
        flip_id = f"flip-{slot}"
        self.journal.append("intent", flip_id, gpus, WHO, {**said, "text": "begins", "move": move})
        if advised:
            kept = {"step": "advice", "text": f"advice kept: GPU {slot}", "advised": [{"grounds": "x" * 5000}]}
            self.journal.append("note", flip_id, gpus, WHO, {**said, **kept})
        self.journal.append("outcome", flip_id, gpus, WHO, {**said, "text": "it did", "result": "done"})

    def news(self) -> list[LogLine]:
        """What is told after one more look."""
        self.view.refresh()
        return list(self.view.news(first=False))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_grounds_of_advice_are_no_news(desk: Desk) -> None:
    """They are neither in the log nor among the lines that a screen may show; what else was written is."""
    desk.flipped(FIRST, 0, advised=True)
    assert [line.text for line in desk.news()] == ["GPU 0: it did"]
    assert [line.kind for line in desk.view.lines] == ["outcome", "intent"]
    assert desk.news() == []


def test_a_pin_stays_however_much_is_flipped_elsewhere(desk: Desk) -> None:
    """A view that was there all the time and one that opens later agree."""
    desk.flipped(FIRST, 0)
    desk.news()
    for _ in range(260):
        desk.journal.append("intent", "other", (SECOND,), {"via": "auto"}, {"move": {}})
        desk.journal.append("outcome", "other", (SECOND,), {"via": "auto"}, {"result": "done"})
    desk.news()
    later = JournalView(desk.view._ground)
    later.refresh()
    assert desk.view.pinned(FIRST).startswith("pinned to vllm by alice's flip ")
    assert (later.pinned(FIRST), later.pinned(SECOND)) == (desk.view.pinned(FIRST), "")


def test_unpinning_is_told_by_its_note(desk: Desk) -> None:
    """Only what was pinned gets one; of the others it is said that there is nothing to lift."""
    desk.flipped(FIRST, 0)
    desk.news()
    desk.view.unpin({FIRST: 0, SECOND: 1})
    assert [(line.text, line.tone) for line in desk.news()] == [
        ("GPU 1: not pinned by a flip, nothing to lift", "aside"),
        ("GPU 0 unpinned", "label"),
    ]
    assert (pins(desk.path), desk.view.pinned(FIRST)) == ({}, "")
    lines = desk.view.lines
    desk.view.unpin({FIRST: 0})
    assert [line.text for line in desk.news()] == ["GPU 0: not pinned by a flip, nothing to lift"]
    assert desk.view.lines == lines


def test_what_keeps_a_pin_from_being_lifted_is_told(desk: Desk) -> None:
    """A warning with the reason, once, also where a later look at the journal finds nothing wrong."""
    desk.flipped(FIRST, 0)
    desk.news()
    aside = desk.path.with_name("aside")
    desk.path.rename(aside)
    desk.path.mkdir()
    desk.view.unpin({FIRST: 0})
    desk.path.rmdir()
    aside.rename(desk.path)
    [line] = desk.news()
    assert line.text.startswith("GPU 0 not unpinned: the journal ") and line.tone == "warn"
    assert desk.news() == [] and desk.view.pinned(FIRST)


def test_a_journal_that_cannot_be_read_is_told_once(desk: Desk) -> None:
    """And once more when that happens again after it could be read; the picture stays as it was."""
    desk.flipped(FIRST, 0)
    desk.news()
    aside = desk.path.with_name("aside")
    for _ in range(2):
        desk.path.rename(aside)
        desk.path.mkdir()
        [line] = desk.news()
        assert "cannot be used" in line.text and line.tone == "warn"
        assert desk.news() == [] and desk.view.pinned(FIRST)
        desk.path.rmdir()
        aside.rename(desk.path)
        desk.farm.sleep(AGAIN_S + 1.0)
        assert desk.news() == []
