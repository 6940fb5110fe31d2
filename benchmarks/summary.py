"""The few figures that the README tells, from the same run as the report: what was asked for, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.budgets import BUDGETS, PAGE_GROWTH, Budget, spread
from benchmarks.programs import OURS, THEIRS
from benchmarks.report import Results, Watched, ratio_text, table
from benchmarks.rows import GROWTH

BEGIN, END = "<!-- bench: written by make bench BENCH=--write -->", "<!-- bench: end -->"


class Line(NamedTuple):
    """A row of the summary: the key of a sample, what it says, its unit and digits."""

    key: str
    title: str
    unit: str
    digits: int


LINES = (
    Line("cpu_pct", "CPU at rest, all processes", "% of a core", 2),
    Line("bytes_per_s", "to the terminal at rest", "B/s", 0),
    Line("pss_mb", "memory (PSS), all processes", "MB", 1),
    Line("first_paint_ms", "first paint", "ms", 0),
    Line("key_ms", "cursor key to paint, median", "ms", 1),
    Line("key_p95_ms", "cursor key to paint, p95", "ms", 1),
    Line("page_ms", "page key to paint, median", "ms", 1),
    Line("page_p95_ms", "page key to paint, p95", "ms", 1),
    Line("hung_key_ms", "cursor key while a GPU hangs", "ms", 1),
    Line("stall_key_ms", "cursor key just after a stall", "ms", 1),
)


def summary(results: Results) -> str:
    """The table for the README, of the hosts without a config."""
    bare = {one.gpus: one for one in results.watched if "no config" in one.title}
    wanted = [bare[gpus] for gpus in sorted(bare)]
    head = ["", *(f"{one.gpus} GPUs" for one in wanted), "budget"]
    rows = [head, *(_row(line, wanted) for line in LINES), *_growth(results, len(wanted)), *_commands(results, wanted)]
    return f"{BEGIN}\n{table(iter(rows))}\n{END}"


def written(readme: str, text: str) -> str:
    """The README with this table in the place of the last one. ValueError where it has no place for it."""
    before, found, rest = readme.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"the README has no {BEGIN} and {END}, between which the figures go")
    return before + text + after


def _row(line: Line, watched: Sequence[Watched]) -> Sequence[str]:
    cells, budgets = [], []
    for one in watched:
        ours, theirs = (spread(one.samples[program.name], line.key) for program in (OURS, THEIRS))
        budget = BUDGETS[one.gpus].get(line.key)
        said = "–" if ours is None else f"{ours.median:,.{line.digits}f}"
        if theirs is not None:
            said += f" ({ratio_text(ours, theirs)} x nvitop)"
        if budget is not None:
            met = budget.met(ours.median if ours else None, theirs.median if theirs else None)
            said += "" if met else " **missed**"
            budgets.append(budget.text())
        cells.append(said)
    return f"{line.title}, {line.unit}", *cells, ", ".join(dict.fromkeys(budgets))


def _growth(results: Results, columns: int) -> Iterator[Sequence[str]]:
    key, few, many = GROWTH
    less, more = (spread(results.tables.get(count, ()), key) for count in (few, many))
    if less is None or more is None:
        return
    grown = more.median / less.median
    said = f"{grown:.2f}{'' if PAGE_GROWTH.met(grown, None) else ' **missed**'}"
    yield f"a page among {many:,} rows over one among {few:,}", said, *[""] * (columns - 1), PAGE_GROWTH.text()


def _commands(results: Results, watched: Sequence[Watched]) -> Iterator[Sequence[str]]:
    for command, _, samples in results.started:
        used = spread(samples[OURS.name], "cpu_ms")
        if command.limit_ms and used is not None:
            budget = Budget(command.limit_ms)
            said = f"{used.median:.0f}{'' if budget.met(used.median, None) else ' **missed**'}"
            yield f"`{command.title}`, CPU ms", said, *[""] * (len(watched) - 1), budget.text()
