"""``changeover settle [GPU…]``: bring flips that were cut off to an outcome, and take back marks of stuck GPUs."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from console.commands.flags import parser
from console.flips import reading
from console.flips.journal import JournalError
from console.flips.recovery import ALARMS, Settled
from console.model import Uuid
from console.paths import Places, places

SUMMARY = "bring flips that were cut off to an outcome"


def main(argv: list[str]) -> int:
    """0 nothing is open any more, 1 a GPU was found off or stuck or could not be judged, 3 --read-only."""
    flags = parser("settle", "Bring flips that were cut off to an outcome by what is observed now; starts nothing.")
    flags.add_argument("gpus", metavar="GPU", nargs="*", help="slot, beginning of a UUID or PCI address; none: all")
    flags.add_argument("--json", action="store_true", help="one object a line")
    args = flags.parse_args(argv)
    if args.read_only:
        sys.stderr.write("changeover settle: refused, --read-only\n")
        return 3
    from console.config.errors import ConfigError
    from console.flips.naming import UnknownGpuError

    where = places()
    try:
        open_now = _open(where, _named(where, args.gpus))
        found = _settle(args, where, open_now) if open_now else ()
    except UnknownGpuError as error:
        sys.stderr.write(f"changeover settle: {error}\n")
        return 2
    except ConfigError as error:
        sys.stderr.write(f"changeover: {error}\n")
        return 2
    except (OSError, JournalError, ValueError) as error:
        sys.stderr.write(f"changeover settle: {error}\n")
        return 1
    return _say(found, as_json=args.json)


def _named(where: Places, names: list[str]) -> frozenset[str] | None:
    from console.flips.naming import find, known

    entries = known(where)
    return frozenset(find(entries, name).uuid for name in names) if names else None


def _open(where: Places, wanted: frozenset[str] | None) -> frozenset[str]:
    """GPUs with an open intent or a mark; those of a set that touches what is wanted."""
    sets = [frozenset(line.gpus) for line in reading.open_intents(where.journal)]
    sets += [frozenset({uuid}) for uuid in reading.stuck(where.journal)]
    return frozenset().union(*(one for one in sets if wanted is None or one & wanted))


def _settle(args: Namespace, where: Places, uuids: frozenset[str]) -> tuple[Settled, ...]:
    import threading

    from console.flips.recovery import settle
    from console.flips.who import whoami
    from console.running.stage import FIRST_S, Stage

    stage = Stage(args.config, where, tuple(Uuid(uuid) for uuid in sorted(uuids)), threading.Event())
    try:
        stage.read(FIRST_S)
        return settle(stage.journal, stage.facts, stage.claims, whoami("settle"), uuids)
    finally:
        stage.close()


def _say(found: tuple[Settled, ...], *, as_json: bool) -> int:
    import msgspec

    for one in found:
        print(json.dumps(msgspec.to_builtins(one)) if as_json else f"{one.result or 'still open'}: {one.text}")
    if not found and not as_json:
        print("nothing to settle")
    return 1 if any(one.result in ALARMS or not one.result for one in found) else 0
