"""RunPod's prices."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="runpod",
    settings={
        "gpus": {"4090": "RTX 4090", "3090": "nvidia geforce rtx 3090", "H100": "H100 SXM", "L4": "L4", "B9": "B900"}
    },
    answers={"/graphql": data("runpod.json")},
    expected=(
        Expected("rental", "4090", 0.36, "USD/GPU/h", NOW),
        Expected("rental", "3090", 0.24, "USD/GPU/h", NOW),
    ),
    notes=(
        "no community price for H100 (H100 SXM)",
        "no community price for L4 (L4)",
        "no community price for B9 (B900)",
    ),
    secret_in="Authorization",
)
