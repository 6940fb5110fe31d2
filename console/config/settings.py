"""What a site config may say, as frozen types. Unknown keys are refused; a default stands beside every optional key."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.config.contract_settings import ContractSettings
from console.config.feed_settings import FeedSettings, QuoteKind
from console.config.pool_settings import PoolSettings
from console.config.tariff_settings import PowerSettings
from console.model import Kind, Record


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


class ControllerSettings(Record):
    """``[controllers.X]``: who starts and stops workloads. ``kind`` defaults to X."""

    kind: str = ""
    socket: str | None = None
    bus: Literal["system", "user"] = "system"
    acknowledged: bool = False  # that this controller's socket is full control (supervisor, docker)


class GpuSettings(Record):
    """``[gpus."GPU-…"]``: what is fixed about one card. The name is its whole UUID: a part would match nothing."""

    slot: int | None = None
    pin: str | None = None  # the only workload it may run
    curtailable: bool = False  # may stand down for the grid though rented or under contract; nothing reads it yet


class MeterSettings(Record):
    """``meter = {…}``: where a running workload says what it produces.

    ``{slot}`` expands in ``url``, and ``{slot+18080}`` to the sum, which stays a port whatever the slot.
    """

    kind: str
    url: str
    token_file: str | None = None


class RevenueSettings(Record):
    """``revenue = {…}``: how an AI workload is paid, per GPU and hour unless named otherwise."""

    form: Literal["contract", "marketplace", "tokens"]
    rate_per_h: float | None = None  # contract and marketplace; or the name of a rental quote in ``quote``
    quote: str | None = None  # default: what ``machine`` is listed at
    contract: str | None = None  # a [contracts.X], for form contract
    machine: str | None = None  # a machine of a feed of rented machines: whether it is rented now, how often it is
    vacant: str | None = None  # the workload that runs while nobody rents; default: idle
    occupancy: float | None = None  # until ``machine`` has been watched for a day; default: always rented
    platform_fee: float = 0.0
    storage_per_h: float = 0.0
    bandwidth_per_h: float = 0.0
    price_in_per_mtok: float | None = None
    price_out_per_mtok: float | None = None
    billed_share: float | None = None


class ExpectedSettings(Record):
    """``expected = {…}``: what one GPU does under this workload, until it has been measured here."""

    hashrate_h_per_s: float | None = None
    tokens_per_s: float | None = None
    power_w: float | None = None


class WorkloadSettings(Record):
    """``[workloads.X]``: something that GPUs can do.

    ``gpus`` names the GPUs it may use (slot, UUID or PCI address; empty: all). One instance holds ``span`` of them,
    in the order given; ``{slot} {slot+N} {uuid} {pci}`` of its first GPU expand in ``unit`` and ``meter.url``.
    """

    kind: Kind
    gpus: tuple[int | str, ...] = ()
    span: int = 1
    memory_mib: float = 0.0
    controller: str = ""
    unit: str = ""
    meter: MeterSettings | None = None
    coin: str | None = None
    pool: str | None = None  # a [pools.X]: what is mined here is credited there
    pool_fee: float = 0.0
    exchange_fee: float = 0.0
    dev_fee: float = 0.0
    reject: float = 0.0
    revenue: RevenueSettings | None = None
    expected: ExpectedSettings = ExpectedSettings()
    wear_per_h: float = 0.0
    start_timeout_s: float = 180.0
    stop_timeout_s: float = 30.0
    settle_s: float = 2.0
    drain_timeout_s: float = 120.0
    profile: str | None = None


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
