"""When a purchase has earned itself back."""

from __future__ import annotations

from typing import NamedTuple

DAYS_PER_YEAR = 365.0


class Payback(NamedTuple):
    """``days`` and ``years`` until earnings equal the price; ``total_return`` over the horizon, as its fraction."""

    days: float | None
    years: float | None
    total_return: float | None


def payback(capex: float, net_per_day: float, resale: float = 0.0, horizon_years: float | None = None) -> Payback:
    """Days of ``net_per_day`` that repay ``capex``, None when they never do.

    ``total_return`` is ``(earned until the horizon + resale - capex) / capex``; it needs a horizon and a price.
    ``resale`` is what the hardware brings at the horizon; it does not shorten ``days``, for until then it is not sold.
    """
    days = 0.0 if capex == 0 else capex / net_per_day if net_per_day > 0 else None
    total_return = None
    if horizon_years is not None and capex > 0:
        earned = net_per_day * DAYS_PER_YEAR * horizon_years
        total_return = (earned + resale - capex) / capex
    return Payback(days, None if days is None else days / DAYS_PER_YEAR, total_return)
