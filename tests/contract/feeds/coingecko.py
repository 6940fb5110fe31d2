"""CoinGecko's simple price."""

from tests.contract.feeds.case import Case, Expected, data

CASE = Case(
    kind="coingecko",
    settings={"coins": {"ERG": "ergo", "RVN": "ravencoin", "NOPE": "no-such-coin"}},
    answers={"/api/v3/simple/price": data("coingecko.json")},
    expected=(
        Expected("coin_price", "ERG", 0.8412, "USD/ERG", 1795392600.0),
        Expected("coin_price", "RVN", 0.010613, "USD/RVN", 1795392580.0),
    ),
    notes=("no price for NOPE (no-such-coin)",),
    secret_in="x-cg-demo-api-key",
    queries=("ids=ergo%2Cravencoin%2Cno-such-coin", "vs_currencies=usd", "include_last_updated_at=true"),
)
