"""Power at the wall of a meter, a PDU or IPMI, from ``url`` or ``file``: watts as plain text, or one figure in JSON.

The text is a number such as ``812.5``, ``812.5 W`` or ``0.81 kW``. The one of ``values`` that may be given names the
path to the figure in a JSON document. The quote is called as the feed is; a file's time of writing is its time, so
that a meter whose script has died grows stale within a minute.
"""

from __future__ import annotations

import msgspec

from console import units
from console.config.feed_settings import FeedSettings, FeedValue
from console.market.contract import Answer, FeedError
from console.market.feeds._document import Body, Document
from console.text import clean

EVERY_S = 10.0
"""A meter in the house; its readings are believed for a minute."""
_LONGEST = 40


def connect(name: str, settings: FeedSettings) -> Wall:
    """The feed; does no I/O."""
    return Wall(name, settings)


class Wall:
    """Watts at one meter. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._in_json = bool(settings.values)
        values = settings.values or (FeedValue(name=name, kind="wall_power", unit="W", path="text"),)
        named = tuple(msgspec.structs.replace(value, name=name) for value in values)
        self._document = Document(name, msgspec.structs.replace(settings, values=named))

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        body = self._document.read(now, timeout_s)
        if self._in_json:
            return self._document.answer_in_json(body)
        watts = self._watts(body)
        return self._document.answer(body, lambda _: (watts, None))

    def close(self) -> None:
        """See Feed.close."""
        self._document.close()

    def _watts(self, body: Body) -> float:
        try:
            return units.power_w(clean(body.data.decode("ascii"), _LONGEST))
        except UnicodeDecodeError:
            raise FeedError(f"{self._document.called} is no plain text, expected watts such as 812.5") from None
        except ValueError as error:
            raise FeedError(f"{self._document.called}: {error}") from None
