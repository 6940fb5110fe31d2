"""SRBMiner-Multi with four cards on pearlhash, and two threads of the processor that belong to no card."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {1: 5.9e13, 10: 6.1e13, 65: 2.5e14, 97: 8.8e13}
VALUE = 4.58e14
PER_GPU = {f"00000000:{bus:02X}:00.0": rate for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 30, 2
PROCESSOR = 1234.0


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    on = 1.0 if seconds >= 20 else 0.0
    cards = {f"gpu{index}": rate * on for index, rate in enumerate(RATES.values())}
    return {
        "rig_name": "shelf-3",
        "miner_version": "3.4.1",
        "mining_time": int(seconds),
        "total_gpu_workers": 4,
        "gpu_devices": [
            {"device": f"gpu{index}", "id": index, "bus_id": bus, "model": "NVIDIA GeForce RTX 4090", "asic_power": 240}
            for index, bus in enumerate(RATES)
        ],
        "algorithms": [
            {
                "id": 0,
                "name": "pearlhash",
                "pool": {"pool": "pool.example:7777", "difficulty": 4096, "uptime": int(seconds), "latency": 12},
                "shares": {"total": 32, "accepted": int(seconds // 20), "rejected": int(seconds // 300)},
                "hashrate": {
                    "1min": None,
                    "now": (sum(RATES.values()) + PROCESSOR) * on,
                    "gpu": {**cards, "total": sum(cards.values())},
                    "cpu": {"thread0": PROCESSOR, "total": PROCESSOR},
                },
            }
        ],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/": json.dumps(answer(seconds)).encode()}
