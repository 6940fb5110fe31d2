"""The hour after a flip on a site: watched on its snapshots, kept across restarts, and written once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from console import store
from console.demo import FarmGround, open_farm
from console.flips import reading
from console.flips import realised as sums
from console.flips.chain import Line
from console.flips.journal import Journal
from console.flips.realised import Hour
from console.flips.records import Action, Move
from console.model import Flipping, GpuState, Money, Snapshot, Uuid
from console.site import realised as module
from console.site.realised import Realised
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer

START = 1_795_435_200.0
WHO = {"uid": 1000, "login": "alice", "via": "console"}
PATIENCE_S = 60.0


class HostLike(FarmGround):
    """A farm that stands still, and keeps what is learnt on disk as a host does."""

    def __init__(self, folder: Path) -> None:
        self.at = START
        farm = Farm(gpus=2, scenario="calm", start=START, timer=HandTimer())
        super().__init__(farm, folder)
        self.simulated = False

    def now(self) -> float:
        """The test's own time."""
        return self.at


class Scene:
    """A ground, its journal, and one snapshot whose rows' money the test sets."""

    def __init__(self, folder: Path) -> None:
        self.ground = HostLike(folder)
        self.journal = Journal(self.ground.places, now=self.ground.now)
        self.ground._farm.sleep(1.0)
        self.snapshot = State(self.ground, "", keeps=False).apply(self.ground._farm.batch())
        self.uuids = tuple(row.reading.uuid for row in self.snapshot.rows)

    def flip(self, flip_id: str, *slots: int, result: str = "done", before: str = "ergo", after: str = "vllm") -> None:
        """A flip as the journal has it."""
        uuids = tuple(self.uuids[slot] for slot in slots)
        stop = Action(workload=before, kind="mine", controller="c", unit="u", uuids=uuids, timeout_s=1.0)
        move = Move(
            flip_id=flip_id, uuids=uuids, slots=slots, before=before, after=after,
            stops=(stop,) if before != "off" else (), starts=(), downtime_s=1.0,
            net_before_per_h=0.02, net_after_per_h=0.29,
        )  # fmt: skip
        body = {"slots": list(slots), "text": "GPU: a → b", "before": before, "after": after}
        self.journal.append("intent", flip_id, uuids, WHO, {**body, "move": msgspec.to_builtins(move)})
        self.journal.append("outcome", flip_id, uuids, WHO, {**body, "result": result})

    def shot(self, now: float | None, old: float | None, **changed: object) -> Snapshot:
        """A snapshot of this moment: every GPU nets ``now``, and would under its old workload net ``old``."""
        rows = []
        for row in self.snapshot.rows:
            options = tuple(
                msgspec.structs.replace(row.money.options[0], workload=name, net_per_h=net, stale=False)
                for name, net in (("vllm", now), ("ergo", old), ("off", old))
            )
            money: Money = msgspec.structs.replace(row.money, options=options, running="vllm", net_per_h=now)
            rows.append(msgspec.structs.replace(row, money=money, fresh=True, **changed))
        return msgspec.structs.replace(self.snapshot, at=self.ground.at, rows=tuple(rows))

    def watch(self, by: Realised, seconds: float, now: float | None, old: float | None, **changed: object) -> None:
        """Ticks of ten seconds."""
        for _ in range(round(seconds / 10)):
            self.ground.at += 10.0
            by.feed(self.shot(now, old, **changed), reading.head(self.journal.path)[0])

    def begin(self, by: Realised) -> None:
        """The first tick, and wait until the watcher has read the journal."""
        newest = self.newest()
        by.feed(self.shot(None, None), reading.head(self.journal.path)[0])
        until(lambda: by._read_to >= newest)

    def newest(self) -> int:
        """The last line of a flip."""
        lines = reading.of_flips_since(self.journal.path, 0, 0.0)
        return lines[-1].seq if lines else 0

    def realised(self) -> tuple[Line, ...]:
        """The lines about what was realised."""
        return reading.lines(self.journal.path, kinds=("realised",))

    def said(self) -> list[str]:
        """Their sentences, once there are as many as flips that are over."""
        until(lambda: bool(self.realised()))
        return [line.text for line in self.realised()]


def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.05)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def made(scene: Scene) -> Iterator[Callable[[], Realised]]:
    """Makes watchers of the same site, as several consoles have them; all closed at the end."""
    opened: list[Realised] = []

    def make(*, writes: bool = True) -> Realised:
        opened.append(Realised(scene.ground, writes=writes))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_an_hour_later_the_line_is_there(scene: Scene, made: Callable[[], Realised]) -> None:
    """On both GPUs of the flip together, with the login of whoever wrote it, and never a second time."""
    scene.flip("f", 0, 1)
    watcher = made()
    scene.begin(watcher)
    scene.watch(watcher, 3580, 0.13, 0.01)
    time.sleep(0.3)
    assert scene.realised() == ()
    scene.watch(watcher, 20, 0.13, 0.01)
    assert scene.said() == ["expected +0.27 $/h, realised +0.24 $/h over 60 min"]
    [line] = scene.realised()
    assert (line.flip_id, line.slots, line.gpus, line.login != "") == ("f", (0, 1), scene.uuids, True)
    assert line.body["realised_per_h"] == pytest.approx(0.24) and line.body["observed_share"] == pytest.approx(1.0)
    scene.watch(watcher, 600, 0.13, 0.01)
    time.sleep(0.3)
    assert len(scene.realised()) == 1 and reading.check(scene.journal, "").ok


@pytest.mark.parametrize("what", ["now", "old", "lost", "flipping", "not fresh", "stale now", "stale old", "gap"])
def test_what_is_not_known_is_not_observed(scene: Scene, made: Callable[[], Realised], what: str) -> None:
    """A side without a price, a card that is gone, an old reading, an old price, and ticks that did not come."""
    scene.flip("f", 0)
    watcher = made()
    scene.begin(watcher)
    scene.watch(watcher, 1200, 0.13, 0.01)
    if what in ("now", "old"):
        scene.watch(watcher, 2400, None if what == "now" else 0.13, None if what == "old" else 0.01)
    elif what == "lost":
        lost = msgspec.structs.replace(scene.snapshot.rows[0].reading, state=GpuState.LOST)
        scene.watch(watcher, 2400, 0.13, 0.01, reading=lost)
    elif what == "flipping":
        scene.watch(watcher, 2400, 0.13, 0.01, flipping=Flipping(flip_id="g", to="x", step="stop", since=START, by="a"))
    elif what == "not fresh":
        kept, scene.shot = scene.shot, lambda *a, **k: _old(kept(*a, **k), fresh=False)  # type: ignore[method-assign]
        scene.watch(watcher, 2400, 0.13, 0.01)
    elif what.startswith("stale"):
        which = "vllm" if what == "stale now" else "ergo"
        kept, scene.shot = scene.shot, lambda *a, **k: _stale(kept(*a, **k), which)  # type: ignore[method-assign]
        scene.watch(watcher, 2400, 0.13, 0.01)
    else:
        scene.ground.at += 2390.0
        scene.watch(watcher, 10, 0.13, 0.01)
    assert scene.said() == ["expected +0.27 $/h, realised unknown: only 20 min of the hour were observed"]


def _old(shot: Snapshot, *, fresh: bool) -> Snapshot:
    return msgspec.structs.replace(shot, rows=tuple(msgspec.structs.replace(r, fresh=fresh) for r in shot.rows))


def _stale(shot: Snapshot, which: str) -> Snapshot:
    rows = []
    for row in shot.rows:
        options = tuple(msgspec.structs.replace(o, stale=o.workload == which) for o in row.money.options)
        rows.append(msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, options=options)))
    return msgspec.structs.replace(shot, rows=tuple(rows))


def test_off_is_an_option_like_any_other(scene: Scene, made: Callable[[], Realised]) -> None:
    """From off: what the GPU would have cost while it stood."""
    scene.flip("f", 1, before="off")
    watcher = made()
    scene.begin(watcher)
    scene.watch(watcher, 3600, 0.13, -0.01)
    assert scene.said() == ["expected +0.27 $/h, realised +0.14 $/h over 60 min"]


def test_a_later_flip_of_the_same_gpu_ends_the_hour(scene: Scene, made: Callable[[], Realised]) -> None:
    """At once and with the reason; one that was cancelled, or of another GPU, does not."""
    scene.flip("f", 0)
    watcher = made()
    scene.begin(watcher)
    scene.watch(watcher, 600, 0.13, 0.01)
    scene.flip("cancelled", 0, result="cancelled")
    scene.flip("other", 1)
    scene.begin(watcher)
    scene.watch(watcher, 1800, 0.13, 0.01)
    time.sleep(0.3)
    assert scene.realised() == ()
    scene.flip("later", 0, before="vllm", after="ergo")
    scene.begin(watcher)
    assert scene.said() == ["expected +0.27 $/h, realised +0.12 $/h over 40 min, ended early by a later flip"]
    assert scene.realised()[0].flip_id == "f"


@pytest.mark.parametrize("result", ["rolled_back", "off", "stuck", "cancelled"])
def test_only_what_was_done_has_an_hour(scene: Scene, made: Callable[[], Realised], result: str) -> None:
    """A flip that changed nothing, or went wrong, has no gain to speak of."""
    scene.flip("f", 0, result=result)
    watcher = made()
    scene.begin(watcher)
    scene.watch(watcher, 3700, 0.13, 0.01)
    time.sleep(0.3)
    assert scene.realised() == ()


def test_what_was_watched_survives_a_restart(scene: Scene, made: Callable[[], Realised]) -> None:
    """The second console goes on where the first one left off; the time between them is not observed."""
    scene.flip("f", 0)
    first = made()
    scene.begin(first)
    scene.watch(first, 1200, 0.13, 0.01)
    first.close()
    kept = store.load(scene.ground.places.state / module.FILE, dict[str, Hour], {})
    assert kept["f"].observed_s == pytest.approx(1200, abs=10)
    scene.ground.at += 300.0
    second = made()
    scene.begin(second)
    scene.watch(second, 2100, 0.13, 0.01)
    assert scene.said() == ["expected +0.27 $/h, realised +0.12 $/h over 55 min"]


def test_an_hour_that_nobody_watched_is_told_as_that(scene: Scene, made: Callable[[], Realised]) -> None:
    """By the next console, unless the flip is more than a day old."""
    scene.flip("old", 0)
    scene.ground.at += module.BACK_S + 10
    scene.flip("new", 1)
    scene.ground.at += 7200
    scene.begin(made())
    assert scene.said() == ["expected +0.27 $/h, realised unknown: nothing was observed"]
    assert scene.realised()[0].flip_id == "new"


def test_of_several_consoles_one_writes(scene: Scene, made: Callable[[], Realised]) -> None:
    """And what it writes is what the one that saw most has kept."""
    scene.flip("f", 0)
    watchers = [made() for _ in range(4)]
    for watcher in watchers:
        scene.begin(watcher)
    for _ in range(3600 // 10):
        scene.ground.at += 10.0
        for watcher in watchers:
            watcher.feed(scene.shot(0.13, 0.01), 2)
    assert scene.said() == ["expected +0.27 $/h, realised +0.12 $/h over 60 min"]
    until(lambda: not any(watcher._hours for watcher in watchers))
    assert len(scene.realised()) == 1 and reading.check(scene.journal, "").ok


def test_the_fuller_watch_is_written(scene: Scene, made: Callable[[], Realised]) -> None:
    """A console that was opened late writes what the other kept of the whole hour."""
    scene.flip("f", 0)
    first = made()
    scene.begin(first)
    scene.watch(first, 3590, 0.13, 0.01)
    first.close()
    late = made()
    until(lambda: "f" in late._hours)
    late._hours["f"] = msgspec.structs.replace(late._hours["f"], observed_s=5.0, gained=0.0)
    scene.ground.at += 20.0
    assert scene.said() == ["expected +0.27 $/h, realised +0.12 $/h over 60 min"]


def test_one_that_only_looks_writes_nothing(scene: Scene, made: Callable[..., Realised]) -> None:
    """Neither a line nor a file, and it runs no thread."""
    scene.flip("f", 0)
    before = sorted(Path(scene.ground.places.state).iterdir())
    threads = threading.active_count()
    watcher = made(writes=False)
    assert threading.active_count() == threads
    scene.watch(watcher, 3700, 0.13, 0.01)
    watcher.close()
    assert scene.realised() == () and sorted(Path(scene.ground.places.state).iterdir()) == before


def test_a_disk_that_takes_nothing_holds_up_no_tick(scene: Scene, made: Callable[[], Realised]) -> None:
    """While somebody holds the journal's lock ticks go on, and the line comes once it is free."""
    import sqlite3
    from contextlib import closing

    scene.flip("f", 0)
    watcher = made()
    scene.begin(watcher)
    with closing(sqlite3.connect(scene.journal.path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        for _ in range(361):
            scene.ground.at += 10.0
            watcher.feed(scene.shot(0.13, 0.01), 2)
        assert watcher._hours["f"].observed_s == pytest.approx(3600.0), "counted while nothing could be written"
        holder.execute("ROLLBACK")
    assert scene.said() == ["expected +0.27 $/h, realised +0.12 $/h over 60 min"]


def test_a_journal_that_was_set_aside_is_followed(scene: Scene, made: Callable[[], Realised]) -> None:
    """Its successor begins at line one again."""
    for name in ("a", "b", "c"):
        scene.flip(name, 0)
    watcher = made()
    scene.begin(watcher)
    scene.journal.path.write_bytes(b"garbage" * 999)
    scene.flip("f", 1)
    watcher.feed(scene.shot(0.13, 0.01), 3)
    until(lambda: "f" in watcher._hours)


def test_a_simulated_farm_tells_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the farm's own faster clock: a flip by hand, its line, and the news of it. The hour has five minutes here."""
    monkeypatch.setattr(sums, "HOUR_S", 300.0)
    site = open_farm(2, 7, 50.0, "calm")
    try:
        until(lambda: bool(site.snapshot().rows) and site.snapshot().rows[0].money.running is not None)
        slot = site.snapshot().rows[0].reading.slot
        ended = threading.Event()
        site.flip(site.plan((slot,), "off", whole=True), lambda one: ended.set() if one.kind == "outcome" else None)
        assert ended.wait(PATIENCE_S)
        until(lambda: any(line.kind == "realised" for line in site.history()))
        [line] = [line for line in site.history() if line.kind == "realised"]
        assert line.slots[0] == slot and line.text.startswith("expected ")
        assert isinstance(line.body["realised_per_h"], float), line.text
        until(lambda: any("realised" in news.text for news in site.snapshot().log))
    finally:
        site.close()


def test_uuids_are_matched_by_name(scene: Scene) -> None:
    """The rows of a snapshot are found by their UUIDs, wherever they stand."""
    rows = {row.reading.uuid: row for row in scene.shot(0.5, 0.1).rows}
    hour = Hour(flip_id="f", at=START, uuids=(scene.uuids[1],), slots=(1,), old=("ergo",), before="ergo", after="vllm")
    assert module._nets(hour, rows) == (0.5, 0.1)
    assert module._nets(msgspec.structs.replace(hour, uuids=("GPU-gone",)), rows) == (None, None)
    assert module._nets(msgspec.structs.replace(hour, old=("unheard",)), rows) == (0.5, None)
    assert Uuid("GPU-gone") not in rows
