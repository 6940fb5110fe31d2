"""Any JSON document, from ``url`` or ``file``: each of ``values`` names a figure, the path to it and its unit.

A path is keys with dots between them, ``data.0.price``; see FeedValue. A figure may be a number or a number as text.
Without ``at`` it is of the time of asking, or of the file's time of writing; with ``at`` and no time there, it has no
age and is left out.
"""

from __future__ import annotations

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._document import Document


def connect(name: str, settings: FeedSettings) -> Json:
    """The feed; does no I/O."""
    return Json(name, settings)


class Json:
    """Figures out of one JSON document. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self._document = Document(name, settings)
        self.interval_s = self._document.interval_s

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        return self._document.answer_in_json(self._document.read(now, timeout_s))

    def close(self) -> None:
        """See Feed.close."""
        self._document.close()
