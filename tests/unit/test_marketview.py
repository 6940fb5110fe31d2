"""The market as a snapshot has it: what the site's power price is made of, and what is said when it changes."""

from __future__ import annotations

from console.config.settings import Settings, SiteSettings
from console.economics.terms import Price
from console.market.keeper import News
from console.market.power import price_of_power
from console.market.prices import Prices
from console.market.quotes import Board
from console.model import FeedState, Held, Input, Quote
from console.site.marketview import MarketView, composed

NOW = 1_795_392_700.0


def wholesale(complete: bool = False) -> Quote:
    return Quote(
        name="spot",
        kind="power_price",
        value=70.0,
        unit="EUR/MWh",
        source="spot",
        at=NOW - 600,
        max_age_s=900.0,
        interval_start=NOW - 600,
        interval_end=NOW + 300,
        complete=complete,
    )


def rate(age_s: float = 61200.0) -> Quote:
    return Quote(name="EUR", kind="fx", value=1.1, unit="USD/EUR", source="ecb", at=NOW - age_s, max_age_s=4 * 86400.0)


def power(*quotes: Quote) -> Price:
    return price_of_power(Prices(Settings(site=SiteSettings(currency="USD")), Board().put(quotes), NOW))


def test_a_wholesale_price_stays_energy_only_through_an_exchange_rate() -> None:
    """In the site's currency, of the time of its interval and not of the rate's, and marked as incomplete."""
    [quote] = composed(power(wholesale(), rate()), "USD", NOW)
    assert (quote.name, quote.unit, quote.source) == ("power", "USD/kWh", "tariff")
    assert (quote.at, quote.stale(NOW), quote.complete) == (NOW - 600, False, False)
    [whole] = composed(power(wholesale(complete=True), rate()), "USD", NOW)
    assert whole.complete


def test_what_is_one_figure_or_none_needs_no_sum() -> None:
    """A flat price stands for itself; an unknown one is no quote; an old part makes the sum old."""
    assert composed(power(), "USD", NOW) == ()
    alone = Price(name="power", value=0.07, inputs=(Input(name="p", value=0.07, unit="USD/kWh", source="config"),))
    assert composed(alone, "USD", NOW) == ()
    [old] = composed(power(wholesale(), rate(age_s=5 * 86400.0)), "USD", NOW)
    assert old.stale(NOW)


def told(view: MarketView, news: News) -> list[str]:
    view.at(Board().put(news.quotes), news, NOW)
    return [line.text for line in view.changes(NOW)]


def coin(value: float, source: str) -> Quote:
    return Quote(name="ERG", kind="coin_price", value=value, unit="USD/ERG", source=source, at=NOW, max_age_s=900.0)


def test_each_change_is_told_once() -> None:
    """A feed that fails and comes back, a quote held back, two sources that part."""
    view = MarketView(Settings())
    well = FeedState(name="gecko", kind="coingecko")
    failing = FeedState(name="gecko", kind="coingecko", error="nothing listens at http://127.0.0.1:1", failures=1)
    held = Held(quote=coin(84.0, "gecko"), reason="rose 100.0-fold", since=NOW)
    assert told(view, News(feeds=(well,))) == []
    assert told(view, News(feeds=(failing,))) == ["feed gecko: nothing listens at http://127.0.0.1:1"]
    assert told(view, News(feeds=(failing,))) == []
    assert told(view, News(feeds=(well,), held=(held,))) == [
        "feed gecko answers again",
        "ERG from gecko rose 100.0-fold: held back, not used",
    ]
    apart = (coin(0.84, "gecko"), coin(1.05, "wtm"))
    assert told(view, News(quotes=apart, feeds=(well,))) == ["ERG: wtm is 25 % above gecko"]
    assert told(view, News(quotes=apart, feeds=(well,))) == []
