"""The site config of the simulated farm, as a real one would be written for these cards and these workloads."""

from __future__ import annotations

from console.config.settings import CoinSettings, Config, QuoteSettings, Settings, SiteSettings
from console.config.tariff_settings import PowerSettings
from console.config.workload_settings import (
    ControllerSettings,
    ExpectedSettings,
    MeterSettings,
    RevenueSettings,
    WorkloadSettings,
)
from console.model import Kind
from console.telemetry.simulated.jobs import WORK
from console.telemetry.simulated.layout import Layout, span, unit_name
from console.telemetry.simulated.market import CARBON_G_PER_KWH, FEEDS, POWER_PER_KWH

HOST = "rig-07"
CHASSIS_W = 190.0  # board, processors, disks and fans of eight GPUs
PSU_EFFICIENCY = 0.94
PUE = 1.06
RENTAL = "4090 median"
REWARD_AGE_S = 90 * 86400.0  # block rewards change at heights known long before
WRITTEN_AGO_S = 7 * 86400.0  # long enough that every feed is newer than what the config says by hand

_COINS = {"ergo": "ERG", "ravencoin": "RVN", "pearl": "PRL"}
_REWARD = {"ERG": (12.0, 120.0), "RVN": (1250.0, 60.0), "PRL": (2660.4, 194.0)}  # per block, seconds per block
_REVENUE = {
    "vllm-qwen": RevenueSettings(
        form="tokens", price_in_per_mtok=0.005, price_out_per_mtok=0.05, billed_share=0.8, platform_fee=0.05
    ),
    "vllm-tp4": RevenueSettings(
        form="tokens", price_in_per_mtok=0.02, price_out_per_mtok=0.20, billed_share=0.85, platform_fee=0.05
    ),
    "acme": RevenueSettings(form="contract", rate_per_h=2.20),
    "vast": RevenueSettings(form="marketplace", quote=RENTAL, occupancy=0.82, platform_fee=0.15),
}


def site_config(layout: Layout, start: float) -> Config:
    """The whole config, of no file, as if written a week before ``start``."""
    return Config(settings=_settings(layout), path=None, hash="", written_at=start - WRITTEN_AGO_S)


def _settings(layout: Layout) -> Settings:
    """What a farm of this layout would say; workloads that none of its cards can run are left out."""
    blocks = -(-len(layout.cards) // 8)
    return Settings(
        site=SiteSettings(
            name="Yokohama-2",
            timezone="Asia/Tokyo",
            power_limit_w=_power_limit_w(layout, blocks * CHASSIS_W),
            host_overhead_w=blocks * CHASSIS_W,
            psu_efficiency=PSU_EFFICIENCY,
            pue=PUE,
        ),
        power=PowerSettings(price_per_kwh=POWER_PER_KWH, carbon_g_per_kwh=CARBON_G_PER_KWH),
        coins={coin: _coin(workload, coin) for workload, coin in _COINS.items()},
        quotes={RENTAL: QuoteSettings(kind="rental", value=0.40, unit="USD/h")},
        controllers={"simulated": ControllerSettings(kind="simulated")},
        workloads={workload: _workload(layout, workload) for workload in layout.allowed},
    )


def _workload(layout: Layout, workload: str) -> WorkloadSettings:
    work, slots = WORK[workload], layout.allowed[workload]
    first = work.does[layout.cards[slots[0]].model.name]
    mines = work.kind is Kind.MINE
    return WorkloadSettings(
        kind=work.kind,
        gpus=slots,
        span=span(workload),
        memory_mib=min(does.mem_mib for does in work.does.values()),
        controller="simulated",
        unit=unit_name(workload, 0).replace("@0", "@{slot}"),
        meter=MeterSettings(kind="simulated", url=f"http://farm.invalid/{workload}/{{slot}}") if work.unit else None,
        coin=_COINS.get(workload),
        pool_fee=0.01 if mines else 0.0,
        dev_fee=0.01 if mines else 0.0,
        reject=0.004 if mines else 0.0,
        revenue=_REVENUE.get(workload),
        expected=ExpectedSettings(
            hashrate_h_per_s=first.rate if mines else None,
            tokens_per_s=None if mines else first.rate,
            power_w=first.power_w,
        ),
        start_timeout_s=60.0 if mines else 180.0,
        drain_timeout_s=0.0,
    )


def _coin(workload: str, coin: str) -> CoinSettings:
    reward, block_time_s = _REWARD[coin]
    nethash = next(feed.base for feed in FEEDS if feed.name == coin and feed.kind == "nethash")
    algorithm = WORK[workload].algorithm or ""
    return CoinSettings(
        algorithm=algorithm, reward=reward, nethash=nethash, block_time_s=block_time_s, max_age_s=REWARD_AGE_S
    )


def _power_limit_w(layout: Layout, chassis_w: float) -> float:
    """A feed with a little room above what the farm draws when the demo opens."""
    gpus_w = sum(
        WORK[layout.units[unit].workload].does[card.model.name].power_w if unit else card.model.idle_w
        for card, unit in zip(layout.cards, layout.begin, strict=True)
    )
    return 100.0 * round((gpus_w + chassis_w) / PSU_EFFICIENCY * PUE * 1.04 / 100.0 + 0.5)
