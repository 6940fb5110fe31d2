"""Energy-Charts' carbon intensity."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="energy_charts_carbon",
    settings={"area": "DE"},
    answers={"/co2eq": data("energy_charts_carbon.json")},
    expected=(Expected("carbon", "carbon", 418.6, "g/kWh", 1795392000.0, 900.0),),
    queries=("country=de",),
)
