"""The figures as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from benchmarks import feeds, rows
from benchmarks.budgets import BUDGETS, FIGURES, PAGE_GROWTH, Budget, Spread, spread
from benchmarks.commands import Command, Imports
from benchmarks.hosts import INSTANCES
from benchmarks.programs import OURS, THEIRS
from benchmarks.terminal import SIZE
from benchmarks.visit import Sample

Samples = Mapping[str, Sequence[Sample]]
"""By program, one sample per run."""


class Watched(NamedTuple):
    """All runs on one host."""

    title: str
    gpus: int
    samples: Samples


class Started(NamedTuple):
    """All runs of one command."""

    command: Command
    imports: Imports
    samples: Samples


class Ticked(NamedTuple):
    """All runs without a screen on one host."""

    title: str
    samples: Sequence[Sample]


class Results(NamedTuple):
    """Everything that was measured in ``runs`` rounds."""

    runs: int
    watched: Sequence[Watched]
    started: Sequence[Started]
    ticked: Sequence[Ticked]
    flipped: Sequence[Sample] = ()
    fed: Sequence[Sample] = ()
    tables: Mapping[int, Sequence[Sample]] = {}
    """By the number of rows."""


FLIP = Budget(50)
"""Milliseconds that a flip may add, from go to stop and from free to start together."""
FEEDS = Budget(1)
"""Percent of a core for reading every feed of a busy site."""
TICK_ROWS = (
    ("sampler_ms", "CPU of the sampler alone, ms", 2),
    ("sampler_pss_mb", "its memory (PSS), MB", 1),
    ("status_ms", "CPU of `status --watch`, sampler included, ms", 2),
)


def failures(results: Results) -> list[str]:
    """What breaks a budget that no noise can break."""
    out = [fault for one in results.started for fault in one.imports.faults]
    for one in results.watched:
        for key, budget in BUDGETS[one.gpus].items():
            found = spread(one.samples[OURS.name], key)
            if budget.exact and not budget.met(found.median if found else None, None):
                out.append(f"{one.title}: {key} is {found.median if found else 'unknown'}, not {budget.text()}")
    return out


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [_head(results.runs)]
    parts += [f"## {one.title}\n\n{table(_watched_rows(one))}" for one in results.watched]
    parts.append(f"## The table alone\n\n{table(_table_rows(results.tables))}")
    parts.append(f"## Commands without a screen\n\n{table(_started_rows(results.started))}")
    if results.ticked:
        parts.append(f"## One tick without a screen\n\n{table(_ticked_rows(results.ticked))}")
    parts.append(f"## A flip\n\n{table(_flipped_rows(results.flipped))}")
    parts.append(f"## Reading the feeds\n\n{table(_fed_rows(results.fed))}")
    broken = failures(results)
    parts += ["## Broken\n\n" + "\n".join(f"- {line}" for line in broken)] if broken else []
    return "\n\n".join(parts) + "\n"


def _head(runs: int) -> str:
    versions = " and ".join(f"{program.name} {program.version}" for program in (OURS, THEIRS))
    made_of = f"medians of {runs} runs with their range" if runs > 1 else "one run"
    return f"""# What it costs to watch

`make bench` runs {versions} in turn in the same terminal ({SIZE[0]}x{SIZE[1]}, 24-bit colour, synchronized
output) on the same fake `libnvidia-ml.so.1`. Here: {made_of}; ratios are of medians.

- *no config*: GPUs serve, train, mine and idle in turn, and nobody told the console what they are for.
- *{INSTANCES} workloads*: real processes hold all GPUs under a real supervisord; the console asks it and each process's
  own API every two seconds and prices what it shows. nvitop shows the same GPUs and processes, without that.
- Percentages are of one core and count all processes of a program, by the kernel's own clocks. Memory is PSS in MB.
- *First paint* ends with the first 2 KiB that came without a pause, *key to paint* with the last byte of the frame that
  follows a key pressed in a quiet moment. While a GPU hangs, every NVML call on it blocks for two minutes. A stall is
  20 s (2 in a quick run) in which nobody reads the terminal.
- A budget in bold fails the run, because no noise can break it; the others are for reading.

Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {_processor()}, {os.cpu_count()} cores,
Linux {platform.release()}, Python {platform.python_version()}, Textual {metadata.version("textual")};
load average {os.getloadavg()[2]:.1f} over the last 15 minutes."""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def table(rows: Iterator[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first of them its head."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *body))


def _watched_rows(one: Watched) -> Iterator[Sequence[str]]:
    yield "", OURS.name, THEIRS.name, "ratio", "budget", ""
    for key, title, unit, digits in FIGURES:
        ours, theirs = (spread(one.samples[program.name], key) for program in (OURS, THEIRS))
        budget = BUDGETS[one.gpus].get(key)
        yield (
            f"{title}, {unit}",
            _spread(ours, digits),
            _spread(theirs, digits),
            ratio_text(ours, theirs),
            *verdict_of(budget, ours, theirs, tried=any(key in sample for sample in one.samples[OURS.name])),
        )


def _table_rows(tables: Mapping[int, Sequence[Sample]]) -> Iterator[Sequence[str]]:
    """A column for each number of rows, then what the budget is of: how a page grows with them."""
    yield "", *(f"{count:,} rows" for count in tables)
    for what, _, title in rows.KEYS:
        for end, words, digits in rows.TOLD:
            yield (
                f"{title}, {words}",
                *(_spread(spread(samples, f"{what}_{end}"), digits) for samples in tables.values()),
            )
    _, few, many = rows.GROWTH
    grown = growth(tables)
    said = "–" if grown is None else f"{grown:.2f}"
    blank = [""] * max(0, len(tables) - 2)
    verdict = "not measured" if grown is None else "met" if PAGE_GROWTH.met(grown, None) else "missed"
    yield f"a page among {many:,} over one among {few:,}, {PAGE_GROWTH.text()}", *blank, verdict, said


def growth(tables: Mapping[int, Sequence[Sample]]) -> float | None:
    """By how much a page grows with the rows (``rows.GROWTH``); None where one of both was not measured."""
    key, few, many = rows.GROWTH
    less, more = (spread(tables.get(count, ()), key) for count in (few, many))
    return more.median / less.median if less and more else None


def _started_rows(started: Sequence[Started]) -> Iterator[Sequence[str]]:
    yield "", "CPU, ms", "time, ms", "modules", "nvitop", "CPU, ms", "time, ms", "CPU ratio", "budget", ""
    for command, imports, samples in started:
        ours, ours_wall = (spread(samples[OURS.name], key) for key in ("cpu_ms", "wall_ms"))
        theirs, theirs_wall = (spread(samples[THEIRS.name], key) for key in ("cpu_ms", "wall_ms"))
        yield (
            f"`{command.title}`",
            _spread(ours, 0),
            _spread(ours_wall, 0),
            f"{imports.modules}, **≤ {command.most_modules}**",
            f"`{' '.join(command.theirs)}`" if command.theirs else "–",
            _spread(theirs, 0),
            _spread(theirs_wall, 0),
            ratio_text(ours, theirs),
            *verdict_of(Budget(command.limit_ms) if command.limit_ms else None, ours, theirs),
        )


def _ticked_rows(ticked: Sequence[Ticked]) -> Iterator[Sequence[str]]:
    yield "", *(one.title for one in ticked)
    for key, title, digits in TICK_ROWS:
        yield title, *(_spread(spread(one.samples, key), digits) for one in ticked)


def _flipped_rows(samples: Sequence[Sample]) -> Iterator[Sequence[str]]:
    found = spread(samples, "flip_own_ms")
    yield "", OURS.name, "budget", ""
    verdict = verdict_of(FLIP, found, None, tried=bool(samples))
    yield "added from go to stop and from free to start, ms", _spread(found, 0), *verdict


def _fed_rows(samples: Sequence[Sample]) -> Iterator[Sequence[str]]:
    """All together, then the kinds, the dearest first."""
    yield "", OURS.name, "budget", ""
    together = spread(samples, feeds.TOGETHER)
    yield "all kinds at their own intervals, % of a core", _spread(together, 3), *verdict_of(FEEDS, together, None)
    for kind in feeds.kinds(samples):
        yield f"one reading of `{kind}`, CPU ms", _spread(spread(samples, kind), 1), "", ""


def verdict_of(
    budget: Budget | None, ours: Spread | None, theirs: Spread | None, *, tried: bool = True
) -> tuple[str, str]:
    """The budget and how it was kept. What was ``tried`` and gave no figure has missed it; what was not, has not."""
    if budget is None:
        return "", ""
    text = f"**{budget.text()}**" if budget.exact else budget.text()
    if not tried or (budget.of_theirs and theirs is None):
        return text, "not measured"
    met = budget.met(ours.median if ours else None, theirs.median if theirs else None)
    return text, "met" if met else "missed"


def _spread(found: Spread | None, digits: int) -> str:
    if found is None:
        return "–"
    median, least, most = (f"{value:,.{digits}f}" for value in found)
    return median if least == most else f"{median} ({least}–{most})"


def ratio_text(ours: Spread | None, theirs: Spread | None) -> str:
    """Our median over theirs."""
    return f"{ours.median / theirs.median:.2f}" if ours and theirs and theirs.median else "–"
