"""``changeover journal [verify|replay]``: what was done, by whom and why; or whether that can be believed."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import time

from console.commands.flags import Parser, parser
from console.flips import history, reading
from console.flips.chain import Line
from console.flips.journal import KINDS, Journal, JournalError
from console.paths import Places, places
from console.text import clean

MOST_LINES = 1_000_000
USUAL_LINES = 50
NOTHING = "nothing was done on this host yet; a flip, from the console or by `changeover flip`, is the first line"
NO_SUCH = "no line is as these flags ask; `changeover journal` without flags shows the latest"
SUMMARY = "what was done, by whom and why; also verify and replay"


class UsageError(Exception):
    """A flag says what cannot be; ``str`` is a sentence that names it."""


def main(argv: list[str]) -> int:
    """0; 1 when the journal cannot be read or written out, ``verify`` finds a fault or ``replay`` a difference."""
    flags = _flags()
    args = flags.parse_args(argv)
    if args.limit is not None and not 1 <= args.limit <= MOST_LINES:
        flags.error(f"--limit: found {clean(args.limit, 40)}, expected 1 to {MOST_LINES}")
    if args.output and args.what:
        flags.error(f"--output: {args.what} writes no file")
    if args.flips and args.format == "csv":
        flags.error("--flips: not as CSV; --format csv writes the lines, one row each")
    if args.flips and args.kind:
        flags.error("--kind: --flips folds lines of every kind into one")
    from console.flips.naming import UnknownGpuError

    try:
        return WHATS[args.what](places(), args)
    except UnknownGpuError as error:
        sys.stderr.write(f"changeover journal: --gpu: {error}\n")
        return 2
    except UsageError as error:
        sys.stderr.write(f"changeover journal: {error}\n")
        return 2
    except JournalError as error:
        sys.stderr.write(f"changeover journal: {error}\n")
        return 1


def _flags() -> Parser:
    flags = parser("journal", "What was done, by whom and why, newest first.")
    flags.add_argument(
        "what",
        nargs="?",
        choices=("verify", "replay"),
        help="verify: check the chain; replay: make each flip's advice again",
    )
    flags.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help=f"lines ({USUAL_LINES}; all of them with --format jsonl|csv and --output)",
    )
    flags.add_argument("--gpu", metavar="GPU", help="of this GPU only: slot, beginning of a UUID or PCI address")
    flags.add_argument("--since", metavar="TIME", help="not older: 2h, 90m, 3d, or 2026-07-25T14:00Z")
    flags.add_argument("--until", metavar="TIME", help="older than that: 2h, or a time with its zone")
    flags.add_argument("--who", default="", metavar="NAME", help="a login, an SSH origin, a sudo user, or how: console")
    flags.add_argument("--kind", choices=KINDS, help="only lines of this kind")
    flags.add_argument("--flip", default="", metavar="ID", help="all lines of one flip, by the beginning of its id")
    flags.add_argument("--grep", default="", metavar="TEXT", help="only lines that hold this text")
    flags.add_argument("--flips", action="store_true", help="one line per flip: expected against realised")
    flags.add_argument("--format", choices=("text", "jsonl", "csv"), help="text (as shown), jsonl or csv")
    flags.add_argument("--json", action="store_true", help="one object a line")
    flags.add_argument("--output", metavar="FILE", help="into this new file, whole or not at all")
    return flags


def _show(where: Places, args: Namespace) -> int:
    """The lines, or the flips, as they were asked for."""
    filters = _filters(where, args)
    if not args.output:
        some = False
        for chunk in _chunks(where, args, filters):
            some = True
            sys.stdout.write(chunk)
        if not (some or args.json or args.format):
            sys.stderr.write(f"changeover journal: {NOTHING if filters == history.Filters() else NO_SUCH}\n")
        return 0
    from console.commands.journal_export import ExportError, write

    try:
        write(Path(args.output), _chunks(where, args, filters))
    except ExportError as error:
        sys.stderr.write(f"changeover journal: --output: {error}\n")
        return 1
    return 0


def _chunks(where: Places, args: Namespace, filters: history.Filters) -> Iterator[str]:
    """What is to be written, piece by piece, so that no journal is too long."""
    limit = _limit(args)
    shape = args.format or ("jsonl" if args.json else "text")
    if args.flips:
        yield from _flips(history.each_flip(where.journal, limit, filters), shape)
        return
    lines = history.lines(where.journal, limit, filters)
    if shape == "text":
        yield from _texts(lines, steps=bool(args.flip))
        return
    from console.commands.journal_export import FORMATS

    yield from FORMATS[shape](lines)


def _limit(args: Namespace) -> int | None:
    if args.limit is not None:
        return int(args.limit)
    return None if args.output or args.flip or args.format in ("jsonl", "csv") else USUAL_LINES


def _texts(lines: Iterable[Line], *, steps: bool) -> Iterator[str]:
    """Lines for people; those of one flip with the times of its steps, in the order in which they were written."""
    from console.commands.journal_text import line_text, step_text

    if steps:
        yield from (f"{step_text(line)}\n" for line in reversed(tuple(lines)))
    else:
        yield from (f"{line_text(line)}\n" for line in lines)


def _flips(found: Iterable[history.Flip], shape: str) -> Iterator[str]:
    if shape == "text":
        from console.commands.journal_text import flip_text

        yield from (f"{flip_text(flip)}\n" for flip in found)
        return
    import msgspec

    yield from (json.dumps(msgspec.to_builtins(flip)) + "\n" for flip in found)


def _filters(where: Places, args: Namespace) -> history.Filters:
    """What the flags ask for. Raises UnknownGpuError, and UsageError for what is no time."""
    since, until = _times(args) if args.since or args.until else (None, None)
    return history.Filters(
        since=since,
        until=until,
        who=args.who,
        kinds=(args.kind,) if args.kind else (),
        flip=args.flip,
        grep=args.grep,
        gpu=_uuid(where, args),
    )


def _times(args: Namespace) -> tuple[float | None, float | None]:
    from console.commands.moments import ago

    now = time()
    try:
        since = ago(args.since, now, "--since") if args.since else None
        until = ago(args.until, now, "--until") if args.until else None
    except ValueError as error:
        raise UsageError(str(error)) from None
    if since is not None and until is not None and since >= until:
        raise UsageError("--until: not after --since, so there is nothing between them")
    return since, until


def _replay(where: Places, args: Namespace) -> int:
    """Make the advice of the latest flips again from what stands beside their intents; 1 if any differs."""
    from console.flips.replaying import replayed

    same = True
    for one in replayed(where.journal, args.limit or USUAL_LINES, _uuid(where, args)):
        same = same and one.same
        if args.json:
            print(json.dumps(one.as_object()))
        else:
            print(f"{one.seq:>5}  GPU {one.slot}  {'same' if one.same else 'DIFFERS'}: {one.why}")
            if not one.same:
                print(f"       now: {one.again}")
    return 0 if same else 1


def _verify(where: Places, args: Namespace) -> int:
    verdict = reading.check(Journal(where))
    if args.json:
        import msgspec

        print(json.dumps(msgspec.to_builtins(verdict) | {"ok": verdict.ok}))
    else:
        print(verdict.sentence)
        for problem in verdict.problems:
            print(f"  {problem}")
        print(verdict.log)
    return 0 if verdict.ok else 1


WHATS = {None: _show, "verify": _verify, "replay": _replay}


def _uuid(where: Places, args: Namespace) -> str:
    from console.flips.naming import find, known

    return find(known(where), args.gpu).uuid if args.gpu else ""
