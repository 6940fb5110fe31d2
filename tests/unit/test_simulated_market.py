"""The simulated feeds: they move, step in quarter hours, keep their age, and leave mining near its break-even."""

from itertools import pairwise

import pytest

from console.model import Quote
from console.telemetry.simulated import Farm, HandTimer

START = 1_770_000_000.0


def quote(one: Farm, kind: str, name: str, now: float) -> Quote:
    """One figure as its feed shows it at ``now``: of several sources what the newest says."""
    return max((q for q in one.quotes(now) if (q.kind, q.name) == (kind, name)), key=lambda q: q.at)


@pytest.fixture
def one() -> Farm:
    """A calm farm that stands still."""
    return Farm(8, start=START, timer=HandTimer())


def test_prices_wander_around_their_base(one: Farm) -> None:
    """A day of ERG: many different prices, no jump above 2 % between polls, never far away."""
    values = [quote(one, "coin_price", "ERG", START + 60.0 * i).value for i in range(1440)]
    assert len(set(values)) > 500
    assert max(abs(b / a - 1.0) for a, b in pairwise(values)) < 0.02
    assert 0.6 < min(values) < max(values) < 1.2
    assert values[0] == pytest.approx(0.84, rel=0.01)


def test_quotes_are_never_from_the_future_and_never_stale_in_a_calm_farm(one: Farm) -> None:
    """At any second of two hours, before the farm began as well, every age is within its limit."""
    for second in range(-3600, 3600, 7):
        now = START + second
        for q in one.quotes(now):
            assert q.at <= now
            assert not q.stale(now)


def test_the_power_price_steps_each_quarter_hour(one: Farm) -> None:
    """One value through an interval that says when it ends; about a hundred of them a day, dearest in the evening."""
    first = quote(one, "power_price", "power", START)
    assert (first.at % 900.0, first.interval_end) == (0.0, first.at + 900.0)
    assert quote(one, "power_price", "power", first.interval_end - 1.0) == first
    assert quote(one, "power_price", "power", first.interval_end).at == first.interval_end
    midnight = 1_769_958_000.0  # 2026-02-02T00:00:00+09:00
    day = [quote(one, "power_price", "power", midnight + 900.0 * i).value for i in range(96)]
    assert len(set(day)) > 48
    assert max(range(96), key=day.__getitem__) // 4 in (17, 18, 19, 20, 21)
    assert 0.04 < min(day) < max(day) < 0.11


def test_every_name_that_the_config_needs_is_quoted(one: Farm) -> None:
    """Coins of its miners, rentals of its marketplaces, power and carbon, in the units that money is made of."""
    quotes = {(q.kind, q.name): q.unit for q in one.quotes(START)}
    for workload in one.settings.workloads.values():
        if workload.coin:
            assert quotes[("coin_price", workload.coin)] == "USD"
            assert quotes[("nethash", workload.coin)] == "H/s"
        if workload.revenue and workload.revenue.quote:
            assert quotes[("rental", workload.revenue.quote)] == "USD/h"
    assert quotes[("power_price", "power")] == "USD/kWh"
    assert quotes[("carbon", "carbon")] == "g/kWh"


@pytest.mark.parametrize("workload", ["ergo", "ravencoin", "pearl"])
def test_mining_roughly_breaks_even(one: Farm, workload: str) -> None:
    """What one GPU mines in an hour is worth between 0.8 and 4 times the power that it takes at the wall."""
    settings, site = one.settings.workloads[workload], one.settings.site
    coin, expected = one.settings.coins[settings.coin], settings.expected
    per_h = expected.hashrate_h_per_s / coin.nethash * coin.reward * 3600.0 / coin.block_time_s
    gross = per_h * quote(one, "coin_price", settings.coin, START).value
    wall_w = (expected.power_w + site.host_overhead_w / 8) / site.psu_efficiency * site.pue
    assert 0.8 < gross / (wall_w / 1000.0 * one.settings.power.price_per_kwh) < 4.0


def test_everything_the_feeds_say_is_newer_than_the_config(one: Farm) -> None:
    """What a config holds by hand must not win against a feed."""
    assert all(q.at > one.config.written_at for q in one.quotes(START))
