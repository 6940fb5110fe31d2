"""Frankfurter's euro rates on a Monday before the day's are set: Friday's, of 14:10 in Frankfurt."""

from tests.contract.feeds.case import Case, Expected, data

FRIDAY = 1795180200.0

CASE = Case(
    kind="frankfurter",
    settings={"currency": "USD", "currencies": ["EUR", "JPY", "CHF"]},
    answers={"/v1/latest": data("frankfurter.json")},
    expected=(
        Expected("fx", "EUR", 1.1612, "USD/EUR", FRIDAY),
        Expected("fx", "JPY", 1.1612 / 178.41, "USD/JPY", FRIDAY),
    ),
    notes=("no exchange rate for CHF",),
    queries=("base=EUR", "symbols=CHF%2CJPY%2CUSD"),
)
