"""Gains through the known future: what a dear or a negative hour to come does to advice."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.settings import QuoteSettings, Settings
from console.config.tariff_settings import Component, PowerSettings, Window
from console.demo import FarmGround
from console.economics.margins import option
from console.economics.outlook import outlook
from console.economics.rules import Stretch, repaid_after_s
from console.economics.terms import ContractTerms, OffTerms, Price, SiteTerms, Work
from console.market.quotes import Board, configured
from console.model import Basis, Curve, Option, Step
from console.site.ahead import EVERY_S, Ahead
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer

NOW = 1_795_392_000.0
HOUR = 3600.0


def priced(per_kwh: float) -> tuple[Option, Option]:
    """A server of 0.10 an hour that draws 400 W, and standing down at 40 W."""
    site = SiteTerms(power=Price(name="power", value=per_kwh))
    work = Work(workload="ai", basis=Basis.MEASURED, power_w=400.0, idle_power_w=40.0)
    return option(ContractTerms(workload="ai", rate=Price(name="rate", value=0.10)), work, site), option(
        OffTerms(), work, site
    )


def hours(*prices: float) -> tuple[Step, ...]:
    return tuple(Step(start=NOW + HOUR * n, end=NOW + HOUR * (n + 1), value=p) for n, p in enumerate(prices))


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=8), st.floats(-1, 3))
def test_each_stretch_has_the_gain_that_the_options_have_at_its_price(ahead: list[float], today: float) -> None:
    """The straight lines over the power price are those of the options themselves."""
    serves, rests = priced(today)
    found = outlook(serves, rests, hours(*ahead), today, NOW, 24 * HOUR)
    assert [stretch.until_s for stretch in found] == [HOUR * (n + 1) for n in range(len(ahead))]
    for stretch, price in zip(found, ahead, strict=True):
        then_serves, then_rests = priced(price)
        assert stretch.gain_per_h == pytest.approx(
            (then_rests.net_per_h or 0.0) - (then_serves.net_per_h or 0.0), abs=1e-9
        )


def test_a_dear_hour_that_ends_before_the_loss_is_repaid_moves_nothing() -> None:
    """Standing down gains now and loses after; a loss that the first hour repays is taken back by the rest."""
    serves, rests = priced(0.50)
    found = outlook(serves, rests, hours(0.50, 0.05, 0.05, 0.05, 0.05, 0.05), 0.50, NOW, 6 * HOUR)
    assert found[0].gain_per_h > 0 > found[1].gain_per_h
    assert repaid_after_s(0.01, found[0].gain_per_h, found, 6 * HOUR) is None
    assert repaid_after_s(0.01, found[0].gain_per_h, (), 6 * HOUR) is not None


def test_behind_a_gap_nothing_is_known() -> None:
    """Up to the first hole in the prices; of steps that are over nothing; none at all where the present has none."""
    serves, rests = priced(0.1)
    steps = hours(0.1, 0.2, 0.3, 0.4)
    assert len(outlook(serves, rests, (steps[0], steps[2]), 0.1, NOW, 24 * HOUR)) == 1
    assert outlook(serves, rests, steps[1:], 0.1, NOW, 24 * HOUR) == ()
    later = outlook(serves, rests, steps, 0.1, NOW + 1.5 * HOUR, 24 * HOUR)
    assert [stretch.until_s for stretch in later] == [0.5 * HOUR, 1.5 * HOUR, 2.5 * HOUR]


def test_a_site_sees_its_own_tariff_ahead() -> None:
    """Day-ahead prices and the time table of the grid's fee together, to the horizon; nothing beyond the curve."""
    grid = Component(name="grid", windows=(Window(price_per_kwh=0.10, hours="00:00-02:00"), Window(price_per_kwh=0.02)))
    power = PowerSettings(components=(Component(name="energy", feed="spot"), grid))
    settings = Settings(power=power)
    curve = Curve(name="spot", kind="power_price", unit="USD/MWh", source="spot", steps=hours(50.0, 60.0, 70.0))
    at_now = curve.at(NOW)
    assert at_now is not None
    ahead = Ahead(settings)
    ahead.see(Board().put((*configured(settings, NOW), at_now)), (curve,), NOW)
    assert [round(step.value, 6) for step in ahead.steps] == [0.15, 0.16, 0.09]
    serves, rests = priced(0.15)
    found = ahead.outlook(rests, serves, 0.15, NOW)
    assert len(found) == 3 and isinstance(found[0], Stretch)
    assert ahead.outlook(serves, rests, 0.15, NOW) == (), "where there is no gain nothing is asked of the future"


def spot(*prices: float) -> Curve:
    """Day-ahead prices in euros per MWh, an hour each."""
    return Curve(name="spot", kind="power_price", unit="EUR/MWh", source="spot", steps=hours(*prices))


def test_the_day_ahead_is_known_beyond_the_horizon_and_advice_stops_at_it() -> None:
    """24 hours to look at, in the site's currency and with all components; advice asks of its own hours alone."""
    fee = Component(name="grid", price_per_kwh=0.10)
    settings = Settings(
        power=PowerSettings(components=(Component(name="energy", feed="spot"), fee)),
        quotes={"EUR": QuoteSettings(kind="fx", value=1.1, unit="USD/EUR")},
    )
    curve = spot(*(50.0 + n for n in range(30)))
    at_now = curve.at(NOW)
    assert at_now is not None
    board = Board().put((*configured(settings, NOW), at_now))
    ahead = Ahead(settings)
    ahead.see(board, (curve,), NOW + 1800)
    assert (ahead.day[0].start, ahead.day[-1].end) == (NOW + 1800, NOW + 1800 + 24 * HOUR)
    assert [step.value for step in ahead.day] == [pytest.approx(0.155 + 0.0011 * n) for n in range(25)]
    serves, rests = priced(0.155)
    found = ahead.outlook(rests, serves, 0.155, NOW + 1800)
    assert found[-1].until_s == settings.advice.horizon_s == 6 * HOUR


def test_the_day_ahead_is_the_same_object_for_a_minute_unless_a_curve_is_new() -> None:
    """So that nothing is drawn again for it; tomorrow's prices are seen with the tick that brings them."""
    ahead = Ahead(Settings(power=PowerSettings(components=(Component(name="energy", feed="spot"),))))
    curve = msgspec.structs.replace(spot(50.0, 60.0, 70.0), unit="USD/MWh")
    ahead.see(Board(), (), NOW)
    assert ahead.day == ()
    ahead.see(Board(), (curve,), NOW + 1)
    first = ahead.day
    assert len(first) == 3
    ahead.see(Board(), (msgspec.structs.replace(curve),), NOW + EVERY_S)
    assert ahead.day is first
    ahead.see(Board(), (curve,), NOW + 1 + EVERY_S)
    assert ahead.day is not first
    assert ahead.day[0].start == NOW + 1 + EVERY_S


def test_a_snapshot_carries_what_a_kwh_will_cost_the_site(tmp_path: Path) -> None:
    """The farm's own curve with the grid's fee on top, from now on for a day."""
    place = FarmGround(Farm(gpus=2, scenario="calm", start=NOW, timer=HandTimer()), tmp_path)
    [curve] = place.news().curves
    parts = (Component(name="energy", feed=curve.source), Component(name="grid", price_per_kwh=0.25))
    power = PowerSettings(components=parts)
    settings = msgspec.structs.replace(place.config.settings, power=power)
    place.config = msgspec.structs.replace(place.config, settings=settings)
    state = State(place, "")
    place._farm.sleep(1.0)
    snapshot = state.apply(place._farm.batch())
    known = snapshot.market.power_ahead
    assert (known[0].start, known[-1].end) == (snapshot.at, snapshot.at + 24 * HOUR)
    for step in known:
        energy = curve.at(step.start)
        assert energy is not None and step.value == pytest.approx(energy.value + 0.25)
    place._farm.sleep(1.0)
    assert state.apply(place._farm.batch()).market.power_ahead is known
