"""Nord Pool's day-ahead prices."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="nordpool",
    settings={"area": "SE3", "currency": "SEK"},
    answers={"/api/DayAheadPrices": data("nordpool.json")},
    expected=(Expected("power_price", "nordpool", 433.61, "SEK/MWh", 1795392000.0, 900.0),),
    queries=("date=2026-11-23", "market=DayAhead", "deliveryArea=SE3", "currency=SEK"),
)
