"""NiceHash's paying rates."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="nicehash",
    settings={
        "coins": {
            "NH-KAWPOW": "KawPow",
            "NH-ERG": "AUTOLYKOS",
            "NH-SCRYPT": "scrypt",
            "NH-FISH": "FishHash",
            "NH-NOPE": "NoSuchHash",
        }
    },
    answers={"/main/api/v2/public/simplemultialgo/info": data("nicehash.json")},
    expected=(
        Expected("hash_price", "NH-KAWPOW", 0.0231, "BTC/TH/day", NOW),
        Expected("hash_price", "NH-ERG", 0.0039, "BTC/TH/day", NOW),
        Expected("hash_price", "NH-SCRYPT", 0.286, "BTC/TH/day", NOW),
    ),
    notes=(
        "no price for NH-FISH (FishHash): nobody buys it now",
        "no price for NH-NOPE (NoSuchHash): no such algorithm",
    ),
)
