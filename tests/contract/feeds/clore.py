"""Clore.ai's marketplace."""

from tests.contract.feeds.case import NOW, Case, Expected, data

CASE = Case(
    kind="clore",
    settings={"gpus": {"3090": "RTX 3090", "4090": "NVIDIA GeForce RTX 4090", "3090 Ti": "rtx 3090 ti"}},
    answers={"/marketplace": data("clore.json")},
    expected=(
        # Per GPU and hour 9.6/2/24 = 0.2, 4.32/24 = 0.18 and 28.8/4/24 = 0.3 are free and whole.
        Expected("rental", "3090", 0.2, "USD/GPU/h", NOW),
        Expected("rental", "3090 Ti", 0.1, "USD/GPU/h", NOW),
    ),
    notes=(
        "servers left out as they cannot be read: 1 of 10",
        "no price for 4090 (NVIDIA GeForce RTX 4090): servers with it 1, of them rented 1",
    ),
    secret_in="auth",
)
