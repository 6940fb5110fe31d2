"""What hosting AI brings per GPU and clock hour, in its three forms, before fees and power."""

from __future__ import annotations

SECONDS_PER_HOUR = 3600.0


def contract_per_h(rate_per_h: float) -> float:
    """A contract pays its rate whether the GPU is busy or not."""
    return rate_per_h


def rent_per_h(rate_per_h: float, occupancy: float) -> float:
    """What a marketplace brings in a clock hour when the GPU is rented for ``occupancy`` of the time."""
    return rate_per_h * occupancy


def tokens_per_h(
    input_tok_per_s: float, output_tok_per_s: float, price_in: float, price_out: float, billed_share: float
) -> float:
    """Tokens sold in an hour; prices are per single token, ``billed_share`` is the part of them anybody pays for."""
    return (input_tok_per_s * price_in + output_tok_per_s * price_out) * SECONDS_PER_HOUR * billed_share


def blended(occupancy: float, rented: float, vacant: float) -> float:
    """The clock-hour mean of a figure that differs between rented and vacant hours."""
    return occupancy * rented + (1 - occupancy) * vacant
