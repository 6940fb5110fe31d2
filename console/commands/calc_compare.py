"""``changeover calc compare``: several sums side by side, best first."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from console import units
from console.commands import calc_flags, calc_single, calc_sum, calc_text
from console.commands.calc_sum import HOURS_PER_DAY, Sum
from console.commands.flags import Parser
from console.economics import breakeven
from console.economics.ladder import ordered
from console.economics.rules import best_of
from console.economics.terms import MarketplaceTerms
from console.model import Kind

SUMMARY = """Several sums side by side, best first. Flags before the first of mine, ai and off hold for all, as in:
calc compare --power-price 0.07 mine --hashrate 178MH --watts 221 --hash-price 0.05/TH ai --rate 0.4 --watts 300"""


class Section(NamedTuple):
    """One of ``mine``, ``ai`` and ``off`` with its own words of the command line."""

    kind: str
    words: list[str]


def compare(argv: list[str]) -> int:
    """``calc compare``: each section is summed exactly as ``calc mine`` or ``calc ai`` would."""
    made = calc_flags.calculator("compare", SUMMARY)
    calc_flags.site_flags(made)
    words = calc_flags.joined(argv)
    shared, sections = _split(words)
    args = made.parse_args([*shared, *(["--json"] if "--json" in words else [])])
    if len(sections) < 2:
        made.error("expected two or more of mine, ai and off, each with its flags")
    common = [word for word in shared if word != "--json"]
    sums: list[Sum] = []
    for section in sections:
        sums.append(_summed(section, common, [one.option.workload for one in sums]))
    ladder = [next(one for one in sums if one.option is option) for option in ordered([s.option for s in sums])]
    best = best_of([one.option for one in ladder])
    rent = _break_even_rent(ladder)
    if args.json:
        rows = [{"name": s.option.workload, "kind": s.option.kind.value, **s.figures()} for s in ladder]
        found = {"inputs": calc_flags.inputs(args), "options": rows, "best": best.workload if best else None}
        sys.stdout.write(json.dumps({**found, "break_even_rent": rent}) + "\n")
    else:
        calc_text.say(["", *_table(ladder, args.currency), "", *_words(ladder, rent, args), ""])
    return 0


def _split(words: Sequence[str]) -> tuple[list[str], list[Section]]:
    shared: list[str] = []
    sections: list[Section] = []
    for before, word in zip(["", *words], words, strict=False):
        if word in _SUMS and before not in ("--name", "--contract"):
            sections.append(Section(word, []))
        elif sections:
            sections[-1].words.append(word)
        else:
            shared.append(word)
    return shared, sections


def _summed(section: Section, common: list[str], taken: Sequence[str]) -> Sum:
    make, total = _SUMS[section.kind]
    made = make(f"compare {section.kind}")
    made.add_argument("--name", metavar="NAME", help="what to call it in the table")
    args = made.parse_args([*common, *section.words])
    numbered = (f"{section.kind} {n}" for n in range(2, len(taken) + 3))
    name = args.name or next(n for n in (section.kind, *numbered) if n not in taken)
    if name in taken:
        made.error(f"--name: found {name!r} twice, expected a name of its own for each")
    return total(made, args, name)


def _off_parser(name: str) -> Parser:
    made = calc_flags.calculator(name, "What standing down costs.")
    calc_flags.flag(made, "--idle-watts", units.power_w, "what the GPU draws doing nothing", required=True)
    calc_flags.site_flags(made)
    return made


def _hosted(made: Parser, args: argparse.Namespace, name: str) -> Sum:
    calc_single.signed(made, args)
    return calc_sum.hosting_sum(made, args, name)


_SUMS: dict[str, tuple[Callable[[str], Parser], Callable[[Parser, argparse.Namespace, str], Sum]]] = {
    "mine": (calc_single.mining_parser, calc_sum.mining_sum),
    "ai": (calc_single.hosting_parser, _hosted),
    "off": (_off_parser, calc_sum.off_sum),
}


def _table(ladder: Sequence[Sum], currency: str) -> list[str]:
    sign = units.symbol(currency)
    width = max(6, *(len(one.option.workload) for one in ladder))
    head = (
        f"  {'':<{width}}  {'gross':>9} {'fees':>9} {'power':>9} {'net ' + sign + '/h':>9} {'a day':>8}  a kWh is worth"
    )
    return [head, *(_row(one, width, sign) for one in ladder)]


def _row(one: Sum, width: int, sign: str) -> str:
    option = one.option
    cells = (option.gross_per_h, option.fees_per_h, option.power_per_h)
    money = " ".join(units.fixed(value, 4, 4) for value in cells)
    net = units.fixed(option.net_per_h, 4, 4, sign=True)
    day = units.fixed(None if option.net_per_h is None else option.net_per_h * HOURS_PER_DAY, 5, 2, sign=True)
    worth = "" if option.value_per_kwh is None else f"{units.cost(option.value_per_kwh)} {sign}"
    return f"  {option.workload:<{width}}  {money} {net} {day}  {worth}".rstrip()


def _words(ladder: Sequence[Sum], rent: float | None, args: argparse.Namespace) -> list[str]:
    sign, out = units.symbol(args.currency), []
    first, second = ladder[0].option, ladder[1].option
    if first.net_per_h is not None and second.net_per_h is not None:
        gain = units.cost(first.net_per_h - second.net_per_h)
        out.append(f"  {first.workload} nets {gain} {sign}/h more than {second.workload}.")
        even = breakeven.even_power_price(first, second, ladder[0].site.power.value or 0.0)
        if even is not None:
            out.append(f"  They change places at a power price of {units.cost(even)} {sign}/kWh.")
    elif first.net_per_h is None:
        out.append("  Nothing can be compared without --power-price.")
    if rent is not None and rent > 0:
        out.append(f"  Mining and AI change places at a rent of {units.cost(rent)} {sign}/h.")
    return out


def _break_even_rent(ladder: Sequence[Sum]) -> float | None:
    """The rent at which the best AI row would net what the best mining row does."""
    mine = next((one.option for one in ladder if one.option.kind is Kind.MINE), None)
    hosts = ((one.option, one.terms) for one in ladder if isinstance(one.terms, MarketplaceTerms))
    hosting, terms = next(hosts, (None, None))
    if mine is None or mine.net_per_h is None or hosting is None or terms is None or hosting.power_per_h is None:
        return None
    return breakeven.break_even_rent(mine.net_per_h, hosting.power_per_h, terms.occupancy, terms.platform_fee)
