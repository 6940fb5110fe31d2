"""What each workload of the simulated farm does on each card model: rates, watts, memory and how it starts.

Hashrates are 2Miners' (2cryptocalc, 2026-06-25) and watts the Profit Switcher table's where both have the card; the
L40S follows the 4090 by memory bandwidth, PearlHash on the H100 is pearlonomics' middle figure. Serving figures are
invented within what vLLM users report.
"""

from __future__ import annotations

from console.model import Kind, Record
from console.telemetry.simulated.cards import H100, L40S, RTX_3090, RTX_4090, Model

USUAL_DEMAND = 0.84  # share of its capacity that a server is asked for, on average


def power_share(demand: float) -> float:
    """Share of its work power that a server draws at ``demand``: decoding for few costs nearly as much as for many."""
    return 0.35 + 0.65 * demand


class Does(Record):
    """One workload on one card: output per second, watts of the whole card, memory held."""

    rate: float | None
    power_w: float
    mem_mib: float


class Work(Record):
    """How a workload behaves anywhere.

    ``boot_s`` is from start to first output, ``active_s`` until its controller calls it running, ``loading`` the share
    of its work power meanwhile; output goes with clock to the power ``exponent`` (0.3: bound by memory, 1: by cores).
    """

    kind: Kind
    unit: str
    boot_s: float
    active_s: float
    loading: float
    exponent: float
    does: dict[str, Does]
    algorithm: str | None = None
    note: str = ""  # what it says of itself while it starts


def _on(*rows: tuple[Model, float | None, float, float]) -> dict[str, Does]:
    return {model.name: Does(rate=rate, power_w=power_w, mem_mib=mib) for model, rate, power_w, mib in rows}


WORK: dict[str, Work] = {
    "ergo": Work(
        kind=Kind.MINE,
        unit="H/s",
        boot_s=7.0,
        active_s=3.2,
        loading=0.55,
        exponent=0.3,
        algorithm="autolykos2",
        note="building the dataset",
        does=_on((RTX_4090, 270e6, 236.0, 6240.0), (RTX_3090, 275e6, 258.0, 6180.0), (L40S, 231e6, 214.0, 6300.0)),
    ),
    "ravencoin": Work(
        kind=Kind.MINE,
        unit="H/s",
        boot_s=11.0,
        active_s=3.6,
        loading=0.45,
        exponent=0.9,
        algorithm="kawpow",
        note="building the DAG",
        does=_on((RTX_4090, 65e6, 302.0, 5480.0), (RTX_3090, 59e6, 288.0, 5420.0), (L40S, 56e6, 281.0, 5510.0)),
    ),
    "pearl": Work(
        kind=Kind.MINE,
        unit="H/s",
        boot_s=9.0,
        active_s=3.4,
        loading=0.40,
        exponent=0.9,
        algorithm="pearlhash",
        note="tuning kernels",
        does=_on((H100, 550e12, 560.0, 11900.0)),
    ),
    "vllm-qwen": Work(
        kind=Kind.AI,
        unit="tok/s",
        boot_s=27.0,
        active_s=11.0,
        loading=0.20,
        exponent=0.5,
        note="loading weights",
        does=_on(
            (RTX_4090, 2150.0, 322.0, 21640.0), (RTX_3090, 1290.0, 296.0, 21590.0), (L40S, 2080.0, 304.0, 41300.0)
        ),
    ),
    "vllm-tp4": Work(
        kind=Kind.AI,
        unit="tok/s",
        boot_s=35.0,
        active_s=16.0,
        loading=0.18,
        exponent=0.5,
        note="loading weights",
        does=_on((L40S, 720.0, 312.0, 41450.0)),
    ),
    "acme": Work(
        kind=Kind.AI,
        unit="tok/s",
        boot_s=33.0,
        active_s=14.0,
        loading=0.18,
        exponent=0.5,
        note="loading weights",
        does=_on((H100, 12100.0, 664.0, 72700.0)),
    ),
    "vast": Work(
        kind=Kind.AI,
        unit="",
        boot_s=14.0,
        active_s=6.0,
        loading=0.15,
        exponent=0.5,
        note="the renter's container starts",
        does=_on((RTX_4090, None, 336.0, 18200.0)),
    ),
}

FOREIGN = Work(
    kind=Kind.OFF,
    unit="",
    boot_s=1.0,
    active_s=0.5,
    loading=1.0,
    exponent=1.0,
    does=_on((RTX_4090, None, 68.0, 2210.0), (RTX_3090, None, 70.0, 2210.0), (H100, None, 120.0, 2650.0))
    | _on((L40S, None, 80.0, 2400.0)),
)
"""A stranger's notebook: a little power, some memory, no output that anyone here could know."""
