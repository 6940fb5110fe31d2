"""What the feeds of rental markets share: the figure that is asked for, and the words in which a market refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.config.errors import shown
from console.config.feed_settings import FeedSettings
from console.market.contract import FeedError
from console.market.feeds._api import number
from console.text import clean

UNIT = "USD/GPU/h"

Figure = float | str | None
"""A number as markets write it; ``number`` and ``price`` read it."""


def chosen(name: str, settings: FeedSettings, known: Sequence[str], otherwise: str) -> str:
    """``statistic`` of ``[feeds.NAME]``, or ``otherwise`` where there is none. Raises FeedError for an unknown one."""
    given = settings.statistic
    if given is None:
        return otherwise
    if given not in known:
        expected = f"{', '.join(known[:-1])} or {known[-1]}"
        raise FeedError(f"feeds.{name}.statistic is {shown(given)}, expected {expected}")
    return given


def bearer(key: str | None) -> Mapping[str, str]:
    """The header that carries a key; none without one."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def said(text: str, key: str | None) -> str:
    """What a source says of a failure, as part of a sentence; a source that repeats the key does not spread it."""
    return clean(text.replace(key, "(the key)") if key else text, 160) or "no reason given"


def price(value: Figure) -> float | None:
    """A price above nothing. Markets write 0 where a GPU is not on offer, and that is no price."""
    found = number(value)
    return found if found is not None and found > 0 else None


def nearest_rank(values: Sequence[float], percent: int) -> float:
    """The percentile by nearest rank: the lowest of ``values`` that at least ``percent`` % of them do not exceed.

    It is always a price that somebody asks, never one in between; of an even number the median is the lower of the
    middle two. ``values`` are not empty, ``percent`` is 1 to 100.
    """
    rank = -(-len(values) * percent // 100)  # rounded up in whole numbers: 0.07 * 100 is more than 7
    return sorted(values)[rank - 1]
