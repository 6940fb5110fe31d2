"""Gains through the known future: what a dear or a negative hour to come does to advice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.settings import Settings
from console.config.tariff_settings import Component, PowerSettings, Window
from console.economics.margins import option
from console.economics.outlook import outlook
from console.economics.rules import Stretch, repaid_after_s
from console.economics.terms import ContractTerms, OffTerms, Price, SiteTerms, Work
from console.market.quotes import Board, configured
from console.model import Basis, Curve, Option, Step
from console.site.ahead import Ahead

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
