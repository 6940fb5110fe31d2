"""A technician's locks against odd times and odd texts: what is refused, and that a guard can always be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.commands import journal as journal_command
from console.commands import lock as command
from console.flips import recovery
from console.flips.locks import ClaimError
from console.flips.technician import Lock, Locks, clock
from console.paths import Places
from console.telemetry.roster import Roster
from tests.unit.flipstage import Stage
from tests.unit.flipworld import WHO, World, miner, server, uuid

NOW = 1_784_000_000.0
YEARS_S = 3653 * 86400.0


@pytest.fixture
def book(state_dir: Path) -> Path:
    """The file of the locks on a host that knows GPU 0."""
    Roster(state_dir / "roster.json").admit("GPU-0000-a", "00000000:01:00.0", "RTX 4090", 1.0)
    return state_dir / "locks.json"


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., Locks]:
    """Locks as they stand in the file."""

    def write(**fields: object) -> Locks:
        text = json.dumps([{"on": "GPU-1", "by": "bob", "since": 0.0, **fields}])
        (tmp_path / "locks.json").write_text(text)
        return Locks(Places(state=tmp_path, run=tmp_path, shared=True))

    return write


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("9999-12-31T23:59:59-23:59", "is more than ten years away"),
        ("9999-12-31T23:59:59+00:00", "is more than ten years away"),
        ("999999d", "is more than ten years away"),
        ("0001-01-01T00:00:00+23:59", "is over"),
        ("0s", "is over as soon as it begins"),
        ("0d", "is over as soon as it begins"),
        ("2001-01-01T00:00:00Z", "is over"),
        ("2099-01-01T00:00:00", "a time needs its zone"),
        ("\u0663h", "expected 2h, 90m, 3d"),
        ("soon", "expected 2h, 90m, 3d"),
    ],
)
def test_a_time_that_cannot_be_is_refused(
    book: Path, capsys: pytest.CaptureFixture[str], until: str, words: str
) -> None:
    """One sentence and 2, and nothing is locked."""
    assert command.main(["0", "--until", until]) == 2
    said = capsys.readouterr().err
    assert said.startswith("changeover lock: --until: ") and words in said and said.count("\n") == 1
    assert not book.exists()


def test_times_up_to_ten_years_are_taken() -> None:
    """The last second within the bound is taken, the first beyond it is not; dates count as durations do."""
    assert command.moment("2h", NOW) == NOW + 7200
    assert command.moment("3653d", NOW) == NOW + YEARS_S
    with pytest.raises(ValueError, match="ten years"):
        command.moment("3654d", NOW)
    assert command.moment("2027-01-01T00:30+02:00", NOW) == datetime.fromisoformat("2026-12-31T22:30Z").timestamp()


def test_a_lock_that_is_taken_says_until_when(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer and the file have the same time."""
    assert command.main(["0", "--until", "2h", "--reason", "riser"]) == 0
    (lock,) = json.loads(book.read_text())
    assert capsys.readouterr().out == f"GPU 0 is locked until {clock(lock['until'])}; changeover unlock lifts it\n"


@pytest.mark.parametrize("until", [1e17, 1e308, 253402300800.0])
def test_a_time_beyond_the_calendar_still_locks(kept: Callable[..., Locks], until: float) -> None:
    """Whatever stands in the file, the guard stands and can be told."""
    (guard,) = kept(until=until).guards("GPU-1", NOW)
    assert guard.sentence.startswith("bob locked it until a time beyond the calendar")


@given(st.floats())
def test_every_float_is_some_time(at: float) -> None:
    """A time is told without an exception, infinities and no number at all included."""
    assert clock(at)


def test_texts_of_the_file_are_cleaned(kept: Callable[..., Locks]) -> None:
    """Escape sequences and bidi marks that somebody wrote into the file reach no terminal."""
    locks = kept(by="b\x1b]0;x\x07ob", reason="\u202eriser\x1b[2J")
    (guard,) = locks.guards("GPU-1", NOW)
    assert guard.sentence == "b]0;xob locked it: riser[2J; changeover unlock lifts that"
    assert locks.lift("GPU-1", NOW) == (Lock(on="GPU-1", by="b]0;xob", since=0.0, reason="riser[2J"),)


@pytest.mark.parametrize("limit", ["99999999999999999999", "1000001", "0", "-5"])
def test_a_limit_out_of_bounds_is_a_sentence(state_dir: Path, capsys: pytest.CaptureFixture[str], limit: str) -> None:
    """`journal --limit` takes 1 to 1,000,000."""
    with pytest.raises(SystemExit) as end:
        journal_command.main([f"--limit={limit}"])
    assert (end.value.code, f"found {limit}, expected 1 to 1000000" in capsys.readouterr().err) == (2, True)
    assert journal_command.main(["--limit", "1000000"]) == 0


def test_a_claimed_gpu_is_called_by_its_slot(tmp_path: Path) -> None:
    """Who is refused reads GPU 1, not a UUID; where nobody gave it a slot it keeps its UUID."""
    stage = Stage(tmp_path, World(2, [miner(0), miner(1), server(0, 1)]).run("ergo@0", "ergo@1"))
    plan = stage.world.plan((0, 1), "vllm")
    with stage.claims.take([uuid(1)], "bob (console)", NOW):
        assert stage.flip(plan).text.startswith("GPU 1 is being flipped by bob (console)")
        with pytest.raises(ClaimError, match=f"{uuid(1)} is being flipped by bob"):
            stage.claims.take([uuid(1)], "alice", NOW)


def test_a_set_that_is_settled_elsewhere_is_called_by_its_slot(tmp_path: Path) -> None:
    """An older flip that cannot be settled because of a further GPU names that GPU by its slot."""
    stage = Stage(tmp_path, World(2, [miner(0), miner(1), server(0, 1)]).run("ergo@0", "ergo@1"))
    stage.journal.append("intent", "old", (uuid(0), uuid(1)), {"login": "eve"}, {"text": "old", "slots": [0, 1]})
    with (
        stage.claims.take([uuid(1)], "bob (console)", NOW),
        pytest.raises(ClaimError, match=r"^GPU 1 is being flipped"),
    ):
        recovery.settle_claimed(stage.journal, stage.world, stage.claims, (uuid(0),), WHO, stage.world)
