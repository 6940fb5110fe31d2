"""``changeover doctor``: what is found, what is missing, what to do. Reads everything, changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.commands.flags import parser
from console.view.advice import FAULT, Facts, Finding, findings

if TYPE_CHECKING:
    from console.site.interface import Check

SUMMARY = "what is found, what is missing, what to do"
MARKS = {"ok": "·", "note": "i", "warn": "!", "fault": "✗"}


def main(argv: list[str]) -> int:
    """Print the findings; 0 when none is a fault, 1 otherwise."""
    flags = parser("doctor", "What is found on this host, what is missing, and what to do. Changes nothing.")
    flags.add_argument("--json", action="store_true", help="one object: findings with level, what and do")
    args = flags.parse_args(argv)
    from console.commands.opening import opened, settled

    with opened(args, only_looks=True) as site:
        snapshot = settled(site, 2)
        found = list(findings(snapshot, _facts(args.config, site.check())))
    if args.json:
        _json(found)
    else:
        print("\n".join(_lines(found)))
    return 1 if any(finding.level == FAULT for finding in found) else 0


def _facts(explicit: str | None, check: Check) -> Facts:
    from console.config.loading import find, load
    from console.paths import obstacle, places

    config, where = load(find(explicit)), places()
    return Facts(
        config_path=config.path,
        driver=_driver(),
        workloads=len(config.settings.workloads),
        controllers=check.warnings,
        silent=check.faults,
        disks=obstacle(where),
        journal=_journal(),
        shared=where.shared,
        state=str(where.state),
    )


def _driver() -> str | None:
    from console.telemetry.static import driver_version

    return driver_version()


def _journal() -> str:
    """What is wrong with the journal, "" when nothing is or there is none yet."""
    from console.flips.journal import Journal, JournalError
    from console.flips.reading import check
    from console.paths import places

    try:
        verdict = check(Journal(places()))
    except JournalError as error:
        return str(error)
    return "" if verdict.ok else verdict.sentence


def _lines(found: list[Finding]) -> list[str]:
    """One line per finding, and the next step once after all in a row that it is for."""
    lines: list[str] = []
    for finding, after in zip(found, [*found[1:], None], strict=True):
        lines.append(f"{MARKS[finding.level]} {finding.what}")
        if finding.do and (after is None or after.do != finding.do):
            lines.append(f"    → {finding.do}")
    return lines


def _json(found: list[Finding]) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode({"schema": 1, "findings": found}), indent=2).decode())
