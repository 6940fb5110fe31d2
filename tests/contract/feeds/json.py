"""Any JSON document."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="json",
    settings={
        "headers": {"X-Site": "rig-07"},
        "values": [
            {"name": "ERG", "kind": "coin_price", "unit": "USD/ERG", "path": 'tick."last.price"', "at": "tick.time_ms"},
            {"name": "north", "kind": "power_price", "unit": "EUR/MWh", "path": "zones.0.price", "at": "zones.0.from"},
            {"name": "south", "kind": "power_price", "unit": "EUR/MWh", "path": "zones.1.price", "at": "zones.1.from"},
            {"name": "east", "kind": "power_price", "unit": "EUR/MWh", "path": "zones.2.price", "at": "zones.2.from"},
            {"name": "H100", "kind": "occupancy", "unit": "", "path": "occupancy.h100", "scale": 0.01},
            {"name": "grid", "kind": "carbon", "unit": "g/kWh", "path": "series.-1", "at": "generated"},
            {"name": "RVN", "kind": "coin_price", "unit": "USD/RVN", "path": "tick.last", "at": "tick.date"},
            {"name": "DE", "kind": "carbon", "unit": "g/kWh", "path": "series.3"},
        ],
    },
    answers={"/": data("json.json")},
    expected=(
        Expected("coin_price", "ERG", 0.8377, "USD/ERG", 1795392660.25),
        Expected("power_price", "north", -4.2, "EUR/MWh", 1795392000.0),
        Expected("power_price", "south", 61.4, "EUR/MWh", 1795392000.0),
        Expected("occupancy", "H100", 0.915, "", NOW),
        Expected("carbon", "grid", 96.25, "g/kWh", 1795392690.0),
    ),
    notes=(
        "no power price for east (zones.2.price)",
        "no time of the coin price for RVN (tick.date)",
        "no carbon for DE (series.3)",
    ),
    secret_in="Authorization",
)
