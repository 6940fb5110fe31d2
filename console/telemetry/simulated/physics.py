"""One card through one step of time: power follows work, heat follows power, clocks follow heat and the limit.

Pure. Steps are exact for a constant input (exponentials, not Euler), so that steps of 10 s before the beginning and of
1 s after it join without a seam.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from console.telemetry.simulated.cards import Card

USUAL_INLET_C = 26.5
POWER_S = 1.5  # regulators and the driver's own averaging
FAN_S = 6.0
CUBE = 2.4  # dynamic power over clock: f·V², with V following f for the most part
BOOST_LOSS_PER_C = 0.0011  # boost bins given up as a card warms: about 15 MHz in 5 °C
SLOWING_PER_C = 0.03


class Heat(NamedTuple):
    """What one card is after a step. ``speed`` is clock over boost clock; ``power_w`` the energy of the step over its
    length; ``drawn_w`` the power at its end; ``energy_j`` the card's counter; ``fan`` a fraction, 0 without a fan."""

    temp_c: float
    fan: float
    drawn_w: float
    power_w: float
    energy_j: float
    speed: float
    throttle: tuple[str, ...] = ()


def at_rest(card: Card, inlet_c: float) -> Heat:
    """A card that has been idle for long, its energy counter at 0."""
    idle_w = card.model.idle_w * card.trait.draw
    fan = _fan_for(inlet_c) if card.model.fan else 0.0
    return Heat(inlet_c + rise_per_w(card, fan) * idle_w, fan, idle_w, idle_w, 0.0, 1.0)


def step(card: Card, before: Heat, work_w: float, inlet_c: float, blocked: float, step_s: float) -> Heat:
    """The card ``step_s`` later under ``work_w`` of work at full boost clock, above idle.

    ``blocked`` multiplies the thermal resistance: 1 is clean, 2 is a dead chassis fan. Power never passes the limit.
    """
    model = card.model
    leak_w = model.idle_w * card.trait.draw * (1.0 + 0.004 * (before.temp_c - 35.0))
    speed, throttle = _clock(card, before.temp_c, work_w * card.trait.draw, model.limit_w - leak_w)
    settled_w = min(model.limit_w, leak_w + work_w * card.trait.draw * speed**CUBE)
    power_gap, fall = before.drawn_w - settled_w, exp(-step_s / POWER_S)
    energy_j = settled_w * step_s + power_gap * POWER_S * (1.0 - fall)
    power_w = energy_j / step_s
    fan = before.fan
    if model.fan:
        fan += (_fan_for(before.temp_c) - fan) * (1.0 - exp(-step_s / FAN_S))
    settled_c = inlet_c + rise_per_w(card, fan) * blocked * power_w
    temp_c = settled_c + (before.temp_c - settled_c) * exp(-step_s / model.heat_s)
    drawn_w = settled_w + power_gap * fall
    return Heat(temp_c, fan, drawn_w, power_w, before.energy_j + energy_j, speed, throttle)


def _clock(card: Card, temp_c: float, work_w: float, room_w: float) -> tuple[float, tuple[str, ...]]:
    model, speed = card.model, 1.0 - BOOST_LOSS_PER_C * max(0.0, temp_c - 50.0)
    if work_w <= 0.0:
        return speed, ()
    throttle: tuple[str, ...] = ()
    if temp_c > model.warm_c:
        speed *= max(0.4, 1.0 - SLOWING_PER_C * (temp_c - model.warm_c))
        throttle = ("hw thermal",) if temp_c > model.slow_c else ("sw thermal",)
    if work_w * speed**CUBE > room_w:
        return (room_w / work_w) ** (1.0 / CUBE), (*throttle, "power cap")
    return speed, throttle


def _fan_for(temp_c: float) -> float:
    return min(1.0, max(0.30, 0.30 + (temp_c - 40.0) * 0.0115))


def rise_per_w(card: Card, fan: float) -> float:
    """Degrees over the inlet per watt, with its fan (if it has one) at ``fan``, a fraction."""
    moved_air = 1.324 - 0.6 * fan if card.model.fan else 1.0
    return card.model.heat_c_per_w * card.trait.heat * moved_air
