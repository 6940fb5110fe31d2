"""T-Rex with four cards on kawpow; its own total lags behind the cards."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {1: 24_000_000, 10: 24_500_000, 65: 36_000_000, 97: 21_500_000}
VALUE = 106_000_000.0
PER_GPU = {f"00000000:{bus:02X}:00.0": float(rate) for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 50, 2


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    return {
        "name": "t-rex",
        "version": "0.26.8",
        "algorithm": "kawpow",
        "uptime": int(seconds),
        "paused": False,
        "accepted_count": int(seconds // 12),
        "rejected_count": int(seconds // 250),
        "invalid_count": 0,
        "hashrate": 60_000_000,
        "hashrate_day": 0,
        "active_pool": {"url": "stratum+tcp://pool.example:7777", "difficulty": "1.00 G", "retries": 0},
        "gpus": [
            {"gpu_id": index, "pci_bus": bus, "pci_domain": 0, "hashrate": rate, "power": 150, "paused": False}
            for index, (bus, rate) in enumerate(RATES.items())
        ],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/summary": json.dumps(answer(seconds)).encode()}
