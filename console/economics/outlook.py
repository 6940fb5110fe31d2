"""What the known future does to a gain: the power price ahead, as stretches in which one option leads another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from console.economics.rules import Stretch
from console.model import Option, Step


def outlook(
    now: Option, new: Option, prices: Sequence[Step], price_now: float, at: float, horizon_s: float
) -> tuple[Stretch, ...]:
    """The gain of ``new`` over ``now`` through the known power prices, from ``at`` (Unix seconds) to the horizon.

    ``prices`` are currency per kWh at the wall, in order; the options' nets are at ``price_now``. Both nets are
    straight lines over the price with their kWh per hour as slopes, so the gain moves with the difference of the two
    draws. Up to the first gap in the prices only: what lies behind is not known. Empty where a net or a draw is not.
    """
    if now.net_per_h is None or new.net_per_h is None or now.wall_w is None or new.wall_w is None:
        return ()
    gain, more_kwh = new.net_per_h - now.net_per_h, (new.wall_w - now.wall_w) / 1000
    return tuple(_stretches(prices, lambda price: gain - more_kwh * (price - price_now), at, horizon_s))


def _stretches(
    prices: Sequence[Step], gain_at: Callable[[float], float], at: float, horizon_s: float
) -> Iterator[Stretch]:
    reached = at
    for step in prices:
        if step.end <= reached:
            continue
        if step.start > reached or reached >= at + horizon_s:
            return
        reached = step.end
        yield Stretch(until_s=reached - at, gain_per_h=gain_at(step.value))
