"""A miner that no meter of its own knows, read by paths: MH/s, buses in decimal, a key with a dot in it."""

import json

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {
    "value": "data.0.speed",
    "unit": "MH/s",
    "per_gpu": 'data.0."by.card"',
    "gpu_value": "now.speed",
    "gpu_pci": "bus",
    "pci_base": "decimal",
    "accepted": "data.0.shares.0",
    "rejected": "data.0.shares.1",
    "uptime": "up",
}
RATES = {1: 40.5, 10: 39.5, 65: 66.0, 97: 54.0}
VALUE = 200e6
PER_GPU = {f"00000000:{bus:02X}:00.0": rate * 1e6 for bus, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 2


def document(seconds: float) -> dict[str, bytes]:
    """What the one address answers ``seconds`` after the start."""
    cards = [{"bus": bus, "now": {"speed": rate}} for bus, rate in RATES.items()]
    first = {"speed": sum(RATES.values()), "by.card": cards, "shares": [int(seconds // 10), int(seconds // 300)]}
    return {"/": json.dumps({"up": int(seconds), "data": [first]}).encode()}
