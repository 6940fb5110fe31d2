"""Runs everything: ``python -m benchmarks [--runs N] [--quick] [--write FILE]``; 1 if an exact budget breaks."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from benchmarks import feeds, hosts, rows
from benchmarks.commands import COMMANDS, Command, imports, started
from benchmarks.flips import flips
from benchmarks.hosts import Host
from benchmarks.programs import BOTH, OURS, THEIRS, Program
from benchmarks.report import Results, Samples, Started, Ticked, Watched, failures, markdown
from benchmarks.summary import summary, written
from benchmarks.ticks import ticks
from benchmarks.visit import Pace, Sample, visit

README = Path(__file__).parents[1] / "README.md"
MakeHost = Callable[[int], AbstractContextManager[Host]]


class Scope(NamedTuple):
    """How much to measure: on which hosts, how patiently, how many ticks without a screen."""

    hosts: tuple[tuple[MakeHost, int], ...]
    pace: Pace
    ticks_s: int


WHOLE = Scope(
    tuple((make, n) for make in (hosts.bare, hosts.working) for n in (8, 64)),
    Pace(settle_s=3, steady_s=15, presses=20, page_presses=20, hung_presses=20, stall_s=20),
    ticks_s=10,
)
QUICK = Scope(
    ((hosts.bare, 8), (hosts.bare, 64)),
    Pace(settle_s=1, steady_s=4, presses=6, page_presses=4, hung_presses=4, stall_s=2),
    ticks_s=2,
)


def main() -> int:
    """Measure, print the report, and say on stderr which exact budgets are broken."""
    args = _arguments()
    if not THEIRS.path.exists():
        sys.stderr.write("benchmarks: nvitop is not in this environment; make bench installs it\n")
        return 2
    end_tidily()
    scope = QUICK if args.quick else WHOLE
    if args.bare:
        scope = scope._replace(hosts=tuple(pair for pair in scope.hosts if pair[0] is hosts.bare), ticks_s=0)
    results = measure(scope, args.runs or (1 if args.quick else 5))
    text = markdown(results)
    sys.stdout.write(text)
    if args.write:
        args.write.write_text(text)
        README.write_text(written(README.read_text(), summary(results)))
    broken = failures(results)
    for line in broken:
        sys.stderr.write(f"benchmarks: {line}\n")
    return 1 if broken else 0


def end_tidily() -> None:
    """Let SIGTERM and SIGHUP unwind the stack, so that the hosts and programs of a run that is ended end with it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def measure(scope: Scope, runs: int) -> Results:
    """Everything in ``scope``, ``runs`` times, the programs always in turn."""
    watched: list[Watched] = []
    ticked: list[Ticked] = []
    begun: list[Started] = []
    flipped: Sequence[Sample] = ()
    for make, n in scope.hosts:
        with make(n) as host:
            begun = begun or [_start(command, host, runs) for command in COMMANDS]
            watched.append(Watched(host.title, n, _watch(host, runs, scope.pace)))
            if scope.ticks_s:
                ticked.append(Ticked(host.title, _tick(host, runs, scope.ticks_s)))
            flipped = flipped or (_flip(host, runs) if host.config else ())
    fed = _in_turn("feeds", runs, (OURS,), lambda _: feeds.read_all())[OURS.name]
    tables = {count: _table(count, runs, scope.pace) for count in rows.COUNTS}
    return Results(runs, watched, begun, ticked, flipped, fed, tables)


def _watch(host: Host, runs: int, pace: Pace) -> Samples:
    return _in_turn(host.title, runs, BOTH, lambda program: visit(program.on(host), host, pace))


def _tick(host: Host, runs: int, seconds: int) -> Sequence[Sample]:
    return _in_turn(f"ticks, {host.title}", runs, (OURS,), lambda _: ticks(host, seconds))[OURS.name]


def _flip(host: Host, runs: int) -> Sequence[Sample]:
    return _in_turn("a flip there and back", runs, (OURS,), lambda _: flips(host))[OURS.name]


def _table(count: int, runs: int, pace: Pace) -> Sequence[Sample]:
    return _in_turn(f"{count} rows", runs, (OURS,), lambda _: rows.rows(count, pace))[OURS.name]


def _start(command: Command, host: Host, runs: int) -> Started:
    asked = {OURS: command.ours, THEIRS: command.theirs}
    able = [program for program in BOTH if asked[program]]
    samples = _in_turn(command.title, runs, able, lambda p: started(p.on(host, *asked[p]), host))
    return Started(command, imports(command, host), samples)


def _in_turn(title: str, runs: int, programs: Sequence[Program], once: Callable[[Program], Sample]) -> Samples:
    samples: dict[str, list[Sample]] = {program.name: [] for program in BOTH}
    for run in range(runs):
        for program in programs:
            sys.stderr.write(f"{title}: {program.name} {run + 1}/{runs}\n")
            samples[program.name].append(once(program))
    return samples


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description="What the console costs to watch, beside nvitop.")
    parser.add_argument("--runs", type=_count, metavar="N", help="rounds whose medians are told (5; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a smoke run of about a minute; its times mean little")
    parser.add_argument("--bare", action="store_true", help="only hosts without a config, no ticks without a screen")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write the report to a file too, and its figures into README.md"
    )
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected 1 to 100")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
