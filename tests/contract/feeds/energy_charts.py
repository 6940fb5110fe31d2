"""Energy-Charts' day-ahead price."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="energy_charts",
    settings={"area": "DE-LU"},
    answers={"/price": data("energy_charts.json")},
    expected=(Expected("power_price", "energy_charts", 37.25, "EUR/MWh", 1795392000.0, 900.0),),
    queries=("bzn=DE-LU", "start=2026-11-23", "end=2026-11-24"),
)
