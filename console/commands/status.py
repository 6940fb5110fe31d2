"""``changeover status``: one snapshot as a table or as JSON, or one after another with ``--watch``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from console.commands.flags import parser

if TYPE_CHECKING:
    from console.model import Snapshot
    from console.site.interface import Site

SUMMARY = "one snapshot of every GPU, as text or --json"
FAULTS = ("no_driver", "mismatch", "hung")


def main(argv: list[str]) -> int:
    """Print; 0 when NVML answers, 1 when it does not (the reason is printed all the same)."""
    flags = parser("status", "One snapshot of every GPU. Samples twice, 1 s apart, for rates.")
    flags.add_argument("--json", action="store_true", help="one object, schema 1; with --watch one object a line")
    flags.add_argument("--fast", action="store_true", help="sample once; what needs two samples is unknown")
    flags.add_argument("--watch", action="store_true", help="one snapshot after another until interrupted")
    flags.add_argument("--interval", type=float, default=1.0, metavar="SECONDS", help="between snapshots (1)")
    args = flags.parse_args(argv)
    if not 0.1 <= args.interval <= 3600:
        flags.error(f"--interval: found {args.interval:g}, expected 0.1 to 3600 seconds")
    from console.commands.opening import opened, settled

    with opened(args, only_looks=True) as site:
        snapshot = settled(site, 1 if args.fast else 2)
        code = show(snapshot, as_json=args.json, rates=not args.fast, one_line=args.watch)
        while args.watch:
            _sleep_until_news(site, snapshot.seq, args.interval)
            snapshot = site.snapshot()
            code = show(snapshot, as_json=args.json, one_line=True)
    return code


def show(snapshot: Snapshot, *, as_json: bool, rates: bool = True, one_line: bool = False) -> int:
    """Print one snapshot; returns the exit code that it means."""
    if as_json:
        import json

        from console.view.schema import status

        text = json.dumps(status(snapshot, rates=rates), indent=None if one_line else 2)
    else:
        from console.view.plain import table

        text = "\n".join(table(snapshot, _width()))
    print(text, flush=True)
    return 1 if snapshot.host_state.value in FAULTS else 0


def _sleep_until_news(site: Site, seq: int, interval_s: float) -> None:
    time.sleep(interval_s)
    while site.snapshot().seq == seq:
        time.sleep(0.1)


def _width() -> int:
    import shutil

    # A pipe has no width: a file that is read later should hold every column.
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 200
