"""What the host itself draws, from watts at the wall and at the cards: the inverse of SiteTerms.wall_w, summed.

wall_w = (sum(gpu_w) + overhead_w) / psu_efficiency * pue      (console.economics.terms, DESIGN section 4)
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from console.model import Record

PSU_EFFICIENCY = 0.92
"""Of a supply that is not measured: what 80 PLUS Platinum asks for at half load on 115 V, and Gold on 230 V."""


class Overhead(Record):
    """``[site]`` so that a host whose cards draw ``drawn_w`` is reckoned at ``wall_w``."""

    host_overhead_w: float
    psu_efficiency: float
    drawn_w: float
    wall_w: float


def drawn(powers_w: Iterable[float | None]) -> float | None:
    """Watts of all cards together; None where one of them does not tell, or there is none."""
    watts = tuple(powers_w)
    known = [one for one in watts if one is not None]
    return math.fsum(known) if watts and len(known) == len(watts) else None


def solved(wall_w: float, drawn_w: float, psu_efficiency: float = PSU_EFFICIENCY, pue: float = 1.0) -> Overhead:
    """The overhead that explains ``wall_w`` at the meter while the cards draw ``drawn_w``.

    Where the cards alone would draw more through a supply of ``psu_efficiency``, the supply must be better, and nothing
    is left for the host. Raises ValueError with a sentence where not even a lossless one explains it.
    """
    before_pue_w = wall_w / pue
    if not math.isfinite(before_pue_w) or before_pue_w < drawn_w or before_pue_w <= 0:
        raise ValueError(
            f"found {wall_w:g} W at the wall, expected at least the {drawn_w:.0f} W that the GPUs draw now: "
            "read the meter of this whole host again"
        )
    overhead_w = before_pue_w * psu_efficiency - drawn_w
    if overhead_w < 0:
        overhead_w, psu_efficiency = 0.0, drawn_w / before_pue_w
    return Overhead(host_overhead_w=overhead_w, psu_efficiency=psu_efficiency, drawn_w=drawn_w, wall_w=wall_w)
