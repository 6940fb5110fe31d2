"""``changeover init``: a commented site config from what already runs on this host. Never overwrites, changes nothing
else."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands.flags import Parser, parser

if TYPE_CHECKING:
    from console.finding.asking import Given
    from console.finding.found import Survey
    from console.finding.writing import Answers
    from console.telemetry.nvml import NvmlSource

SUMMARY = "write a config from what already runs here"


class _FailedError(Exception):
    """Why there is no config, as a sentence, and the exit code that goes with it."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def main(argv: list[str]) -> int:
    """Write it; 0 done, 1 no GPU or no driver, 2 wrong use, 3 refused (a file is there already, or --read-only)."""
    args = _flags().parse_args(argv)
    try:
        return _init(args)
    except _FailedError as error:
        sys.stderr.write(f"changeover init: {error}\n")
        if args.json:
            from console.finding.telling import as_object

            _print(as_object(None, "", _place(args)[0], wrote=False, code=error.code, error=str(error)))
        return error.code


def _flags() -> Parser:
    flags = parser(
        "init", "Write a commented site config from what already runs on this host. Never overwrites a file."
    )
    flags.add_argument("--output", metavar="FILE", help="where to write (also --config); default: the system's config")
    flags.add_argument("--supervisor-socket", metavar="PATH", default="", help="of a supervisord at no usual place")
    flags.add_argument("--currency", metavar="CODE", help="of all figures, such as USD")
    flags.add_argument("--price-per-kwh", metavar="PRICE", help="what a kWh costs")
    flags.add_argument("--wall-w", metavar="WATTS", help="what a meter at the wall shows now, for the host's own draw")
    flags.add_argument("--yes", action="store_true", help="ask nothing; what is not given stays open, as comments")
    flags.add_argument(
        "--acknowledge",
        action="store_true",
        help="that supervisor's and docker's socket is full control, and containers without a label are yours",
    )
    flags.add_argument("--dry-run", action="store_true", help="print the config instead of writing it")
    flags.add_argument("--json", action="store_true", help="one object: what was found, and the config")
    return flags


def _init(args: Namespace) -> int:
    given = _given(args)
    path, own = _place(args)
    if not args.dry_run:
        _may_write(args, path)
    from console.finding import gpus
    from console.finding.telling import as_object, table
    from console.paths import places

    with gpus.watched(places().roster) as source:
        found = _found(args, source)
        _say("\n".join(table(found)))
        text = _text(found, _answers(given, found, source))
    if not args.dry_run:
        _put(text, path, own)
    if args.json:
        _print(as_object(found, text, path, wrote=not args.dry_run, code=0))
    elif args.dry_run:
        print(text, end="")
    if not args.dry_run:
        _next(path, idle="\n[workloads." not in text)
    return 0


def _given(args: Namespace) -> Given:
    """What flags say. Raises _FailedError with 2."""
    from console.finding import asking

    try:
        given = asking.Given(
            currency=None if args.currency is None else asking.currency(args.currency),
            price_per_kwh=None if args.price_per_kwh is None else asking.price(args.price_per_kwh),
            wall_w=None if args.wall_w is None else asking.watts(args.wall_w),
            acknowledge=args.acknowledge,
            asks=not args.yes,
        )
    except ValueError as error:
        raise _FailedError(str(error), 2) from None
    if given.asks and not sys.stdin.isatty():
        raise _FailedError("nobody can be asked, for stdin is no terminal: add --yes, and what you know as flags", 2)
    return given


def _place(args: Namespace) -> tuple[Path, bool]:
    """Where the config goes, and whether its folder is to be made."""
    from console.finding.placing import default_path

    named = args.output or args.config
    return (Path(named).absolute(), False) if named else default_path()


def _may_write(args: Namespace, path: Path) -> None:
    """Raise _FailedError with 3 before anything is looked for in vain."""
    from console.finding.placing import RefusedError, refuse_existing

    if args.read_only:
        raise _FailedError("refused, --read-only; --dry-run prints what would be written", 3)
    try:
        refuse_existing(path)
    except RefusedError as error:
        raise _FailedError(f"refused, {error}", 3) from None


def _found(args: Namespace, source: NvmlSource) -> Survey:
    """Raises _FailedError with 1 where there is no GPU to say anything about."""
    from console.finding import gpus
    from console.finding.survey import survey
    from console.model import HostState

    _say("reading the GPUs")
    batch = gpus.settled(source)
    if batch is None:
        raise _FailedError("NVML did not answer: see dmesg for NVRM and Xid", 1)
    if batch.host_state is not HostState.OK or not batch.readings:
        raise _FailedError(f"no config was written: {batch.reason or 'no GPU was found'}", 1)
    return survey(batch, args.supervisor_socket, _say)


def _answers(given: Given, found: Survey, source: NvmlSource) -> Answers:
    from console.finding import asking, gpus

    try:
        unsure = tuple(one.unit for one in found.instances if one.unsure)
        return asking.answers(given, found.controls, lambda: gpus.drawn_w(source.latest()), _read, _say, unsure)
    except ValueError as error:
        raise _FailedError(str(error), 2) from None


def _text(found: Survey, answers: Answers) -> str:
    from datetime import UTC, datetime

    from console.finding.clock import timezone
    from console.finding.placing import DefectError, verified
    from console.finding.writing import written

    text = written(found, answers, datetime.now(UTC).date().isoformat(), timezone())
    try:
        verified(text)
    except DefectError as error:
        raise _FailedError(str(error), 1) from None
    return text


def _put(text: str, path: Path, own: bool) -> None:
    from console.finding.placing import DefectError, RefusedError, put

    try:
        put(text, path, make_folder=own)
    except RefusedError as error:
        raise _FailedError(f"refused, {error}", 3) from None
    except DefectError as error:
        raise _FailedError(str(error), 1) from None
    except OSError as error:
        raise _FailedError(f"{path} could not be written: {error.strerror}", 1) from None


def _next(path: Path, *, idle: bool) -> None:
    """What was written and the one next thing; on an ``idle`` host doctor could only say to start something."""
    from console.paths import SYSTEM_CONFIG

    flag = "" if path == SYSTEM_CONFIG else f" --config {path}"
    _say(f"written: {path}")
    if idle:
        _say("no workload stands in it: nothing that could be started and stopped held a GPU")
        _say("next: start what they should do, then changeover init --dry-run prints the tables to add")
    else:
        _say(f"next: changeover doctor{flag}")


def _read(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _print(said: dict[str, object]) -> None:
    import json

    print(json.dumps(said, indent=2))
