"""HiveOS' agent with a custom miner on four cards and a second one on the processor; buses in decimal."""

import json

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "file", False
SETTINGS: dict[str, object] = {}
RATES_KH = {1: 31_000.0, 10: 30_500.0, 65: 48_000.0, 97: 40_500.0}
VALUE = 150e6
PER_GPU = {f"00000000:{bus:02X}:00.0": rate * 1e3 for bus, rate in RATES_KH.items()}
ACCEPTED, REJECTED = 87, 1


def document(seconds: float) -> dict[str, bytes]:
    """What stands in the one file ``seconds`` after the start."""
    stats = {
        "hs": list(RATES_KH.values()),
        "hs_units": "khs",
        "temp": [58, 60, 66, 61],
        "fan": [40, 44, 61, 50],
        "uptime": int(seconds),
        "ver": "0.9.1",
        "ar": [int(seconds // 7), int(seconds // 400)],
        "algo": "kawpow",
        "bus_numbers": list(RATES_KH),
    }
    params = {
        "v": 1,
        "rig_id": "12",
        "passwd": "not-for-anyone",
        "miner": "custom",
        "miner_stats": stats,
        "total_khs": sum(RATES_KH.values()),
        "miner2": "xmrig-new",
        "miner_stats2": {"hs": [9.5], "hs_units": "khs", "ar": [5, 0], "bus_numbers": [None]},
        "total_khs2": 9.5,
    }
    return {"": json.dumps({"method": "stats", "params": params}).encode()}
