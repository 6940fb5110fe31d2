"""Octopus' unit rates."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="octopus",
    settings={"product": "AGILE-24-10-01", "tariff": "E-1R-AGILE-24-10-01-C"},
    answers={
        "/v1/products/AGILE-24-10-01/electricity-tariffs/E-1R-AGILE-24-10-01-C/standard-unit-rates/": data(
            "octopus.json"
        )
    },
    expected=(Expected("power_price", "octopus", -0.02137, "GBP/kWh", 1795392000.0, 1800.0),),
    queries=("period_from=2026-11-23T00%3A00Z", "period_to=2026-11-25T00%3A00Z", "page_size=1500"),
)
