"""``changeover resume``: lets go on what ``standdown`` has stopped from acting by itself. Starts nothing."""

from __future__ import annotations

import sys

from console.commands.flags import parser
from console.flips.journal import JournalError
from console.flips.standdown import resume
from console.flips.who import whoami
from console.paths import places

SUMMARY = "let automatic flips go on after a standdown"


def main(argv: list[str]) -> int:
    """0 resumed or nothing was stopped, 1 it could not be written, 3 --read-only."""
    flags = parser("resume", "Let automatic flips go on after a standdown. Starts nothing by itself.")
    args = flags.parse_args(argv)
    if args.read_only:
        sys.stderr.write("changeover resume: refused, --read-only\n")
        return 3
    try:
        print("automatic flips go on" if resume(places(), whoami("command")) else "nothing was stopped")
    except OSError as error:
        sys.stderr.write(f"changeover resume: {error.strerror}: {error.filename}\n")
        return 1
    except JournalError as error:
        sys.stderr.write(f"changeover resume: {error}\n")
        return 1
    return 0
