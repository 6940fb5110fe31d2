"""``changeover unpin GPU``: lets advice and automation choose again where a person's flip has pinned a GPU."""

from __future__ import annotations

import sys

from console.commands.flags import parser
from console.flips.journal import Journal, JournalError
from console.flips.naming import UnknownGpuError, find, known
from console.flips.pins import pins, unpin
from console.paths import places

SUMMARY = "let advice choose again where a person's flip has pinned a GPU"


def main(argv: list[str]) -> int:
    """0 unpinned or not pinned, 1 the journal cannot be read or written, 2 no such GPU, 3 --read-only."""
    flags = parser("unpin", "Lift the pin that a flip by hand has put on a GPU.")
    flags.add_argument("gpu", metavar="GPU", help="slot, beginning of a UUID or PCI address")
    args = flags.parse_args(argv)
    if args.read_only:
        sys.stderr.write("changeover unpin: refused, --read-only\n")
        return 3
    where = places()
    try:
        entry = find(known(where), args.gpu)
        pin = next((pin for uuid, pin in pins(where.journal).items() if uuid == entry.uuid), None)
        if pin is None:
            print(f"GPU {entry.slot} was not pinned")
            return 0
        unpin(Journal(where), (entry.uuid,), (entry.slot,))
    except UnknownGpuError as error:
        sys.stderr.write(f"changeover unpin: {error}\n")
        return 2
    except JournalError as error:
        sys.stderr.write(f"changeover unpin: {error}\n")
        return 1
    print(f"GPU {entry.slot} is unpinned, was pinned to {pin.workload} by {pin.by}")
    return 0
