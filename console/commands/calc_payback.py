"""``changeover calc payback``: when the hardware has earned itself back."""

from __future__ import annotations

import json
import math
import sys

from console import units
from console.commands import calc_flags, calc_text
from console.economics.payback import payback


def pay_back(argv: list[str]) -> int:
    """``calc payback``: days, years and total return of a purchase."""
    made = calc_flags.calculator("payback", "When a purchase has earned itself back.")
    calc_flags.flag(made, "--capex", units.count, "what the hardware costs", required=True)
    calc_flags.flag(made, "--net-per-day", units.price, "what it nets a day, may be negative", required=True)
    calc_flags.flag(made, "--resale", units.count, "what it brings at the horizon", 0.0)
    calc_flags.flag(made, "--horizon-years", units.positive, "years until it is sold; the total return needs it")
    args = made.parse_args(calc_flags.joined(argv))
    back = payback(args.capex, args.net_per_day, args.resale, args.horizon_years)
    if not all(value is None or math.isfinite(value) for value in back):
        made.error("--capex, --net-per-day or --horizon-years: too large to reckon with, the sum overflows")
    if args.json:
        sys.stdout.write(json.dumps({"inputs": calc_flags.inputs(args), **back._asdict()}) + "\n")
        return 0
    sign = units.symbol(args.currency)
    outlay = f"{units.cost(args.capex)} {sign} at {units.money(args.net_per_day)} {sign} a day"
    if back.days is None:
        lines = [f"  {outlay} never earns itself back."]
    else:
        lines = [f"  {outlay} is earned back in {back.days:.0f} days, {back.years:.1f} years."]
    if back.total_return is not None:
        resale = f", sold for {units.cost(args.resale)} {sign}" if args.resale else ""
        lines.append(
            f"  After {args.horizon_years:g} years{resale}: total return {units.money(back.total_return * 100)} %."
        )
    calc_text.say(["", *lines, ""])
    return 0
