"""Carbon intensity of Great Britain; that of the half hour under way is a forecast, given as text."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="carbon_gb",
    settings={},
    answers={"/intensity/2026-11-22T23:30Z/fw24h": data("carbon_gb.json")},
    expected=(Expected("carbon", "carbon", 112.0, "g/kWh", 1795392000.0, 1800.0),),
)
