"""A meter's watts, as one figure in a JSON document; as plain text they are in tests/unit/test_feed_documents.py."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="wall",
    settings={
        "values": [
            {"name": "pdu", "kind": "wall_power", "unit": "W", "path": "total.kw", "scale": 1000, "at": "total.at"}
        ]
    },
    answers={"/": data("wall.json")},
    expected=(Expected("wall_power", "wall", 812.25, "W", 1795392695.0),),
    secret_in="Authorization",
)
