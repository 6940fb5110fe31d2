"""What the journal and the locks say of this host's GPUs, read again only when their files changed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from console import units
from console.flips import history, reading
from console.flips.chain import Line
from console.flips.guards import RESTART_WINDOW_S
from console.flips.journal import Journal, JournalError
from console.flips.locks import Claims
from console.flips.pins import NOTHING, known, pins, unpin
from console.flips.records import Progress
from console.flips.technician import Locks
from console.model import Flipping, Guard, LogLine, Uuid
from console.site.ground import Ground
from console.site.interface import JournalLine, Told

SHOWN = 50
AGAIN_S = 10.0
FLIPS = 300
LOOKED_AT_S = 5.0
"""How long after the last question flips are still read: a screen that shows them asks with every tick."""
TONES = {"done": "label", "rolled_back": "warn", "cancelled": "aside", "off": "harm", "stuck": "harm"}
Stamp = tuple[int, int, int]


class Folding:
    """Flips folded while somebody looks at them, in a thread that ends with its answer: it takes as long as a second's
    readings, for which no tick has the time. The latest answer stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread: threading.Thread | None = None
        self._of: Stamp | None = None
        self.told = Told()

    def want(self, stamp: Stamp) -> None:
        """Fold again where the journal is not as it was folded. While that is being done nothing more begins: the next
        call finds what was written meanwhile. A journal that could not be read is tried again. Call from one thread."""
        if stamp != self._of and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._fold, args=(stamp,), name="flips", daemon=True)
            self._thread.start()

    def _fold(self, stamp: Stamp) -> None:
        """``stamp`` is from before the reading: what is written during it makes another one."""
        try:
            self.told, self._of = Told(flips=history.flips(self._path, FLIPS)), stamp
        except JournalError as error:
            self.told = Told(flips=self.told.flips, trouble=str(error))


class JournalView:
    """A reader's picture of one host's journal: the latest lines, flips under way, stuck GPUs, what was learnt."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._path = ground.places.journal
        self._claims = Claims(ground.places)
        self._locks = Locks(ground.places)
        self._locks_path = ground.places.state / "locks.json"
        self._seen: tuple[Stamp, Stamp] | None = None
        self._guards: dict[Uuid, tuple[Guard, ...]] = {}
        self._open: tuple[Line, ...] = ()
        self._told = 0
        self._read_at = 0.0
        self._own: dict[str, Progress] = {}
        self.error = ""
        self.lines: tuple[JournalLine, ...] = ()
        self.bad_ends: tuple[JournalLine, ...] = ()
        """Flips that ended as none should, newest first, however much was written since."""
        self.flipping: dict[Uuid, Flipping] = {}
        self.stuck: dict[Uuid, str] = {}
        self.base_mib: dict[str, float] = {}
        self.failed_starts: dict[str, int] = {}
        self.usual_s: dict[tuple[str, str], float] = {}
        self._learnt = reading.UNREAD
        self._known = NOTHING
        self._pins = self._known.pins
        self._said: deque[LogLine] = deque()  # by the threads that unpin
        self._complained = ""
        self._folding = Folding(self._path)
        self._asked_at = float("-inf")

    @property
    def newest(self) -> int:
        """The number of the last line that was read; 0 before any."""
        return self.lines[0].seq if self.lines else 0

    def refresh(self) -> None:
        """Look again if anything was written; an unreadable journal leaves the picture as it was and says so."""
        stamp, now = (_stamp(self._path), _stamp(self._locks_path)), self._ground.now()
        if stamp != self._seen or now - self._read_at > AGAIN_S:  # locks and failed starts grow old by themselves
            self._guards.clear()
            self._read_at = now
            with self._complaining():
                self._read()
                self._seen = stamp
        if time.monotonic() - self._asked_at <= LOOKED_AT_S:
            self._folding.want(stamp[0])
        self._follow()

    def locks(self, uuid: Uuid) -> tuple[Guard, ...]:
        """The guards that technicians' locks put on a GPU."""
        if uuid not in self._guards:
            self._guards[uuid] = self._locks.guards(uuid, self._ground.now())
        return self._guards[uuid]

    def pinned(self, uuid: Uuid) -> str:
        """That a flip by hand has pinned a GPU, and how to lift that; "" where none has."""
        pin = self._pins.get(uuid)
        if pin is None:
            return ""
        ago = units.age(max(0.0, self._ground.now() - pin.at))
        return f"pinned to {pin.workload} by {pin.by}'s flip {ago} ago: p or changeover unpin lifts that"

    def unpin(self, slots: Mapping[Uuid, int]) -> None:
        """Write the note that lifts the pins of these GPUs, their slots by UUID; from any thread.

        The note itself is the news of it; that a GPU has no pin, or that the note could not be written, is a log line.
        """
        try:
            found = pins(self._path)
            pinned = [uuid for uuid in slots if uuid in found]
            if pinned:
                unpin(Journal(self._ground.places), tuple(pinned), tuple(slots[uuid] for uuid in pinned))
        except JournalError as error:
            self._say(f"{units.gpus(slots.values())} not unpinned: {error}", "warn")
            return
        if free := [slot for uuid, slot in slots.items() if uuid not in pinned]:
            self._say(f"{units.gpus(free)}: not pinned by a flip, nothing to lift", "aside")

    def complain(self, text: str) -> None:
        """Have the log tell of something that failed; from any thread."""
        self._say(text, "warn")

    def flips(self) -> Told:
        """The latest flips as last read; asking has them read again with the next look at a journal that changed."""
        self._asked_at = time.monotonic()
        return self._folding.told

    def progress(self, progress: Progress) -> None:
        """A step of a flip of our own, told by its runner sooner than the journal is looked at."""
        self._own[progress.flip_id] = progress
        if progress.kind in ("outcome", "refused", "error"):
            self._own.pop(progress.flip_id, None)

    def news(self, *, first: bool) -> Iterator[LogLine]:
        """Outcomes and notes that were written since the last call; on the ``first`` only the latest few.

        Once each, too: what keeps the journal from being read, and what came of unpinning.
        """
        if self.error and self.error != self._complained:
            self._say(self.error, "warn")
        self._complained = self.error
        while self._said:
            yield self._said.popleft()
        fresh = [line for line in self.lines if line.seq > self._told and line.kind != "step"]
        if self.lines:
            self._told = self.lines[0].seq
        for line in reversed(fresh[:3] if first else fresh):
            if line.kind in ("outcome", "realised", "note", "lock"):
                tone = TONES.get(str(line.body.get("result")), "label")
                text = line.text if "GPU" in line.text or not line.slots else f"{units.gpus(line.slots)}: {line.text}"
                yield LogLine(at=line.at, text=text, tone=tone)

    def _read(self) -> None:
        self.lines = tuple(_shown(line) for line in reading.lines(self._path, SHOWN))
        self.bad_ends = tuple(map(_shown, reading.bad_ends(self._path)))
        self._open = reading.open_intents(self._path)
        self.stuck = {Uuid(uuid): text for uuid, text in reading.stuck(self._path).items()}
        boot_id = self._ground.boot_id
        before, self._learnt = self._learnt, reading.learnt(self._path, self._learnt)
        if self._learnt is not before:
            self.base_mib = self._learnt.base_mib(boot_id)
            self.usual_s = self._learnt.usual_s()
        self.failed_starts = self._learnt.failed_starts(boot_id, self._ground.clock(), RESTART_WINDOW_S)
        self._known = known(self._path, self._known)
        self._pins = self._known.pins

    def _say(self, text: str, tone: str) -> None:
        self._said.append(LogLine(at=self._ground.now(), text=text, tone=tone))

    def _follow(self) -> None:
        """Flips under way. An intent that nobody holds a claim for was cut off: it is told as such, not as a flip."""
        found: dict[Uuid, Flipping] = {}
        for line in self._open:
            own = self._own.get(line.flip_id)
            held = own is not None or any(self._claims.held(uuid) for uuid in line.gpus)
            for uuid in map(Uuid, line.gpus):
                if held:
                    found[uuid] = _flipping(line, own)
                elif uuid not in self.stuck:
                    slots = ",".join(map(str, line.slots))
                    self.stuck[uuid] = f"a flip was cut off; changeover settle {slots} brings it to an outcome"
        self.flipping = found

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
            self.error = ""
        except JournalError as error:
            self.error = str(error)


def _flipping(line: Line, own: Progress | None) -> Flipping:
    return Flipping(
        flip_id=line.flip_id,
        to=str(line.body.get("after", "")),
        step=own.step if own else "",
        since=line.at,
        by=line.login,
    )


def _shown(line: Line) -> JournalLine:
    return JournalLine(
        seq=line.seq,
        at=line.at,
        flip_id=line.flip_id,
        kind=line.kind,
        slots=line.slots,
        who=line.login,
        text=line.text,
        body=line.body,
    )


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
