"""Two hundred flips in a row with real processes: nothing is lost, nothing leaks, and the journal tells all of it."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import statistics
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.flips import own_time_s
from console.config.loading import load
from console.dispatch import ENDS, RunnerFlipper
from console.flips import reading
from console.flips.journal import Journal
from console.flips.records import Move, Plan, Progress
from console.paths import Places
from tests.e2e.host import CONFIG, Host, _prefix
from tests.rig.nvml import FakeGpus
from tests.rig.processes import marked
from tests.rig.supervisor import Program, Supervisord

pytestmark = [pytest.mark.nvml, pytest.mark.slow]

FLIPS = 200
STARVED = "has not been read for a while"
"""What refuses or takes back a flip on a machine so busy that a reading is a second late: rightly, so it is asked for
again, and every other end but *done* fails."""
TRIES = 5
ALL, LAST = "0,1,2,3,4,5,6,7", "4,5,6,7"
ROUND = ((ALL, "qwen"), (ALL, "off"), (ALL, "qwen"), (ALL, "ergo"), (ALL, "off"), (ALL, "ergo"), (LAST, "tp4"))
ROUND += ((LAST, "ergo"),)
"""From all miners to all miners: 50 flips, two of them with an instance of four GPUs on one side."""
PROGRAMS = {"ergo": "miner-{}", "qwen": "ai-{}"}


class Eight(Host):
    """The host of the other tests, with a miner and a server for each of its eight GPUs."""

    def __init__(self, gpus: FakeGpus, folder: Path, supervisord: Callable[..., Supervisord]) -> None:
        self.gpus = gpus
        mine_port, ai_port = _prefix(), _prefix()
        soon: Mapping[str, object] = {"warm_s": 0.05}
        programs = [
            Program(f"{name}-{slot}", self._command(kind, slot, f"{port}{slot}", soon))
            for slot in range(8)
            for name, kind, port in (("miner", "mine", mine_port), ("ai", "ai", ai_port))
        ]
        programs.append(Program("tp4", self._command("ai", LAST, "0", soon)))
        self.supervisord = supervisord(programs, gpus.env)
        self.config = folder / "config.toml"
        text = CONFIG.format(
            socket=self.supervisord.socket, mine_port=mine_port, ai_port=ai_port, start_timeout_s=60
        ).replace("settle_s = 0.2", "settle_s = 0")
        self.config.write_text(text.replace("gpus = [0, 1, 2, 3]", f"gpus = [{ALL}]"))
        self.config.chmod(0o600)
        for name in ("state", "run"):
            (folder / name).mkdir(exist_ok=True)
        own = {"CHANGEOVER_STATE": str(folder / "state"), "CHANGEOVER_RUN": str(folder / "run")}
        self.env = {**os.environ, **gpus.env, **own}
        self.places = Places(state=folder / "state", run=folder / "run", shared=True)

    def ours(self) -> list[int]:
        """Every process of a console, runner or sampler of this host."""
        wanted = f"CHANGEOVER_STATE={self.places.state}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def holders(self) -> dict[int, list[int]]:
        """Which processes hold each GPU."""
        found: dict[int, list[int]] = {slot: [] for slot in range(8)}
        for path in self.gpus.hold_dir.glob("[0-9]*"):
            slot, pid = path.name.split("-")
            found[int(slot)].append(int(pid))
        return found


@pytest.fixture
def here(
    gpus: Callable[..., FakeGpus],
    tmp_path: Path,
    supervisord: Callable[..., Supervisord],
    monkeypatch: pytest.MonkeyPatch,
) -> Eight:
    """One such host; the runners that this process starts see its GPUs and its state."""
    made = Eight(gpus(), tmp_path, supervisord)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


def open_files(pid: int | str) -> int:
    """How many descriptors a process has."""
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


def commanded(here: Eight, gpus: str, target: str) -> Plan:
    """Flip by the real command; the plan that it made and carried out."""
    first: Plan | None = None
    for _ in range(TRIES):
        done = here.run("flip", gpus, target, "--yes", "--json", "--config", str(here.config), timeout=120)
        first = first or msgspec.convert(json.loads(done.stdout)["plan"], Plan)
        if done.returncode == 0:
            return first
        assert STARVED in done.stdout, done.stdout + done.stderr
    raise AssertionError(f"{TRIES} times: {STARVED}")


def handed_over(flipper: RunnerFlipper, plan: Plan, turn: int) -> None:
    """Flip as the console does, by a runner that is handed a plan; what a starved machine kept from it once more."""
    left = plan.moves
    for again in range(TRIES):
        left = handed_once(flipper, plan, {f"{move.flip_id}-{turn}-{again}": move for move in left})
        if not left:
            return
    raise AssertionError(f"{TRIES} times: {STARVED}")


def handed_once(flipper: RunnerFlipper, plan: Plan, moves: Mapping[str, Move]) -> tuple[Move, ...]:
    """Hand over moves under new names; those that came to nothing because readings came too late."""
    over = threading.Event()
    ends: dict[str, str] = {}

    def heard(progress: Progress) -> None:
        if progress.kind in ENDS:
            ends[progress.flip_id] = f"{progress.result} {progress.text}"
            if len(ends) == len(moves):
                over.set()

    flipper.prepare(tuple(uuid for move in moves.values() for uuid in move.uuids))
    named = tuple(msgspec.structs.replace(move, flip_id=name) for name, move in moves.items())
    flipper.run(msgspec.structs.replace(plan, moves=named), heard)
    assert over.wait(120), ends
    assert all(said.startswith("done ") or STARVED in said for said in ends.values()), ends
    return tuple(moves[name] for name, said in ends.items() if not said.startswith("done "))


def as_journalled(here: Eight) -> None:
    """Every GPU is as its latest flip left it: its program runs and alone holds it, all other programs are down."""
    left: dict[int, str] = {}
    for line in reversed(reading.lines(here.places.journal, 10_000, kinds=("outcome",))):
        assert line.body["result"] == "done" or STARVED in line.text, line.body
        if line.body["result"] == "done":
            left |= dict.fromkeys(line.slots, str(line.body["after"]))
    programs = {slot: PROGRAMS.get(name, "tp4").format(slot) for slot, name in left.items() if name != "off"}
    assert here.running() == set(programs.values())
    pids = {name: here.supervisord.pid_of(name) for name in set(programs.values())}
    expected = {slot: [pids[programs[slot]]] if slot in programs else [] for slot in range(8)}
    here.until(lambda: here.holders() == expected, f"holders as {expected}, now {here.holders()}")


def test_two_hundred_flips_lose_nothing_and_leak_nothing(here: Eight, capsys: pytest.CaptureFixture[str]) -> None:
    """Miners, servers, nothing and a server of four in turn: each flip is done and is so, no process, descriptor or
    hold is left over, the journal has the flips' own times, and it verifies until a byte of it is changed."""
    commanded(here, ALL, "ergo")
    as_journalled(here)
    before = (len(marked(here.supervisord.mark)), open_files(here.supervisord.pid))
    plans = []
    for gpus, target in ROUND:
        plans.append(commanded(here, gpus, target))
        as_journalled(here)
    flipper = RunnerFlipper(load(here.config), here.places)
    handed_over(flipper, plans[0], 0)
    for plan in plans[1:]:
        handed_over(flipper, plan, 0)
    here.until(lambda: here.ours() == [], "the runners gone")
    files, threads = open_files("self"), threading.active_count()
    turn = 0
    while len(reading.lines(here.places.journal, 10_000, kinds=("intent",))) < FLIPS:
        turn += 1
        for plan in plans:
            handed_over(flipper, plan, turn)
            as_journalled(here)
    flipper.close()
    here.until(lambda: here.ours() == [], "the runners gone")
    here.until(lambda: threading.active_count() <= threads, "their threads gone")
    assert open_files("self") <= files
    processes, handles = before
    assert len(marked(here.supervisord.mark)) == processes
    here.until(lambda: open_files(here.supervisord.pid) <= handles, "supervisord's connections closed")
    the_journal_is_whole(here, capsys)
    every_fault_of_a_copy_is_found(here)


def the_journal_is_whole(here: Eight, capsys: pytest.CaptureFixture[str]) -> None:
    """Each intent has its outcome, each flip its own time, and the chain verifies."""
    lines = reading.lines(here.places.journal, 100_000)
    intents = [line.flip_id for line in lines if line.kind == "intent"]
    assert len(intents) >= FLIPS and reading.open_intents(here.places.journal) == ()
    assert sorted(intents) == sorted(line.flip_id for line in lines if line.kind == "outcome")
    bodies: dict[str, list[dict[str, Any]]] = {one: [] for one in intents}
    for line in lines:
        if line.kind in ("intent", "step"):
            bodies[line.flip_id].append(line.body)
    own_ms = sorted(own_time_s(of_one) * 1e3 for of_one in bodies.values())
    assert own_ms[0] > 0
    p95 = own_ms[int(len(own_ms) * 0.95)]
    with capsys.disabled():
        print(f"\n{len(intents)} flips: own time p50 {statistics.median(own_ms):.1f} ms, p95 {p95:.1f} ms")
    verified = here.run("journal", "verify")
    assert (verified.returncode, ", consistent, and as its anchors have them" in verified.stdout) == (0, True)


def every_fault_of_a_copy_is_found(here: Eight) -> None:
    """One edited byte of a stored line, one removed line, the tail cut off, on copies."""
    last = reading.head(here.places.journal)[0]
    with copied(here) as (journal, _):
        assert reading.check(journal).ok, "a copy is whole until it is changed"
    for seq in (1, last, *random.sample(range(2, last), 6)):
        for column in ("flip_id", "kind", "gpus", "who", "body", "prev", "hash", "boot_id"):
            with copied(here) as (journal, database):
                (text,) = database.execute(f"SELECT {column} FROM lines WHERE seq = ?", (seq,)).fetchone()
                if not text:
                    continue
                at = random.randrange(len(text))
                edited = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
                database.execute(f"UPDATE lines SET {column} = ? WHERE seq = ?", (edited, seq))
                assert not reading.check(journal).ok, (seq, column, text, edited)
        with copied(here) as (journal, database):
            database.execute("DELETE FROM lines WHERE seq = ?", (seq,))
            assert not reading.check(journal).ok, seq
    with copied(here) as (journal, database):
        # Read as JSON this is the same line: a byte is a byte all the same.
        same = "UPDATE lines SET body = replace(body, 'e-0', 'E-0') WHERE seq = (SELECT max(seq) FROM lines WHERE "
        assert database.execute(f"{same} instr(body, 'e-0'))").rowcount == 1
        assert not reading.check(journal).ok
    for first in (2, last - 20, last):
        with copied(here) as (journal, database):
            database.execute("DELETE FROM lines WHERE seq >= ?", (first,))
            assert not reading.check(journal).ok, first


class copied:  # noqa: N801 - reads as a word where it is used
    """A copy of the journal with its anchors, whose lines can be changed, and a connection to do it."""

    def __init__(self, here: Eight) -> None:
        self._folder = here.places.state.parent / "copy"
        shutil.copytree(here.places.state, self._folder)
        self._places = Places(state=self._folder, run=self._folder, shared=True)

    def __enter__(self) -> tuple[Journal, sqlite3.Connection]:
        self._database = sqlite3.connect(self._places.journal, isolation_level=None)
        for name in ("lines_stay", "lines_remain"):
            self._database.execute(f"DROP TRIGGER {name}")
        return Journal(self._places), self._database

    def __exit__(self, *_: object) -> None:
        with closing(self._database):
            pass
        shutil.rmtree(self._folder)
