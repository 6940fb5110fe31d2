"""JSON on standard output is plain ASCII: no name from outside reaches a terminal as something that it obeys."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import msgspec
import pytest

from console.commands import carrying, init, journal, status
from console.flips.journal import Journal
from console.flips.records import Plan
from console.paths import Places
from tests.pilot import sample
from tests.unit.flipworld import WHO

EVIL = "a\x9b31m \u202e txt \x1b]0;pwn\x07 \x7f \u2028 \ue000 \u200b é → \U0001f600"


def harmless(text: str) -> None:
    """No byte of 0x80 or more, and no control character but the end of a line."""
    assert text and all(character == "\n" or " " <= character <= "~" for character in text), ascii(text)


@pytest.mark.parametrize(
    "argv",
    [["--json"], ["--format", "jsonl"], ["--flips", "--json"], ["--flips", "--format", "jsonl"], ["verify", "--json"]],
)
def test_the_journal(state_dir: Path, capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    """Lines, flips and what is found of them; each reads back as it was written."""
    made = Journal(Places(state=state_dir, run=state_dir.parent / "run", shared=True))
    who = {"login": EVIL, "claimed_ssh": EVIL}
    body = {"text": EVIL, "reason": EVIL, "before": EVIL, "after": EVIL, "slots": [0]}
    made.append("intent", "f", ("GPU-1",), who, body)
    assert journal.main([*argv]) == 0
    out = capsys.readouterr().out
    harmless(out)
    said = [json.loads(line) for line in out.splitlines()]
    if "--flips" in argv:
        assert (said[0]["reason"], said[0]["who"]) == (EVIL, EVIL)
    elif argv[0] != "verify":
        assert said[0]["body"]["text"] == said[0]["who"]["login"] == EVIL


def test_csv_keeps_letters_and_no_commands(state_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A spreadsheet gets umlauts and arrows as they are; what a terminal obeys is escaped."""
    made = Journal(Places(state=state_dir, run=state_dir.parent / "run", shared=True))
    made.append("note", "f", (), {"login": EVIL}, {"text": EVIL})
    assert journal.main(["--format", "csv"]) == 0
    out = capsys.readouterr().out
    assert all(character in "\r\n" or character.isprintable() for character in out), ascii(out)
    assert "é → \U0001f600" in out and "a\\u009b31m \\u202e txt \\u001b]0;pwn\\u0007" in out


@pytest.mark.parametrize("one_line", [False, True])
def test_a_snapshot(capsys: pytest.CaptureFixture[str], one_line: bool) -> None:
    """A host that is called as an attack is."""
    status.show(msgspec.structs.replace(sample.snapshot(), host=EVIL), as_json=True, one_line=one_line)
    out = capsys.readouterr().out
    harmless(out)
    assert EVIL in json.loads(out).values() or EVIL in json.loads(out)["host"].values()


def test_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """What flip and undo print of a plan that begins nothing."""
    plan = Plan(plan_id="p", at=0.0, host=EVIL, who=WHO, target=EVIL, moves=())
    args = Namespace(json=True, dry_run=True, yes=True, config=None)
    assert carrying.decide(plan, args, sample.snapshot()) == 0
    out = capsys.readouterr().out
    harmless(out)
    assert json.loads(out)["plan"]["target"] == EVIL


def test_what_init_found(capsys: pytest.CaptureFixture[str]) -> None:
    """Its one object, whatever stands in it."""
    init._print({"config": EVIL})
    out = capsys.readouterr().out
    harmless(out)
    assert json.loads(out) == {"config": EVIL}
