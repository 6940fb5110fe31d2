"""The columns of the GPU table: one record each, with its widths, its figure and how a cell says it.

A newcomer adds a column by adding one record to ``COLUMNS``. Every cell is exactly as wide as its form, whatever it
says, so that nothing to its right ever jumps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from console.model import GpuRow
from console.view import cells
from console.view.pieces import Line

Cell = Callable[[cells.Seen, int], Line]


class Form(NamedTuple):
    """One way to write a column: its width, its cell, and another title where the width asks for one."""

    width: int
    cell: Cell
    title: str = ""


class Column(NamedTuple):
    """A column. ``forms`` go from wide to narrow; of the columns that do not fit, the highest ``leaves`` goes first.

    ``figure`` is what sorting and ``/`` compare, a number or a lower-case text; None is unknown and sorts last.
    """

    key: str
    title: str
    leaves: int
    forms: tuple[Form, ...]
    figure: Callable[[GpuRow], float | str | None]
    right: bool = True
    grows: int = 0  # columns that the widest form may take beyond its width


COLUMNS: tuple[Column, ...] = (
    Column("slot", "#", 0, (Form(3, cells.slot),), lambda r: r.reading.slot),
    Column(
        "gpu",
        "GPU",
        3,
        (Form(13, cells.gpu), Form(9, cells.gpu)),
        lambda r: cells.short_name(r.reading.name).lower(),
        right=False,
    ),
    Column(
        "workload",
        "workload",
        1,
        (Form(22, cells.workload), Form(18, cells.workload), Form(15, cells.workload), Form(13, cells.workload)),
        lambda r: cells.workload_name(r).lower(),
        right=False,
    ),
    Column("util", "util", 10, (Form(4, cells.util),), lambda r: r.reading.util_pct),
    Column(
        "mem",
        "memory",
        11,
        (Form(11, cells.memory_of), Form(6, cells.memory, "mem")),
        lambda r: r.reading.mem_used_mib,
    ),
    Column("temp", "temp ", 7, (Form(5, cells.temp),), lambda r: r.reading.temp_c),
    Column("fan", "fan", 12, (Form(4, cells.fan),), lambda r: r.reading.fan_pct),
    Column(
        "power",
        "power",
        6,
        (Form(11, cells.power_of), Form(6, cells.power)),
        lambda r: r.reading.power_w,
    ),
    Column("output", "output", 9, (Form(13, cells.output),), lambda r: r.output.value if r.output else None),
    Column(
        "hash",
        "per hash",
        5,
        (Form(23, cells.per_hash_of), Form(14, cells.per_hash), Form(13, cells.per_hash_short)),
        lambda r: r.money.profit_per_hash.value if r.money.profit_per_hash else None,
        right=False,
    ),
    Column(
        "ai_h",
        "per AI-h",
        4,
        (Form(22, cells.per_ai_hour_of), Form(11, cells.per_ai_hour), Form(9, cells.per_ai_hour)),
        lambda r: r.money.profit_per_ai_hour.value if r.money.profit_per_ai_hour else None,
        right=False,
    ),
    Column(
        "net",
        "net now",
        2,
        (Form(11, cells.net, "net now "), Form(9, cells.net, "net now ")),
        lambda r: r.money.net_per_h,
    ),
    Column(
        "best",
        "best",
        8,
        (Form(15, cells.best), Form(10, cells.best_short)),
        lambda r: r.money.advice.gain_per_h,
        right=False,
    ),
    Column("trend", "trend", 13, (Form(15, cells.trend), Form(8, cells.trend)), lambda _: None, right=False, grows=25),
)

BY_KEY = {column.key: column for column in COLUMNS}

SORTS: tuple[str, ...] = ("slot", "net", "best", "power", "temp", "workload")
"""What ``s`` goes through; figures fall, texts and slots rise."""
