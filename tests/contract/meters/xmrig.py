"""XMRig with four cards of its CUDA backend, and a processor that belongs to none of them."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {"01": 900.0, "0a": 905.0, "41": 1495.0, "61": 700.0}
VALUE = 4000.0
PER_GPU = {f"00000000:{bus.upper()}:00.0": rate for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 3
PROCESSOR = [300.0, 310.0, None]


def summary(seconds: float) -> dict[str, Any]:
    """The miner as a whole."""
    return {
        "uptime": int(seconds),
        "algo": "cn/gpu",
        "paused": False,
        "hashrate": {"total": [4300.0, 4290.0, None], "highest": 4400.0},
        "results": {"hashes_total": seconds * 4300},
        "connection": {
            "pool": "pool.example:7777",
            "uptime": int(seconds),
            "failures": 0,
            "accepted": int(seconds // 10),
            "rejected": int(seconds // 200),
        },
    }


def backends() -> list[dict[str, Any]]:
    """Its backends and their threads."""
    cards = [{"bus_id": f"{bus}:00.0", "hashrate": [rate, None, None]} for bus, rate in RATES.items()]
    return [{"type": "cpu", "threads": [{"hashrate": PROCESSOR}]}, {"type": "cuda", "threads": cards}]


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/2/summary": json.dumps(summary(seconds)).encode(), "/2/backends": json.dumps(backends()).encode()}
