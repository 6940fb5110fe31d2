"""The few figures that the README tells, from the same run as the report: what was asked for, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.budgets import BUDGETS, FIGURES, PAGE_GROWTH, Budget, Figure, spread
from benchmarks.programs import OURS, THEIRS
from benchmarks.report import Results, Watched, growth, ratio_text, table, verdict_of
from benchmarks.rows import GROWTH

BEGIN, END = '<!-- bench: written by make bench BENCH="--write BENCHMARKS.md" -->', "<!-- bench: end -->"

TOLD = (
    *("cpu_pct", "bytes_per_s", "pss_mb", "first_paint_ms", "key_ms", "key_p95_ms", "page_ms", "page_p95_ms"),
    *("hung_key_ms", "hung_key_p95_ms", "stall_key_ms", "stall_key_p95_ms"),
)
"""The figures, by their keys, in this order."""


def summary(results: Results) -> str:
    """The table for the README: every host that was watched, in brackets how often nvitop's figure it is."""
    wanted = results.watched
    head = ["", *(one.title for one in wanted), "budget"]
    figures = {figure.key: figure for figure in FIGURES}
    rows = [
        head,
        *(_row(figures[key], wanted) for key in TOLD),
        *_growth(results, len(wanted)),
        *_commands(results, wanted),
    ]
    return f"{BEGIN}\n{table(iter(rows))}\n{END}"


def written(readme: str, text: str) -> str:
    """The README with this table in the place of the last one. ValueError where it has no place for it."""
    before, found, rest = readme.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"the README has no {BEGIN} and {END}, between which the figures go")
    return before + text + after


def _row(line: Figure, watched: Sequence[Watched]) -> Sequence[str]:
    cells, budgets = [], []
    for one in watched:
        ours, theirs = (spread(one.samples[program.name], line.key) for program in (OURS, THEIRS))
        budget = BUDGETS[one.gpus].get(line.key)
        said = "–" if ours is None else f"{ours.median:,.{line.digits}f}"
        if theirs is not None:
            said += f" ({ratio_text(ours, theirs)}×)"
        if budget is not None:
            tried = any(line.key in sample for sample in one.samples[OURS.name])
            _, verdict = verdict_of(budget, ours, theirs, tried=tried)
            said += f" **{verdict}**" if verdict != "met" else ""
            budgets.append(budget.text())
        cells.append(said)
    return f"{line.title}, {line.unit}", *cells, ", ".join(dict.fromkeys(budgets))


def _growth(results: Results, columns: int) -> Iterator[Sequence[str]]:
    _, few, many = GROWTH
    grown = growth(results.tables)
    if grown is None:
        return
    said = f"{grown:.2f}{'' if PAGE_GROWTH.met(grown, None) else ' **missed**'}"
    yield f"a page among {many:,} rows over one among {few:,}", said, *[""] * (columns - 1), PAGE_GROWTH.text()


def _commands(results: Results, watched: Sequence[Watched]) -> Iterator[Sequence[str]]:
    for command, _, samples in results.started:
        used = spread(samples[OURS.name], "cpu_ms")
        if command.limit_ms and used is not None:
            budget = Budget(command.limit_ms)
            said = f"{used.median:.0f}{'' if budget.met(used.median, None) else ' **missed**'}"
            yield f"`{command.title}`, CPU ms", said, *[""] * (len(watched) - 1), budget.text()
