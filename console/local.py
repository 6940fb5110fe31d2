"""Makes a site of this host: NVML by the sampler, workloads by their controllers and meters, flips by a runner."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from console.config.loading import find, load
from console.config.settings import Config
from console.dispatch import RunnerFlipper
from console.flips.journal import read_boot_id
from console.market.cache import Cache
from console.market.contract import FeedError
from console.market.keeper import Keeper, News, Source
from console.market.pool_contract import PoolError
from console.market.pool_keeper import Account, PoolKeeper
from console.market.pool_registry import connect_pool
from console.market.quotes import configured
from console.market.registry import connect_feed
from console.model import Batch, Holder, Kind, Occupancy, Output, Quote, Uuid, WorkState
from console.paths import ALONE, Places, obstacle, places
from console.site.controllers import Controllers
from console.site.interface import Check
from console.site.live import LiveSite
from console.site.presence import Presence
from console.site.watch import Watch
from console.telemetry.nvml import NvmlSource
from console.telemetry.roster import Roster
from console.text import clean
from console.workloads.background import Background
from console.workloads.contract import Meter, Task, WorkloadError
from console.workloads.detect import occupancy, pids_to_read
from console.workloads.expand import Placed
from console.workloads.lookover import Key
from console.workloads.proctable import Process, ProcessTable
from console.workloads.registry import connect_meter
from console.workloads.tenants import Tenants
from console.workloads.vacancy import Vacancy

LISTS_EVERY_S = 5.0
LISTS_HURRY_S = 0.5
HURRY_FOR_S = 10.0
"""Process lists cost a driver milliseconds each, so they are read seldom; where processes come and go, often."""
METERS_EVERY_S = 2.0
DISKS_EVERY_S = 10.0
FIRST_PAINT_S = 0.6
"""Feeds are asked after this: the import of httpx would take the interpreter from the first paint."""


class HostGround:
    """This host as the ground of a site. Implements console.site.ground.Ground."""

    simulated = False

    def __init__(self, config: Config, where: Places, banners: tuple[str, ...], *, headless: bool = False) -> None:
        settings = config.settings
        self.host = clean(socket.gethostname().partition(".")[0], 40)
        self.config = config
        self.places = where
        self.boot_id = read_boot_id()
        self.roster = Roster(where.roster, _fixed_slots(config))
        self.source = NvmlSource(self.roster)
        self.flipper = RunnerFlipper(config, where)
        self._quotes = configured(settings, config.written_at)
        feeds, feed_trouble = _feeds(config)
        self._keeper = Keeper(feeds, Cache(where.state / "quotes"))
        self._keeper.start(0.0 if headless else FIRST_PAINT_S)
        pools, pool_trouble = _pools(config)
        self._pools = PoolKeeper(pools, where.state / "pools")
        self._pools.start(0.0 if headless else FIRST_PAINT_S)
        self._background = Background(settings.site.background)
        self._vacancy = Vacancy(settings.flips.idle_confirmations)
        self._controllers = Controllers(settings.controllers)
        self._standing = (*banners, *feed_trouble, *pool_trouble)
        self._disks: Watch[str, str] = Watch("disk", DISKS_EVERY_S)
        self._obstacle = obstacle(where)  # asked here once, so that no plan is made before the disks were tried
        self._disks.want({"": partial(obstacle, where)})
        self._meters: Watch[str, Output] = Watch("meter", METERS_EVERY_S)
        self._open: dict[str, Meter] = {}
        self._told: dict[Key, Task] = {}
        self._table = ProcessTable({}, {})
        self._table_of: tuple[frozenset[int], float] = (frozenset(), 0.0)
        self._last: dict[Uuid, Occupancy] = {}
        self._placed: tuple[Placed, ...] = ()
        self._hurried: dict[Uuid, float] = {}

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def clock(self) -> float:
        """CLOCK_BOOTTIME: goes on through a suspend and does not jump."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    @property
    def banners(self) -> tuple[str, ...]:
        """What the operator must know all the time, controllers that do not answer just now among it."""
        found = (*self._standing, *self.silent.values(), self.roster.notice)
        return tuple(text for text in found if text)

    @property
    def silent(self) -> Mapping[str, str]:
        """A sentence for each controller that cannot be asked just now, by name."""
        return self._controllers.unasked()

    @property
    def obstacle(self) -> str:
        """What the disks said when they were last tried."""
        return self._disks.answers().get("", self._obstacle)

    def watch(self, placed: tuple[Placed, ...]) -> None:
        """Ask these instances' controllers from now on."""
        self._placed = placed
        self._controllers.want(placed)

    def occupancies(self, batch: Batch, placed: tuple[Placed, ...]) -> tuple[Occupancy, ...]:
        """Who holds each GPU. ``/proc`` is read again only with a new process list or new pids."""
        listed_at = max((reading.clients_at for reading in batch.readings), default=0.0)
        # Before the answers are taken: one that comes in between must not vouch for those that were.
        asked = self._controllers.asked_since(listed_at)
        silent, doubtful = tuple(self._controllers.silent().values()), self._controllers.doubts()
        self._told = self._controllers.tasks()
        pids = pids_to_read(batch.readings, self._told)
        if (pids, listed_at) != self._table_of:
            self._table, self._table_of = ProcessTable.read(pids), (pids, listed_at)
        tenants = Tenants(self._controllers.holdings(), self.config.settings.site.renters)
        found = occupancy(
            batch.readings,
            placed,
            self._told,
            self._table,
            self._background,
            tenants=tenants,
            doubts=doubtful,
            previous=self._last,
        )
        if silent or not asked:
            found = tuple(_doubted(one, self._last.get(one.uuid), silent) for one in found)
        found = self._vacancy.judged(found, batch.readings)
        self.attend(self._vacancy.waiting())
        gone = (r.uuid for r in batch.readings for c in r.clients or () if self._table.get(c.pid) is None)
        self.attend(tuple(gone))
        self._last = {one.uuid: one for one in found}
        self._ask_meters({one.instance.unit for one in found if one.instance})
        return found

    def attend(self, uuids: tuple[Uuid, ...]) -> None:
        """Read these GPUs' process lists often for a while: something happens there."""
        now = self.clock()
        if fresh := tuple(uuid for uuid in set(uuids) if uuid not in self._hurried):
            self.source.watch_clients(fresh, LISTS_HURRY_S)
        self._hurried |= dict.fromkeys(uuids, now)
        if calm := tuple(uuid for uuid, at in self._hurried.items() if now - at > HURRY_FOR_S):
            self.source.watch_clients(calm, LISTS_EVERY_S)
            for uuid in calm:
                del self._hurried[uuid]

    def process(self, pid: int) -> Process | None:
        """What the last look at ``/proc`` has of a process."""
        return self._table.get(pid)

    def output(self, unit: str) -> Output | None:
        """The newest answer of the meter of ``unit``."""
        return self._meters.answers().get(unit)

    def ready(self) -> bool:
        """True once every controller has answered and every meter twice."""
        return self._controllers.ready() and self._meters.rounds() >= 2

    def priced(self) -> bool:
        """True once every feed was asked, or has a fresh answer from before."""
        return self._keeper.settled()

    def unit_state(self, controller: str, unit: str) -> str:
        """Its controller's last word."""
        task = self._told.get((controller, unit))
        return task.state if task else ""

    def faults(self) -> Mapping[Key, tuple[str, ...]]:
        """What its controllers find wrong enough with its units to keep them out of every plan."""
        return self._controllers.faults()

    def quotes(self, now: float) -> tuple[Quote, ...]:  # noqa: ARG002
        """What the config holds and what the feeds say."""
        return self.news().quotes

    def smoothed(self, now: float) -> tuple[Quote, ...]:  # noqa: ARG002
        """The same as advice wants it; what a config says does not waver."""
        return (*self._quotes, *self._keeper.smoothed())

    def news(self) -> News:
        """What the config holds and the feeds say, and how these and the pools fare."""
        news = self._keeper.news()
        return msgspec.structs.replace(news, quotes=(*self._quotes, *news.quotes), pools=self._pools.states())

    def check(self) -> Check:
        """Which controllers do not answer, and what the others find wrong with their units."""
        return self._controllers.check()

    def close(self) -> None:
        """Ask nobody any more."""
        self._keeper.close()
        self._pools.close()
        self._disks.close()
        self._controllers.close()
        self._meters.close()
        for meter in self._open.values():
            meter.close()

    def _ask_meters(self, units: set[str]) -> None:
        wanted: dict[str, Callable[[], Output]] = {}
        for one in self._placed:
            settings = one.meter()
            if one.unit not in units or settings is None or not settings.url:
                continue
            if one.unit not in self._open:
                self._open[one.unit] = connect_meter(settings)
            wanted[one.unit] = _reader(self._open[one.unit], _unit_of(one))
        for unit in [unit for unit in self._open if unit not in wanted]:
            # A meter remembers counters of one run: the next run begins with a new one.
            self._open.pop(unit).close()
        self._meters.want(wanted)


def open_site(
    config_path: str | None, *, read_only: str = "", only_looks: bool = False, headless: bool = False
) -> LiveSite:
    """A running site of this host. Raises ConfigError with sentences; everything else is told on the screen.

    ``only_looks`` leaves no mark among running consoles and is never in anybody's way. A ``headless`` one has nothing
    to paint and asks its feeds at once.
    """
    config = load(find(config_path))
    where = places()
    banners = list(config.warnings)
    presence = None
    if not where.shared:
        banners.append(ALONE)
    if not (only_looks or read_only):
        presence = Presence(where.run, config.hash)
        read_only = presence.reason
    ground = HostGround(config, where, tuple(banners), headless=headless)
    site = LiveSite(ground, read_only=read_only, keeps=not only_looks, at_end=_ender(presence))
    site.start()
    return site


def _doubted(found: Occupancy, last: Occupancy | None, silent: tuple[str, ...]) -> Occupancy:
    """A stranger may turn out to be ours once the controllers were asked about a list that has him in it.

    As long as one is ``silent`` (its sentence) only who was told a stranger by all of them is known to be one.
    """
    stranger = last is not None and last.holder is Holder.FOREIGN and (not silent or last.who == found.who)
    if found.holder is not Holder.FOREIGN or stranger:
        return found
    if silent:
        why = f"its controllers cannot be asked: {'; '.join(silent)}"
        return Occupancy(uuid=found.uuid, holder=Holder.UNKNOWN, who=why)
    return Occupancy(uuid=found.uuid, holder=Holder.UNKNOWN, who="asking the controllers", settled=False)


def _ender(presence: Presence | None) -> Callable[[], None]:
    return presence.close if presence else lambda: None


def _fixed_slots(config: Config) -> dict[str, int]:
    return {name: gpu.slot for name, gpu in config.settings.gpus.items() if gpu.slot is not None}


def _feeds(config: Config) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Feeds that could be connected, and sentences on the others."""
    found: list[Source] = []
    trouble: list[str] = []
    for name, settings in config.settings.feeds.items():
        try:
            found.append(Source(name, settings, connect_feed(name, settings)))
        except FeedError as error:
            trouble.append(f"feeds.{name}: {error}")
    return tuple(found), tuple(trouble)


def _pools(config: Config) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """Pools that could be connected, and sentences on the others."""
    found: list[Account] = []
    trouble: list[str] = []
    for name, settings in config.settings.pools.items():
        try:
            found.append(Account(name, settings, connect_pool(name, settings)))
        except PoolError as error:
            trouble.append(f"pools.{name}: {error}")
    return tuple(found), tuple(trouble)


def _reader(meter: Meter, unit: str) -> Callable[[], Output]:
    def read() -> Output:
        try:
            return meter.read()
        except WorkloadError as error:
            return Output(at=time.time(), unit=unit, value=None, state=WorkState.FAILING, reason=str(error))

    return read


def _unit_of(one: Placed) -> str:
    return "H/s" if one.kind is Kind.MINE else "tok/s"
