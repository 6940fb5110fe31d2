"""Where options change places: the rent, the power price and the price of a hash at which two come out even."""

from __future__ import annotations

from console.model import Option


def break_even_rent(
    net_mine_per_h: float,
    ai_costs_per_h: float,
    occupancy: float,
    platform_fee: float,
    besides_rent_per_h: float = 0.0,
) -> float | None:
    """The rental rate per hour at which AI earns what mining does: ``(net_mine + power_ai) / (occ (1 - fee))``.

    ``ai_costs_per_h`` is the clock-hour mean of its power and wear; ``besides_rent_per_h`` is what storage and
    bandwidth bring. None when no rate can do it: never rented, or everything taken by the platform.
    """
    kept = occupancy * (1 - platform_fee)
    if kept <= 0:
        return None
    return (net_mine_per_h + ai_costs_per_h - besides_rent_per_h) / kept


def break_even_power_price(option: Option) -> float | None:
    """Currency per kWh at which the option's net is 0; None where it draws nothing."""
    return option.value_per_kwh


def even_power_price(one: Option, other: Option, power_price: float) -> float | None:
    """Currency per kWh at which two options net the same, from their nets at ``power_price``.

    Both are straight lines over the power price with their kWh per hour as slopes; None where a net or a power is
    unknown or the slopes are the same.
    """
    if one.net_per_h is None or other.net_per_h is None or one.wall_w is None or other.wall_w is None:
        return None
    if one.wall_w == other.wall_w:
        return None
    return power_price + (one.net_per_h - other.net_per_h) / ((one.wall_w - other.wall_w) / 1000)
