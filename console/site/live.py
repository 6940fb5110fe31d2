"""The one owner of live state: a thread turns batches into snapshots and tells whoever listens."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterable

import msgspec

from console.flips.plan import plan
from console.flips.records import Plan, Progress, Refusal
from console.flips.standdown import halt, stand_down
from console.flips.undo import undo_plan
from console.flips.who import whoami
from console.flips.world import PlanWorld
from console.history.measured import Figure
from console.inturn import InTurn
from console.model import Guard, HostState, Snapshot, Totals, Uuid
from console.site.backfill import Past
from console.site.detail import Detail
from console.site.ground import Ground
from console.site.interface import Check, JournalLine, Told
from console.site.realised import Realised
from console.site.state import State

WAIT_S = 1.0
HURRY_S = 0.1
HISTORY = 50


class LiveSite:
    """A site that reads itself. Implements console.site.interface.Site."""

    def __init__(
        self, ground: Ground, *, read_only: str = "", keeps: bool = True, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self._ground = ground
        self._at_end = at_end
        self._looks = read_only
        self._state = State(ground, read_only, keeps=keeps)
        self._realised = Realised(ground, writes=keeps and not read_only)
        self._answers = InTurn("alarms")
        self._lock = threading.Lock()
        self._heard: list[Callable[[Snapshot], None]] = []
        self._over = threading.Event()
        self._planned: tuple[Uuid, ...] = ()
        self._world = PlanWorld(host=ground.host, rows=(), candidates=())
        self._snapshot = _nothing_yet(ground, read_only)
        # A daemon: a reading that hangs must not keep the console from quitting.
        self._thread = threading.Thread(target=self._run, name="site", daemon=True)

    def begin_with(self, figures: Iterable[Figure], past: Past) -> None:
        """Put a past under the site before it starts: what was measured, and the trends of the last minutes."""
        self._state.begin_with(figures, past)

    def start(self) -> None:
        """Begin. Call from the main thread: the sampler dies with the thread that spawned it."""
        self._ground.source.start()
        self._thread.start()

    @property
    def read_only(self) -> str:
        """Why this console may only look, from its start on or just now, or ""."""
        return self._looks or self._ground.obstacle

    def now(self) -> float:
        """Unix seconds on the site's own clock."""
        return self._ground.now()

    def ready(self) -> bool:
        """True once everything that runs was asked as often as rates need."""
        return self._ground.ready()

    def priced(self) -> bool:
        """True once every feed was asked, or has a fresh answer from before."""
        return self._ground.priced()

    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshot

    def listen(self, heard: Callable[[Snapshot], None]) -> None:
        """Call ``heard`` with each new snapshot, from the site's thread."""
        self._heard.append(heard)

    def plan(self, slots: tuple[int, ...], target: str, *, whole: bool, force: tuple[str, ...] = ()) -> Plan:
        """What flipping ``slots`` to ``target`` would do."""
        who, at = whoami("console"), self._ground.now()
        return self._made(plan(self._world, slots, target, whole=whole, who=who, at=at, force=force))

    def undo(self, slots: tuple[int, ...], *, force: tuple[str, ...] = ()) -> Plan:
        """The plan that takes back the latest flip of these GPUs."""
        journal, who, at = self._ground.places.journal, whoami("undo"), self._ground.now()
        return self._made(undo_plan(self._world, journal, slots, who=who, at=at, force=force))

    def stand_down(self) -> Plan:
        """The plan that switches off every GPU which nothing guards."""
        return self._made(stand_down(self._world, whoami("console"), self._ground.now()))

    def halt(self) -> None:
        """Stop everything automatic; from a thread, for the disks may take their time."""
        if self._looks:
            raise PermissionError(f"read-only: {self._looks}")
        who, at = whoami("console"), self._ground.now()

        def act() -> None:
            self._state.trouble = halt(self._ground.places, who, at)

        threading.Thread(target=act, name="halt", daemon=True).start()

    def prepare(self) -> None:
        """A dialog opened on the plan made last."""
        if not self.read_only:
            self._ground.flipper.prepare(self._planned)

    def dismiss(self) -> None:
        """The dialog closed."""
        self._ground.flipper.dismiss()

    def flip(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Carry out a confirmed plan. What stands in the way since it was made the runner meets, and says so."""
        if self._looks:
            raise PermissionError(f"read-only: {self._looks}")

        def both(progress: Progress) -> None:
            with self._lock:
                self._state.journal.progress(progress)
            heard(progress)

        self._ground.flipper.run(plan, both)

    def stop_batch(self) -> None:
        """Finish the moves under way and begin no more."""
        self._ground.flipper.stop()

    def history(self, limit: int = HISTORY) -> tuple[JournalLine, ...]:
        """The latest journal lines, newest first."""
        return self._state.journal.lines[:limit]

    def flips(self) -> Told:
        """The latest flips of this host."""
        return self._state.journal.flips()

    def detail(self, uuid: Uuid, span_s: float) -> Detail | None:
        """All about one GPU, its figures over ``span_s`` seconds."""
        return self._state.details.detail(self._snapshot, uuid, span_s)

    def unpin(self, slots: tuple[int, ...]) -> None:
        """Lift the pins of flips by hand; from a thread, for the journal's disk may take its time."""
        if self._looks:
            raise PermissionError(f"read-only: {self._looks}")
        asked = {row.reading.uuid: row.reading.slot for row in self._snapshot.rows if row.reading.slot in slots}
        threading.Thread(target=self._state.journal.unpin, args=(asked,), name="unpin", daemon=True).start()

    def acknowledge(self, keys: tuple[str, ...]) -> None:
        """Say that these alarms are known."""
        self._answer(lambda: self._state.alarms.acknowledge(keys))

    def shelve(self, keys: tuple[str, ...], until: float, reason: str = "") -> None:
        """Want to hear nothing of these alarms until then."""
        self._answer(lambda: self._state.alarms.shelve(keys, until, reason))

    def release(self, keys: tuple[str, ...]) -> None:
        """Let these alarms call again."""
        self._answer(lambda: self._state.alarms.release(keys))

    def _answer(self, act: Callable[[], str]) -> None:
        """From a thread, for the journal's disk may take its time: in the order of the keys, the last word is the last.

        Whoever listens hears what came of it at once.
        """
        if self._looks:
            raise PermissionError(f"read-only: {self._looks}")

        def answer() -> None:
            trouble = act()
            with self._lock:
                if trouble:
                    self._state.tell(trouble)
                self._snapshot = self._state.alarms.again(self._snapshot)
            for heard in self._heard:
                heard(self._snapshot)

        self._answers.take(answer)

    def forget(self, uuid: Uuid) -> None:
        """Retire a GPU that is gone."""
        if self.read_only:
            raise ValueError(f"this console only looks: {self.read_only}")
        self._ground.source.forget(uuid)

    def check(self) -> Check:
        """Which controllers do not answer, and what the others find wrong with their units; blocks for seconds."""
        return self._ground.check()

    def close(self) -> None:
        """Stop reading; changes nothing outside."""
        self._over.set()
        self._ground.flipper.close()
        self._ground.source.close()
        if self._thread.is_alive():
            self._thread.join(2 * WAIT_S)
        self._realised.close()
        self._answers.close()
        self._state.close()
        self._ground.close()
        self._at_end()

    def _run(self) -> None:
        seq = -1
        while not self._over.is_set():
            # Who holds what is first known when the controllers have answered: not a whole tick later.
            wait_s = WAIT_S if self._ground.ready() else HURRY_S
            batch = self._ground.source.wait(seq, wait_s) or self._ground.source.latest()
            if batch is None:
                continue
            # Without a newer batch the old one is told again: ages go on, and so must the screen.
            seq = batch.seq
            try:
                with self._lock:
                    self._snapshot = self._state.apply(batch)
                    self._world = self._plannable()
                    self._realised.feed(self._snapshot, self._state.journal.newest)
                self._ground.attend(tuple(row.reading.uuid for row in self._snapshot.rows if row.flipping))
            except Exception as error:
                # A defect of ours must be seen, and must not leave old figures standing there as if they were live.
                self._snapshot = _broken(self._snapshot, self._ground.banners, batch.seq, error)
                self._over.wait(WAIT_S)
            for heard in self._heard:
                heard(self._snapshot)

    def _plannable(self) -> PlanWorld:
        """What a plan may look at, frozen with each tick: a key that asks for a plan waits for nobody."""
        journal = self._state.journal
        return PlanWorld(
            host=self._ground.host,
            rows=tuple(self._state.plannable()),
            candidates=self._state.candidates(),
            advice=self._ground.config.settings.advice,
            config_hash=self._ground.config.hash,
            base_mib=dict(journal.base_mib),
            pins=self._state.pins(),
            failed_starts=dict(journal.failed_starts),
            grounds=self._state.grounds(),
            wall_w=self._snapshot.totals.wall_w,
            power_limit_w=self._ground.config.settings.site.power_limit_w,
            event=self._state.standing.event(self._ground.now()),
            halted=self._state.standing.halted(),
        )

    def _made(self, made: Plan) -> Plan:
        self._planned = tuple(uuid for move in made.moves for uuid in move.uuids)
        return self._refusing(made)

    def _refusing(self, made: Plan) -> Plan:
        """``made``, with nothing in it but refusals where this console may only look."""
        if not self.read_only or not made.moves:
            return made
        guard = Guard(name="read-only", sentence=f"this console only looks: {self.read_only}")
        slots = tuple(slot for move in made.moves for slot in move.slots)
        return msgspec.structs.replace(made, moves=(), refusals=(*made.refusals, Refusal(slots=slots, guard=guard)))


def _broken(last: Snapshot, banners: tuple[str, ...], seq: int, error: Exception) -> Snapshot:
    """The last snapshot with all its rows old, and the sentence that says so."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{at.filename.rpartition('console/')[2]}:{at.lineno}"
    said = f"readings cannot be worked out ({type(error).__name__} in {where}): what stands here is old; restart"
    rows = tuple(msgspec.structs.replace(row, fresh=False) for row in last.rows)
    return msgspec.structs.replace(last, seq=seq, rows=rows, banners=(said, *banners))


def _nothing_yet(ground: Ground, read_only: str) -> Snapshot:
    site = ground.config.settings.site
    return Snapshot(
        seq=-1,
        at=ground.now(),
        host=ground.host,
        site=site.name,
        currency=site.currency,
        timezone=site.timezone,
        host_state=HostState.OK,
        reason="",
        simulated=ground.simulated,
        read_only=read_only,
        rows=(),
        quotes=(),
        totals=Totals(wall_w=None, net_per_h=None, best_net_per_h=None, today_accrued=None, today_since=None),
        power_limit_w=site.power_limit_w,
        banners=ground.banners,
        configured=ground.simulated or ground.config.path is not None,
    )
