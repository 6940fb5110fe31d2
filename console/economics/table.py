"""Shipped figures: what a GPU model hashes and draws, for cards that have never run an algorithm here.

Only public figures, as their sources print them. Sources differ by 10 to 25 %, so a table figure is always marked and
never acts by itself. Hashrates and watts may come from different sources; ``Figure.source`` names both. There is
nothing for AI: what a card earns there is its contract.
"""

from __future__ import annotations

import functools
import re

from console.model import Record

_2MINERS = "2Miners 2cryptocalc 2026-06-25"
_SWITCHER = "GPU Mining Profit Switcher V11"
_KRIG = "krig-miner 2026-07"
_KRIG_8 = "krig-miner issue 8, 2026-09"


class Figure(Record):
    """What one GPU model does under one algorithm, and who says so."""

    rate_h_per_s: float
    power_w: float | None
    source: str


# 2Miners' table of hashrates; it gives no watts. A dash is no figure.
_COLUMNS = {"kawpow": 1e6, "autolykos2": 1e6, "etchash": 1e6, "kheavyhash": 1e9, "nexapow": 1e6, "pearlhash": 1e12}
_RATES = """
RTX 3060        22.7  115    48   -      -    32.34
RTX 3060 Ti     30.5  172    61   0.625  76   48.24
RTX 3070        31.3  177    61   0.735  96   58.31
RTX 3070 Ti     40    180    80   0.745  101  61.72
RTX 3080        49    215    98   1.03   135  87.04
RTX 3080 Ti     58.9  261.2  120  1.19   155  102.7
RTX 3090        59    275    120  1.2    157  110
RTX 3090 Ti     63    280    125  1.23   165  87.83
RTX 4060 Ti     20    91     39   0.785  96   56.05
RTX 4070        32    132    63   1.02   125  93.02
RTX 4070 SUPER  35    133    65   1.15   135  114.1
RTX 4070 Ti SUPER  43  160   74   1.55   167  134.6
RTX 4080        45    175    89   1.63   171  159.3
RTX 4090        65    270    127  2.18   330  -
CMP 170HX       55    415    160  0.63   91   -
RTX A4000       27    155    62   -      -    -
RTX A5000       43    240    100  -      -    -
RTX 2080 Ti     36    105    57   -      -    51.27
"""

# Rates with the watts they were taken at; where only watts are printed, the rate above goes with them.
_AT_WATTS: dict[tuple[str, str], tuple[float | None, float, str]] = {
    ("RTX 4090", "kawpow"): (75e6, 320, _SWITCHER),
    ("RTX 4090", "autolykos2"): (330e6, 280, _SWITCHER),
    ("RTX 4090", "etchash"): (135e6, 250, _SWITCHER),
    ("RTX 4090", "kheavyhash"): (None, 220, _SWITCHER),
    ("RTX 3090", "kawpow"): (55e6, 290, _SWITCHER),
    ("RTX 3090", "autolykos2"): (270e6, 260, _SWITCHER),
    ("RTX 3090", "etchash"): (125e6, 250, _SWITCHER),
    ("RTX 3090", "kheavyhash"): (None, 220, _SWITCHER),
    ("RTX 3080", "kawpow"): (45e6, 220, _SWITCHER),
    ("RTX 3080", "autolykos2"): (260e6, 200, _SWITCHER),
    ("RTX 3080", "etchash"): (98e6, 200, _SWITCHER),
    ("RTX 3080", "kheavyhash"): (None, 170, _SWITCHER),
    ("RTX 3070", "kawpow"): (30e6, 140, _SWITCHER),
    ("RTX 3070", "autolykos2"): (170e6, 120, _SWITCHER),
    ("RTX 3070", "etchash"): (61e6, 115, _SWITCHER),
    ("RTX 3070", "kheavyhash"): (None, 105, _SWITCHER),
    ("RTX 3060 Ti", "kawpow"): (28e6, 130, _SWITCHER),
    ("RTX 3060 Ti", "autolykos2"): (155e6, 110, _SWITCHER),
    ("RTX 3060 Ti", "etchash"): (58e6, 105, _SWITCHER),
    ("RTX 3060 Ti", "kheavyhash"): (None, 95, _SWITCHER),
    ("RTX 4070", "kawpow"): (35e6, 130, _SWITCHER),
    ("RTX 4070", "autolykos2"): (170e6, 120, _SWITCHER),
    ("RTX 4070", "etchash"): (68e6, 110, _SWITCHER),
    ("RTX 4070", "kheavyhash"): (None, 105, _SWITCHER),
    # Printed as 76 to 80 TH/s and as 125 to 130 W: the end that promises less.
    ("RTX 4070", "pearlhash"): (76e12, 110, _KRIG_8),
    ("RTX 3070", "pearlhash"): (60e12, 130, _KRIG_8),
    ("RTX 5090", "kawpow"): (85e6, 360, "docsue"),
    ("V100", "pearlhash"): (21e12, 300, "wildrig-multi issue 351"),
}

# Rates alone, from sources other than 2Miners.
_OTHER_RATES: dict[tuple[str, str], tuple[float, str]] = {
    ("RTX 5090", "pearlhash"): (335e12, _KRIG),
    ("RTX 4090", "pearlhash"): (254e12, _KRIG),
    ("RTX PRO 6000 Blackwell", "pearlhash"): (402e12, _KRIG),
    ("H100", "pearlhash"): (500e12, "pearlonomics, lowest of 500, 550 and 620 TH/s"),
}

_ALIASES = {"autolykos": "autolykos2", "autolykosv2": "autolykos2", "kheavy": "kheavyhash", "pearl": "pearlhash"}
_SPOKEN = re.compile(r"\b(?:NVIDIA|GeForce|Tesla)\b|\b(?:Server|Workstation) Edition\b")
_FORM = re.compile(r"^(H100|V100)\b.*$")  # boards of one chip: PCIe, SXM2, SXM5, 80GB HBM3


def lookup(name: str, algorithm: str) -> Figure | None:
    """The shipped figure for NVML's product ``name`` and an algorithm, or None. Only exact models: no neighbours."""
    key = model(name), _algorithm(algorithm)
    listed = _listed().get(key)
    if key in _AT_WATTS:
        rate, watts, source = _AT_WATTS[key]
        if rate is not None:
            return Figure(rate_h_per_s=rate, power_w=watts, source=source)
        if listed is not None:
            return Figure(rate_h_per_s=listed, power_w=watts, source=f"{_2MINERS}; watts {source}")
    if key in _OTHER_RATES:
        rate, source = _OTHER_RATES[key]
        return Figure(rate_h_per_s=rate, power_w=None, source=source)
    return Figure(rate_h_per_s=listed, power_w=None, source=_2MINERS) if listed is not None else None


def model(name: str) -> str:
    """``NVIDIA GeForce RTX 4090`` as ``RTX 4090``: the product without maker, brand and board form."""
    return _FORM.sub(r"\1", " ".join(_SPOKEN.sub(" ", name).split()))


def _algorithm(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _ALIASES.get(plain, plain)


@functools.cache
def _listed() -> dict[tuple[str, str], float]:
    rates = {}
    for line in _RATES.strip().splitlines():
        words = line.split()
        gpu = " ".join(words[: -len(_COLUMNS)])
        for (algorithm, scale), cell in zip(_COLUMNS.items(), words[-len(_COLUMNS) :], strict=True):
            if cell != "-":
                rates[gpu, algorithm] = float(cell) * scale
    return rates
