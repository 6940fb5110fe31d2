"""The flags of ``changeover calc``: every one parsed by ``console.units``, so that errors name flag, find and need."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence

from console import units
from console.commands.flags import Parser, parser

_NEGATIVE = re.compile(r"-\.?[0-9].*")
Inputs = dict[str, float | str | None]


def calculator(name: str, summary: str) -> Parser:
    """A parser for ``changeover calc NAME`` with ``--json`` and ``--currency``."""
    made = parser(f"calc {name}", summary)
    made.add_argument("--json", action="store_true", help="print one JSON object; null where a figure has no meaning")
    made.add_argument("--currency", default="USD", metavar="CODE", help="what prices are in; default USD")
    return made


def site_flags(made: argparse.ArgumentParser) -> None:
    """What a kWh costs, and how watts become watts at the wall."""
    site = made.add_argument_group("power", "watts are at the wall unless one of the last three is given")
    flag(site, "--power-price", units.price, "price of a kWh, may be negative; without it net stays unknown")
    flag(site, "--psu-efficiency", _efficiency, "of the power supply: 0.94 or 94%%", 1.0)
    flag(site, "--pue", _pue, "watts at the meter for each watt of the machine, 1 or more", 1.0)
    flag(site, "--host-overhead-watts", units.power_w, "the host's own watts for this GPU", 0.0)


def mining_flags(made: argparse.ArgumentParser) -> None:
    """What ``mine`` asks."""
    flag(made, "--hashrate", units.hashrate, "178MH, 1.5kH/s, 2e8", required=True)
    flag(made, "--watts", units.power_w, "221, 0.2kW", required=True)
    paid = made.add_argument_group(
        "what a hash pays", "--hash-price, or --coin-price with --reward and --difficulty or --nethash --block-time"
    )
    flag(paid, "--hash-price", units.hash_price, "43.1/PH/day for a hashrate kept up, 0.7/EH for hashes")
    flag(paid, "--coin-price", units.count, "price of one coin")
    flag(paid, "--reward", units.count, "coins a block pays its miner")
    flag(paid, "--difficulty", units.positive, "as the coin's RPC reports it")
    flag(paid, "--k", units.positive, "hashes per unit of difficulty, 4294967296 for Bitcoin-style RPCs; default 1")
    flag(paid, "--nethash", _nethash, "hashrate of the whole network")
    flag(paid, "--block-time", units.positive, "seconds per block")
    taken = made.add_argument_group("what is taken of it")
    flag(taken, "--pool-fee", units.fraction, "0.01 or 1%%", 0.0)
    flag(taken, "--exchange-fee", units.fraction, "0.002 or 0.2%%", 0.0)
    flag(taken, "--dev-fee", units.fraction, "what the miner's developer takes", 0.0)
    flag(taken, "--reject", units.fraction, "share of hashes that the pool does not count", 0.0)


def hosting_flags(made: argparse.ArgumentParser) -> None:
    """What ``ai`` asks."""
    flag(made, "--rate", units.count, "rent per GPU and hour")
    made.add_argument("--contract", metavar="FILE", help="TOML in the words of [contracts.X], not --rate")
    flag(made, "--occupancy", units.portion, "share of the time it is rented: 0.85 or 85%%; default 1")
    flag(made, "--platform-fee", units.fraction, "what the platform takes of the rent", 0.0)
    flag(made, "--watts", units.power_w, "while rented", required=True)
    flag(made, "--idle-watts", units.power_w, "while vacant; default as while rented")


def flag(
    made: argparse._ActionsContainer,
    name: str,
    parse: Callable[[str], float],
    text: str,
    default: float | None = None,
    *,
    required: bool = False,
) -> None:
    """Add one number. What ``parse`` raises becomes the sentence that argparse puts the flag's name before."""

    def typed(text: str) -> float:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    made.add_argument(name, type=typed, default=default, required=required, metavar="N", help=text)


def joined(argv: Sequence[str]) -> list[str]:
    """``argv`` with negative values tied to their flags: argparse takes ``-2e-2`` for a flag, not for a number."""
    out: list[str] = []
    for word in argv:
        if out and out[-1].startswith("--") and "=" not in out[-1] and _NEGATIVE.fullmatch(word):
            out[-1] += f"={word}"
        else:
            out.append(word)
    return out


def inputs(args: argparse.Namespace, leave_out: Sequence[str] = ()) -> Inputs:
    """What was asked, for the JSON object: numbers in base units, None for what was not given."""
    never = {"json", "currency", "config", "read_only", "no_color", "name", *leave_out}
    given: Mapping[str, float | str | None] = vars(args)
    return {name: value for name, value in given.items() if name not in never}


def _efficiency(text: str) -> float:
    value = units.portion(text)
    if value == 0:
        raise ValueError(f"found {text!r}, expected a fraction above 0 such as 0.94, or 94%")
    return value


def _pue(text: str) -> float:
    value = units.number(text, "a number of 1 or more such as 1.06")
    if value < 1:
        raise ValueError(f"found {text!r}, expected a number of 1 or more such as 1.06")
    return value


def _nethash(text: str) -> float:
    value = units.hashrate(text)
    if value == 0:
        raise ValueError(f"found {text!r}, expected a hashrate above 0 such as 27.5TH")
    return value
