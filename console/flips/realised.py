"""What a flip has realised in the hour after it, against what it was expected to: sums without clock or I/O.

    gain realised = sum over the hour of (net now - net of the old option at this moment's prices) * dt

over all GPUs of the flip. A moment at which either side is unknown is not observed: it adds nothing, and is missing
from the time that the gain per hour is made of.
"""

from __future__ import annotations

import msgspec

from console import units
from console.model import Record

HOUR_S = 3600.0
ENOUGH = 0.5
"""The share of the hour that must have been observed for a figure: with less, what was not seen outweighs it."""
LATER_FLIP = "a later flip"


class Hour(Record):
    """The hour after one flip, as far as it was watched. ``at`` is when the flip was done, Unix seconds.

    ``gained`` is in the site's currency over ``observed_s``; ``ended_at`` is set where the hour ended early.
    """

    flip_id: str
    at: float
    uuids: tuple[str, ...]
    slots: tuple[int, ...]
    old: tuple[str, ...]  # the workload before, per GPU in the order of uuids
    before: str
    after: str
    expected_per_h: float | None = None
    observed_s: float = 0.0
    gained: float = 0.0
    ended_at: float | None = None

    @property
    def until(self) -> float:
        """When it is over, Unix seconds."""
        return self.at + HOUR_S if self.ended_at is None else min(self.ended_at, self.at + HOUR_S)

    @property
    def share(self) -> float:
        """What of a whole hour was observed, 0 to 1."""
        return min(1.0, self.observed_s / HOUR_S)

    @property
    def realised_per_h(self) -> float | None:
        """The gain per hour while it was observed; None where that was less than half of the hour."""
        return self.gained / self.observed_s * 3600.0 if self.observed_s and self.share >= ENOUGH else None


def fed(hour: Hour, begun: float, dt_s: float, net_now: float | None, net_old: float | None) -> Hour:
    """The hour with ``dt_s`` seconds more from ``begun`` (Unix seconds) on, at nets per hour of all its GPUs.

    What of them lies outside the hour does not count, nor do seconds of which a side is unknown.
    """
    inside_s = min(begun + dt_s, hour.until) - max(begun, hour.at)
    if inside_s <= 0 or net_now is None or net_old is None:
        return hour
    gained = hour.gained + (net_now - net_old) * inside_s / 3600.0
    return msgspec.structs.replace(hour, observed_s=hour.observed_s + inside_s, gained=gained)


def cut_short(hour: Hour, at: float) -> Hour:
    """The hour ended at ``at`` by a later flip of one of its GPUs; as it is where it was over by then."""
    return hour if at >= hour.until else msgspec.structs.replace(hour, ended_at=max(at, hour.at))


def fuller(one: Hour, other: Hour) -> Hour:
    """The one of two watches over the same hour that saw more of it."""
    return one if one.observed_s >= other.observed_s else other


def sentence(hour: Hour, currency: str) -> str:
    """Expected against realised in one line, or how little was seen."""
    unit = f"{units.symbol(currency)}/h"
    expected = f"expected {units.money(hour.expected_per_h)} {unit}" if hour.expected_per_h is not None else ""
    said = expected or "expected gain unknown"
    cut = hour.ended_at is not None
    if hour.realised_per_h is None:
        seen = f"only {_time(hour.observed_s)} of the hour were observed" if hour.observed_s else "nothing was observed"
        return f"{said}, realised unknown: {seen}" + (f", {LATER_FLIP} ended it early" if cut else "")
    realised = f"{said}, realised {units.money(hour.realised_per_h)} {unit} over {_time(hour.observed_s)}"
    return realised + (f", ended early by {LATER_FLIP}" if cut else "")


def body(hour: Hour, currency: str) -> dict[str, object]:
    """What the journal's line says of it; ``realised`` is the gain in money over the time observed."""
    return {
        "text": sentence(hour, currency),
        "slots": list(hour.slots),
        "before": hour.before,
        "after": hour.after,
        "expected_per_h": hour.expected_per_h,
        "realised_per_h": hour.realised_per_h,
        "realised": hour.gained if hour.realised_per_h is not None else None,
        "currency": currency,
        "observed_s": hour.observed_s,
        "observed_share": hour.share,
        "ended_early_at": hour.ended_at,
    }


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 59.5 else f"{seconds:.0f} s"
