"""Rigel with four cards on kawpow; bus addresses in hex, lower-case."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {"01": 31_250_000, "0a": 30_750_000, "41": 43_500_000, "61": 27_000_000}
VALUE = 132_500_000.0
PER_GPU = {f"00000000:{bus.upper()}:00.0": float(rate) for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 6


def answer(seconds: float) -> dict[str, Any]:
    """The one object that it answers with."""
    shares = {"kawpow": {"accepted": int(seconds // 10), "rejected": int(seconds // 100), "invalid": 0}}
    pool = {"hostname": "pool.example", "port": 7777, "ssl": False, "username": "WALLET", "password": "x"}
    return {
        "name": "rigel",
        "version": "1.23.1",
        "uptime": int(seconds),
        "algorithm": "kawpow",
        "power_usage": 850.5,
        "hashrate": {"kawpow": sum(RATES.values())},
        "pool_hashrate": {"kawpow": None},
        "solution_stat": shares,
        "pools": {"kawpow": [{"id": 0, "connection_details": pool, "solution_stat": shares["kawpow"]}]},
        "devices": [
            {
                "id": index,
                "selected": True,
                "name": "GeForce RTX 3070",
                "pci_address": f"0000:{bus}:00.0",
                "state": "mining",
                "hashrate": {"kawpow": rate},
                "solution_stat": {"kawpow": {"accepted": 3, "rejected": 0, "invalid": 0}},
                "monitoring_info": {"core_temperature": 58, "power_usage": 121},
            }
            for index, (bus, rate) in enumerate(RATES.items())
        ],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/stat": json.dumps(answer(seconds)).encode()}
