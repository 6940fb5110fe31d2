"""What ``journal verify`` finds: changed, missing and cut-off lines, and a journal that was replaced."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from console.flips import reading, systemlog
from console.flips.chain import anchors, fields_of, line_hash
from console.flips.journal import Journal
from console.paths import Places


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Nine lines, the third, sixth and ninth of them outcomes and so anchored."""
    (tmp_path / "run").mkdir()
    made = Journal(Places(state=tmp_path, run=tmp_path / "run", shared=True), boot_id="b")
    for number in range(1, 10):
        kind = "outcome" if number % 3 == 0 else "step"
        made.append(kind, "f", ("GPU-1",), {"login": "alice"}, {"text": f"line {number}", "took_s": 0.1 * number})
    return made


def tamper(journal: Journal, *statements: str) -> None:
    """Change the file as somebody with his own SQLite would."""
    with closing(sqlite3.connect(journal.path)) as database:
        for name in ("lines_stay", "lines_remain", "lines_follow"):
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_an_untouched_journal(journal: Journal) -> None:
    """All nine lines stand as their anchors have them."""
    verdict = reading.check(journal)
    assert (verdict.ok, verdict.lines, verdict.anchored_to) == (True, 9, 9)
    assert verdict.sentence == "9 lines, consistent, and as its anchors have them up to line 9"


def test_lines_after_the_last_anchor_are_consistent_only(journal: Journal) -> None:
    """What no outcome has sealed yet is said to be consistent only."""
    journal.append("note", "", (), {}, {"text": "late"})
    assert reading.check(journal).sentence.endswith("up to line 9; 1 later ones are consistent only")


def test_without_anchors_it_says_so(journal: Journal) -> None:
    """Without anchors nothing more than consistency is claimed."""
    journal.anchors.unlink()
    verdict = reading.check(journal)
    assert verdict.ok
    assert verdict.sentence == "9 lines, consistent, not tamper-evident: no anchor of this chain was found"


CHANGES: list[tuple[str, str]] = [
    ("UPDATE lines SET body = replace(body, 'line 4', 'line x') WHERE seq = 4", "line 4 was changed"),
    ('UPDATE lines SET who = \'{"login":"bob"}\' WHERE seq = 2', "line 2 was changed"),
    ("UPDATE lines SET at_utc_ms = at_utc_ms + 1 WHERE seq = 9", "line 9 was changed"),
    ("UPDATE lines SET gpus = 'not json' WHERE seq = 5", "line 5 was changed"),
    ("UPDATE lines SET hash = 'ab' WHERE seq = 1", "line 1 was changed"),
    ("DELETE FROM lines WHERE seq = 5", "line 5 missing"),
    ("DELETE FROM lines WHERE seq IN (4, 5, 6)", "lines 4 to 6 missing"),
    ("DELETE FROM lines WHERE seq > 7", "lines up to 9 were there once and are cut off"),
    ("DELETE FROM lines WHERE seq = 1", "line 1 missing"),
]


@pytest.mark.parametrize(("statement", "problem"), CHANGES, ids=[problem for _, problem in CHANGES])
def test_tampering_is_found(journal: Journal, statement: str, problem: str) -> None:
    """Each change is named with its line."""
    tamper(journal, statement)
    verdict = reading.check(journal)
    assert not verdict.ok
    assert any(found.startswith(problem) for found in verdict.problems), verdict.problems


def test_a_line_of_another_chain_is_found(journal: Journal) -> None:
    """A line whose own hash is right, but which follows another line than the one before it."""
    line = next(line for line in reading.lines(journal.path) if line.seq == 5)
    forged = line_hash("f" * 64, fields_of(line))
    tamper(journal, f"UPDATE lines SET prev = '{'f' * 64}', hash = '{forged}' WHERE seq = 5")
    assert reading.check(journal).problems == (
        "line 5 does not continue line 4",
        "line 6 does not continue line 5",
    )


def test_a_cut_tail_without_anchors_goes_unseen_and_is_not_denied(journal: Journal) -> None:
    """Without anchors a cut tail cannot be seen; the sentence does not claim otherwise."""
    journal.anchors.unlink()
    tamper(journal, "DELETE FROM lines WHERE seq > 7")
    assert "not tamper-evident" in reading.check(journal).sentence


def test_a_rewritten_chain_is_found_by_its_anchors(journal: Journal) -> None:
    """Somebody who computes all hashes anew is found, because the anchors name the old ones."""
    bodies = [line.body for line in reversed(reading.lines(journal.path))]
    journal.path.unlink()
    for number, body in enumerate(bodies, 1):
        kind = "outcome" if number % 3 == 0 else "step"
        forged = {**body, "text": "forged"} if number == 4 else body
        kept = journal.anchors.read_bytes()
        journal.append(kind, "f", ("GPU-1",), {"login": "alice"}, forged)
        journal.anchors.write_bytes(kept)  # only the system log got the forger's heads
    problems = reading.check(journal).problems
    assert problems == ("an earlier journal of 9 lines was replaced by this one",)


def test_a_torn_anchor_is_passed_over(journal: Journal) -> None:
    """A last anchor that was cut off by a power failure takes nothing away from the others."""
    data = journal.anchors.read_bytes()
    journal.anchors.write_bytes(data[:-20])
    assert [anchor.seq for anchor in anchors(journal.anchors)] == [3, 6]
    assert reading.check(journal).anchored_to == 6


def test_pages_do_not_matter(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk over several pages finds the same."""
    monkeypatch.setattr(reading, "PAGE", 2)
    assert reading.check(journal).lines == 9


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: Journal) -> Iterator[socket.socket]:
    """A journald of the test's own; the nine lines were written before."""
    monkeypatch.setattr(systemlog, "JOURNALD", str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "log"))
        made.settimeout(5)
        yield made


def test_heads_go_to_the_system_log(journal: Journal, log: socket.socket) -> None:
    """Each outcome's head also goes to journald where there is one."""
    journal.append("outcome", "f", (), {}, {"text": "x"})
    head = log.recv(4096)
    assert f"journal line 10 {reading.lines(journal.path, 1)[0].hash} flip f".encode() in head
    assert b"SYSLOG_IDENTIFIER=changeover" in head


def test_a_full_system_log_is_not_waited_for(journal: Journal, log: socket.socket) -> None:
    """A journald that reads nothing does not hold up an outcome."""
    while systemlog.tell("x" * 900):
        pass
    journal.append("outcome", "f", (), {}, {"text": "x"})
    assert reading.check(journal).lines == 10
