"""Where mining, AI and off change places, per GPU model, as the power price changes. Pure data; nothing is drawn here.

A model stands for its GPUs by real options, never by blends: of each workload the option of the GPU whose net is the
median one (the lower of two), so that every figure can be found again on the screen of GPUs. Only cards that are well
and options that are eligible or running count. An option's net is a straight line over the power price, with its kWh
per hour as slope (``economics.breakeven``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from console import units
from console.economics.breakeven import break_even_rent, even_power_price
from console.model import Basis, GpuRow, GpuState, Kind, Option, Snapshot
from console.view.cells import short_name

NAMES = {Kind.MINE: "mining", Kind.AI: "AI", Kind.OFF: "off"}
PAIRS = ((Kind.MINE, Kind.OFF), (Kind.AI, Kind.OFF), (Kind.AI, Kind.MINE))
FAR = 20.0
"""Crossings beyond so many times what power costs stay outside the plot and are named in words alone."""
MENTIONED = 50.0
"""Crossings beyond so many times the dearest price shown are not worth a figure: nobody will ever pay that."""
ANY = "at any price here"
AIR = 1.1  # what the plot shows beyond the last crossing, at least
NO_PRICE = "the price of power is not known, so no option can be compared over it"


class Stand(NamedTuple):
    """One workload of a model: the option that stands for it, and the GPU that has it."""

    option: Option
    slot: int

    @property
    def kwh_per_h(self) -> float:
        """kWh at the wall in an hour."""
        return (self.option.wall_w or 0.0) / 1000

    def net(self, price: float, today: float) -> float:
        """Net per hour at ``price`` a kWh, where ``today`` is the price that its option is made with."""
        return (self.option.net_per_h or 0.0) - (price - today) * self.kwh_per_h


class Model(NamedTuple):
    """One GPU model of the site with the best of each business; None where it has none whose money is known."""

    name: str
    slots: tuple[int, ...]
    stands: tuple[Stand, ...]  # best net first

    def best(self, kind: Kind) -> Stand | None:
        """The best of a kind at today's price."""
        return next((one for one in self.stands if one.option.kind is kind), None)


class Crossing(NamedTuple):
    """Two businesses and the price per kWh at which they net the same; None where they never do.

    ``steep`` draws more, and so is the better one below that price; without a price it is the better one anywhere.
    """

    steep: Stand
    flat: Stand
    price: float | None

    @property
    def estimated(self) -> bool:
        """Whether either figure was not measured."""
        return any(one.option.basis is not Basis.MEASURED for one in (self.steep, self.flat))

    @property
    def stale(self) -> bool:
        """Whether either rests on a stale price."""
        return self.steep.option.stale or self.flat.option.stale


class Range(NamedTuple):
    """Power prices from ``low`` to ``high``."""

    low: float
    high: float

    def holds(self, price: float) -> bool:
        """True for a price inside."""
        return self.low <= price <= self.high


def models(snapshot: Snapshot) -> tuple[Model, ...]:
    """The models of the site, by their lowest slot."""
    by_name: dict[str, list[GpuRow]] = {}
    for row in snapshot.rows:
        if row.reading.state is GpuState.OK and row.money.options:
            by_name.setdefault(short_name(row.reading.name), []).append(row)
    return tuple(
        Model(name, tuple(row.reading.slot for row in rows), tuple(_stands(rows))) for name, rows in by_name.items()
    )


def _stands(rows: Iterable[GpuRow]) -> list[Stand]:
    found: dict[str, list[Stand]] = {}
    for row in rows:
        for option in row.money.options:
            usable = option.eligible or option.workload == row.money.running
            if usable and option.net_per_h is not None and option.wall_w is not None:
                found.setdefault(option.workload, []).append(Stand(option, row.reading.slot))
    chosen = [sorted(some, key=_net)[(len(some) - 1) // 2] for some in found.values()]
    return sorted(chosen, key=_net, reverse=True)


def _net(one: Stand) -> float:
    return one.option.net_per_h or 0.0


def power_price(snapshot: Snapshot) -> float | None:
    """Site currency per kWh, as the options of this snapshot were made with; None while it is not known."""
    for row in snapshot.rows:
        for option in row.money.options:
            if option.power_per_h is not None and option.wall_w:
                return option.power_per_h / option.wall_w * 1000
    return None


def crossings(model: Model, today: float) -> tuple[Crossing, ...]:
    """Every pair of businesses that the model has, with where they change places."""
    return tuple(_crossings(model, today))


def _crossings(model: Model, today: float) -> Iterator[Crossing]:
    for pair in PAIRS:
        one, other = (model.best(kind) for kind in pair)
        if one is None or other is None:
            continue
        price = even_power_price(one.option, other.option, today)
        if price is None:
            better, worse = (one, other) if _net(one) >= _net(other) else (other, one)
            yield Crossing(better, worse, None)
        else:
            steep, flat = (one, other) if one.kwh_per_h > other.kwh_per_h else (other, one)
            yield Crossing(steep, flat, price)


def price_range(found: Sequence[Crossing], today: float, known: Sequence[float] = ()) -> Range:
    """Prices from 0, or lower where they have been lower, to beyond today's, all ``known`` ones and every crossing.

    Crossings that lie ``FAR`` from what power costs are left out: with them in it, today's price and the crossings
    near it would fall together at the edge.
    """
    usual = max([abs(today), *(abs(price) for price in known)]) or max(
        [abs(c.price) for c in found if c.price is not None], default=1.0
    )
    near = [c.price for c in found if c.price is not None and -usual <= c.price <= FAR * usual]
    low, high = min([0.0, today, *known, *near]), max([today, *known, *near])
    span = high - low or usual
    return Range(-_round(-low * AIR) if low < 0 else 0.0, _round(high + span * (AIR - 1)))


def _round(price: float) -> float:
    """``price`` up to the next of a few round ones, so that the plot does not move with every tick of a net."""
    step = 10.0 ** math.floor(math.log10(price)) / 5 if price > 0 else 1.0
    return math.ceil(price / step - 1e-9) * step


class Verdict(NamedTuple):
    """Which business beats which, ``below`` or ``above`` a price or at any; one that is ``far`` is not in the plot."""

    better: Kind
    worse: Kind
    where: str
    price: float | None
    estimated: bool
    stale: bool
    far: bool = False


def verdict(crossing: Crossing, shown: Range, today: float) -> Verdict:
    """What to say of two businesses over the prices that are shown: ``mining beats off below 0.121``."""
    steep, flat = crossing.steep.option.kind, crossing.flat.option.kind
    price, far = crossing.price, False
    better, worse, where = steep, flat, ANY
    if price is None or price > shown.high:
        far = price is not None
        price = price if price is not None and price <= MENTIONED * shown.high else None
    elif price < shown.low:
        better, worse, price = flat, steep, None
    elif flat is Kind.OFF or today <= price:
        where = "below"
    else:
        better, worse, where = flat, steep, "above"
    return Verdict(better, worse, where, price, crossing.estimated, crossing.stale, far)


def per_kwh(price: float) -> str:
    """A price of power: ``0.121``."""
    size = abs(price)
    return units.money(price, 3 if size < 1 else 2 if size < 10 else 1, sign=False)


class Winner(NamedTuple):
    """Who nets most from ``low`` to ``high``."""

    stand: Stand
    low: float
    high: float


def winners(model: Model, shown: Range, today: float) -> tuple[Winner, ...]:
    """The best business over the whole range, from left to right."""
    bests = [one for one in (model.best(kind) for kind in (Kind.MINE, Kind.AI, Kind.OFF)) if one is not None]
    if not bests:
        return ()
    turns = sorted(c.price for c in crossings(model, today) if c.price is not None and shown.holds(c.price))
    out: list[Winner] = []
    for low, high in zip([shown.low, *turns], [*turns, shown.high], strict=True):
        middle = (low + high) / 2
        best = max((one.net(middle, today), index, one) for index, one in enumerate(bests))[2]
        if out and out[-1].stand is best:
            out[-1] = out[-1]._replace(high=high)
        elif high > low:
            out.append(Winner(best, low, high))
    return tuple(out)


class Rent(NamedTuple):
    """What AI has to bring per hour to equal mining, and what it brings now. ``form`` is rent or sales."""

    even: float
    now: float | None
    form: str


def rent(model: Model) -> Rent | None:
    """The rate per hour at which the model's best AI nets what its best mining does, at today's power price.

    For rented GPUs that is the rental rate, occupancy and platform fee considered; for sold tokens what they have to
    bring per clock hour before fees. None where either is missing, or what it rests on is not said by the option.
    """
    mine, ai = model.best(Kind.MINE), model.best(Kind.AI)
    if mine is None or ai is None or mine.option.net_per_h is None:
        return None
    option, said = ai.option, {one.name: one.value for one in ai.option.inputs}
    gross, fees, net, fee = option.gross_per_h, option.fees_per_h, option.net_per_h, said.get("platform fee")
    if gross is None or fees is None or net is None or fee is None:
        return None
    sold = "price of tokens" in said
    occupancy = 1.0 if option.occupancy is None else option.occupancy
    besides = (said.get("storage") or 0.0) + (said.get("bandwidth") or 0.0)
    even = break_even_rent(mine.option.net_per_h, gross - fees - net, occupancy, fee, besides)
    now = (gross - besides) / occupancy if occupancy else None
    return None if even is None else Rent(even, now, "sales" if sold else "rent")
