"""WhatToMine's public list."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="whattomine",
    settings={
        "coins": {
            "RVN": "Ravencoin",
            "ERG": "erg",
            "RXD": "RXD",
            "UNL": "UNL",
            "BTC": "BTC",
            "DGB": "DGB",
            "NH": "Nicehash-KawPow",
            "NOPE": "no such coin",
        }
    },
    answers={"/coins.json": data("whattomine.json")},
    expected=(
        Expected("coin_price", "RVN", 1.06e-07, "BTC/RVN", 1795392610.0),
        Expected("nethash", "RVN", 6.018e12, "H/s", 1795392610.0),
        Expected("block_time", "RVN", 60.1, "s", 1795392610.0),
        Expected("reward", "RVN", 1250.0, "RVN", 1795392610.0),
        Expected("coin_price", "ERG", 8.41e-06, "BTC/ERG", 1795392500.0),
        Expected("nethash", "ERG", 2.6e13, "H/s", 1795392500.0),
        Expected("block_time", "ERG", 119.4, "s", 1795392500.0),
        Expected("reward", "ERG", 12.0, "ERG", 1795392500.0),
        Expected("coin_price", "RXD", 2.2e-09, "BTC/RXD", 1795392550.0),
        Expected("reward", "UNL", 9.5, "UNL", NOW),
        Expected("nethash", "BTC", 905742718480952380952.0, "H/s", 1795392590.0),
        Expected("block_time", "BTC", 588.0, "s", 1795392590.0),
        Expected("reward", "BTC", 3.1402, "BTC", 1795392590.0),
    ),
    notes=(
        "no network hashrate, block reward for RXD (RXD), which lags",
        "no price, network hashrate for UNL (UNL)",
        "no price for BTC (BTC)",
        "no figures for DGB (DGB): 2 coins are called so, write another of their names",
        "no figures for NH (Nicehash-KawPow)",
        "no figures for NOPE (no such coin)",
    ),
)
