"""The power price of the hours to come, and what it does to a gain."""

from __future__ import annotations

from collections.abc import Iterable

from console.config.settings import Settings
from console.economics.outlook import outlook
from console.economics.rules import Stretch
from console.market.power import curve
from console.market.quotes import Board
from console.model import Curve, Option, Step

EVERY_S = 60.0
"""How often it is reckoned anew: prices change by the quarter hour, and it takes 0.3 ms."""
DAY_S = 86400.0


class Ahead:
    """What a kWh will cost in the site's currency: ``steps`` up to the horizon of advice, ``day`` for 24 hours."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._horizon_s = settings.advice.horizon_s
        self._at = float("-inf")
        self._curves: tuple[Curve, ...] = ()
        self.steps: tuple[Step, ...] = ()
        self.day: tuple[Step, ...] = ()

    def see(self, board: Board, curves: tuple[Curve, ...], now: float) -> None:
        """Reckon the price ahead from what is known now; until a minute later, or a new curve, it stays the same."""
        if 0 <= now - self._at < EVERY_S and curves == self._curves:
            return
        known = curve(self._settings, board.quotes, curves, now, now + max(self._horizon_s, DAY_S))
        self.steps, self.day = _until(known, now + self._horizon_s), _until(known, now + DAY_S)
        self._at, self._curves = now, curves

    def outlook(self, now: Option | None, best: Option | None, price: float | None, at: float) -> tuple[Stretch, ...]:
        """The gain of ``best`` over ``now`` through what is known ahead; ``price`` is of a kWh now.

        Empty where there is no gain now: nothing is asked of the future then, and on most GPUs of most ticks.
        """
        if now is None or best is None or price is None or (best.net_per_h or 0.0) <= (now.net_per_h or 0.0):
            return ()
        return outlook(now, best, self.steps, price, at, self._horizon_s)


def _until(steps: Iterable[Step], end: float) -> tuple[Step, ...]:
    """``steps`` as far as ``end``."""
    return tuple(Step(start=s.start, end=min(s.end, end), value=s.value) for s in steps if s.start < end)
