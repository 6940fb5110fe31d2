"""TeamRedMiner with four cards: a joined reply in kH/s; it tells no bus."""

import json

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "tcp", False
SETTINGS: dict[str, object] = {}
RATES_KH = [21_300.0, 20_900.0, 33_100.0, 24_700.0]
VALUE = 100_000_000.0
PER_GPU: dict[str, float] = {}
ACCEPTED, REJECTED = 67, 4


def document(seconds: float) -> dict[str, bytes]:
    """The reply to each command ``seconds`` after the start."""
    status = [{"STATUS": "S", "When": 1795400000, "Description": "TeamRedMiner 0.10.14"}]
    summary = {
        "Elapsed": int(seconds),
        "MHS av": 99.1,
        "KHS 30s": sum(RATES_KH),
        "Accepted": int(seconds // 9),
        "Rejected": int(seconds // 150),
        "Hardware Errors": 0,
    }
    devices = [{"GPU": n, "Status": "Alive", "MHS av": 24.5, "KHS 30s": rate} for n, rate in enumerate(RATES_KH)]
    reply = {
        "summary": [{"STATUS": status, "SUMMARY": [summary], "id": 1}],
        "devs": [{"STATUS": status, "DEVS": devices, "id": 1}],
        "id": 1,
    }
    return {"summary+devs": json.dumps(reply).encode()}
