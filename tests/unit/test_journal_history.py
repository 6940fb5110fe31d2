"""What the journal tells of flips: folded into one, found by what is asked, page by page."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.flips import reading
from console.flips.history import ALL, Filters, Flip, Step, each_flip, flips, lines, pages
from console.flips.journal import Journal
from console.paths import Places

START = 1_784_000_000.0
ALICE = {"uid": 1000, "login": "alice", "via": "command", "claimed_ssh": "192.0.2.7", "claimed_sudo": "bob"}
CAROL = {"uid": 1001, "login": "carol", "via": "console"}


class Book:
    """A journal whose clock goes on by a second with each line."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir(exist_ok=True)
        self.at = START
        self.journal = Journal(Places(state=folder, run=folder / "run", shared=True), now=self.now, boot_id="b")
        self.path = self.journal.path

    def now(self) -> float:
        """A second later each time."""
        self.at += 1.0
        return self.at

    def flip(self, flip_id: str, who: dict[str, object], *, uuid: str = "GPU-1", result: str = "done") -> None:
        """A whole flip of four lines, one of them silent advice; without an outcome where ``result`` is ""."""
        marks: dict[str, object] = {"slots": [int(uuid[-1])]}
        move = {"net_before_per_h": 0.02, "net_after_per_h": 0.29}
        begun = {"text": "GPU: ergo → vllm", "before": "ergo", "after": "vllm", "reason": f"price {flip_id}"}
        add = self.journal.append
        add("intent", flip_id, (uuid,), who, {**marks, **begun, "move": move, "clock_s": 10.0})
        add("note", flip_id, (uuid,), who, {**marks, "text": "advice kept", "advised": [{"why": "x"}]})
        add("step", flip_id, (uuid,), who, {**marks, "step": "stop", "text": "stopped", "took_s": 1.25, "ok": True})
        if result:
            add("outcome", flip_id, (uuid,), who, {**marks, "text": "it did", "result": result, "clock_s": 51.5})


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Three flips of two people on two GPUs, one not settled, one with what it realised, and a lock."""
    made = Book(tmp_path)
    made.flip("aaaa-1", ALICE)
    made.flip("bbbb-2", CAROL, uuid="GPU-2", result="rolled_back")
    said = {"text": "expected +0.27 $/h, realised +0.24 $/h over 58 min", "realised_per_h": 0.24, "slots": [1]}
    made.journal.append("realised", "aaaa-1", ("GPU-1",), CAROL, said)
    made.journal.append("lock", "", (), CAROL, {"text": "this host locked", "on": "host"})
    made.flip("aacc-3", CAROL, result="")
    return made


def test_a_flip_folds_into_one(book: Book) -> None:
    """Who with his claims, what, why, how it ended and when, expected against realised, and its steps."""
    assert flips(book.path, 10)[2] == Flip(
        flip_id="aaaa-1",
        at=START + 1,
        who="alice",
        claimed="ssh 192.0.2.7, sudo bob",
        via="command",
        slots=(1,),
        before="ergo",
        after="vllm",
        reason="price aaaa-1",
        result="done",
        text="it did",
        took_s=41.5,
        expected_per_h=pytest.approx(0.27),
        realised_per_h=0.24,
        steps=(Step(step="stop", took_s=1.25, ok=True, text="stopped"),),
        settled=True,
        realised_text="expected +0.27 $/h, realised +0.24 $/h over 58 min",
    )


def test_an_open_flip_has_no_result(book: Book) -> None:
    """Newest first; what is not settled says so, and its text is that of its intent."""
    newest, middle, _ = flips(book.path, 10)
    assert (newest.flip_id, newest.settled, newest.result, newest.took_s) == ("aacc-3", False, "", None)
    assert newest.text == "GPU: ergo → vllm"
    assert (middle.result, middle.realised_per_h, middle.claimed, middle.settled_by) == ("rolled_back", None, "", "")
    assert [flip.flip_id for flip in flips(book.path, 1)] == ["aacc-3"]


def test_who_settled_a_flip_that_was_cut_off(book: Book) -> None:
    """The outcome of a later process is told as that, and its time by the wall's clock."""
    root = {"uid": 0, "login": "root", "via": "settle"}
    book.at += 100.0
    book.journal.append("outcome", "aacc-3", ("GPU-1",), root, {"result": "off", "text": "settled"})
    flip = flips(book.path, 1)[0]
    assert (flip.settled, flip.settled_by, flip.who, flip.result) == (True, "root", "carol", "off")
    assert flip.took_s == pytest.approx(103.0)


ASKED = [
    (Filters(who="alice"), ["aaaa-1"]),
    (Filters(who="BOB"), ["aaaa-1"]),
    (Filters(who="192.0.2.7"), ["aaaa-1"]),
    (Filters(who="console"), ["aacc-3", "bbbb-2"]),
    (Filters(who="ali"), []),
    (Filters(gpu="GPU-2"), ["bbbb-2"]),
    (Filters(flip="aa"), ["aacc-3", "aaaa-1"]),
    (Filters(flip="a_aa"), []),
    (Filters(since=START + 5), ["aacc-3", "bbbb-2"]),
    (Filters(until=START + 5), ["aaaa-1"]),
    (Filters(since=START + 5, until=START + 6), ["bbbb-2"]),
    (Filters(grep="PRICE BBBB"), ["bbbb-2"]),
    (Filters(grep="realised +0.24"), ["aaaa-1"]),
    (Filters(grep="it did", who="carol"), ["bbbb-2"]),
    (Filters(grep="→"), ["aacc-3", "bbbb-2", "aaaa-1"]),
    (Filters(grep="%"), []),
]


@pytest.mark.parametrize(("filters", "expected"), ASKED, ids=[str(one) for one, _ in ASKED])
def test_flips_are_found_by_what_is_asked(book: Book, filters: Filters, expected: list[str]) -> None:
    """By who, GPU, id, time and text; nothing of it is a pattern."""
    assert [flip.flip_id for flip in flips(book.path, 10, filters)] == expected


def test_lines_are_found_by_what_is_asked(book: Book) -> None:
    """The same questions to lines, and by kind."""
    kinds = [line.kind for line in lines(book.path, None, Filters(kinds=("lock", "realised")))]
    assert kinds == ["lock", "realised"]
    assert [line.seq for line in lines(book.path, 2, Filters(flip="aaaa"))] == [9, 4]
    assert [line.kind for line in lines(book.path, None, Filters(who="alice", kinds=("step", "note")))] == [
        "step",
        "note",
    ]
    assert [line.kind for line in lines(book.path, None, Filters(flip="aaaa"), advice=False)].count("note") == 0
    assert len(list(lines(book.path, None))) == 13 and list(lines(book.path, None, Filters(gpu="GPU-9"))) == []


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_do_not_matter(book: Book, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Whatever their size, and whatever they are sifted for."""
    monkeypatch.setattr(reading, "PAGE", size)
    assert [line.seq for page in pages(book.path, ALL, size) for line in page] == list(range(13, 0, -1))
    assert [flip.flip_id for flip in each_flip(book.path, None, Filters(grep="it did"))] == ["bbbb-2", "aaaa-1"]
    assert len(list(lines(book.path, 3, Filters(who="carol")))) == 3


def test_lines_written_meanwhile_stand_in_nobodys_way(book: Book) -> None:
    """Between two pages nothing is held open: lines can be added, and the walk goes on where it was."""
    walk = pages(book.path, ALL, 4)
    seen = [line.seq for line in next(walk)]
    book.flip("dddd-4", ALICE)
    seen += [line.seq for page in walk for line in page]
    assert seen == list(range(13, 0, -1))


def test_hundreds_of_flips_are_folded_in_bunches(book: Book) -> None:
    """More than are fetched at once: each once, in order."""
    for number in range(130):
        book.flip(f"n{number:03}", ALICE)
    found = flips(book.path, 120)
    assert [flip.flip_id for flip in found] == [f"n{number:03}" for number in range(129, 9, -1)]
    assert all(len(flip.steps) == 1 and flip.settled for flip in found)
    assert len(flips(book.path, 1000)) == 133


def test_no_journal_has_no_flips(tmp_path: Path) -> None:
    """And makes no file."""
    assert flips(tmp_path / "none.sqlite", 5) == () and list(lines(tmp_path / "none.sqlite", 5)) == []
    assert not (tmp_path / "none.sqlite").exists()
