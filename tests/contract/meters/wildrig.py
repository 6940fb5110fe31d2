"""WildRig Multi with four threads on pearlhash, which no bus tells apart."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
VALUE = 3.15e14
PER_GPU: dict[str, float] = {}
ACCEPTED, REJECTED = 61, 2


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    good = int(seconds // 10)
    return {
        "version": "0.49.2",
        "kind": "wildrig-multi",
        "algo": "pearlhash",
        "uptime": int(seconds),
        "hashrate": {
            "total": [3.15e14, 3.1e14, 0],
            "highest": 3.2e14,
            "threads": [[5.9e13, 5.8e13, 0], [6.1e13, 6e13, 0], [1.1e14, 1.1e14, 0], [8.5e13, 8.2e13, 0]],
        },
        "results": {"diff_current": 4096, "shares_good": good, "shares_total": good + int(seconds // 300)},
        "connection": {"pool": "pool.example:7777", "uptime": max(0, int(seconds) - 4)},
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/": json.dumps(answer(seconds)).encode()}
