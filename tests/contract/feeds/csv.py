"""Any CSV table."""

from tests.contract.feeds.case import NOW, Case, Expected, data

PRICE = {"kind": "power_price", "unit": "EUR/kWh", "path": "Preis ct/kWh", "scale": 0.01, "at": "Zeit"}

CASE = Case(
    kind="csv",
    settings={
        "encoding": "latin-1",
        "delimiter": ";",
        "values": [
            {**PRICE, "name": "north", "where": {"Zone": "Nord"}},
            {**PRICE, "name": "south", "where": {"Zone": "Süd", "Last": "398"}},
            {**PRICE, "name": "east", "where": {"Zone": "Ost"}},
            {**PRICE, "name": "west", "where": {"Zone": "West"}},
            {"name": "load", "kind": "wall_power", "unit": "W", "path": "Last", "scale": 1000},
        ],
    },
    answers={"/": data("csv.csv")},
    expected=(
        Expected("power_price", "north", -0.0125, "EUR/kWh", 1795392000.0),
        Expected("power_price", "south", 0.0715, "EUR/kWh", 1795392000.0),
        Expected("wall_power", "load", 377_000.0, "W", NOW),
    ),
    notes=("no power price for east (Preis ct/kWh)", "no power price for west (Preis ct/kWh)"),
    secret_in="Authorization",
    is_json=False,
)
