"""``changeover calc``: the sums of the ladder offline, with every input a flag."""

from __future__ import annotations

import sys
from collections.abc import Callable

from console.commands import calc_compare, calc_payback, calc_single

SUMMARY = "the money, offline: mine, ai, compare, payback"

SUMS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "mine": (calc_single.mine, "what a hashrate earns after fees and power"),
    "ai": (calc_single.host, "what renting a GPU out earns after fees and power"),
    "compare": (calc_compare.compare, "several of these side by side, best first"),
    "payback": (calc_payback.pay_back, "when the hardware has earned itself back"),
}

USAGE = """usage: changeover calc SUM … [--json]

{sums}

Numbers take SI suffixes (178MH, 1.5k, 0.2kW), fees are fractions or percentages (0.01, 1%), a bare hashrate is H/s.
changeover calc SUM --help tells the flags of each.
"""


def main(argv: list[str]) -> int:
    """Do one sum and return the exit code: 0, or 2 with a sentence that names what was wrong."""
    if argv[:1] in ([], ["-h"], ["--help"]):
        out = sys.stdout if argv else sys.stderr
        out.write(USAGE.format(sums="\n".join(f"  {name:<8} {summary}" for name, (_, summary) in SUMS.items())))
        return 0 if argv else 2
    if argv[0] not in SUMS:
        sys.stderr.write(f"changeover calc: found {argv[0][:40]!r}, expected one of {', '.join(SUMS)}\n")
        return 2
    return SUMS[argv[0]][0](argv[1:])
