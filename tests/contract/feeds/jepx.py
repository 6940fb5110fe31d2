"""JEPX's file of a fiscal year; 00:11 UTC is 09:11 in Japan, in the 19th half hour."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="jepx",
    settings={"area": "tokyo"},
    answers={"/market/excel/spot_2026.csv": data("jepx.csv")},
    expected=(Expected("power_price", "jepx", 11.27, "JPY/kWh", 1795392000.0, 1800.0),),
    is_json=False,
)
