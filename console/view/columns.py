"""The columns of the GPU table: one record each, with its widths, its figure and how a cell says it.

A newcomer adds a column by adding one record to ``COLUMNS``. Every cell is exactly as wide as its form, whatever it
says, so that nothing to its right ever jumps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from console.model import GpuRow
from console.view import cells, copies
from console.view.pieces import Line

Cell = Callable[[cells.Seen, int], Line]
Units = tuple[tuple[str, float], ...]

_PREFIXES = (("k", 1e3), ("m", 1e6), ("g", 1e9), ("t", 1e12), ("p", 1e15), ("e", 1e18))
PERCENT: Units = (("", 1.0), ("%", 1.0))
DEGREES: Units = (("", 1.0), ("°", 1.0), ("°c", 1.0), ("c", 1.0))
WATTS: Units = (("", 1.0), ("w", 1.0), ("kw", 1e3))
MEMORY: Units = (("", 1024.0), ("g", 1024.0), ("gb", 1024.0), ("gib", 1024.0), ("m", 1.0), ("mb", 1.0), ("mib", 1.0))
"""As the cells are: a bare number is of GiB, the figure is MiB."""
PER_HOUR: Units = (("", 1.0), ("/h", 1.0), ("¤", 1.0), ("¤/h", 1.0))
"""``¤`` stands for the site's currency, its sign or its code."""
PER_HASH: Units = tuple((f"{money}/{prefix}h", 1 / scale) for prefix, scale in _PREFIXES for money in ("", "¤"))
"""A bare number would be of one hash, and no cell is: the rows' prefixes differ by algorithm."""
OUTPUT: Units = tuple(
    (f"{prefix}{unit}", scale) for prefix, scale in (("", 1.0), *_PREFIXES) for unit in ("", "h/s", "tok/s")
)


class Form(NamedTuple):
    """One way to write a column: its width, its cell, and another title where the width asks for one."""

    width: int
    cell: Cell
    title: str = ""


class Column(NamedTuple):
    """A column. ``forms`` go from wide to narrow; of the columns that do not fit, the highest ``leaves`` goes first.

    ``figure`` is what sorting and ``/`` compare, a number or a lower-case text; None is unknown and sorts last.
    ``units`` are what may stand behind a number that is compared with it, in small letters, and how many of the
    figure's own unit each is; "" is a bare number's, and where there is none a number wants a unit. ``words`` are what
    ``=`` looks into where figures are no answer; ``kind`` is the unit of a figure that has not the same in every row.
    ``copy`` says the cell in full for the clipboard; what is only drawn has none.
    """

    key: str
    title: str
    leaves: int
    forms: tuple[Form, ...]
    figure: Callable[[GpuRow], float | str | None]
    right: bool = True
    grows: int = 0  # columns that the widest form may take beyond its width
    units: Units = (("", 1.0),)
    words: Callable[[GpuRow], tuple[str, ...]] | None = None
    kind: Callable[[GpuRow], str] | None = None
    copy: Callable[[cells.Seen], str] | None = None


COLUMNS: tuple[Column, ...] = (
    Column("slot", "#", 0, (Form(3, cells.slot),), lambda r: r.reading.slot, copy=copies.slot),
    Column(
        "gpu",
        "GPU",
        3,
        (Form(13, cells.gpu), Form(9, cells.gpu)),
        lambda r: cells.short_name(r.reading.name).lower(),
        right=False,
        words=lambda r: (str(r.reading.slot), r.reading.name, cells.short_name(r.reading.name)),
        copy=copies.gpu,
    ),
    Column(
        "workload",
        "workload",
        1,
        (Form(22, cells.workload), Form(18, cells.workload), Form(15, cells.workload), Form(13, cells.workload)),
        lambda r: cells.workload_name(r).lower(),
        right=False,
        words=lambda r: (cells.workload_name(r), copies.business(r)),
        copy=copies.workload,
    ),
    Column("util", "util", 10, (Form(4, cells.util),), lambda r: r.reading.util_pct, units=PERCENT, copy=copies.util),
    Column(
        "mem",
        "memory",
        11,
        (Form(11, cells.memory_of), Form(6, cells.memory, "mem")),
        lambda r: r.reading.mem_used_mib,
        units=MEMORY,
        copy=copies.memory,
    ),
    Column("temp", "temp ", 7, (Form(5, cells.temp),), lambda r: r.reading.temp_c, units=DEGREES, copy=copies.temp),
    Column("fan", "fan", 12, (Form(4, cells.fan),), lambda r: r.reading.fan_pct, units=PERCENT, copy=copies.fan),
    Column(
        "power",
        "power",
        6,
        (Form(11, cells.power_of), Form(6, cells.power)),
        lambda r: r.reading.power_w,
        units=WATTS,
        copy=copies.power,
    ),
    Column(
        "output",
        "output",
        9,
        (Form(13, cells.output),),
        lambda r: r.output.value if r.output else None,
        units=OUTPUT,
        kind=lambda r: r.output.unit if r.output else "",
        copy=copies.output,
    ),
    Column(
        "hash",
        "per hash",
        5,
        (Form(23, cells.per_hash_of), Form(14, cells.per_hash), Form(13, cells.per_hash_short)),
        lambda r: r.money.profit_per_hash.value if r.money.profit_per_hash else None,
        right=False,
        units=PER_HASH,
        copy=copies.per_hash,
    ),
    Column(
        "ai_h",
        "per AI-h",
        4,
        (Form(22, cells.per_ai_hour_of), Form(11, cells.per_ai_hour), Form(9, cells.per_ai_hour)),
        lambda r: r.money.profit_per_ai_hour.value if r.money.profit_per_ai_hour else None,
        right=False,
        units=PER_HOUR,
        copy=copies.per_ai_hour,
    ),
    Column(
        "net",
        "net now",
        2,
        (Form(11, cells.net, "net now "), Form(9, cells.net, "net now ")),
        lambda r: r.money.net_per_h,
        units=PER_HOUR,
        copy=copies.net,
    ),
    Column(
        "best",
        "best",
        8,
        (Form(15, cells.best), Form(10, cells.best_short)),
        lambda r: r.money.advice.gain_per_h,
        right=False,
        units=PER_HOUR,
        words=copies.best_words,
        copy=copies.best,
    ),
    Column(
        "trend",
        "trend",
        13,
        (Form(15, cells.trend), Form(8, cells.trend)),
        lambda _: None,
        right=False,
        grows=25,
        units=(),
    ),
)

BY_KEY = {column.key: column for column in COLUMNS}

SORTS: tuple[str, ...] = ("slot", "net", "best", "power", "temp", "workload")
"""What ``s`` goes through; figures fall, texts and slots rise, and ``S`` turns either about."""

RISING = ("slot", "gpu", "workload")

ALWAYS = ("slot", "workload")
"""Never hidden: by its slot a GPU is acted on, and where the workload stands a lost card and a flip are told."""


def chosen(keys: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns that the operator wants, in his order, the slot first; all of them in ours where he has said none."""
    known = [key for key in dict.fromkeys(keys) if key in BY_KEY and key != "slot"]
    if not known:
        return COLUMNS
    missing = [key for key in ALWAYS if key not in known]
    return tuple(BY_KEY[key] for key in (*missing, *known))
