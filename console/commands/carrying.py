"""What flip and undo share: show a plan, have it confirmed, carry it out, and say how it ended as an exit code."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

import msgspec

from console.commands.flags import Parser
from console.flips.records import Ending, Plan, Progress
from console.model import Snapshot
from console.text import clean

DONE, FAILED, WRONG, REFUSED = 0, 1, 2, 3
ROOM = 110


def add_flags(flags: Parser) -> None:
    """``--reason --yes --force --dry-run --json`` and what to do with requests under way."""
    flags.add_argument("--reason", default="", type=clean, metavar="TEXT", help="why, for the journal")
    flags.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal to ask on")
    flags.add_argument(
        "--force",
        action="append",
        default=[],
        metavar="HOST:GPU",
        help="waive contract, rental and pin of this GPU, by host and slot; may be repeated",
    )
    flags.add_argument(
        "--abort-requests", action="store_true", help="at the drain's limit cut requests off instead of cancelling"
    )
    flags.add_argument("--dry-run", action="store_true", help="print the plan and do nothing")
    flags.add_argument("--json", action="store_true", help="one object: the plan and how each move ended")


def decide(plan: Plan, args: Namespace, snapshot: Snapshot) -> int | None:
    """Show the plan; the exit code where it ends here, None once it is confirmed."""
    if not args.json:
        print(text(plan, snapshot))
    if plan.refusals:
        # All or nothing: a script that names three GPUs does not expect two of them to move.
        return end(plan, (), REFUSED, args)
    if not plan.moves or args.dry_run:
        return end(plan, (), DONE, args)
    if args.yes:
        return None
    if args.json or not sys.stdin.isatty():
        sys.stderr.write("changeover: refused, there is nobody to ask here: add --yes\n")
        return end(plan, (), REFUSED, args)
    return None if _confirmed() else REFUSED


def carry(plan: Plan, args: Namespace) -> int:
    """Carry a confirmed plan out and say how it ended; the exit code.

    BrokenPipeError where the plan itself reached nobody; then nothing was begun.
    """
    from console.config.errors import ConfigError
    from console.flips.journal import JournalError
    from console.running.act import ObjectionError

    try:
        endings = _act(plan, args)
    except ConfigError as error:
        sys.stderr.write(f"changeover: {error}\n")
        return WRONG
    except BrokenPipeError:
        raise
    except OSError as error:
        sys.stderr.write(f"changeover: the flip could not begin: {clean(error, 300)}\n")
        return FAILED
    except (ObjectionError, JournalError, ValueError) as error:
        sys.stderr.write(f"changeover: refused, {error}\n")
        return REFUSED
    return end(plan, endings, code(endings), args)


def _act(plan: Plan, args: Namespace) -> tuple[Ending, ...]:
    from console.running.act import act
    from console.running.outlet import Outlet, unbuffered

    if args.json:
        return act(plan, args.config, lambda _: None)
    sys.stdout.flush()  # the plan, before what is told past this buffer
    with unbuffered(sys.stdout.fileno()) as pipe:
        outlet = Outlet(pipe, _Lines().of)
        try:
            return act(plan, args.config, outlet.tell)
        finally:
            outlet.close()


def code(endings: tuple[Ending, ...]) -> int:
    """0 when every move is done, 3 when all that was not was refused before anything was touched, else 1, as with an
    alarm: a move that is done and stands in no journal is none that a script should take for granted."""
    if any(ending.alarm for ending in endings):
        return FAILED
    results = {ending.result for ending in endings} - {"done"}
    return DONE if not results else REFUSED if results == {"refused"} else FAILED


def text(plan: Plan, snapshot: Snapshot) -> str:
    """The plan as the dialog has it, without tones; where force would help, with the flag to type for it."""
    from console.view import dialog

    lines = [dialog.title(plan), "", *("".join(p.text for p in line) for line in dialog.lines(plan, snapshot, ROOM))]
    if names := dialog.forced_by(plan):
        flags = " ".join(f"--force {name}" for name in names)
        lines += ["", f"{flags} waives contract, rental and pin"]
    return "\n".join(line.rstrip() for line in lines)


def _confirmed() -> bool:
    """One typed y. What was typed before the question stood there does not answer it."""
    import termios

    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    try:
        return input("flip? y/n ").strip().lower() == "y"
    except EOFError:
        return False


class _Lines:
    """Progress as lines of text: what has ended, and how far a long step has come; not that each step begins."""

    def __init__(self) -> None:
        self._begun: set[tuple[str, str]] = set()

    def of(self, progress: Progress) -> bytes:
        """The line of one Progress, empty for the beginning of a step."""
        step = (progress.flip_id, progress.step)
        begins = progress.kind == "step" and progress.took_s is None and step not in self._begun
        self._begun.add(step)
        return b"" if begins else _line(progress)


def _line(progress: Progress) -> bytes:
    slots = ",".join(map(str, progress.slots))
    took = f"  {progress.took_s:.1f} s" if progress.took_s is not None else ""
    result = f"  {progress.result.replace('_', ' ')}" if progress.result else ""
    line = f"  GPU {slots}  {progress.step}{result}  {progress.text}{took}\n"
    return line.encode(sys.stdout.encoding, sys.stdout.errors or "replace")


def end(plan: Plan, endings: tuple[Ending, ...], exit_code: int, args: Namespace) -> int:
    """Say how it ended, as one object where ``--json`` asks for that; the exit code."""
    if args.json:
        said = {"schema": 1, "plan": msgspec.to_builtins(plan), "endings": msgspec.to_builtins(endings)}
        print(json.dumps(said | {"exit": exit_code}))
    return exit_code
