"""Vast.ai's market."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="vast",
    settings={"gpus": {"4090 median": "RTX 4090", "H100": "H100_SXM", "4080": "RTX 4080"}},
    answers={"/metrics/gpu/current/": data("vast.json")},
    expected=(
        Expected("rental", "4090 median", 0.387, "USD/GPU/h", NOW),
        Expected("occupancy", "4090 median", 0.655, "", NOW),
        Expected("rental", "H100", 2.07, "USD/GPU/h", NOW),
        Expected("occupancy", "H100", 0.8825, "", NOW),
    ),
    notes=("no median price for 4080 (RTX 4080)", "no usage for 4080 (RTX 4080)"),
    secret_in="Authorization",
    queries=("verified=all", "hosting_type=all", "num_gpus=all"),
)
