"""The Prometheus text format, as far as a meter needs it, from servers that may write anything.

By hand, because the few families asked for are found in one pass over bounded lines, without a table of the thousand
others, and a line that makes no sense costs only itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]
Families = dict[str, dict[Labels, float]]
"""Values by family name, and by sorted labels within."""

MAX_LINE = 8192
MAX_SERIES = 10_000
MOST = 1e300
"""No counter reaches it, and all series of an answer together still have a sum."""

_SAMPLE = re.compile(r"([A-Za-z_:][\w:]*)\s*(?:\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*+\")*+)\})?\s+(\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r"([A-Za-z_]\w*)\s*=\s*\"((?:[^\"\\]|\\.)*+)\"")


def parse(text: str, wanted: Iterable[str]) -> Families:
    """The samples of the ``wanted`` families in ``text``; what is no number up to ``MOST`` is left out.

    A family that is absent has no entry: absent is unknown, not 0.
    """
    names = frozenset(wanted)
    found: Families = {}
    kept = 0
    for line in text.split("\n"):
        if not line or line[0] == "#" or len(line) > MAX_LINE:
            continue
        sample = _SAMPLE.fullmatch(line.rstrip("\r"))
        value = _number(sample[3]) if sample and sample[1] in names else None
        if sample is None or value is None:
            continue
        kept += 1
        if kept > MAX_SERIES:
            break
        found.setdefault(sample[1], {})[tuple(sorted(_LABEL.findall(sample[2] or "")))] = value
    return found


def series(families: Mapping[str, dict[Labels, float]], aliases: Iterable[str]) -> dict[Labels, float]:
    """The series of the first alias that is there: servers rename metrics and keep the old name for a while."""
    return next((families[name] for name in aliases if name in families), {})


def total(families: Mapping[str, dict[Labels, float]], aliases: Iterable[str]) -> float | None:
    """The sum over engines and models of the first alias that is there; None when none is."""
    values = series(families, aliases).values()
    return math.fsum(values) if values else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= MOST else None  # NaN is not
