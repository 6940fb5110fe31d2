"""What the journal's steps teach, folded as they are written, and flips folded where no tick waits for them."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.flips import reading
from console.flips.journal import Journal
from console.flips.ledger import TABLE
from console.paths import Places
from console.site.record import Folding, JournalView
from tests.unit.test_journal_view import FIRST, Desk

BOOT = "boot-1"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Places(state=tmp_path, run=tmp_path / "run", shared=True), boot_id=BOOT)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def until(said: Callable[[], bool]) -> None:
    """Wait for something that is told from another thread."""
    end = time.monotonic() + 30
    while not said():
        assert time.monotonic() < end, "never told"
        time.sleep(0.01)


def step(journal: Journal, number: int) -> None:
    """One step that teaches all three, with figures of its number."""
    body = {"step": "warm", "text": "x", "took_s": float(number), "ok": True, "workloads": ["vllm"]}
    free = {"GPU-1": 300.0 + number}
    failed = {"GPU-1": ["vllm@1"]}
    more = {"free_mib": free, "failed_start": failed, "clock_s": float(number), "aside": "x" * 100}
    journal.append("step", "f", ("GPU-1",), {"login": "alice"}, body | more)


def told(known: reading.Learnt) -> tuple[object, ...]:
    """All that is made of it."""
    return known.usual_s(), known.base_mib(BOOT), known.failed_starts(BOOT, 12.0, 5.0)


def at_once(journal: Journal) -> tuple[object, ...]:
    """The same, asked of the whole journal."""
    path = journal.path
    return reading.usual_s(path), reading.base_mib(path, BOOT), reading.failed_starts(path, BOOT, 12.0, 5.0)


def test_what_was_learnt_grows_by_new_lines_alone(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every step it is what the whole journal says; no line is kept twice, and the latest are kept."""
    monkeypatch.setattr(reading, "LEARNT_FROM", 4)
    known = reading.learnt(journal.path)
    assert known == reading.UNREAD
    for number in range(12):
        step(journal, number)
        if number % 3 == 2:
            known = reading.learnt(journal.path, known)
            assert told(known) == at_once(journal)
            assert [line.seq for line in known.took] == [*range(number + 1, max(0, number - 3), -1)]
    assert told(known) == ({("warm", "vllm"): 9.5}, {"GPU-1": 308.0}, {"GPU-1": 4})
    assert reading.learnt(journal.path, known) is known
    assert all("aside" not in line.body for line in known.free), "what nothing is learnt from is not kept"


def test_a_journal_that_was_put_back_is_learnt_anew(journal: Journal) -> None:
    """What stood in lines that are gone is forgotten, though the new file is longer."""
    step(journal, 1)
    known = reading.learnt(journal.path)
    journal.path.unlink()
    for number in (20, 5, 6):
        step(journal, number)
    known = reading.learnt(journal.path, known)
    assert known.usual_s() == {("warm", "vllm"): 6.0} and len(known.took) == 3


def test_no_look_reads_all_that_ever_was(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite is asked for new lines by their number, and walks back from the end: it sorts no table of all steps."""
    step(journal, 1)
    known = reading.learnt(journal.path)
    step(journal, 2)
    queries: list[tuple[str, tuple[object, ...]]] = []
    real = reading._rows_of

    def noted(path: Path, query: str, values: tuple[object, ...], *more: object) -> list[tuple[object, ...]]:
        queries.append((query, values))
        return real(path, query, values, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_rows_of", noted)
    assert len(reading.learnt(journal.path, known).took) == 2
    database = sqlite3.connect(":memory:")
    database.executescript(TABLE)
    for query, values in queries:
        plan = " ".join(str(row[-1]) for row in database.execute(f"EXPLAIN QUERY PLAN {query}", values))
        assert "TEMP B-TREE" not in plan and "lines_by_flip" not in plan, plan
    assert [values[0] for query, values in queries if "instr" in query] == [1, 1, 1]
    database.close()


def test_the_view_tells_what_was_learnt(desk: Desk) -> None:
    """Before and after a step that is written while it looks, and as a view that opens later does."""
    desk.news()
    assert desk.view.usual_s == {}
    body = {"step": "stop", "text": "x", "took_s": 2.0, "ok": True, "workloads": ["vllm"], "free_mib": {FIRST: 310.0}}
    here = Journal(desk.view._ground.places, boot_id=desk.view._ground.boot_id)
    for _ in range(2):
        here.append("step", "f", (FIRST,), {}, body)
        desk.news()
    later = JournalView(desk.view._ground)
    later.refresh()
    for view in (desk.view, later):
        assert (view.usual_s, view.base_mib) == ({("stop", "vllm"): 2.0}, {FIRST: 310.0})


def test_a_tick_does_not_wait_for_flips(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one folding is held up ticks go on, no second one begins, and the latest state is told in the end."""
    from console.flips import history

    desk.flipped(FIRST, 0)
    held, threads = threading.Event(), []
    real = history.flips

    def slow(path: Path, limit: int) -> tuple[history.Flip, ...]:
        threads.append(threading.current_thread())
        found = real(path, limit)
        assert held.wait(30)
        return found

    monkeypatch.setattr(history, "flips", slow)
    try:
        assert desk.view.flips().flips is None
        for number in range(5):
            desk.journal.append("intent", f"more-{number}", (FIRST,), {}, {"text": "begins", "slots": [0]})
            desk.news()
        assert desk.view.flips().flips is None and threading.main_thread() not in threads
    finally:
        held.set()

    def all_told() -> bool:
        flips = desk.view.flips().flips
        desk.view.refresh()
        return flips is not None and len(flips) == 6

    until(all_told)
    assert len(threads) == 2, "one for what was there at first, one for all that was written meanwhile"


def test_flips_are_not_folded_where_nobody_looks(desk: Desk) -> None:
    """And what cannot be read is told beside what was told before, and read again."""
    desk.flipped(FIRST, 0)
    desk.news()
    assert desk.view._folding._thread is None
    folding = Folding(desk.path)
    stamp = (1, 1, 1)
    folding.want(stamp)
    until(lambda: folding.told.flips is not None)
    aside = desk.path.with_name("aside")
    desk.path.rename(aside)
    desk.path.mkdir()

    def tells(trouble: bool) -> Callable[[], bool]:
        def asked() -> bool:
            folding.want((2, 2, 2))
            return bool(folding.told.trouble) is trouble

        return asked

    until(tells(trouble=True))
    assert folding.told.flips is not None and len(folding.told.flips) == 1
    desk.path.rmdir()
    aside.rename(desk.path)
    until(tells(trouble=False))
