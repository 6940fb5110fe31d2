"""What all feeds have said: the latest of each figure, what is held back, and the last day of each. For one thread."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console.market.contract import Answer
from console.market.trails import Key, Trails, key_of
from console.market.vetting import fault, jump
from console.model import Curve, Held, Quote

BELIEVED_AFTER = 3
BELIEVED_AFTER_S = 600.0
FORGOTTEN_AFTER_S = 6 * 3600.0
"""What was seen so long ago is no measure of what is plausible now."""
MEDIAN_OVER_S = 600.0
MEAN_OVER_S = 86400.0
_SPOT = frozenset({"coin_price", "hash_price", "rental", "power_price"})
_NETWORK = frozenset({"difficulty", "nethash", "block_time"})


class Ledger:
    """The figures of all feeds."""

    def __init__(self) -> None:
        self._quotes: dict[Key, Quote] = {}
        self._curves: dict[Key, Curve] = {}
        self._held: dict[Key, Held] = {}
        self.trails = Trails()

    def take(self, answer: Answer, now: float) -> tuple[str, ...]:
        """Take in what a feed said; sentences on what of it cannot be."""
        said: list[str] = []
        for quote in answer.quotes:
            if wrong := fault(quote, now):
                said.append(f"{quote.kind.replace('_', ' ')} of {quote.name} {wrong}")
            else:
                self._judge(msgspec.structs.replace(quote, at=min(quote.at, now)), now)
        for curve in answer.curves:
            if wrong := _curve_fault(curve, now):
                said.append(f"{curve.kind.replace('_', ' ')} of {curve.name} {wrong}")
            else:
                self._curves[curve.kind, curve.name, curve.source] = curve
        return tuple(said)

    def recall(self, answer: Answer, held: tuple[Held, ...], now: float) -> None:
        """Take back what was kept on disk: what was ``believed`` then and what was held.

        What is known here judges it as it does an answer, for it may be another console's. What is older than what is
        known here says nothing.
        """
        newer = tuple(quote for quote in answer.quotes if self._is_news(quote, now))
        self.take(Answer(quotes=newer, curves=answer.curves), now)
        for one in held:
            self._hold_again(one, now)

    def believed(self, source: str) -> Answer:
        """What one feed has said and is believed: the latest of each of its figures, and its curves."""
        return Answer(
            quotes=tuple(quote for key, quote in self._quotes.items() if key[2] == source),
            curves=tuple(curve for key, curve in self._curves.items() if key[2] == source),
        )

    def held_of(self, source: str) -> tuple[Held, ...]:
        """What one feed has said and is not believed yet."""
        return tuple(held for key, held in self._held.items() if key[2] == source)

    def quotes(self, now: float) -> tuple[Quote, ...]:
        """The latest of every figure and source; of curves what holds at ``now``."""
        through = (curve.at(now) for curve in self._curves.values())
        return (*self._quotes.values(), *(quote for quote in through if quote is not None))

    def smoothed(self, now: float) -> tuple[Quote, ...]:
        """As ``quotes``, spot prices as their median of ten minutes and network figures as their mean of a day.

        Advice is made of these, so that one odd minute flips nothing.
        """
        return tuple(self._smoothed(quote, now) for quote in self.quotes(now))

    @property
    def curves(self) -> tuple[Curve, ...]:
        """What is known through intervals."""
        return tuple(self._curves.values())

    @property
    def held(self) -> tuple[Held, ...]:
        """What is not used yet because it is not plausible."""
        return tuple(self._held.values())

    def remember(self, now: float) -> None:
        """Put what holds now into the trails."""
        for quote in self.quotes(now):
            self.trails.add(quote, now)

    def of(self, source: str) -> Iterable[Key]:
        """The keys of one feed's figures."""
        return [key for key in self.trails.known() if key[2] == source]

    def _is_news(self, quote: Quote, now: float) -> bool:
        known = self._known(key_of(quote), now)
        return known is None or quote.at > known.at

    def _known(self, key: Key, now: float) -> Quote | None:
        """The reading before; None where a clock that was ahead has dated it, for nothing could come after it."""
        known = self._quotes.get(key)
        return None if known is None or known.at > now else known

    def _measure(self, key: Key, now: float) -> Quote | None:
        """The reading that tells what is plausible now."""
        known = self._known(key, now)
        return None if known is None or now - known.at > FORGOTTEN_AFTER_S else known

    def _hold_again(self, held: Held, now: float) -> None:
        key = key_of(held.quote)
        known = self._held.get(key)
        if fault(held.quote, now) or max(held.quote.at, held.since) > now:
            return
        reason = jump(held.quote, self._measure(key, now))
        if reason and (known is None or known.quote.at <= held.quote.at):
            self._held[key] = msgspec.structs.replace(held, reason=reason)

    def _judge(self, quote: Quote, now: float) -> None:
        key = key_of(quote)
        before, held = self._measure(key, now), self._held.get(key)
        if held is not None and max(held.since, held.quote.at) > now:
            held = None
        reason = jump(quote, before)
        if reason and held is not None and not jump(quote, held.quote):
            held = Held(quote=quote, reason=reason, since=held.since, seen=held.seen + (quote.at > held.quote.at))
            if held.seen >= BELIEVED_AFTER and now - held.since >= BELIEVED_AFTER_S:
                reason = ""
        elif reason:
            held = Held(quote=quote, reason=reason, since=now)
        if reason and held is not None:
            self._held[key] = held
            return
        self._held.pop(key, None)
        known = self._known(key, now)
        if known is None or quote.at >= known.at:
            self._quotes[key] = quote

    def _smoothed(self, quote: Quote, now: float) -> Quote:
        if quote.interval_end is not None:
            return quote
        value = None
        if quote.kind in _SPOT:
            value = self.trails.median(key_of(quote), now, MEDIAN_OVER_S)
        elif quote.kind in _NETWORK:
            value = self._network_mean(quote, now)
        return quote if value is None else msgspec.structs.replace(quote, value=value)

    def _network_mean(self, quote: Quote, now: float) -> float | None:
        """The mean of a day. A source that says a block time too measures both by the blocks of late, whose chance
        is in both and cancels in their product, the difficulty: its network hashrate is the mean of the products over
        the mean block time, so that a difficulty that stands still is the same in a calm price and in a live one.
        """
        key, timed = key_of(quote), ("block_time", quote.name, quote.source)
        if quote.kind == "nethash" and timed in self._quotes:
            product = self.trails.mean_product(key, timed, now, MEAN_OVER_S)
            block_time_s = self.trails.mean(timed, now, MEAN_OVER_S)
            return product / block_time_s if product is not None and block_time_s else None
        return self.trails.mean(key, now, MEAN_OVER_S)


def _curve_fault(curve: Curve, now: float) -> str:
    if not curve.steps:
        return "has no interval"
    end = float("-inf")
    for step in curve.steps:
        if not step.start < step.end or step.start < end:
            return "has intervals that overlap, are out of order or last no time"
        end = step.end
        # The time of a step to come is no observation: only its value and unit are judged.
        held = Curve(name=curve.name, kind=curve.kind, unit=curve.unit, source=curve.source, steps=(step,))
        quote = held.at(step.start)
        if quote is not None and (wrong := fault(quote, max(now, step.start))):
            return wrong
    return ""
