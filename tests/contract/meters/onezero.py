"""OneZeroMiner with four cards on xelishashv3; rates run parallel to the devices."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {1: 18_000.5, 10: 18_200.0, 65: 33_000.0, 97: 15_799.5}
VALUE = 85_000.0
PER_GPU = {f"00000000:{bus:02X}:00.0": rate for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 2


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    return {
        "name": "onezerominer",
        "version": "1.7.2",
        "uptime_seconds": int(seconds),
        "devices": [
            {"id": index, "bus_id": bus, "name": "NVIDIA GeForce RTX 3070", "temp": None, "power": 128}
            for index, bus in enumerate(RATES)
        ],
        "num_algos": 1,
        "algos": [
            {
                "id": 0,
                "name": "xelishashv3",
                "pool": "pool.example:7777",
                "pool_status": "connected",
                "hashrates": list(RATES.values()),
                "total_hashrate": 85_000,
                "total_accepted_shares": int(seconds // 10),
                "total_rejected_shares": int(seconds // 300),
            }
        ],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/": json.dumps(answer(seconds)).encode()}
