"""The local store: trends in steps, today's accrual, and what was measured, across restarts and bad files."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import store
from console.config.settings import Settings
from console.config.tariff_settings import PowerSettings
from console.config.workload_settings import WorkloadSettings
from console.history.accrued import MAX_GAP_S, Accrued, Day
from console.history.measured import WARM_UP_S, Measured
from console.history.trend import Trend
from console.market.quotes import configured
from console.model import Kind, Uuid
from console.site.backfill import Moment, backfill

NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z


def test_a_step_is_the_mean_of_what_was_known_in_it() -> None:
    """Values of one step average; a step nothing was known in is None, not 0."""
    trend = Trend(step_s=10, length=4)
    for at, value in ((0, 1.0), (5, 3.0), (12, None), (35, 7.0), (40, 9.0)):
        trend.add(at, value)
    assert trend.values == (2.0, None, None, 7.0)


def test_a_trend_keeps_only_its_length() -> None:
    """Old steps leave; a gap longer than the trend empties it without allocating the gap."""
    trend = Trend(step_s=1, length=3)
    trend.add(0, 5.0)
    trend.add(10_000_000, 6.0)
    assert trend.values == (None, None, None)


def test_a_constant_rate_accrues_rate_times_time(tmp_path: Path) -> None:
    """0.36 per hour for 100 s is 0.01, and a restart goes on from there."""
    path = tmp_path / "today.json"
    first = Accrued(path, "UTC")
    for second in range(101):
        day = first.add(NOON + second, 0.36)
    assert day.accrued == pytest.approx(0.01)
    first.save()
    again = Accrued(path, "UTC").add(NOON + 200, 0.36)
    assert again.accrued == pytest.approx(0.01)
    assert again.since == NOON


def test_time_that_was_not_watched_earns_nothing() -> None:
    """A silence longer than the limit and an unknown rate are left out."""
    accrued = Accrued(None, "UTC")
    accrued.add(NOON, 100.0)
    accrued.add(NOON + MAX_GAP_S + 1, None)
    day = accrued.add(NOON + MAX_GAP_S + 2, 100.0)
    assert (day.accrued, day.known) == (0.0, False)


def test_today_begins_at_local_midnight() -> None:
    """The day turns in the site's timezone, not in UTC."""
    accrued = Accrued(None, "Asia/Tokyo")
    before = NOON + 3 * 3600 - 5  # 23:59:55 in Tokyo
    accrued.add(before, 3600.0)
    assert accrued.add(before + 4, 3600.0).accrued == pytest.approx(4.0)
    assert accrued.add(before + 6, 3600.0).day == "2026-11-24"


def test_a_bad_file_is_moved_aside_not_fatal(tmp_path: Path) -> None:
    """Rubbish on disk costs the history, not the console, and is kept for whoever wants to look."""
    path = tmp_path / "today.json"
    path.write_text('{"day": 3')
    assert store.load(path, Day, Day()) == Day()
    assert (tmp_path / "today.json.bad").read_text() == '{"day": 3'


def test_warm_up_is_left_out_and_medians_survive_a_restart(tmp_path: Path) -> None:
    """Zeros of the first two minutes never become the estimate."""
    path = tmp_path / "measured.json"
    measured = Measured(path)
    for second in range(400):
        warm = second >= WARM_UP_S
        measured.observe("GPU-a", "RTX 4090", "ergo", NOON + second, rate=2e8 if warm else 0.0, power_w=221.0)
    figure = measured.on("GPU-a", "ergo")
    assert figure is not None
    assert (figure.rate, figure.power_w) == (2e8, 221.0)
    measured.save()
    assert Measured(path).on("GPU-a", "ergo") == figure


def test_one_that_only_looks_knows_the_files_and_never_writes_them(tmp_path: Path) -> None:
    """A status beside a running console would put older figures over its newer ones."""
    day, known = tmp_path / "today.json", tmp_path / "measured.json"
    for keeps in (True, False):
        accrued, measured = Accrued(day, "UTC", keeps=keeps), Measured(known, keeps=keeps)
        for second in range(200):
            at = NOON + (0 if keeps else 200) + second
            accrued.add(at, 0.36)
            measured.observe("GPU-a", "M", "ergo", at, rate=2e8, power_w=221.0 if keeps else 99.0)
        accrued.save()
        measured.save()
        if keeps:
            before = day.read_bytes(), known.read_bytes()
    assert accrued.add(NOON + 400, None).accrued == pytest.approx(0.04, rel=0.01), "it goes on from what was kept"
    assert (day.read_bytes(), known.read_bytes()) == before


def test_gpus_of_a_model_stand_in_for_each_other() -> None:
    """The estimate for a card that never ran a workload is the median of its model here."""
    measured = Measured(None)
    for uuid, rate in (("GPU-a", 1.0), ("GPU-b", 2.0), ("GPU-c", 9.0)):
        for second in range(0, 200, 10):
            measured.observe(uuid, "RTX 4090", "ergo", NOON + second, rate=rate, power_w=None)
    alike = measured.like("RTX 4090", "ergo")
    assert alike is not None
    assert (alike.rate, alike.power_w) == (2.0, None)
    assert measured.like("RTX 3090", "ergo") is None


def test_another_workload_closes_the_window() -> None:
    """Coming back to a workload warms up again, and the figure of last time stays meanwhile."""
    measured = Measured(None)
    for second in range(0, 200, 10):
        measured.observe("GPU-a", "M", "ergo", NOON + second, rate=5.0, power_w=1.0)
    measured.observe("GPU-a", "M", "vllm", NOON + 200, rate=None, power_w=2.0)
    measured.observe("GPU-a", "M", "ergo", NOON + 210, rate=0.0, power_w=2.0)
    figure = measured.on("GPU-a", "ergo")
    assert figure is not None
    assert figure.rate == 5.0


def test_a_past_without_prices_is_unknown_not_zero() -> None:
    """What cannot be priced is in no sum; a past of which nothing can be is None."""
    settings = Settings(
        power=PowerSettings(price_per_kwh=0.1),
        workloads={"ergo": WorkloadSettings(kind=Kind.MINE, coin="ERG")},
    )
    quotes = configured(settings, NOON)
    unpaid = Moment(at=NOON, workload="ergo", power_w=None, rate=2e8)
    idle = Moment(at=NOON, workload="off", power_w=100.0, rate=None)
    for past, net_per_h, wall_w in (
        ({Uuid("a"): [unpaid]}, None, None),
        ({Uuid("a"): [unpaid], Uuid("b"): [idle]}, pytest.approx(-0.01), 100.0),
    ):
        net: dict[str, Trend] = {}
        power: dict[str, Trend] = {}
        backfill(past, settings, lambda _: quotes, net, power)
        for trend in (net[""], power[""]):
            trend.add(NOON + 10, None)
        assert (net[""].values, power[""].values) == ((net_per_h,), (wall_w,))
