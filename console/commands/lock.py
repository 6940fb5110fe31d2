"""``changeover lock GPU|host``: keeps everybody and everything from flipping it, until a time or until lifted."""

from __future__ import annotations

import sys
import time

from console.commands.flags import parser
from console.commands.moments import ahead as moment
from console.flips.naming import UnknownGpuError, find, known
from console.flips.technician import HOST, Lock, LockError, Locks, clock
from console.flips.who import whoami
from console.paths import Places, places
from console.text import clean

SUMMARY = "keep everybody and everything from flipping a GPU"


def main(argv: list[str]) -> int:
    """0 locked, 1 it could not be written, 2 no such GPU or no such time, 3 --read-only."""
    flags = parser("lock", "Keep everybody and everything from flipping a GPU or this host.")
    flags.add_argument("what", metavar="GPU|host", help="slot, beginning of a UUID, PCI address, or the word host")
    flags.add_argument("--until", metavar="TIME", help="2h, 90m, 3d, or 2026-07-25T14:00Z; default: until unlocked")
    flags.add_argument("--reason", default="", metavar="TEXT", help="shown to whoever is refused")
    args = flags.parse_args(argv)
    if args.read_only:
        sys.stderr.write("changeover lock: refused, --read-only\n")
        return 3
    where, now = places(), time.time()
    try:
        until = moment(args.until, now) if args.until else None
        on, slots = named(where, args.what)
        lock = Lock(on=on, by=whoami("lock").login, since=now, until=until, reason=clean(args.reason))
        Locks(where).put(lock, now)
    except (UnknownGpuError, ValueError) as error:
        sys.stderr.write(f"changeover lock: {error}\n")
        return 2
    except LockError as error:
        sys.stderr.write(f"changeover lock: {error}\n")
        return 1
    what = f"GPU {slots[0]}" if slots else "this host"
    write(where, lock, slots, f"{what} locked" + (f": {lock.reason}" if lock.reason else ""))
    print(
        f"{what} is locked" + (f" until {clock(until)}" if until is not None else "") + "; changeover unlock lifts it"
    )
    return 0


def named(where: Places, text: str) -> tuple[str, tuple[int, ...]]:
    """What a lock names: a UUID with its slot, or ``host``. Raises UnknownGpuError."""
    if text.lower() == HOST:
        return HOST, ()
    entry = find(known(where), text)
    return entry.uuid, (entry.slot,)


def write(where: Places, lock: Lock, slots: tuple[int, ...], text: str) -> None:
    """A journal line about it; the lock itself stands in its own file, so a journal that fails only says so."""
    import msgspec

    from console.flips.journal import Journal, JournalError

    body = {"text": text, "slots": list(slots), **msgspec.to_builtins(lock)}
    gpus = () if lock.on == HOST else (lock.on,)
    try:
        Journal(where).append("lock", "", gpus, msgspec.to_builtins(whoami("lock")), body)
    except JournalError as error:
        sys.stderr.write(f"changeover: {error}\n")
