"""``changeover settle [GPU…]``: bring flips that were cut off to an outcome, and take back marks of stuck GPUs."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from console.commands.flags import parser
from console.flips import reading
from console.flips.journal import JournalError
from console.flips.recovery import ALARMS, Settled
from console.model import Uuid
from console.paths import Places, places

if TYPE_CHECKING:
    from console.running.reasserting import Reasserted

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
        wanted = _named(where, args.gpus)
        open_now, tuned = _open(where, wanted), _tuned(args, where, wanted)
        found, again = _settle(args, where, open_now, tuned) if open_now | tuned else ((), ())
    except UnknownGpuError as error:
        sys.stderr.write(f"changeover settle: {error}\n")
        return 2
    except ConfigError as error:
        sys.stderr.write(f"changeover: {error}\n")
        return 2
    except (OSError, JournalError, ValueError) as error:
        sys.stderr.write(f"changeover settle: {error}\n")
        return 1
    return _say(found, again, as_json=args.json)


def _named(where: Places, names: list[str]) -> frozenset[str] | None:
    from console.flips.naming import find, known

    entries = known(where)
    return frozenset(find(entries, name).uuid for name in names) if names else None


def _open(where: Places, wanted: frozenset[str] | None) -> frozenset[str]:
    """GPUs with an open intent or a mark; those of a set that touches what is wanted."""
    sets = [frozenset(line.gpus) for line in reading.open_intents(where.journal)]
    sets += [frozenset({uuid}) for uuid in reading.stuck(where.journal)]
    return frozenset().union(*(one for one in sets if wanted is None or one & wanted))


def _tuned(args: Namespace, where: Places, wanted: frozenset[str] | None) -> frozenset[str]:
    """GPUs of workloads with a profile: it is looked whether it still stands."""
    from console.config.loading import find, load
    from console.flips.naming import known
    from console.workloads.expand import place

    settings = load(find(args.config)).settings
    if not any(one.profile for one in settings.workloads.values()):
        return frozenset()
    placed, _ = place(settings, [(entry.slot, entry.uuid, entry.pci) for entry in known(where)])
    uuids = frozenset(uuid for one in placed if one.settings.profile for uuid in one.uuids)
    return uuids if wanted is None else uuids & wanted


def _settle(
    args: Namespace, where: Places, uuids: frozenset[str], tuned: frozenset[str]
) -> tuple[tuple[Settled, ...], tuple[Reasserted, ...]]:
    import threading

    from console.flips.recovery import settle
    from console.flips.who import whoami
    from console.running.reasserting import reassert
    from console.running.stage import FIRST_S, Stage

    stage = Stage(args.config, where, tuple(Uuid(uuid) for uuid in sorted(uuids | tuned)), threading.Event())
    try:
        stage.read(FIRST_S)
        who = whoami("settle")
        found = settle(stage.journal, stage.facts, stage.claims, who, uuids, stage.hands) if uuids else ()
        if tuned and stage.disagreement:
            sys.stderr.write(f"changeover settle: profiles are left as they are: {stage.disagreement}\n")
            return found, ()
        return found, reassert(stage, who)
    finally:
        stage.close()


def _say(found: tuple[Settled, ...], again: tuple[Reasserted, ...], *, as_json: bool) -> int:
    import msgspec

    for one in found:
        print(json.dumps(msgspec.to_builtins(one)) if as_json else f"{one.result or 'still open'}: {one.text}")
    for each in again:
        print(json.dumps(msgspec.to_builtins(each)) if as_json else f"profile: {each.text}")
    if not (found or again) and not as_json:
        print("nothing to settle")
    bad = any(one.result in ALARMS or not one.result for one in found) or not all(each.ok for each in again)
    return 1 if bad else 0
