"""``changeover calc mine`` and ``changeover calc ai``."""

from __future__ import annotations

import argparse
import json
import sys

from console import units
from console.commands import calc_flags, calc_sum, calc_text
from console.commands.calc_sum import Sum
from console.commands.flags import Parser
from console.economics import contract as contracts
from console.economics.contract import Contract

CONTRACT_AT_MOST = 64 * 1024  # bytes; a contract is a page


def mine(argv: list[str]) -> int:
    """``calc mine``: one hashrate."""
    made = mining_parser("mine")
    args = made.parse_args(calc_flags.joined(argv))
    return _show(calc_sum.mining_sum(made, args), args)


def host(argv: list[str]) -> int:
    """``calc ai``: one GPU hosting."""
    made = hosting_parser("ai")
    args = made.parse_args(calc_flags.joined(argv))
    contract = signed(made, args)
    return _show(calc_sum.hosting_sum(made, args), args, _credits(contract, args.currency) if contract else [])


def mining_parser(name: str) -> Parser:
    """The parser of ``calc mine``, under the name its errors shall carry."""
    made = calc_flags.calculator(name, "What a hashrate earns after fees and power.")
    calc_flags.mining_flags(made)
    calc_flags.site_flags(made)
    return made


def hosting_parser(name: str) -> Parser:
    """The parser of ``calc ai``."""
    made = calc_flags.calculator(name, "What renting a GPU out earns after fees and power, per GPU and clock hour.")
    calc_flags.hosting_flags(made)
    calc_flags.site_flags(made)
    return made


def signed(made: Parser, args: argparse.Namespace) -> Contract | None:
    """The contract of ``--contract``, its terms put into ``args``."""
    if args.contract is None:
        return None
    if args.rate is not None:
        made.error("--rate does not go with --contract, which holds the rate")
    try:
        with open(args.contract, "rb") as file:  # noqa: PTH123 - pathlib would be imported for this alone
            contract = _contract(file.read(CONTRACT_AT_MOST))
    except OSError as error:
        made.error(f"--contract {args.contract!r} cannot be read: {error.strerror}")
    except ValueError as error:
        made.error(f"--contract {args.contract!r} {error}")
    if contract.take_or_pay and args.occupancy is not None:
        made.error("--occupancy does not go with a take-or-pay contract, which is paid busy or not")
    args.rate = contract.rate_per_gpu_h
    return contract


def _contract(body: bytes) -> Contract:
    """A contract in the words of ``[contracts.X]``. Its dates do not matter here, nor then their time zone."""
    from console.config.contract_checks import read
    from console.market.contracts import contract_of

    return contract_of("", read(body), "UTC")


def _show(done: Sum, args: argparse.Namespace, more: list[str] | None = None) -> int:
    if args.json:
        sys.stdout.write(json.dumps(done.figures()) + "\n")
    else:
        calc_text.say([*calc_text.explained(done, args.currency), *(more or [])])
    return 0


def _credits(contract: Contract, currency: str) -> list[str]:
    sign = units.symbol(currency)
    return [
        f"  {units.age(step.down_s):>7} down in a month (below {step.below_pct:g} %) "
        f"gives back {step.credit_pct:g} %, {units.cost(step.credit)} {sign}"
        for step in contracts.steps(contract)
    ]
