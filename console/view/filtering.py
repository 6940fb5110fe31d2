"""The language behind ``/`` on the table of GPUs: words, ``!word``, and comparisons of any column.

``temp>80 power>=300w mem>20g net<0 workload=mine workload!=ergo gpu=0 state=lost``. Terms stand side by side and all
of them hold. A term that cannot be understood hides nothing and is named in a sentence.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from console import units
from console.config.errors import nearest
from console.model import GpuRow, GpuState, Kind
from console.view import cells
from console.view.columns import BY_KEY, COLUMNS, Column
from console.view.pieces import text_of

Test = Callable[[GpuRow, cells.Scene], bool]

_TERM = re.compile(r"(?P<name>[^<>=!]*)(?P<op>>=|<=|!=|==?|[<>])(?P<value>.*)")
_NUMBER = re.compile(r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))(?P<unit>\D*)")
_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
_KINDS = frozenset(kind.value for kind in Kind)


class Filter(NamedTuple):
    """A filter as it was understood; ``faults`` are sentences, one for each term that was not."""

    tests: tuple[Test, ...] = ()
    faults: tuple[str, ...] = ()

    def keeps(self, row: GpuRow, scene: cells.Scene) -> bool:
        """True when every term that was understood holds."""
        return all(test(row, scene) for test in self.tests)


class _FaultError(Exception):
    """A term that is not understood; ``str`` is the sentence."""


@lru_cache(maxsize=32)
def parse(text: str, currency: str = "USD") -> Filter:
    """What was typed, in whatever letter case."""
    tests, faults = [], []
    for term in _terms(text):
        try:
            tests.append(_test(term, currency))
        except _FaultError as fault:
            faults.append(str(fault))
    return Filter(tuple(tests), tuple(faults))


def _terms(text: str) -> list[str]:
    """The terms: blanks round an operator and in a column's title part nothing."""
    said = re.sub(r"\s*(>=|<=|!=|==?|[<>])[ \t]*", r"\1", text.lower().replace(units.MINUS, "-"))
    for column in COLUMNS:
        title = column.title.strip().lower()
        if " " in title:
            said = re.sub(rf"(?<![^\s!]){re.escape(title)}(?=[<>=]|!=)", column.key, said)
    return said.split()


def _test(term: str, currency: str) -> Test:
    if term.startswith("!") and not term.startswith("!="):
        if len(term) == 1:
            raise _FaultError("! wants a word behind it, as !ergo")
        inner = _test(term[1:], currency)
        return lambda row, scene: not inner(row, scene)
    found = _TERM.fullmatch(term)
    if found is None:
        return lambda row, scene: term in _haystack(row, scene)
    name, op, value = found["name"], found["op"].replace("==", "="), found["value"]
    if name == "state":
        return _state(op, value)
    column = named(name)
    if column is None:
        raise _FaultError(f"{name or term} is no column{nearest(name, (*BY_KEY, 'state'))}")
    if not value:
        raise _FaultError(f"{name}{op} wants a value behind it")
    return _compared(column, name, op, value, currency)


def named(name: str) -> Column | None:
    """The column of that key or title, or of the one title that begins so."""
    if name in BY_KEY:
        return BY_KEY[name]
    titles = {c.key: [t.strip().lower() for t in (c.title, *(f.title for f in c.forms)) if t] for c in COLUMNS}
    exact = [key for key, known in titles.items() if name in known]
    near = exact or [key for key, known in titles.items() if name and any(t.startswith(name) for t in known)]
    return BY_KEY[near[0]] if len(near) == 1 else None


def _state(op: str, value: str) -> Test:
    if op not in ("=", "!=") or not value:
        raise _FaultError("state wants = or != and a word, as state=lost")
    return lambda row, _: (value in _states(row)) is (op == "=")


def _states(row: GpuRow) -> tuple[str, ...]:
    """What its row says of it: of the card, the workload, a flip, old figures."""
    instance = row.occupancy.instance
    more = ("stuck" if row.stuck else "", "flipping" if row.flipping else "", "" if row.fresh else "stale")
    return row.reading.state.value, instance.state.value if instance else "", *more


def _compared(column: Column, name: str, op: str, value: str, currency: str) -> Test:
    number = _NUMBER.fullmatch(value)
    if column.words is not None and op in ("=", "!=") and not (column.key == "best" and number):
        words = column.words
        return lambda row, _: _among(value, words(row)) is (op == "=")
    if column.words is not None and column.key != "best":
        raise _FaultError(f"{name} holds words, and only = and != compare words")
    if not column.units:
        raise _FaultError(f"{name} is only drawn: there is no figure to compare")
    if number is None:
        raise _FaultError(f"{name}{op} wants a number behind it, not {value}")
    wanted = float(number["number"]) * _factor(column, name, number["unit"], currency)
    family = next((unit for unit in ("h/s", "tok/s") if number["unit"].endswith(unit)), "") if column.kind else ""
    holds, kind = _ORDER[op], column.kind

    def test(row: GpuRow, _: cells.Scene) -> bool:
        figure = figure_of(row, column)
        if not isinstance(figure, int | float) or not math.isfinite(figure):
            return False  # what is unknown is neither more nor less
        return holds(figure, wanted) and not (family and kind is not None and kind(row).lower() != family)

    return test


def _factor(column: Column, name: str, unit: str, currency: str) -> float:
    signs = (units.symbol(currency).lower(), currency.lower())
    known = {word.replace("¤", sign): factor for word, factor in column.units for sign in signs}
    if unit in known:
        return known[unit]
    some = [word for word in known if word][:4]
    if not unit:
        raise _FaultError(f"{name} wants a unit behind its number: {', '.join(some)}")
    expected = f"expected none or {', '.join(some)}" if some else "expected none"
    raise _FaultError(f"{unit} is no unit of {name}, {expected}")


def _among(value: str, words: tuple[str, ...]) -> bool:
    """A business is one and no part of a name; figures alone are a whole word, so that ``gpu=0`` is one GPU."""
    low = [word.lower() for word in words]
    if value in _KINDS:
        return value in low
    if value.isdigit():
        return any(value in re.split(r"[^a-z0-9]+", word) for word in low)
    return any(value in word for word in low)


def figure_of(row: GpuRow, column: Column) -> float | str | None:
    """What a column has of a row to compare; of a card that is not well its last figures are none of now."""
    figure = column.figure(row)
    well = row.reading.state is GpuState.OK
    return figure if column.key == "slot" or isinstance(figure, str) or well else None


def _haystack(row: GpuRow, scene: cells.Scene) -> str:
    seen = cells.Seen(row, scene)
    words = [row.reading.name, row.reading.state.value, cells.workload_name(row), *(g.name for g in row.guards)]
    if row.occupancy.instance is not None:
        words.append(row.occupancy.instance.kind.value)
    if row.was is not None:
        words.append(row.was.workload)
    return " ".join([str(row.reading.slot), *words, row.reading.uuid, text_of(cells.best(seen, 24))]).lower()
