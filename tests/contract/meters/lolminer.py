"""lolMiner's new form with four cards on Autolykos; the old form is in ``old_answer``."""

import json
from typing import Any

KIND, UNIT, TRANSPORT, LONE = "mine", "H/s", "http", False
SETTINGS: dict[str, object] = {}
RATES = {"1:0": 170.5, "10:0": 171.25, "65:0": 262.0, "97:0": 136.25}
VALUE = 740_000_000.0
PER_GPU = {f"00000000:{int(at[:-2]):02X}:00.0": rate * 1e6 for at, rate in RATES.items()}
ACCEPTED, REJECTED = 61, 3


def answer(seconds: float) -> dict[str, Any]:
    """The one object that a new version answers with."""
    return {
        "Software": "lolMiner 1.95",
        "Session": {"Startup": 1_790_000_000, "Uptime": int(seconds), "Last_Update": None},
        "Num_Workers": 4,
        "Workers": [
            {"Index": index, "Name": "GeForce RTX 3080", "Power": 190.2, "PCIE_Address": address}
            for index, address in enumerate(RATES)
        ],
        "Num_Algorithms": 1,
        "Algorithms": [
            {
                "Algorithm": "Autolykos V2",
                "Algorithm_Appendix": "",
                "Pool": "pool.example:7777",
                "Performance_Unit": "Mh/s",
                "Performance_Factor": 1_000_000,
                "Total_Performance": 741.0,
                "Total_Accepted": int(seconds // 10),
                "Total_Rejected": int(seconds // 200),
                "Total_Stales": 1,
                "Worker_Performance": list(RATES.values()),
                "Worker_Accepted": [15, 15, 16, 15],
            }
        ],
    }


def old_answer(seconds: float, unit: object = "mh/s") -> dict[str, Any]:
    """The one object that a version up to 1.4 answers with."""
    return {
        "Software": "lolMiner 1.29",
        "Mining": {"Coin": "Ethereum Classic", "Algorithm": "Etchash"},
        "Stratum": {"Current_Pool": "pool.example:7777", "Average_Latency": 22.0},
        "Session": {
            "Uptime": int(seconds),
            "Active_GPUs": 4,
            "Performance_Summary": 741.0,
            "Performance_Unit": unit,
            "Accepted": int(seconds // 10),
            "Submitted": int(seconds // 10) + int(seconds // 200),
        },
        "GPUs": [
            {"Index": index, "Performance": rate, "Consumption (W)": 190.2, "PCIE_Address": address}
            for index, (address, rate) in enumerate(RATES.items())
        ],
    }


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    return {"/summary": json.dumps(answer(seconds)).encode()}
