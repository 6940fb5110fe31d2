"""Which figure of a rental market is given: percentiles and means, as its config asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.feed_settings import FeedSettings
from console.market.contract import FeedError
from console.market.feeds._rental import nearest_rank
from console.market.registry import connect_feed
from tests.unit.test_feed_rentals import card_of, reading, values


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("vast", "p10, median or p90"),
        ("clore", "p10, median or p90"),
        ("runpod", "secure, community, secure_spot or community_spot"),
    ],
)
@pytest.mark.parametrize("given", ["mean", "", "MEDIAN", "p10 ", "price_p10"])
def test_an_unknown_statistic_is_refused_before_anything_is_asked(kind: str, expected: str, given: str) -> None:
    """The sentence names the key, what was found and what is expected."""
    settings = FeedSettings(kind=kind, url="http://127.0.0.1:1", gpus={"a": "b"}, statistic=given)
    with pytest.raises(FeedError) as caught:
        connect_feed("spot", settings)
    assert str(caught.value).startswith(f'feeds.spot.statistic is "{given.strip()}"')
    assert str(caught.value).endswith(f", expected {expected}")


@pytest.mark.parametrize(("statistic", "rate"), [("p10", 0.2), ("median", 0.3), ("p90", 0.5), (None, 0.3)])
def test_vast_gives_the_statistic_that_is_asked_for(statistic: str | None, rate: float) -> None:
    """And the same usage with each."""
    market = {"gpu_name": "RTX 4090", "usage": 50, "price_p10": 0.2, "price_median": 0.3, "price_p90": 0.5}
    found = reading("vast", {"gpus": [market]}, gpus={"4090": "RTX 4090"}, statistic=statistic)
    assert values(found) == {("rental", "4090"): rate, ("occupancy", "4090"): 0.5}


@pytest.mark.parametrize(
    ("statistic", "rate"),
    [("secure", 0.6), ("community", 0.3), ("secure_spot", 0.5), ("community_spot", 0.2), (None, 0.3)],
)
def test_runpod_gives_the_price_that_is_asked_for(statistic: str | None, rate: float) -> None:
    """Each of the four has its own field."""
    gpu = {"id": "L4", "securePrice": 0.6, "communityPrice": 0.3, "secureSpotPrice": 0.5, "communitySpotPrice": 0.2}
    found = reading("runpod", {"data": {"gpuTypes": [gpu]}}, gpus={"l4": "L4"}, statistic=statistic)
    assert values(found) == {("rental", "l4"): rate}


@pytest.mark.parametrize(("statistic", "rate"), [("p10", 0.1), ("median", 0.5), ("p90", 0.9), (None, 0.5)])
def test_clore_takes_the_percentile_that_is_asked_for(statistic: str | None, rate: float) -> None:
    """Of ten servers the first, the fifth and the ninth, in whatever order they come."""
    servers = [card_of(2.4 * rank) for rank in (7, 1, 10, 4, 2, 9, 5, 3, 8, 6)]
    found = reading("clore", {"code": 0, "servers": servers}, gpus={"a": "RTX 3090"}, statistic=statistic)
    assert values(found) == {("rental", "a"): pytest.approx(rate)}


@pytest.mark.parametrize(
    ("count", "percent", "rank"),
    [(1, 10, 1), (1, 90, 1), (2, 50, 1), (3, 50, 2), (4, 50, 2), (10, 10, 1), (10, 90, 9), (11, 90, 10), (70, 10, 7)],
)
def test_a_percentile_is_the_price_at_its_rank(count: int, percent: int, rank: int) -> None:
    """Nearest rank: count * percent / 100, rounded up."""
    assert nearest_rank([float(price) for price in range(count, 0, -1)], percent) == rank


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_has_its_share_of_prices_below_it(prices: list[float], percent: int) -> None:
    """It is one of the prices, enough of them do not exceed it, and too few are lower."""
    found = nearest_rank(prices, percent)
    assert found in prices
    assert sum(price <= found for price in prices) * 100 >= percent * len(prices)
    assert sum(price < found for price in prices) * 100 < percent * len(prices)
