"""``changeover journal [verify|replay]``: what was done, by whom and why; or whether that can be believed."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from datetime import UTC, datetime

from console.commands.flags import parser
from console.flips import reading
from console.flips.chain import Line
from console.flips.journal import Journal, JournalError
from console.paths import Places, places
from console.text import clean

MOST_LINES = 1_000_000
SUMMARY = "what was done, by whom and why; also verify and replay"


def main(argv: list[str]) -> int:
    """0; 1 when the journal cannot be read, ``verify`` finds a fault or ``replay`` a difference."""
    flags = parser("journal", "What was done, by whom and why, newest first.")
    flags.add_argument(
        "what",
        nargs="?",
        choices=("verify", "replay"),
        help="verify: check the chain; replay: make each flip's advice again",
    )
    flags.add_argument("--limit", type=int, default=50, metavar="N", help="lines (50)")
    flags.add_argument("--gpu", metavar="GPU", help="of this GPU only: slot, beginning of a UUID or PCI address")
    flags.add_argument("--json", action="store_true", help="one object a line")
    args = flags.parse_args(argv)
    if not 1 <= args.limit <= MOST_LINES:
        flags.error(f"--limit: found {clean(args.limit, 40)}, expected 1 to {MOST_LINES}")
    from console.flips.naming import UnknownGpuError

    try:
        return WHATS[args.what](places(), args)
    except UnknownGpuError as error:
        sys.stderr.write(f"changeover journal: --gpu: {error}\n")
        return 2
    except JournalError as error:
        sys.stderr.write(f"changeover journal: {error}\n")
        return 1


def _show(where: Places, args: Namespace) -> int:
    for line in reading.lines(where.journal, args.limit, gpu=_uuid(where, args), advice=True):
        print(json.dumps(as_object(line), ensure_ascii=False) if args.json else as_text(line))
    return 0


def _replay(where: Places, args: Namespace) -> int:
    """Make the advice of the latest flips again from what stands beside their intents; 1 if any differs."""
    from console.flips.replaying import replayed

    same = True
    for one in replayed(where.journal, args.limit, _uuid(where, args)):
        same = same and one.same
        if args.json:
            print(json.dumps(one.as_object(), ensure_ascii=False))
        else:
            print(f"{one.seq:>5}  GPU {one.slot}  {'same' if one.same else 'DIFFERS'}: {one.why}")
            if not one.same:
                print(f"       now: {one.again}")
    return 0 if same else 1


def _verify(where: Places, args: Namespace) -> int:
    verdict = reading.check(Journal(where))
    if args.json:
        import msgspec

        print(json.dumps(msgspec.to_builtins(verdict) | {"ok": verdict.ok}))
    else:
        print(verdict.sentence)
        for problem in verdict.problems:
            print(f"  {problem}")
    return 0 if verdict.ok else 1


WHATS = {None: _show, "verify": _verify, "replay": _replay}


def _uuid(where: Places, args: Namespace) -> str:
    from console.flips.naming import find, known

    return find(known(where), args.gpu).uuid if args.gpu else ""


def as_object(line: Line) -> dict[str, object]:
    """One line for scripts; ``at`` is ISO 8601 UTC with milliseconds."""
    return {
        "seq": line.seq,
        "at": _at(line).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "flip_id": line.flip_id,
        "kind": line.kind,
        "gpus": list(line.gpus),
        "slots": list(line.slots),
        "who": line.who,
        "text": line.text,
        "body": line.body,
        "boot_id": line.boot_id,
        "prev": line.prev,
        "hash": line.hash,
    }


def as_text(line: Line) -> str:
    """One line for people."""
    what = str(line.body.get("result") or line.body.get("step") or line.kind).replace("_", " ")
    slots = f"GPU {','.join(map(str, line.slots))}" if line.slots else ""
    reason = f"  ({line.body['reason']})" if line.body.get("reason") else ""
    head = f"{_at(line):%Y-%m-%d %H:%M:%SZ}  {line.seq:>5}  {line.login:<10}  {what:<11}  {slots:<10}"
    return f"{head}  {line.text}{reason}".rstrip()


def _at(line: Line) -> datetime:
    return datetime.fromtimestamp(line.at, UTC)
