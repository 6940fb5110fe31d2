"""``changeover standdown``: one typed word stops every GPU that nothing guards, and whatever acts by itself."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING

from console.commands.flags import parser
from console.text import clean

if TYPE_CHECKING:
    from console.flips.records import Plan

SUMMARY = "stop every unguarded GPU and everything automatic, now"


def main(argv: list[str]) -> int:
    """0 all that nothing guards is off, 1 something is not, 3 --read-only or not confirmed."""
    flags = parser("standdown", "Stop every GPU that nothing guards, without waiting for requests, and all automatics.")
    flags.add_argument("--reason", default="", type=clean, metavar="TEXT", help="why, for whoever finds it stopped")
    flags.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal to ask on")
    flags.add_argument("--dry-run", action="store_true", help="print the plan and do nothing")
    flags.add_argument("--json", action="store_true", help="one object: the plan and how each move ended")
    args = flags.parse_args(argv)
    from console.commands.carrying import DONE, REFUSED, carry, end, text

    if args.read_only and not args.dry_run:
        sys.stderr.write("changeover standdown: refused, --read-only\n")
        return REFUSED
    from console.commands.opening import opened, settled

    args.read_only = False  # a dry run touches nothing
    with opened(args) as site:
        settled(site, 2, patient=True)
        plan = _reasoned(site.stand_down(), args)
        if not args.json:
            print(text(plan, site.snapshot()))
    if args.dry_run:
        return DONE
    if not args.yes and not _typed():
        sys.stderr.write("changeover standdown: nothing was stopped\n")
        return REFUSED
    failed = bool(_halt(args))
    code = carry(plan, args) if plan.moves else end(plan, (), DONE, args)
    return code or int(failed or _left(plan))


def _reasoned(plan: Plan, args: Namespace) -> Plan:
    import msgspec

    from console.flips.who import whoami

    return msgspec.structs.replace(plan, who=whoami("command"), reason=args.reason)


def _left(plan: Plan) -> bool:
    """True where a GPU stays on that nothing guards; the plan above says which and why."""
    from console.flips.standdown import STAYS

    return any(refusal.guard.name not in STAYS for refusal in plan.refusals)


def _halt(args: Namespace) -> str:
    """Stop the automatics first: what is stopped by hand must not be started again behind the operator's back."""
    from console.flips.standdown import halt
    from console.flips.who import whoami
    from console.paths import places

    failed = halt(places(), whoami("command"), time.time(), args.reason)
    if failed:
        sys.stderr.write(f"changeover standdown: {failed}\n")
    elif not args.json:
        print("everything automatic is stopped until changeover resume")
    return failed


def _typed() -> bool:
    from console.flips.standdown import WORD

    if not sys.stdin.isatty():
        sys.stderr.write("changeover standdown: there is nobody to ask here: add --yes\n")
        return False
    import termios

    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    try:
        return input(f"type {WORD} to stop all of that now: ").strip() == WORD
    except EOFError:
        return False
