"""``changeover forget GPU``: retire a GPU that will not come back. Its slot is never given to another card."""

from __future__ import annotations

import sys

from console.commands.flags import parser

SUMMARY = "retire a GPU that will not come back"


def main(argv: list[str]) -> int:
    """Retire it; 0 done, 1 no such GPU, 3 refused (it is still there, or --read-only)."""
    flags = parser("forget", "Retire a GPU that is gone for good. Its slot number is never used again.")
    flags.add_argument("gpu", metavar="GPU", help="slot, UUID prefix or PCI address")
    args = flags.parse_args(argv)
    if args.read_only:
        sys.stderr.write("changeover forget: refused, --read-only\n")
        return 3
    from console.commands.opening import opened, settled
    from console.flips.naming import UnknownGpuError, find

    with opened(args) as site:
        snapshot = settled(site, 1)
        try:
            gpu = find([row.reading for row in snapshot.rows], args.gpu)
            site.forget(gpu.uuid)
        except UnknownGpuError as error:
            sys.stderr.write(f"changeover forget: {error}\n")
            return 1
        except ValueError as error:
            sys.stderr.write(f"changeover forget: refused, {error}\n")
            return 3
    print(f"GPU {gpu.slot} ({gpu.name}, {gpu.uuid}) is retired; its slot stays empty")
    return 0
