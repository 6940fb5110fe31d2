"""What a cell of the GPU table says: each function gives one GPU's figure in exactly the width asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from console import units
from console.model import Basis, GpuRow, Holder, Kind, Option, Profit, WorkState
from console.view import tones
from console.view import trend as trends
from console.view.pieces import Line, Piece, cells, cut, fit, on_point, right

HOT_C = 80.0
"""Where a temperature begins to warn; GDDR and hot-spot limits of current cards lie 10 to 25 degrees higher."""


WITH_CURRENCY = 11
"""From this width on an amount's cell has the currency's sign."""


class Scene(NamedTuple):
    """What the cells of one frame share."""

    now: float
    currency: str = "USD"
    hash_prefixes: Mapping[str, str] = MappingProxyType({})  # by algorithm: hashes of two of them never compare
    silent: bool = False  # the site has not been heard of for long: every figure is old

    @property
    def symbol(self) -> str:
        """The currency's sign."""
        return units.symbol(self.currency)

    @property
    def short_symbol(self) -> bool:
        """True where the sign takes one column: cells have no room for a code, and cut ones would be alike."""
        return cells(self.symbol) == 1


class Seen(NamedTuple):
    """One GPU in one frame."""

    row: GpuRow
    scene: Scene


def slot(seen: Seen, room: int) -> Line:
    """The GPU's number in the roster."""
    return right(str(seen.row.reading.slot), room, "label")


@lru_cache(maxsize=256)
def short_name(name: str) -> str:
    """``RTX 4090`` for ``NVIDIA GeForce RTX 4090``, ``H100 80G`` for ``NVIDIA H100 80GB HBM3``."""
    short = re.sub(r"\b(NVIDIA|GeForce|Tesla|Quadro|HBM\d\w*|PCIe|SXM\d?)\b", "", name, flags=re.IGNORECASE)
    return re.sub(r"(\d+)\s?GB\b", r"\1G", " ".join(short.replace("--", " ").split())) or name


def gpu(seen: Seen, room: int) -> Line:
    """The model's short name."""
    tone = "value" if seen.row.reading.state == "ok" else "aside"
    return fit((Piece(cut(short_name(seen.row.reading.name), room), tone),), room)


def running(row: GpuRow) -> Option | None:
    """The option of the ladder that runs now, or None."""
    return next((o for o in row.money.options if o.workload == row.money.running), None)


def workload_name(row: GpuRow) -> str:
    """What the GPU does, in a word or two."""
    instance = row.occupancy.instance
    if instance is not None:
        return instance.workload
    if row.occupancy.holder in (Holder.FOREIGN, Holder.UNKNOWN):
        return row.occupancy.holder.value
    return row.money.running or Kind.OFF.value


def workload(seen: Seen, room: int) -> Line:
    """The business's glyph, the workload's name, its state where it is not simply running, ``×4`` for a set."""
    instance = seen.row.occupancy.instance
    name = workload_name(seen.row)
    if instance is None:
        glyph = "·" if seen.row.occupancy.holder is Holder.NONE else tones.holder_mark(seen.row.occupancy.holder)
        return fit((Piece(f"{glyph} {name}", "label" if glyph != "·" else "aside"),), room)
    tone, glyph = tones.business(instance.kind)
    tail: list[Piece] = []
    if instance.state is not WorkState.RUNNING:
        tail.append(Piece(f" {instance.state.value}", "harm" if instance.state in _BAD else "warn"))
    if len(instance.uuids) > 1:
        tail.append(Piece(f" ×{len(instance.uuids)}", "label"))
    space = max(3, room - 2 - sum(cells(p.text) for p in tail))
    return fit((Piece(f"{glyph} {cut(name, space)}", tone), *tail), room)


_BAD = (WorkState.FAILING, WorkState.STUCK)


def util(seen: Seen, room: int) -> Line:
    """How busy it is."""
    return _plain(units.percent(seen.row.reading.util_pct), room)


def memory_of(seen: Seen, room: int) -> Line:
    """Memory used of what there is: ``21.1/24 G``."""
    used, total = seen.row.reading.mem_used_mib, seen.row.reading.mem_total_mib
    if used is None:
        return right(units.UNKNOWN, room, "aside")
    head = units.fixed(used / 1024, room - 8, 1)
    tail = units.UNKNOWN if total is None else units.fixed(total / 1024, 3, 0).strip()
    return Piece(head, "value"), Piece(f"/{tail} G".ljust(6), "aside")


def memory(seen: Seen, room: int) -> Line:
    """Memory used: ``21.1G``."""
    return _plain(units.gib(seen.row.reading.mem_used_mib), room)


def temp(seen: Seen, room: int) -> Line:
    """Degrees, with ``!`` where it is hot or throttles for heat."""
    celsius = seen.row.reading.temp_c
    if celsius is None:
        return (*_plain(units.UNKNOWN, room - 1), Piece(" "))
    throttled = any("thermal" in reason for reason in seen.row.reading.throttle)
    tone = "harm" if throttled else "warn" if celsius >= HOT_C else "value"
    mark = " " if tone == "value" else "!"
    return right(units.temp(celsius) + mark, room, tone)


def fan(seen: Seen, room: int) -> Line:
    """Fan speed; a card without a fan has none."""
    text = units.percent(seen.row.reading.fan_pct)
    return right(text, room, "aside" if text == units.UNKNOWN else "label")


def power_of(seen: Seen, room: int) -> Line:
    """Watts of the card's limit: ``298/450 W``."""
    watts, limit = seen.row.reading.power_w, seen.row.reading.power_limit_w
    if watts is None:
        return right(units.UNKNOWN, room, "aside")
    tail = units.fixed(limit, 4, 0).strip()
    return (Piece(units.fixed(watts, room - 7, 0), "strong"), Piece(f"/{tail} W".ljust(7), "aside"))


def power(seen: Seen, room: int) -> Line:
    """Watts: ``298 W``."""
    if seen.row.reading.power_w is None:
        return right(units.UNKNOWN, room, "aside")
    return (Piece(units.fixed(seen.row.reading.power_w, room - 2, 0), "strong"), Piece(" W", "aside"))


def output(seen: Seen, room: int) -> Line:
    """What the workload produces, on its decimal point: ``178.4 MH/s``, ``1.94k tok/s``."""
    made = seen.row.output
    if made is None or made.value is None:
        return Piece(units.UNKNOWN.rjust(3), "aside"), Piece(" " * (room - 3))
    number, _, unit = units.si(made.value, made.unit).partition(" ")
    head, point, tail = number.partition(".")
    figure = head.rjust(3) + point + tail
    return Piece(figure, "value"), *fit((Piece(f" {unit}", "label"),), room - len(figure))


def _plain(text: str, room: int, tone: str = "value") -> Line:
    return right(text, room, "aside" if text == units.UNKNOWN else tone)


def per_hash(seen: Seen, room: int, *, symbol: bool = True) -> Line:
    """Profit per hash under the prefix that all rows of its algorithm share: ``~0.0341 $/TH``."""
    profit = seen.row.money.profit_per_hash
    prefix = seen.scene.hash_prefixes.get(profit.algorithm or "") if profit else None
    text, unit = units.per_hash(profit.value if profit else None, seen.scene.currency, prefix)
    if profit is None or text == units.UNKNOWN:
        return Piece(units.UNKNOWN.rjust(4), "aside"), Piece(" " * (room - 4))
    figure = on_point(f"{tones.tilde(profit.basis)}{text}", 4, 4).rstrip()
    unit = f" {unit if symbol and seen.scene.short_symbol else unit[unit.index('/') :]}"
    return Piece(figure, _profit_tone(profit, seen.row)), *fit((Piece(unit, "aside"),), room - len(figure))


def hash_prefixes(rows: Iterable[GpuRow], keep: Mapping[str, str]) -> dict[str, str]:
    """The SI prefix of each algorithm's profits per hash; one that still reads well is kept."""
    found: dict[str, list[float | None]] = {}
    for row in rows:
        if (profit := row.money.profit_per_hash) is not None:
            found.setdefault(profit.algorithm or "", []).append(profit.value)
    return {name: units.hash_prefix(values, keep.get(name)) for name, values in found.items()}


def per_hash_short(seen: Seen, room: int) -> Line:
    """The same without the currency: ``~0.0341 /TH``."""
    return per_hash(seen, room, symbol=False)


def per_hash_of(seen: Seen, room: int) -> Line:
    """The same, naming the option it is of where that is not the one running."""
    return _named(per_hash(seen, 14), seen.row.money.profit_per_hash, seen.row, room)


def per_ai_hour(seen: Seen, room: int) -> Line:
    """Profit per GPU and clock hour of the AI option: ``~+0.29 $``, with ``!`` where its price is stale."""
    profit = seen.row.money.profit_per_ai_hour
    if profit is None:
        return _sum(None, "", "aside", room, "", stale=False)
    tone = _profit_tone(profit, seen.row)
    return _sum(profit.value, tones.tilde(profit.basis), tone, room, _currency(seen, room), stale=profit.stale)


def _currency(seen: Seen, room: int) -> str:
    """The currency's sign where the form is wide enough for it; one wider than a column stands in the header alone."""
    if room < WITH_CURRENCY:
        return ""
    return f" {seen.scene.symbol}" if seen.scene.short_symbol else "  "


def _sum(value: float | None, mark: str, tone: str, room: int, currency: str, *, stale: bool) -> Line:
    """An amount on its decimal point, then the currency, then ``!`` where a price under it is stale."""
    space = room - len(currency) - 1
    if value is None:
        return Piece(units.UNKNOWN.rjust(space - 3), "aside"), Piece(" " * (room - space + 3))
    text = mark + units.fixed(value, 4, 2, sign=True).strip()
    return *right(text, space, tone), Piece(currency, "aside"), Piece("!" if stale else " ", "warn")


def per_ai_hour_of(seen: Seen, room: int) -> Line:
    """The same, naming the option it is of where that is not the one running."""
    return _named(per_ai_hour(seen, WITH_CURRENCY), seen.row.money.profit_per_ai_hour, seen.row, room)


def _named(line: Line, profit: Profit | None, row: GpuRow, room: int) -> Line:
    known = profit is not None and profit.value is not None and profit.workload != row.money.running
    name = f" {profit.workload}" if profit is not None and known else ""
    space = room - sum(cells(p.text) for p in line)
    return (*line, *fit((Piece(cut(name, space), "aside"),), space))


def _profit_tone(profit: Profit, row: GpuRow) -> str:
    if profit.stale:
        return "stale"
    if profit.basis is not Basis.MEASURED or profit.workload != row.money.running:
        return "estimate"
    return "loss" if profit.value is not None and profit.value < 0 else "value"


def net(seen: Seen, room: int) -> Line:
    """What it earns now per hour, the figure the eye meets first: ``+0.31 $``, with ``!`` where its price is stale."""
    value, option = seen.row.money.net_per_h, running(seen.row)
    stale = option is not None and option.stale
    tone = "stale" if stale else tones.money(value, strong=True)
    return _sum(value, tones.tilde(option.basis) if option else "", tone, room, _currency(seen, room), stale=stale)


def best(seen: Seen, room: int) -> Line:
    """What it should do instead and the gain per hour, or why it stays: ``◆ ai   ~+0.27``, ``· contract``."""
    return _stays(seen, room) or _advised(seen.row, room, room - 9)


def best_short(seen: Seen, room: int) -> Line:
    """The same without the business's name: ``◆ ~+0.27``."""
    return _stays(seen, room) or _advised(seen.row, room, 1)


def _stays(seen: Seen, room: int) -> Line | None:
    """The word that stands where advice would: old readings and stale prices warn, a guard merely says its name."""
    option = running(seen.row)
    if not seen.row.fresh:
        word, tone = f"{units.age(seen.scene.now - seen.row.reading.at)} old", "warn"
    elif option is not None and option.stale:
        word, tone = ("stale price", "warn") if room > 11 else ("stale", "warn")
    elif seen.row.guards:
        word, tone = f"· {seen.row.guards[0].name}", "label"
    elif advised(seen.row) is None:
        word, tone = "·", "aside"
    else:
        return None
    return fit((Piece(cut(word, room), tone),), room)


def advised(row: GpuRow) -> Option | None:
    """The option that advice names where it is not the one running and gains anything, else None."""
    advice = row.money.advice
    if advice.best is None or advice.best == row.money.running or not advice.gain_per_h or advice.gain_per_h <= 0:
        return None
    return next((o for o in row.money.options if o.workload == advice.best), None)


def _advised(row: GpuRow, room: int, name: int) -> Line:
    option = advised(row)
    assert option is not None  # _stays has answered otherwise
    tone, glyph = tones.business(option.kind)
    amount = tones.tilde(option.basis) + units.fixed(row.money.advice.gain_per_h, 4, 2, sign=True).strip()
    head = f"{glyph} {option.kind.value if name > 2 else ''}"[: name + 1].ljust(name)
    acts = row.money.advice.acts
    return Piece(head, tone if acts else "aside"), *right(amount, room - len(head), "gain" if acts else "label")


def trend(seen: Seen, room: int) -> Line:
    """What it has earned lately, in the hue of its business."""
    instance = seen.row.occupancy.instance
    tone = {Kind.MINE: "mine_dim", Kind.AI: "ai_dim"}.get(instance.kind, "off_dim") if instance else "off_dim"
    return trends.sparkline(seen.row.trend_net, room, tone)
