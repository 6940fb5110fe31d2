"""GMiner with four cards on an Equihash algorithm; bus addresses in hex."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {"01": 55, "0a": 54, "41": 91, "61": 50}
VALUE = 250.0
PER_GPU = {f"00000000:{bus.upper()}:00.0": float(rate) for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 6


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    return {
        "miner": "GMiner 3.43",
        "uptime": int(seconds),
        "server": "stratum+tcp://pool.example:7777",
        "user": "WALLET.shelf-3",
        "algorithm": "equihash144_5",
        "total_accepted_shares": int(seconds // 10),
        "total_rejected_shares": int(seconds // 100),
        "total_stale_shares": 0,
        "speed_rate_precision": 1,
        "speed_unit": "Sol/s",
        "power_unit": "Sol/W",
        "devices": [
            {
                "gpu_id": index,
                "bus_id": f"0000:{bus}:00.0",
                "name": "GeForce RTX 3070",
                "speed": rate,
                "speed2": 0,
                "accepted_shares": 15,
                "rejected_shares": 1,
                "power_usage": 131,
            }
            for index, (bus, rate) in enumerate(RATES.items())
        ],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/stat": json.dumps(answer(seconds)).encode()}
