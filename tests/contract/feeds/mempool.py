"""mempool.space, in euros."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="mempool",
    settings={"coins": {"BTC": "bitcoin", "LTC": "litecoin"}, "currency": "EUR"},
    answers={
        "/api/v1/prices": data("mempool.prices.json"),
        "/api/v1/mining/reward-stats/144": data("mempool.rewards.json"),
        "/api/v1/mining/hashrate/3d": data("mempool.hashrate.json"),
    },
    expected=(
        # 1e15 x 86400 x 3.155 / (1.24e14 x 2**32) x 91250
        Expected("hash_price", "BTC", 46.70511360370344, "EUR/PH/day", 1795392480.0),
        Expected("coin_price", "BTC", 91250.0, "EUR/BTC", 1795392480.0),
        Expected("difficulty", "BTC", 1.24e14, "", NOW),
        Expected("reward", "BTC", 3.155, "BTC", NOW),
        Expected("fx", "BTC", 91250.0, "EUR/BTC", 1795392480.0),
    ),
    notes=("no figures for LTC (litecoin): mempool knows bitcoin alone",),
)
