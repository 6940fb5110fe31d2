"""What the types cannot say of ``[contracts]`` and of how workloads are paid; and a contract read by itself."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator

import msgspec

from console.config.contract_settings import ContractSettings, CreditSettings
from console.config.errors import Problem, Where, dotted, nearest, shown
from console.config.settings import Settings
from console.config.workload_settings import RevenueSettings
from console.model import Kind
from console.text import clean

YEARS = range(2000, 2200)
_RATES = frozenset({"rate_per_h", "quote"})
_KEYS = {
    "contract": _RATES | {"contract", "occupancy"},
    "marketplace": _RATES | {"machine", "vacant", "occupancy", "storage_per_h", "bandwidth_per_h"},
    "tokens": frozenset({"price_in_per_mtok", "price_out_per_mtok", "billed_share"}),
}
"""The keys of ``revenue`` that each form reads, beside those that all do."""
_MACHINES = "vast_machines"


def contract_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in ``[contracts]`` and in ``revenue`` of workloads."""
    for name, contract in settings.contracts.items():
        yield from _contract(contract, ("contracts", name))
        yield from _committed(settings, name, contract)
    for name, workload in settings.workloads.items():
        if workload.revenue is not None and workload.kind is Kind.AI:
            yield from _revenue(settings, name, workload.revenue, ("workloads", name, "revenue"))


def read(body: bytes) -> ContractSettings:
    """A contract from a TOML file of its own. Raises ValueError with the rest of a sentence about the file."""
    from console.config.bounds import out_of_bounds
    from console.config.checks import unprintable
    from console.config.shape import misfits

    try:
        tree = tomllib.loads(body.decode())
    except (ValueError, RecursionError) as error:  # ValueError: also bytes that are no UTF-8
        raise ValueError(f"is no TOML: {clean(error)}") from None
    _refuse(unprintable(tree))
    try:
        found = msgspec.convert(tree, ContractSettings)
    except msgspec.ValidationError as error:
        _refuse(misfits(tree, ContractSettings))
        raise ValueError(f"is no contract: {clean(error)}") from None
    _refuse(out_of_bounds(found))
    _refuse(_contract(found, ()))
    return found


def _refuse(problems: Iterator[Problem]) -> None:
    problem = next(problems, None)
    if problem is not None:
        raise ValueError(f"is no contract: {dotted(problem.where)} {problem.text}".replace("  ", " "))


def _contract(contract: ContractSettings, where: Where) -> Iterator[Problem]:
    dates = {}
    for key in ("start", "end", "notice_given"):
        text = getattr(contract, key)
        dates[key] = _date(text)
        if text is not None and dates[key] is None:
            yield Problem((*where, key), f'is {shown(text)}, expected a date such as "2026-12-01"')
    start, end = dates["start"], dates["end"]
    if start is not None and end is not None and end < start:
        yield Problem((*where, "end"), f"is {shown(contract.end)}, which is before its start {contract.start}")
    if contract.escalator_pct and contract.start is None:
        yield Problem((*where, "escalator_pct"), "has no start, from whose anniversaries it is added")
    if contract.early_exit and contract.end is None and not contract.notice_days:
        yield Problem((*where, "early_exit"), "has neither end nor notice_days, before which leaving would be early")
    yield from _credits(contract.credits, (*where, "credits"))
    first = contract.credits[0].below_pct if contract.credits else 0.0
    if contract.uptime_target_pct is not None and contract.uptime_target_pct < first:
        text = f"is {contract.uptime_target_pct:g}, and credits are due below {first:g} already"
        yield Problem((*where, "uptime_target_pct"), text)


def _date(text: str | None) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.year in YEARS else None


def _credits(tiers: tuple[CreditSettings, ...], where: Where) -> Iterator[Problem]:
    above: CreditSettings | None = None
    for position, tier in enumerate(tiers):
        place = (*where, position)
        if tier.below_pct == 0:
            yield Problem((*place, "below_pct"), "is 0, and no uptime lies below that")
        if above is not None and tier.below_pct >= above.below_pct:
            text = f"is {tier.below_pct:g} after {above.below_pct:g}, expected the highest uptime first"
            yield Problem((*place, "below_pct"), text)
        elif above is not None and tier.credit_pct < above.credit_pct:
            text = f"is {tier.credit_pct:g} after {above.credit_pct:g}, expected no less for a lower uptime"
            yield Problem((*place, "credit_pct"), text)
        above = tier


def _committed(settings: Settings, name: str, contract: ContractSettings) -> Iterator[Problem]:
    """A GPU that is committed and that no workload may use would be down for ever."""
    serving = [one for one in settings.workloads.values() if one.revenue is not None and one.revenue.contract == name]
    if contract.gpus is None or not serving or any(not one.gpus for one in serving):
        return
    named = {str(gpu) for one in serving for gpu in one.gpus}
    if contract.gpus > len(named):
        text = f"is {contract.gpus}, and the workloads under it may use {len(named)} GPUs of this host"
        yield Problem(("contracts", name, "gpus"), text)


def _revenue(settings: Settings, name: str, revenue: RevenueSettings, where: Where) -> Iterator[Problem]:
    yield from _keys(revenue, where)
    yield from _rate(settings, revenue, where)
    contract = settings.contracts.get(revenue.contract or "")
    if revenue.contract is not None and contract is None:
        known = nearest(revenue.contract, settings.contracts)
        text = f"is {shown(revenue.contract)}, but there is no [contracts.{revenue.contract}]{known}"
        yield Problem((*where, "contract"), text)
    if revenue.form == "contract" and revenue.occupancy is not None and (contract is None or contract.take_or_pay):
        yield Problem((*where, "occupancy"), "does not go with a contract of take-or-pay, which is paid busy or not")
    if revenue.machine is not None and revenue.machine not in (machines := _machines(settings)):
        text = f"is {shown(revenue.machine)}, which is no machine of a feed of kind {_MACHINES}"
        yield Problem((*where, "machine"), text + nearest(revenue.machine, machines))
    if revenue.vacant is not None:
        yield from _vacant(settings, name, revenue.vacant, (*where, "vacant"))


def _keys(revenue: RevenueSettings, where: Where) -> Iterator[Problem]:
    bare = RevenueSettings(form=revenue.form)
    every = frozenset().union(*_KEYS.values())
    for key in sorted(every - _KEYS[revenue.form]):
        if getattr(revenue, key) != getattr(bare, key):
            forms = " or ".join(form for form, keys in _KEYS.items() if key in keys)
            yield Problem((*where, key), f"is for form {forms}, and this is of form {revenue.form}")


def _rate(settings: Settings, revenue: RevenueSettings, where: Where) -> Iterator[Problem]:
    if revenue.quote is not None and revenue.quote not in (rentals := _rentals(settings)):
        text = f"is {shown(revenue.quote)}, which is no quote of kind rental{nearest(revenue.quote, rentals)}"
        yield Problem((*where, "quote"), text)
    given = [key for key in ("rate_per_h", "quote", "contract") if getattr(revenue, key) is not None]
    if revenue.form == "contract" and len(given) != 1:
        found = f"has {' and '.join(given)}" if given else "has none"
        yield Problem(where, f"of form contract {found}, expected one of rate_per_h, quote and contract")
    rates = [key for key in given if key in _RATES]
    if revenue.form == "marketplace" and (len(rates) > 1 or not (rates or revenue.machine)):
        yield Problem(where, "of form marketplace needs rate_per_h or quote (or a listed machine), and not both")


def _vacant(settings: Settings, name: str, vacant: str, where: Where) -> Iterator[Problem]:
    other = settings.workloads.get(vacant)
    if vacant == name:
        yield Problem(where, f"is {shown(vacant)} itself, expected another workload")
    elif other is None:
        known = [one for one, workload in settings.workloads.items() if workload.kind is not Kind.AI]
        yield Problem(where, f"is {shown(vacant)}, which is no workload{nearest(vacant, known)}")
    elif other.kind is Kind.AI:
        yield Problem(where, f"is {shown(vacant)}, which is of kind {other.kind}, expected one of kind mine or off")


def _rentals(settings: Settings) -> set[str]:
    """What a quote of kind rental may be called: in the config itself, and by the feeds that bring one."""
    found = _figures(settings, frozenset({"rental"}))
    for feed in settings.feeds.values():
        found |= {*feed.gpus, *feed.machines}
    return found


def _machines(settings: Settings) -> set[str]:
    """Machines of which it is told whether, or how often, they are rented."""
    found = _figures(settings, frozenset({"rented", "occupancy"}))
    for name, feed in settings.feeds.items():
        if (feed.kind or name) == _MACHINES:
            found |= set(feed.machines)
    return found


def _figures(settings: Settings, kinds: frozenset[str]) -> set[str]:
    """Names of figures of these kinds that are set by hand or read from any document."""
    values = (value for feed in settings.feeds.values() for value in feed.values if value.kind in kinds)
    return {name for name, quote in settings.quotes.items() if quote.kind in kinds} | {value.name for value in values}
