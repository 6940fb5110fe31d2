"""BzMiner with four cards on kawpow and a processor on the same pool; buses as decimal ``uid``."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {1: 22_000_000, 10: 22_500_000, 65: 41_000_000, 97: 20_500_000}
VALUE = 106_000_000.0
PER_GPU = {f"00000000:{bus:02X}:00.0": float(rate) for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 40, 6


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    pool = {
        "id": 0,
        "algorithm": "kawpow",
        "current_url": "stratum+tcp://pool.example:7777",
        "status": 2,
        "valid_solutions": int(seconds // 15),
        "rejected_solutions": int(seconds // 100),
        "stale_solutions": 0,
    }
    cards = [
        {"uid": f"{bus}:0", "vendor": 1, "name": "GeForce RTX 3060 Ti", "pool": [0], "status": [3], "hashrate": [rate]}
        for bus, rate in RATES.items()
    ]
    return {
        "method": "fullstatus",
        "bzminer_version": "v24.0.1",
        "uptime_s": int(seconds),
        "pools": [pool],
        "devices": [{"vendor": 4, "name": "processor", "pool": [0], "status": [3], "hashrate": [1500]}, *cards],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/status": json.dumps(answer(seconds)).encode()}
