"""One simulated card in time: power follows work, heat follows power, clocks follow heat and the limit."""

import pytest

from console.telemetry.simulated.cards import H100, L40S, RTX_3090, RTX_4090, Model, card
from console.telemetry.simulated.physics import Heat, at_rest, step

INLET_C = 26.0
MODELS = pytest.mark.parametrize("model", [RTX_4090, RTX_3090, H100, L40S], ids=lambda model: model.name)


def course(model: Model, work_w: float, seconds: int, step_s: float = 1.0, blocked: float = 1.0) -> list[Heat]:
    """A card at rest, then ``seconds`` under ``work_w``; the first entry is the card at rest."""
    one = card(7, 0, model)
    heats = [at_rest(one, INLET_C)]
    while len(heats) <= seconds / step_s:
        heats.append(step(one, heats[-1], work_w, INLET_C, blocked, step_s))
    return heats


@MODELS
def test_power_never_passes_the_limit_and_says_that_it_is_capped(model: Model) -> None:
    """Twice the limit asked: the card draws its limit, at a lower clock, with the reason."""
    heats = course(model, 2.0 * model.limit_w, 600)
    assert max(heat.drawn_w for heat in heats) <= model.limit_w
    assert heats[-1].drawn_w == pytest.approx(model.limit_w, rel=0.02)
    assert "power cap" in heats[-1].throttle
    assert heats[-1].speed < 0.85


@MODELS
def test_heat_lags_behind_power_and_then_follows_it(model: Model) -> None:
    """After 5 s power is there and most of the warming still to come; after ten time constants all of it has."""
    heats = course(model, 0.6 * model.limit_w, int(10 * model.heat_s))
    rise_c = heats[-1].temp_c - heats[0].temp_c
    assert heats[5].drawn_w > 0.93 * heats[-1].drawn_w
    assert heats[5].temp_c - heats[0].temp_c < 0.25 * rise_c
    assert 15.0 < rise_c < 60.0
    assert heats[-1].temp_c == pytest.approx(heats[-30].temp_c, abs=0.2)


@MODELS
def test_a_card_without_work_stays_at_its_idle_power(model: Model) -> None:
    """No work: idle watts within the card's own trait, no reason to throttle, near the air's temperature."""
    last = course(model, 0.0, 600)[-1]
    assert last.power_w == pytest.approx(model.idle_w, rel=0.06)
    assert last.throttle == ()
    assert last.temp_c < INLET_C + 12.0


def test_the_energy_counter_is_the_integral_of_power() -> None:
    """The counter's steps are the powers reported, and a rising load is charged for its ramp, not for its end."""
    heats = course(RTX_4090, 250.0, 30)
    assert heats[-1].energy_j == pytest.approx(sum(heat.power_w for heat in heats[1:]))
    assert heats[1].power_w < heats[1].drawn_w < heats[3].drawn_w


def test_long_steps_end_where_short_ones_do() -> None:
    """Ten minutes in steps of 10 s and of 1 s: the same temperature, power and energy within a percent."""
    long, short = course(RTX_3090, 240.0, 600, step_s=10.0)[-1], course(RTX_3090, 240.0, 600)[-1]
    assert long.temp_c == pytest.approx(short.temp_c, rel=0.01)
    assert long.drawn_w == pytest.approx(short.drawn_w, rel=0.01)
    assert long.energy_j == pytest.approx(short.energy_j, rel=0.01)


def test_a_blocked_card_slows_down_instead_of_burning() -> None:
    """With its air cut to half, a card warms past its target, says why it slows, and settles below the hardware's."""
    clean, blocked = course(L40S, 250.0, 900)[-1], course(L40S, 250.0, 900, blocked=2.0)[-1]
    assert clean.throttle == ()
    assert blocked.throttle == ("sw thermal",)
    assert L40S.warm_c < blocked.temp_c < L40S.slow_c
    assert blocked.speed < 0.97 * clean.speed
    assert blocked.power_w < clean.power_w


def test_the_fan_follows_the_heat_where_there_is_one() -> None:
    """A fan speeds up after the card has warmed; a passive card has none."""
    heats = course(RTX_4090, 280.0, 300)
    assert heats[1].fan == pytest.approx(heats[0].fan, abs=0.01)
    assert heats[-1].fan > heats[0].fan + 0.15
    assert {heat.fan for heat in course(H100, 500.0, 60)} == {0.0}
