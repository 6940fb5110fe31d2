"""The few questions whose answers no host knows. An empty answer leaves it open; an impossible one is asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from console import units
from console.finding.containers import LABEL, NAME
from console.finding.found import Control
from console.finding.overhead import Overhead, solved
from console.finding.writing import Answers
from console.model import Record
from console.text import clean

Read = Callable[[str], str]
Say = Callable[[str], None]
Drawn = Callable[[], float | None]
T = TypeVar("T")

_CURRENCY = re.compile(r"[A-Z]{3,5}")
_MOST_TRIES = 20
NO_DRAW = "a GPU does not tell what it draws, so the host's own draw cannot be solved: host_overhead_w stays open"


class Given(Record):
    """What flags have said already. ``asks`` is False where nobody is to be asked."""

    currency: str | None = None
    price_per_kwh: float | None = None
    wall_w: float | None = None
    acknowledge: bool = False
    asks: bool = True


def answers(
    given: Given, controls: Sequence[Control], drawn: Drawn, read: Read, say: Say, unsure: Sequence[str] = ()
) -> Answers:
    """Everything that only a person knows. ``drawn`` tells what the GPUs draw at this moment, ``unsure`` are names of
    containers that may be anybody's.

    Raises ValueError with a sentence for a flag that cannot be.
    """
    asks = given.asks
    code = given.currency or (_asked("currency of all figures, such as USD", currency, read, say) if asks else None)
    per_kwh = given.price_per_kwh
    if per_kwh is None and asks:
        per_kwh = _asked(f"price of one kWh in {code or 'that currency'}", price, read, say)
    overhead = _overhead(given, drawn, read, say)
    acknowledged = frozenset(one.name for one in controls if one.full_control and _known(one, given, read))
    return Answers(
        currency=code,
        price_per_kwh=per_kwh,
        overhead=overhead,
        acknowledged=acknowledged,
        own=frozenset(name for name in unsure if NAME in acknowledged and _own(name, given, read)),
    )


def currency(text: str) -> str:
    """A currency's code. Raises ValueError with a sentence."""
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"found '{clean(text, 40)}', expected a code such as USD, EUR or JPY")
    return code


def price(text: str) -> float:
    """A price per kWh, which may be negative. Raises ValueError with a sentence."""
    return units.price(text)


def watts(text: str) -> float:
    """Watts at the wall. Raises ValueError with a sentence."""
    found = units.power_w(text)
    if found <= 0:
        raise ValueError(f"found '{clean(text, 40)}', expected watts above 0 such as 1520 or 1.5kW")
    return found


def _overhead(given: Given, drawn: Drawn, read: Read, say: Say) -> Overhead | None:
    if given.wall_w is None and not given.asks:
        return None
    if drawn() is None:
        say(NO_DRAW)
        return None
    if given.wall_w is not None:
        return _solved(given.wall_w, drawn)
    question = "watts at the wall now, of this whole host"
    return _asked(question, lambda text: _solved(watts(text), drawn), read, say)


def _solved(wall_w: float, drawn: Drawn) -> Overhead:
    drawn_w = drawn()  # at this moment: whoever reads a meter reads it while the GPUs work on
    if drawn_w is None:
        raise ValueError(NO_DRAW)
    return solved(wall_w, drawn_w)


def _asked(question: str, taken: Callable[[str], T], read: Read, say: Say) -> T | None:
    for _ in range(_MOST_TRIES):
        text = _line(f"{question} (empty: leave it open): ", read)
        if not text:
            return None
        try:
            return taken(text)
        except ValueError as error:
            say(str(error))
    return None


def _known(one: Control, given: Given, read: Read) -> bool:
    if given.acknowledge or not given.asks:
        return given.acknowledge
    at = f" {clean(one.socket)}" if one.socket else ""
    question = f"Whoever can open the socket{at} has full control of all that {one.kind} runs. Acknowledge? y/n "
    return _line(question, read).lower() in ("y", "yes")


def _own(name: str, given: Given, read: Read) -> bool:
    if given.acknowledge or not given.asks:
        return given.acknowledge
    question = f"Container {clean(name, 60)} has no label {LABEL}. Is it yours, to be stopped and started? y/n "
    return _line(question, read).lower() in ("y", "yes")


def _line(question: str, read: Read) -> str:
    try:
        return read(question).strip()
    except EOFError:  # Ctrl-D: no answer to this, nor to what follows
        return ""
