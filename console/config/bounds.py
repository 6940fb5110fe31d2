"""Between which figures each number of a site config may lie, and the walk that finds those outside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from console.config.contract_settings import ContractSettings, CreditSettings
from console.config.errors import Problem, Where, shown
from console.config.feed_settings import FeedSettings
from console.config.pool_settings import PoolSettings
from console.config.settings import AdviceSettings, CoinSettings, FlipSettings, GpuSettings, QuoteSettings, SiteSettings
from console.config.tariff_settings import PowerSettings
from console.config.workload_settings import ExpectedSettings, ListingSettings, RevenueSettings, WorkloadSettings


class Bound(NamedTuple):
    """The least and the greatest allowed value; ``above`` and ``below`` leave that end itself out."""

    low: float = 0.0
    high: float = math.inf
    above: bool = False
    below: bool = False
    fraction: bool = False

    def holds(self, value: float) -> bool:
        """True when ``value`` lies between."""
        over = value > self.low if self.above else value >= self.low
        return over and (value < self.high if self.below else value <= self.high)

    def words(self) -> str:
        """The bound as it stands in a sentence."""
        what = "a fraction" if self.fraction else "a number"
        low = f"{what} above {self.low:g}" if self.above else f"{what} from {self.low:g}"
        if self.high == math.inf:
            return low if self.above else f"{what} of at least {self.low:g}"
        return f"{low} to {'below ' if self.below else ''}{self.high:g}"


_POSITIVE = Bound(above=True)
_NOT_NEGATIVE = Bound()
_FEE = Bound(high=0.5, below=True, fraction=True)
_SHARE = Bound(high=1.0, fraction=True)
_PART = Bound(high=1.0, below=True, fraction=True)
_PERCENT = Bound(high=100.0)
_WAIT_S = Bound(high=86400.0, above=True)
_PAUSE_S = Bound(high=86400.0)

_BOUNDS: dict[type[msgspec.Struct], dict[str, Bound]] = {
    SiteSettings: {
        "power_limit_w": _POSITIVE,
        "host_overhead_w": _NOT_NEGATIVE,
        "psu_efficiency": Bound(high=1.0, above=True, fraction=True),
        "pue": Bound(low=1.0),
    },
    PowerSettings: {
        "carbon_g_per_kwh": _NOT_NEGATIVE,
        "carbon_price_per_t": _NOT_NEGATIVE,
        "vat": _PART,
    },
    FeedSettings: {"interval_s": _WAIT_S, "max_age_s": _POSITIVE, "timeout_s": Bound(high=120.0, above=True)},
    PoolSettings: {
        "payout_min": _POSITIVE,
        "interval_s": Bound(low=60.0, high=86400.0),
        "timeout_s": Bound(high=120.0, above=True),
        "units": _POSITIVE,
    },
    ContractSettings: {
        "rate_per_gpu_h": _NOT_NEGATIVE,
        "gpus": Bound(low=1, high=1024),
        "escalator_pct": _PERCENT,
        "uptime_target_pct": _PERCENT,
        "credit_cap_pct": _PERCENT,
        "notice_days": Bound(high=3650.0),
        "early_exit": _NOT_NEGATIVE,
    },
    CreditSettings: {"below_pct": _PERCENT, "credit_pct": _PERCENT},
    CoinSettings: dict.fromkeys(("k", "reward", "difficulty", "nethash", "block_time_s", "max_age_s"), _POSITIVE),
    QuoteSettings: {"value": _NOT_NEGATIVE, "max_age_s": _POSITIVE},
    AdviceSettings: {
        "margin": _PART,
        "margin_per_h": _NOT_NEGATIVE,
        "samples": Bound(low=1, high=100),
        "sample_gap_s": _WAIT_S,
        "min_run_s": _PAUSE_S,
        "horizon_s": _WAIT_S,
    },
    FlipSettings: {
        "at_once": Bound(low=1, high=64),
        "stagger_s": Bound(high=3600.0),
        "idle_confirmations": Bound(low=1, high=60),
    },
    GpuSettings: {"slot": Bound(high=9999)},
    RevenueSettings: {
        "rate_per_h": _NOT_NEGATIVE,
        "occupancy": _SHARE,
        "platform_fee": _FEE,
        "storage_per_h": _NOT_NEGATIVE,
        "bandwidth_per_h": _NOT_NEGATIVE,
        "price_in_per_mtok": _NOT_NEGATIVE,
        "price_out_per_mtok": _NOT_NEGATIVE,
        "billed_share": _SHARE,
    },
    ListingSettings: {
        "price_per_h": _POSITIVE,
        "min_bid_per_h": _POSITIVE,
        "days": Bound(high=3650.0, above=True),
        "min_gpus": Bound(low=1, high=1024),
    },
    ExpectedSettings: {
        "hashrate_h_per_s": _POSITIVE,
        "tokens_per_s": _POSITIVE,
        "power_w": _POSITIVE,
    },
    WorkloadSettings: {
        "span": Bound(low=1, high=1024),
        "memory_mib": _NOT_NEGATIVE,
        "pool_fee": _FEE,
        "exchange_fee": _FEE,
        "dev_fee": _FEE,
        "reject": _PART,
        "wear_per_h": _NOT_NEGATIVE,
        "start_timeout_s": _WAIT_S,
        "stop_timeout_s": _WAIT_S,
        "settle_s": _PAUSE_S,
        "drain_timeout_s": _PAUSE_S,
    },
}


def out_of_bounds(value: object, where: Where = ()) -> Iterator[Problem]:
    """Numbers outside their bounds, anywhere below ``value``, a settings record or what it is made of."""
    if isinstance(value, msgspec.Struct):
        for name, bound in _BOUNDS.get(type(value), {}).items():
            found = getattr(value, name)
            if found is not None and not bound.holds(found):
                yield Problem((*where, name), f"is {shown(found)}, expected {bound.words()}{_percent(found, bound)}")
        for name in value.__struct_fields__:
            yield from out_of_bounds(getattr(value, name), (*where, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from out_of_bounds(inner, (*where, name))
    elif isinstance(value, tuple):
        for position, inner in enumerate(value):
            yield from out_of_bounds(inner, (*where, position))


def _percent(value: float, bound: Bound) -> str:
    """What to write instead when a per cent figure stands where a fraction belongs."""
    meant = value / 100
    return f": write {meant:g} for {value:g} %" if bound.fraction and value > 0 and bound.holds(meant) else ""
