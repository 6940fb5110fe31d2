"""Where two sources say different things of one figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from console.model import Disagreement, Quote

FLAGGED_PAST = 0.15
"""Sources of one price differ by a few per cent at any moment; past 15 % one is wrong or means another thing."""
_COMPARED = frozenset({"coin_price", "hash_price", "difficulty", "nethash", "rental", "carbon", "fx"})


def disagreements(
    quotes: Iterable[Quote], now: float, worth: Callable[[Quote], float | None]
) -> Iterator[Disagreement]:
    """Every figure of which several fresh sources say different things, with the lowest and the highest of them.

    Where all say the very same there is nothing to tell. ``worth`` is a quote's value in the unit in which all of its
    kind are compared, None where it cannot be had. What a config says by hand is a source like any other.
    """
    by_figure: dict[tuple[str, str], list[tuple[float, Quote]]] = {}
    for quote in quotes:
        if quote.kind in _COMPARED and not quote.stale(now):
            value = worth(quote)
            if value is not None and value > 0:
                by_figure.setdefault((quote.kind, quote.name), []).append((value, quote))
    for (kind, name), found in by_figure.items():
        low = min(found, key=lambda pair: pair[0])
        others = [pair for pair in found if pair[1].source != low[1].source]
        high = max(others, key=lambda pair: pair[0], default=low)
        apart = high[0] / low[0] - 1
        if apart <= 0:
            continue
        yield Disagreement(kind=kind, name=name, low=low[1], high=high[1], fraction=apart, flagged=apart > FLAGGED_PAST)
