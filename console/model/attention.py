"""What calls an operator."""

from __future__ import annotations

from console.model.base import Record

ALARM_WORDS = ("calls", "known", "shelved", "over")
"""What an alarm can be, the first what somebody should look at first."""
LONGEST_SHELF_S = 7 * 86400.0
"""A shelf without an end would hide an alarm for good."""


class Alarm(Record):
    """Something that calls from when it began until it is over, and what people said to it. Instants are Unix seconds.

    ``key`` is the same for the same trouble of the same GPU. ``released_at`` takes back what was said before it.
    """

    key: str
    name: str
    severity: str  # harm or warn
    sentence: str
    since: float
    seen: float  # when it stood last
    do: str = ""  # the next step
    slots: tuple[int, ...] = ()
    over_at: float | None = None
    acked_by: str = ""
    acked_at: float | None = None
    shelved_by: str = ""
    shelved_at: float | None = None
    shelved_until: float | None = None
    shelved_reason: str = ""
    released_at: float | None = None

    @property
    def known(self) -> bool:
        """True once somebody has acknowledged it."""
        return self.acked_at is not None and self._holds(self.acked_at)

    def shelved(self, now: float) -> bool:
        """True while nobody wants to hear of it. What would end later than any shelf may is none."""
        at, until = self.shelved_at, self.shelved_until
        return at is not None and until is not None and self._holds(at) and now < until <= now + LONGEST_SHELF_S

    def calls(self, now: float) -> bool:
        """True while it stands and nobody has said anything to it."""
        return self.over_at is None and not self.known and not self.shelved(now)

    def word(self, now: float) -> str:
        """What it is now, a word of ``ALARM_WORDS``."""
        if self.over_at is not None:
            return "over"
        if self.shelved(now):
            return "shelved"
        return "known" if self.known else "calls"

    def _holds(self, at: float) -> bool:
        return self.released_at is None or at > self.released_at
