"""From flags to an option of the ladder: ``calc`` does no sums of its own."""

from __future__ import annotations

import argparse
import math
from typing import NamedTuple

from console.commands.calc_flags import Inputs, inputs
from console.commands.flags import Parser
from console.economics import breakeven, mining
from console.economics.margins import option
from console.economics.terms import MarketplaceTerms, MiningTerms, OffTerms, Price, SiteTerms, Terms, Work
from console.model import Basis, Option

HOURS_PER_DAY = 24.0


class Sum(NamedTuple):
    """One option with what it was made of."""

    option: Option
    terms: Terms
    work: Work
    site: SiteTerms
    asked: Inputs

    def figures(self) -> dict[str, object]:
        """The JSON object of this sum; None where a figure has no meaning or hangs on something not given."""
        one = self.option
        net = one.net_per_h
        mines, hosts = isinstance(self.terms, MiningTerms), isinstance(self.terms, MarketplaceTerms)
        return {
            "inputs": self.asked,
            "gross_per_h": one.gross_per_h,
            "fees_per_h": one.fees_per_h,
            "power_per_h": one.power_per_h,
            "net_per_h": net,
            "net_per_day": None if net is None else net * HOURS_PER_DAY,
            "profit_per_hash": net / one.hashes_per_h if mines and net is not None and one.hashes_per_h else None,
            "profit_per_ai_hour": net if hosts else None,
            "value_per_kwh": one.value_per_kwh,
            "break_even_power_price": breakeven.break_even_power_price(one),
        }


def mining_sum(made: Parser, args: argparse.Namespace, name: str = "mine") -> Sum:
    """The sum of ``calc mine``; leaves through ``made.error`` when flags do not go together."""
    per_hash = Price(name="price per hash", value=_per_hash(made, args))
    terms = MiningTerms(
        workload=name,
        coin="",
        algorithm=None,
        per_hash=per_hash,
        pool_fee=args.pool_fee,
        exchange_fee=args.exchange_fee,
        dev_fee=args.dev_fee,
        reject=args.reject,
    )
    work = Work(workload=name, basis=Basis.MEASURED, rate=args.hashrate, power_w=args.watts)
    return _done(made, terms, work, args)


def hosting_sum(made: Parser, args: argparse.Namespace, name: str = "ai") -> Sum:
    """The sum of ``calc ai``. A contract is rent with an occupancy of 1: it is paid busy or not."""
    if args.rate is None:
        made.error("--rate is missing: what a GPU is rented for per hour, or --contract FILE")
    terms = MarketplaceTerms(
        workload=name,
        rate=Price(name="rate", value=args.rate),
        occupancy=1.0 if args.occupancy is None else args.occupancy,
        platform_fee=args.platform_fee,
    )
    idle_w = args.watts if args.idle_watts is None else args.idle_watts
    return _done(made, terms, Work(workload=name, basis=Basis.MEASURED, power_w=args.watts, idle_power_w=idle_w), args)


def off_sum(made: Parser, args: argparse.Namespace, name: str = "off") -> Sum:
    """Standing down: idle power is all there is."""
    work = Work(workload=name, basis=Basis.MEASURED, idle_power_w=args.idle_watts)
    return _done(made, OffTerms(workload=name), work, args)


def site(args: argparse.Namespace) -> SiteTerms:
    """The meter that the flags describe."""
    return SiteTerms(
        power=Price(name="power price: give --power-price", value=args.power_price),
        psu_efficiency=args.psu_efficiency,
        pue=args.pue,
        overhead_w_per_gpu=args.host_overhead_watts,
    )


def _done(made: Parser, terms: Terms, work: Work, args: argparse.Namespace) -> Sum:
    done = Sum(option(terms, work, site(args)), terms, work, site(args), inputs(args))
    numbers = [value for value in done.figures().values() if isinstance(value, float)]
    if not all(map(math.isfinite, numbers)):
        too_large = ", ".join(_flag(n) for n, v in done.asked.items() if v and _vast(v))
        made.error(f"{too_large or 'the flags together'}: too large to reckon with, the sum overflows")
    return done


def _vast(value: float | str) -> bool:
    return isinstance(value, float) and (value > 1e30 or value < 1e-30)


def _per_hash(made: Parser, args: argparse.Namespace) -> float:
    network = [
        name for name in ("coin_price", "reward", "difficulty", "k", "nethash", "block_time") if _has(args, name)
    ]
    if args.hash_price is not None:
        if network:
            made.error(f"{_flag(network[0])} does not go with --hash-price, which says all of what a hash pays")
        return float(args.hash_price)
    for name in ("coin_price", "reward"):
        if not _has(args, name):
            made.error(f"{_flag(name)} is missing: give it with the network's figures, or --hash-price alone")
    return mining.hash_price(args.coin_price, args.reward, _block_hashes(made, args))


def _block_hashes(made: Parser, args: argparse.Namespace) -> float:
    if args.difficulty is not None and (args.nethash is not None or args.block_time is not None):
        made.error("--difficulty does not go with --nethash or --block-time: either says how many hashes a block takes")
    if args.difficulty is None and args.k is not None:
        made.error("--k is missing its --difficulty: it says how many hashes one unit of that takes")
    if args.difficulty is None and args.nethash is None:
        made.error("--difficulty is missing: give it, or --nethash and --block-time")
    if args.nethash is not None and args.block_time is None:
        made.error("--block-time is missing: --nethash needs the seconds per block")
    block = mining.hashes_per_block(
        difficulty=args.difficulty,
        k=1.0 if args.k is None else args.k,
        nethash_h_per_s=args.nethash,
        block_time_s=args.block_time,
    )
    if block is None or not math.isfinite(block):
        made.error(f"--{'difficulty' if args.nethash is None else 'nethash'}: hashes per block are out of all bounds")
    return block


def _has(args: argparse.Namespace, name: str) -> bool:
    return getattr(args, name) is not None


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
