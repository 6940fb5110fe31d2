"""``changeover``: the console on this host; one snapshot when there is no terminal."""

from __future__ import annotations

import sys

from console.commands.flags import parser

SUMMARY = "the console on this host (also what no command means)"


def main(argv: list[str]) -> int:
    """Run the console until it is quit; exit code 0."""
    args = parser("", "The console on this host. Without a terminal it prints one snapshot.").parse_args(argv)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from console.commands import status

        return status.main(argv)
    from console.commands.opening import opened

    with opened(args) as site:
        # The site is sampling by now: the driver's first round trips overlap the import of Textual.
        from console.app import run

        return run(site, mono=args.no_color or None)
