"""``changeover flip GPU[,GPU…] WORKLOAD``: one plan, one confirmation, carried out by this very process."""

from __future__ import annotations

import sys

from console.commands.flags import parser
from console.text import clean

SUMMARY = "move GPUs to another workload"


def main(argv: list[str]) -> int:
    """0 done or already so, 1 it did not end as asked, 3 refused."""
    flags = parser("flip", "Move GPUs to another workload: a workload's name, mine, ai, best or off.")
    flags.add_argument("gpus", metavar="GPU[,GPU…]", help="slots, beginnings of UUIDs or PCI addresses")
    flags.add_argument("workload", type=clean, metavar="WORKLOAD", help="a workload's name, mine, ai, best or off")
    from console.commands.carrying import REFUSED, WRONG, add_flags, carry, decide

    add_flags(flags)
    args = flags.parse_args(argv)
    if args.read_only and not args.dry_run:
        sys.stderr.write("changeover flip: refused, --read-only\n")
        return REFUSED
    args.read_only = False  # a dry run touches nothing
    import msgspec

    from console.commands.opening import opened, settled
    from console.flips.naming import UnknownGpuError, find
    from console.flips.who import whoami

    with opened(args) as site:
        snapshot = settled(site, 2, patient=True)
        try:
            found = [find([row.reading for row in snapshot.rows], name) for name in args.gpus.split(",")]
        except UnknownGpuError as error:
            sys.stderr.write(f"changeover flip: {error}\n")
            return WRONG
        slots = tuple(one.slot for one in found)
        plan = site.plan(slots, args.workload, whole=False, force=tuple(args.force))
        who = whoami("command")
        plan = msgspec.structs.replace(plan, who=who, reason=args.reason, abort_requests=args.abort_requests)
        code = decide(plan, args, site.snapshot())
    return carry(plan, args) if code is None else code
