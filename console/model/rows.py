"""Everything that is known about a GPU and its site at one instant: the unit of the screen and of the status."""

from __future__ import annotations

from console.model.attention import Alarm
from console.model.base import Record
from console.model.gpus import HostReading, HostState, Reading
from console.model.market import Market, Quote
from console.model.money import Basis, Money, Option
from console.model.work import Occupancy, Output


class Guard(Record):
    """A reason not to act on a GPU. ``forceable`` guards may be waived by naming host and slot."""

    name: str
    sentence: str
    forceable: bool = False


class Flipping(Record):
    """A flip in progress on a GPU."""

    flip_id: str
    to: str
    step: str
    since: float
    by: str
    fraction: float | None = None


class GpuRow(Record):
    """Everything known about one GPU now: the unit of the screen and of ``status --json``."""

    reading: Reading
    occupancy: Occupancy
    output: Output | None
    money: Money
    guards: tuple[Guard, ...] = ()
    flipping: Flipping | None = None
    stuck: str = ""
    was: Option | None = None  # what ran when a card that is not OK last was; in no sum
    fresh: bool = True  # False when the reading is older than three periods
    trend_net: tuple[float | None, ...] = ()
    trend_power_w: tuple[float | None, ...] = ()


class Totals(Record):
    """Sums of unrounded row values; ``None`` addends are left out and counted.

    ``stale_rows`` are the addends of ``net_per_h`` that hang on stale quotes, ``best_stale_rows`` those of
    ``best_net_per_h``, whose ``best_basis`` is the worst of its addends.
    """

    wall_w: float | None
    net_per_h: float | None
    best_net_per_h: float | None
    today_accrued: float | None
    today_since: float | None
    unknown_rows: int = 0
    stale_rows: int = 0
    best_stale_rows: int = 0
    best_basis: Basis = Basis.MEASURED
    counts: tuple[tuple[str, int], ...] = ()  # ("ai", 4), ("mine", 2), ("off", 1), ("lost", 1), …


class LogLine(Record):
    """One line of what happened, newest shown first. ``tone`` is a word of view.tones."""

    at: float
    text: str
    tone: str = "label"


class Snapshot(Record):
    """All that a screen, a pipe or a script may want to know of a site at one instant."""

    seq: int
    at: float
    host: str
    site: str
    currency: str
    timezone: str
    host_state: HostState
    reason: str
    simulated: bool
    read_only: str  # "" or why acting keys are not bound
    rows: tuple[GpuRow, ...]
    quotes: tuple[Quote, ...]
    totals: Totals
    host_reading: HostReading = HostReading()
    power_limit_w: float | None = None
    market: Market = Market()
    log: tuple[LogLine, ...] = ()
    banners: tuple[str, ...] = ()
    trend_net: tuple[float | None, ...] = ()
    trend_power_w: tuple[float | None, ...] = ()
    trend_step_s: float = 10.0
    alarms: tuple[Alarm, ...] = ()  # the newest first; those that are over for a while, too
    configured: bool = True  # False where there is no site config
