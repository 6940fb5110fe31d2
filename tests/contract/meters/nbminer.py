"""NBMiner with four cards on ethash; it says when it started, and -1 for what it does not know."""

import json
import time
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {1: 60_100_000.0, 10: 60_400_000.0, 65: 119_000_000.0, 97: 98_500_000.0}
VALUE = 338_000_000.0
PER_GPU = {f"00000000:{bus:02X}:00.0": rate for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 3


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    return {
        "version": "42.3",
        "start_time": int(time.time() - seconds),
        "miner": {
            "total_hashrate": "337.5 M",
            "total_hashrate_raw": 337_500_000.0,
            "total_hashrate2_raw": 0,
            "devices": [
                {"id": index, "pci_bus_id": bus, "hashrate_raw": rate, "hashrate2_raw": 0, "memTemperature": -1}
                for index, (bus, rate) in enumerate(RATES.items())
            ],
        },
        "stratum": {
            "algorithm": "ethash",
            "url": "pool.example:7777",
            "dual_mine": False,
            "accepted_shares": int(seconds // 10),
            "rejected_shares": int(seconds // 200),
            "latency": 31,
        },
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/api/v1/status": json.dumps(answer(seconds)).encode()}
