"""Numbers to text and back. The only place that rounds: everything inside stays unrounded.

To text: ``None`` and what is not finite read ``–``, never 0. Negative numbers carry a true minus ``−``; pass
``minus="-"`` for terminals without it. To numbers: every parser takes what a person types and raises ``ValueError``
with one sentence, what was found and what was expected; nan, infinity and overflow are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import TypeGuard

UNKNOWN = "–"
MINUS = "−"

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_SCALE = {prefix: 10.0 ** (3 * step) for step, prefix in enumerate(_PREFIXES)}
_DIGITS = {"H/s": 4}  # a hashrate is watched for drifts of a tenth of a percent; three digits would hide them
_WORDY = ("tok/s",)  # "1.94k tok/s": a prefix in front of a word reads as part of it
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "hour": 3600.0, "d": 86400.0, "day": 86400.0}


# ---- to text ---------------------------------------------------------------------------------------------------------


def symbol(currency: str) -> str:
    """The sign of a currency code where everybody knows it, else the code itself."""
    return _SYMBOLS.get(currency, currency)


def si(value: float | None, unit: str = "") -> str:
    """``value`` with an SI prefix: ``178.4 MH/s``, ``3.20 kW``, ``1.94k tok/s``. Three digits, four for hashrates."""
    if not _known(value):
        return UNKNOWN
    digits = _DIGITS.get(unit, 3)
    number, prefix = _scaled(value, digits)
    if unit in _WORDY:
        return f"{number}{prefix} {unit}"
    return f"{number} {prefix}{unit}".rstrip()


def money(value: float | None, decimals: int = 2, *, sign: bool = True, minus: str = MINUS) -> str:
    """``value`` with fixed decimals, ``+0.31`` or ``−0.02``. A loss too small for its decimals still reads ``−0.00``.

    ``sign`` puts ``+`` before gains; costs and prices read better without it.
    """
    if not _known(value):
        return UNKNOWN
    return _signed(value, f"{abs(value):.{decimals}f}", plus="+" if sign else "", minus=minus)


def cost(value: float | None, *, minus: str = MINUS) -> str:
    """``value`` with two decimals, or as many as show two digits of a small sum: ``0.27``, ``12.40``, ``0.00023``."""
    if not _known(value):
        return UNKNOWN
    decimals = 2
    if value and abs(value) < 0.1:
        decimals = min(12, 1 - _exponent(abs(value), 2))
    text = f"{abs(value):.{decimals}f}"
    whole, _, tail = text.partition(".")
    return _signed(value, f"{whole}.{tail[:2]}{tail[2:].rstrip('0')}", plus="", minus=minus)


def hash_prefix(values: Sequence[float | None], keep: str | None = None) -> str:
    """The SI prefix under which a column of profits per hash reads best, the same for all of its cells.

    The smallest is brought to 0.01 or more where the largest stays below 1000. ``keep`` is the prefix shown until
    now: it stays while its cells read between 0.001 and 9999, so that a price near a limit does not make a column jump.
    """
    sizes = sorted(abs(v) for v in values if _known(v) and v)
    if not sizes:
        return keep if keep is not None else "T"
    if keep is not None and sizes[0] * _SCALE[keep] >= 0.001 and sizes[-1] * _SCALE[keep] < 9999.5:
        return keep
    fits = [p for p in _PREFIXES if sizes[-1] * _SCALE[p] < 999.5] or [""]
    return next((p for p in fits if sizes[0] * _SCALE[p] >= 0.00995), fits[-1])


def per_hash(
    value: float | None, currency: str = "USD", prefix: str | None = None, *, minus: str = MINUS
) -> tuple[str, str]:
    """A profit per hash as three significant digits and its unit, ``("0.0341", "$/TH")``.

    ``value`` is currency per single hash; ``prefix`` comes from ``hash_prefix`` for a column, else fits this value.
    """
    prefix = hash_prefix([value]) if prefix is None else prefix
    unit = f"{symbol(currency)}/{prefix}H"
    if not _known(value):
        return UNKNOWN, unit
    return _signed(value, _significant(abs(value) * _SCALE[prefix], 3), plus="", minus=minus), unit


def age(seconds: float | None) -> str:
    """A duration as an operator says it, never rounded up: ``38s``, ``4m``, ``2h 10m``, ``3d``."""
    if not _known(seconds):
        return UNKNOWN
    whole = max(0, math.floor(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60}m" if whole % 3600 >= 60 else f"{whole // 3600}h"
    return f"{whole // 86400}d"


def percent(value_pct: float | None, decimals: int = 0) -> str:
    """A percentage as NVML gives it: ``87%``."""
    return f"{value_pct:.{decimals}f}%" if _known(value_pct) else UNKNOWN


def share(fraction: float | None) -> str:
    """A fraction as people write it: ``10 %``, ``2.5 %``, ``0.75 %``."""
    return f"{round(fraction * 100, 2):g} %" if _known(fraction) else UNKNOWN


def gpus(slots: Iterable[int]) -> str:
    """GPUs by their slots: ``GPU 3``, ``GPUs 4–7``, ``GPUs 0, 2, 4–7``."""
    runs: list[list[int]] = []
    for slot in sorted(slots):
        if runs and slot == runs[-1][-1] + 1:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    parts = [str(run[0]) if len(run) == 1 else f"{run[0]}{'–' if len(run) > 2 else ', '}{run[-1]}" for run in runs]
    return f"GPU{'s' if sum(map(len, runs)) > 1 else ''} {', '.join(parts)}"


def gib(mib: float | None, decimals: int = 1) -> str:
    """MiB as GiB: ``21.1G``."""
    return f"{mib / 1024:.{decimals}f}G" if _known(mib) else UNKNOWN


def temp(celsius: float | None) -> str:
    """Degrees Celsius: ``61°``."""
    return f"{celsius:.0f}°" if _known(celsius) else UNKNOWN


def fixed(value: float | None, whole: int, decimals: int, *, sign: bool = False, minus: str = MINUS) -> str:
    """``value`` right-aligned so that a column stands on its decimal point: ``whole`` places before it, sign included.

    The width is ``whole + 1 + decimals`` (``whole`` without decimals) whatever comes. Unknown stands in the units
    place. What does not fit loses decimals, then gets an SI prefix, and at last fills the cell with ``#``.
    """
    width = whole + (1 + decimals if decimals else 0)
    if not _known(value):
        return UNKNOWN.rjust(whole).ljust(width)
    plus = "+" if sign else ""
    text = _signed(value, f"{abs(value):.{decimals}f}", plus=plus, minus=minus)
    if len(text) <= width:
        return text.rjust(width)
    for shorter in (f"{abs(value):.0f}", "".join(_scaled(abs(value), 3)), "".join(_scaled(abs(value), 1))):
        text = _signed(value, shorter, plus=plus, minus=minus)
        if len(text) <= width:
            return text.rjust(width)
    return "#" * width


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _signed(value: float, digits: str, *, plus: str, minus: str) -> str:
    if value < 0:
        return minus + digits
    return plus + digits if value > 0 else digits


def _exponent(size: float, digits: int) -> int:
    """The power of ten of the first digit after rounding to ``digits`` significant ones, so that 9.996 counts as 10."""
    return int(f"{size:.{digits - 1}e}".partition("e")[2]) if size else 0


def _significant(size: float, digits: int) -> str:
    exponent = _exponent(size, digits)
    if exponent < -6:  # no prefix reaches it; a row of zeros would read as nothing
        return f"{size:.{digits - 1}e}"
    return f"{size:.{max(0, digits - 1 - exponent)}f}" if size else "0"


def _scaled(value: float, digits: int) -> tuple[str, str]:
    """``value`` in ``digits`` significant digits, and the prefix under which it is below 1000."""
    if not value:
        return "0", ""
    exponent = _exponent(abs(value), digits)
    step = min(max(exponent // 3, 0), len(_PREFIXES) - 1)
    decimals = max(0, digits - 1 - max(0, exponent - 3 * step))
    return _signed(value, f"{abs(value) / 10.0 ** (3 * step):.{decimals}f}", plus="", minus=MINUS), _PREFIXES[step]


# ---- to numbers ------------------------------------------------------------------------------------------------------

_NUMBER = r"(?P<mantissa>[+\-−]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[eE](?P<exponent>[+-]?[0-9]{1,4}))?"
_PLAIN = re.compile(rf"{_NUMBER}\s*(?P<prefix>[kKMGTPE]?)\s*(?P<unit>\D*)", re.ASCII)
_PER_HASH = re.compile(
    rf"{_NUMBER}\s*(?P<currency>[A-Z]{{3,5}}|[$€£¥])?\s*/\s*(?P<prefix>[kKMGTPE]?)(?:H|Sol)"
    r"(?P<rate>/s)?(?:\s*/\s*(?P<time>s|min|hour|h|day|d))?",
    re.ASCII,
)
_FOUND_AT_MOST = 40  # characters of what was typed that a sentence repeats


def number(text: str, expected: str = "a number such as 1500, 1.5k or 2e8") -> float:
    """A finite number, SI suffix k M G T P E allowed."""
    return _read(text, (), expected)


def count(text: str, expected: str = "a number of 0 or more such as 1500, 1.5k or 2e8") -> float:
    """A finite number that may not be negative."""
    return _not_negative(text, _read(text, (), expected), expected)


def positive(text: str, expected: str = "a number above 0 such as 1500, 1.5k or 2e8") -> float:
    """A finite number above zero."""
    value = _read(text, (), expected)
    if value <= 0:
        raise _refused(text, expected)
    return value


def price(text: str) -> float:
    """A price in the currency of the sum, negative allowed: ``0.071``, ``−0.02``."""
    return _read(text, (), "a price such as 0.071 or -0.02")


def hashrate(text: str) -> float:
    """Hashes per second: ``178MH``, ``178 MH/s``, ``1.5 kH``, ``60 Sol/s``, ``2e8``; a bare number is H/s."""
    expected = "a hashrate such as 178MH, 1.5 kH/s or 2e8 (H/s)"
    if re.fullmatch(rf"{_NUMBER}\s*m[hH]?(/s)?", text.strip(), re.ASCII):
        raise ValueError(f"found {_quote(text)}, where m would be milli; write M for mega")
    return _not_negative(text, _read(text, ("H", "H/s", "h", "h/s", "Sol", "Sol/s"), expected), expected)


def power_w(text: str) -> float:
    """Watts: ``221``, ``221W``, ``0.2kW``."""
    expected = "a power such as 221, 221W or 0.2kW"
    return _not_negative(text, _read(text, ("W",), expected), expected)


def fraction(text: str) -> float:
    """A fee as a fraction below one half: ``1%``, ``0.01``. A bare ``1`` is refused, it may mean either."""
    value = _portion(text, "a fraction below 0.5 such as 0.01, or 1%")
    if value >= 0.5:
        typed = text.strip()
        hint = "" if "%" in typed else f"; write {typed}%"
        raise ValueError(f"found {_quote(text)}, expected a fraction below 0.5 such as 0.01, or 1%{hint}")
    return value


def portion(text: str) -> float:
    """A fraction from 0 to 1: ``0.85``, ``85%``."""
    expected = "a fraction from 0 to 1 such as 0.85, or 85%"
    value = _portion(text, expected)
    if value > 1:
        raise _refused(text, expected)
    return value


def hash_price(text: str) -> float:
    """Currency per single hash, from a price per hashes or per hashrate and time.

    ``43.1/PH/day`` is paid for one PH/s kept up for a day, so it is divided by 1e15 x 86400; ``0.7/EH`` is paid for
    1e18 hashes. A currency between number and stroke is read over: ``43.1 USD/PH/day``.
    """
    expected = "a price per hashes such as 0.7/EH or 43.1/PH/day"
    found = _PER_HASH.fullmatch(text.strip())
    if found is None:
        raise _refused(text, expected)
    if found["rate"] and not found["time"]:
        raise ValueError(f"found {_quote(text)}, a price per hashrate without a time; write /day after it, or 0.7/EH")
    value = _finite(text, found, -_shift(found["prefix"]), expected) / _SECONDS[found["time"] or "s"]
    return _not_negative(text, value, expected)


def _portion(text: str, expected: str) -> float:
    return _not_negative(text, _read(text, ("%",), expected), expected)


def _read(text: str, units: tuple[str, ...], expected: str) -> float:
    found = _PLAIN.fullmatch(text.strip())
    if found is None or (found["unit"] and found["unit"] not in units):
        raise _refused(text, expected)
    return _finite(text, found, _shift(found["prefix"]) - (2 if found["unit"] == "%" else 0), expected)


def _shift(prefix: str) -> int:
    return 3 * _PREFIXES.index("k" if prefix == "K" else prefix)


def _finite(text: str, found: re.Match[str], shift: int, expected: str) -> float:
    """The number that was matched, times ten to ``shift``. Shifting the exponent keeps 1.005k exactly 1005."""
    value = float(f"{found['mantissa'].replace(MINUS, '-')}e{int(found['exponent'] or 0) + shift}")
    if not math.isfinite(value):
        raise ValueError(f"found {_quote(text)}, too large; expected {expected}")
    return value


def _not_negative(text: str, value: float, expected: str) -> float:
    if value < 0:
        raise _refused(text, expected)
    return value


def _refused(text: str, expected: str) -> ValueError:
    return ValueError(f"found {_quote(text)}, expected {expected}")


def _quote(text: str) -> str:
    return repr(text if len(text) <= _FOUND_AT_MOST else text[: _FOUND_AT_MOST - 1] + "…")
