"""``changeover undo [GPU…]``: a new plan back to what ran before, while nothing has come in between."""

from __future__ import annotations

import sys

from console.commands.flags import parser

SUMMARY = "take back the latest flip of a GPU"
FAR_BACK = 200


def main(argv: list[str]) -> int:
    """0 done, 1 it did not end as asked, 3 refused."""
    flags = parser("undo", "Take back the latest flip of these GPUs; of the host where none is named.")
    flags.add_argument("gpus", metavar="GPU", nargs="*", help="slot, beginning of a UUID or PCI address")
    from console.commands.carrying import REFUSED, WRONG, add_flags, carry, decide

    add_flags(flags)
    args = flags.parse_args(argv)
    if args.read_only and not args.dry_run:
        sys.stderr.write("changeover undo: refused, --read-only\n")
        return REFUSED
    args.read_only = False  # a dry run touches nothing
    import msgspec

    from console.commands.opening import opened, settled
    from console.flips.naming import UnknownGpuError, find

    with opened(args) as site:
        snapshot = settled(site, 2, patient=True)
        try:
            found = [find([row.reading for row in snapshot.rows], name) for name in args.gpus]
        except UnknownGpuError as error:
            sys.stderr.write(f"changeover undo: {error}\n")
            return WRONG
        slots = tuple(one.slot for one in found) or _latest()
        if not slots:
            sys.stderr.write("changeover undo: there is no flip to take back\n")
            return REFUSED
        plan = site.undo(slots, force=tuple(args.force))
        plan = msgspec.structs.replace(plan, reason=args.reason, abort_requests=args.abort_requests)
        code = decide(plan, args, site.snapshot())
    return carry(plan, args) if code is None else code


def _latest() -> tuple[int, ...]:
    """The slots of the latest flip that was carried out whole."""
    from console.flips import reading
    from console.flips.journal import JournalError
    from console.paths import places

    try:
        lines = reading.lines(places().journal, FAR_BACK, kinds=("outcome",))
    except JournalError as error:
        sys.stderr.write(f"changeover undo: {error}\n")
        return ()
    return next((line.slots for line in lines if line.body.get("result") == "done"), ())
