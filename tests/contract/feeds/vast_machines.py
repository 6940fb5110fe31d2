"""Vast.ai's machines of an account."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="vast_machines",
    settings={
        "machines": {"rig-07": "60011", "rig-09": "60017", "rig-11": "60023", "rig-12": "60099"},
    },
    answers={"/machines/": data("vast_machines.json")},
    expected=(
        Expected("rented", "rig-07", 0.5, "", NOW),
        Expected("rental", "rig-07", 0.41, "USD/GPU/h", NOW),
        Expected("rented", "rig-09", 0.0, "", NOW),
        Expected("rental", "rig-11", 0.38, "USD/GPU/h", NOW),
    ),
    notes=(
        "machine rig-07 is listed until 2026-12-01T00:00Z",
        "machine rig-09 is not listed",
        "machine rig-09 has been offline for 12m, says Vast",
        'it is not known whether machine rig-11 is rented: occupancy "D D Q", expected D, R, I or x for each of 3 GPUs',
        "the listing of machine rig-11 ended at 2026-11-22T00:00Z",
        "this account has no machine 60099 (rig-12)",
    ),
    secret_in="Authorization",
    queries=("owner=me",),
)
