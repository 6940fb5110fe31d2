"""``changeover unlock GPU|host``: lifts a technician's lock."""

from __future__ import annotations

import sys
import time

from console.commands.flags import parser
from console.commands.lock import named, write
from console.flips.naming import UnknownGpuError
from console.flips.technician import LockError, Locks
from console.paths import places

SUMMARY = "lift such a lock"


def main(argv: list[str]) -> int:
    """0 lifted or not locked, 1 it could not be written, 3 --read-only."""
    flags = parser("unlock", "Lift the lock on a GPU or on this host.")
    flags.add_argument("what", metavar="GPU|host", help="slot, beginning of a UUID, PCI address, or the word host")
    args = flags.parse_args(argv)
    if args.read_only:
        sys.stderr.write("changeover unlock: refused, --read-only\n")
        return 3
    where = places()
    try:
        on, slots = named(where, args.what)
        lifted = Locks(where).lift(on, time.time())
    except UnknownGpuError as error:
        sys.stderr.write(f"changeover unlock: {error}\n")
        return 2
    except LockError as error:
        sys.stderr.write(f"changeover unlock: {error}\n")
        return 1
    what = f"GPU {slots[0]}" if slots else "this host"
    for lock in lifted:
        write(where, lock, slots, f"{what} unlocked, was locked by {lock.by}")
    print(f"{what} is unlocked" if lifted else f"{what} was not locked")
    return 0
