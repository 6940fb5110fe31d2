"""``changeover``: the console on this host; one snapshot when there is no terminal."""

from __future__ import annotations

import os
import sys

from console.commands.flags import add_theme, parser, theme

NO_SCREEN = ("", "dumb", "unknown")
SUMMARY = "the console on this host (also what no command means)"


def main(argv: list[str]) -> int:
    """Run the console until it is quit, or print one snapshot; exit code 0 either way."""
    flags = parser("", "The console on this host. Without a terminal it prints one snapshot.")
    add_theme(flags)
    args = flags.parse_args(argv)
    name = theme(flags, args)
    if not has_screen():
        from console.commands.opening import opened, settled
        from console.commands.status import show

        with opened(args, only_looks=True) as site:
            show(settled(site, 2), as_json=False)
        return 0
    from console.commands import own, surroundings
    from console.commands.opening import ended_tidily, opened
    from console.web import later

    surroundings.clear()
    mine = own.opened()
    with ended_tidily(), later.held(), opened(args, headless=False) as site:
        # The site is sampling by now: the driver's first round trips overlap the import of Textual.
        from console.app import run
        from console.attention import looked

        return run(
            site,
            mono=args.no_color or None,
            theme=name,
            own=mine.settings,
            registry=mine.registry,
            kept_in=mine.path,
            looked_in=looked.where(),
        )


def has_screen() -> bool:
    """True on a terminal that can be drawn on; a pipe and TERM=dumb get one snapshot as text."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in NO_SCREEN
