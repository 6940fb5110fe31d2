"""WhatToMine's interface with a key."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="whattomine_v1",
    settings={"coins": {"RVN": "RVN", "ERG": "Ergo", "RXD": "rxd", "BTC": "Bitcoin", "NOPE": "NOPE"}},
    answers={"/api/v1/coins": data("whattomine_v1.json")},
    expected=(
        Expected("coin_price", "RVN", 1.06e-07, "BTC/RVN", 1795392500.0),
        Expected("nethash", "RVN", 6.018e12, "H/s", 1795392500.0),
        Expected("block_time", "RVN", 60.1, "s", 1795392500.0),
        Expected("reward", "RVN", 1250.0, "RVN", 1795392500.0),
        Expected("coin_price", "ERG", 8.41e-06, "BTC/ERG", 1795392300.0),
        Expected("nethash", "RXD", 1.1e12, "H/s", NOW),
        Expected("nethash", "BTC", 905742718480952380952.0, "H/s", 1795392600.0),
        Expected("block_time", "BTC", 588.0, "s", 1795392600.0),
        Expected("reward", "BTC", 3.1402, "BTC", 1795392600.0),
    ),
    notes=(
        "no network hashrate, block reward for ERG (Ergo), which lags",
        "no price, block reward for RXD (rxd)",
        "no price for BTC (Bitcoin)",
        "no figures for NOPE (NOPE)",
    ),
    secret_in="Authorization",
)
