"""What a site config may say, as frozen types. Unknown keys are refused; a default stands beside every optional key."""

from __future__ import annotations

import msgspec

from console.config.contract_settings import ContractSettings
from console.config.feed_settings import FeedSettings, QuoteKind
from console.config.pool_settings import PoolSettings
from console.config.tariff_settings import PowerSettings
from console.config.workload_settings import (
    ControllerSettings,
    WorkloadSettings,
)
from console.model import Record

RENTERS = ("C.[0-9]*", "clore-order-*", "runpod-*", "*-runpod-*")
"""How Vast.ai, Clore.ai and RunPod name the containers of those who rent, as patterns."""


class SiteSettings(Record):
    """``[site]``: the place, its money and how watts at the card become watts at the wall."""

    name: str = ""
    currency: str = "USD"
    timezone: str = "UTC"
    power_limit_w: float | None = None
    host_overhead_w: float = 0.0
    psu_efficiency: float = 1.0
    pue: float = 1.0
    background: tuple[str, ...] = ()  # "uid:NAME-OR-NUMBER" or "cgroup:/path/prefix"; never by process name
    renters: tuple[str, ...] = RENTERS  # names of renters' containers, with * and ?


class CoinSettings(Record):
    """``[coins.ERG]``: what one hash finds. ``difficulty``, or ``nethash`` (H/s) with ``block_time_s``."""

    algorithm: str
    k: float = 1.0  # hashes per unit of difficulty; 2**32 for Bitcoin-style RPC
    reward: float | None = None
    difficulty: float | None = None
    nethash: float | None = None
    block_time_s: float | None = None
    at: str | None = None  # ISO 8601; default: when the config was last written
    max_age_s: float = 86400.0


class QuoteSettings(Record):
    """``[quotes.X]``: one figure set by hand, with the time it was true."""

    kind: QuoteKind
    value: float
    unit: str
    at: str | None = None
    max_age_s: float = 86400.0


class AdviceSettings(Record):
    """``[advice]``: when a better option is enough better to act on."""

    margin: float = 0.10
    margin_per_h: float = 0.01
    samples: int = 3
    sample_gap_s: float = 300.0
    min_run_s: float = 1800.0
    horizon_s: float = 21600.0


class FlipSettings(Record):
    """``[flips]``: how many moves of one plan are under way together, and how far apart their starts are.

    Starting miners and loading models draw far more than running them, all on the same supply and the same disk.
    """

    at_once: int = 2
    stagger_s: float = 0.0
    idle_confirmations: int = 3  # readings, 2 s apart, that must show a GPU free once a stranger has left it


class GpuSettings(Record):
    """``[gpus."GPU-…"]``: what is fixed about one card. The name is its whole UUID: a part would match nothing."""

    slot: int | None = None
    pin: str | None = None  # the only workload it may run
    curtailable: bool = False  # may stand down for the grid though rented or under contract; nothing reads it yet


class Settings(Record):
    """A whole site config, validated."""

    site: SiteSettings = SiteSettings()
    power: PowerSettings = PowerSettings()
    coins: dict[str, CoinSettings] = msgspec.field(default_factory=dict)
    quotes: dict[str, QuoteSettings] = msgspec.field(default_factory=dict)
    feeds: dict[str, FeedSettings] = msgspec.field(default_factory=dict)
    pools: dict[str, PoolSettings] = msgspec.field(default_factory=dict)
    contracts: dict[str, ContractSettings] = msgspec.field(default_factory=dict)
    advice: AdviceSettings = AdviceSettings()
    flips: FlipSettings = FlipSettings()
    controllers: dict[str, ControllerSettings] = msgspec.field(default_factory=dict)
    gpus: dict[str, GpuSettings] = msgspec.field(default_factory=dict)
    workloads: dict[str, WorkloadSettings] = msgspec.field(default_factory=dict)


def pin_of(settings: Settings, uuid: str) -> str | None:
    """The only workload that ``[gpus]`` lets this GPU run; None where it may run any. ``uuid`` is the whole UUID."""
    gpu = settings.gpus.get(uuid)
    return gpu.pin if gpu is not None else None


class Config(Record):
    """Settings with where they came from. ``hash`` is SHA-256 of the file's bytes, ``""`` when there is no file."""

    settings: Settings
    path: str | None
    hash: str
    written_at: float
    warnings: tuple[str, ...] = ()
