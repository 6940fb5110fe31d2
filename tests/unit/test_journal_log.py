"""What the system log adds to ``journal verify``: a stand-in for journalctl, a program of its own, tells it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.flips import logged, reading, systemlog
from console.flips.chain import anchors
from console.flips.journal import Journal
from console.paths import Places

Told = Callable[..., str]
UID = str(os.getuid())


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that a journald of the test's own gets, filled by ``written``."""
    monkeypatch.setattr(systemlog, "JOURNALD", str(tmp_path / "log"))
    return []


def written(folder: Path, sent: list[str], texts: tuple[str, ...] = ("one", "two")) -> Journal:
    """A journal with one outcome per text, and what the log was told of it."""
    (folder / "run").mkdir(parents=True, exist_ok=True)
    journal = Journal(Places(state=folder, run=folder / "run", shared=True), boot_id="b")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(systemlog.JOURNALD)
        log.settimeout(5)
        for text in texts:
            journal.append("outcome", f"flip-{text}", ("GPU-1",), {"login": "alice"}, {"text": text})
            sent.append(log.recv(4096).decode().partition("MESSAGE=")[2].rstrip("\n"))
    Path(systemlog.JOURNALD).unlink()
    return journal


def entry(message: object, uid: object = UID, comm: object = "changeover", **more: object) -> str:
    """One line as journalctl prints it."""
    about = {"__CURSOR": "s=1", "_BOOT_ID": "0" * 32, "__REALTIME_TIMESTAMP": "1784000000500000"}
    return json.dumps({"MESSAGE": message, "_UID": uid, "_COMM": comm, **about, **more})


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A program that prints lines, then does what else it is told; its path."""

    def make(*lines: str, then: str = "", name: str = "journalctl") -> str:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.out").write_text("".join(f"{line}\n" for line in lines))
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$@" > {folder}/asked\ncat {folder}/{name}.out\n{then}\n')
        program.chmod(0o755)
        return str(program)

    return make


def test_a_head_holds_all_that_is_needed(tmp_path: Path, sent: list[str]) -> None:
    """Number, hash, flip, the chain's first hash, and where the journal lies."""
    journal = written(tmp_path / "s", sent)
    two, one = reading.lines(journal.path)
    assert sent[1] == f"journal line 2 {two.hash} flip flip-two genesis {one.hash} at {journal.path}"


def test_the_log_vouches_beside_the_anchors(tmp_path: Path, sent: list[str], told: Told) -> None:
    """Both are named; where the anchors are gone, the log alone is enough."""
    journal = written(tmp_path / "s", sent)
    program = told(*map(entry, sent))
    verdict = reading.check(journal, program)
    assert verdict.sentence == (
        "2 lines, consistent, and as its anchors have them up to line 2 and as the system log has them up to line 2"
    )
    assert verdict.log == "system log: 2 heads of journals, 2 of this one"
    assert (tmp_path / "bin" / "asked").read_text().split()[:5] == ["-q", "-t", "changeover", "-o", "json"]
    journal.anchors.unlink()
    verdict = reading.check(journal, program)
    assert (verdict.ok, verdict.anchored_to, verdict.logged_to) == (True, None, 2)
    assert verdict.sentence == "2 lines, consistent, and as the system log has them up to line 2"


def test_who_rewrites_the_journal_and_its_anchors_is_found(tmp_path: Path, sent: list[str], told: Told) -> None:
    """A whole new chain with anchors that fit it: only the log still knows the old one."""
    folder = tmp_path / "s"
    journal = written(folder, sent)
    journal.path.unlink()
    journal.anchors.unlink()
    journal = written(folder, sent, ("one", "forged"))
    assert len(anchors(journal.anchors)) == 2 and reading.check(journal, "").ok
    verdict = reading.check(journal, told(*map(entry, sent)))
    assert verdict.problems == ("an earlier journal of 2 lines was replaced by this one",)


def test_a_tail_that_is_cut_with_its_anchors_is_found(tmp_path: Path, sent: list[str], told: Told) -> None:
    """The chain stays the same one, so the log's head names the line that is gone."""
    folder = tmp_path / "s"
    first = written(folder, sent, ("one",))
    kept, kept_anchors = first.path.read_bytes(), first.anchors.read_bytes()
    journal = written(folder, sent, ("two",))
    journal.path.write_bytes(kept)
    journal.anchors.write_bytes(kept_anchors)
    assert reading.check(journal, "").ok
    assert reading.check(journal, told(*map(entry, sent))).problems == (
        "lines up to 2 were there once and are cut off",
    )


def test_other_journals_in_the_same_log_are_none_of_its_business(tmp_path: Path, sent: list[str], told: Told) -> None:
    """Another operator's, or a simulated farm's: another path and another chain."""
    written(tmp_path / "other", sent)
    journal = written(tmp_path / "s", sent)
    verdict = reading.check(journal, told(*map(entry, sent)))
    assert verdict.ok and verdict.log == "system log: 4 heads of journals, 2 of this one"


def fake(seq: int = 9, path: str = "", more: str = "") -> str:
    """A head of a chain that never was."""
    return f"journal line {seq} {'a' * 64} flip f genesis {'b' * 64} at {path}{more}"


@pytest.mark.parametrize(
    "line",
    [
        lambda at: entry(fake(path=at), uid="4294967294"),
        lambda at: entry(fake(path=at), comm="logger"),
        lambda at: entry(fake(path=at), uid=int(UID)),
        lambda at: entry([106, 111], comm="changeover"),
        lambda at: entry(fake(path=at), uid=["0", UID]),
        lambda at: entry(fake(path=at).replace("line 9", "line -9")),
        lambda at: entry(fake(path=at).replace("line 9", "line ９")),
        lambda at: entry("x " + fake(path=at)),
        lambda at: entry(fake(path=at + "\x1b[31m\u202e")),
        lambda at: entry(None),
        lambda at: "not json" + at,
        lambda at: "[" * 100_000,
        lambda at: '{"MESSAGE": "\\ud800", "_UID": "0"}' + at[:0],
    ],
)
def test_what_cannot_be_trusted_does_not_count(
    tmp_path: Path, sent: list[str], told: Told, line: Callable[[str], str]
) -> None:
    """Others' lines under our name, other programs', torn ones and rubbish change nothing; true ones still count."""
    journal = written(tmp_path / "s", sent)
    verdict = reading.check(journal, told(line(str(journal.path)), *map(entry, sent)))
    assert verdict.ok and verdict.logged_to == 2
    assert (verdict.sentence + verdict.log).isprintable()


def test_the_same_line_from_who_may_write_it_counts(tmp_path: Path, sent: list[str], told: Told) -> None:
    """So that the cases above fail for their own reason alone."""
    journal = written(tmp_path / "s", sent)
    for comm, uid in (("changeover", UID), ("python3.11", UID), ("python", "0")):
        verdict = reading.check(journal, told(entry(fake(path=str(journal.path)), uid=uid, comm=comm)))
        assert verdict.problems == ("an earlier journal of 9 lines was replaced by this one",)


def test_a_log_that_cannot_be_asked_is_said(tmp_path: Path, sent: list[str], told: Told) -> None:
    """No such program, one that fails, none asked for: the anchors decide, and the reason stands beside."""
    journal = written(tmp_path / "s", sent)
    verdict = reading.check(journal, str(tmp_path / "none"))
    assert verdict.ok and verdict.anchored_to == 2 and "No such file" in verdict.log
    assert reading.check(journal, told(then="exit 3")).log.endswith("left with 3, so some may be missing")
    assert reading.check(journal, "").log == "system log not asked"


def test_a_log_that_never_ends_is_bounded_in_time(tmp_path: Path, sent: list[str], told: Told) -> None:
    """It hangs with a child that keeps the pipe open: what it said before counts, and both are ended."""
    journal = written(tmp_path / "s", sent)
    program = told(*map(entry, sent), then=f"sleep 1000 & echo $! > {tmp_path}/child; wait")
    asked = logged.ask(journal.path, program, within_s=1.0)
    assert len(asked.heads) == 2 and "did not answer in time" in asked.said
    child = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    end = time.monotonic() + 30
    while (
        child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z"
    ):  # it was killed: its end takes time
        assert time.monotonic() < end, "the child lives on"
        time.sleep(0.01)


def test_a_log_without_end_is_bounded_in_size(
    tmp_path: Path, sent: list[str], told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One endless line, and endlessly many: cut off, and said so."""
    journal = written(tmp_path / "s", sent)
    asked = logged.ask(journal.path, told(*map(entry, sent), then="tr '\\0' x < /dev/zero"))
    assert len(asked.heads) == 2 and "says too much" in asked.said
    monkeypatch.setattr(logged, "MOST_HEADS", 5)
    endless = told(then=f"while :; do cat {tmp_path}/bin/heads.out; done")
    told(entry(fake(path=str(journal.path))), name="heads")
    asked = logged.ask(journal.path, endless)
    assert len(asked.heads) == 5 and "has too many" in asked.said


@pytest.mark.slow
def test_the_log_of_this_machine(tmp_path: Path) -> None:
    """A real journald: what is told is found again."""
    if not Path(systemlog.JOURNALD).exists():
        pytest.skip("NOT TESTED: this machine has no journald")
    (tmp_path / "run").mkdir()
    journal = Journal(Places(state=tmp_path, run=tmp_path / "run", shared=True), boot_id="b")
    journal.append("outcome", "f", (), {}, {"text": "x"})
    for _ in range(50):
        if (verdict := reading.check(journal)).logged_to == 1:
            return
    pytest.skip(f"NOT TESTED: this user cannot read the log ({verdict.log})")
