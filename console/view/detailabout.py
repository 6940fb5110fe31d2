"""Which GPU this is, whose it is, what it does and what it earns; its processes; what its maker says of it."""

from __future__ import annotations

from console import units
from console.model import GpuRow, GpuState, Holder, Output, Profit, Reading, Snapshot, WorkState
from console.site.detail import Detail, Occupant
from console.site.estimates import share
from console.view import cells, clock, tones
from console.view.ladder import hairline
from console.view.pieces import Line, Piece, cut, fit, left, on_point, right, together, width, wrap

LABEL = 9
_BAD = (WorkState.FAILING, WorkState.STUCK)


def title(row: GpuRow, place: str, room: int) -> Line:
    """Slot, model, the UUID's beginning, the PCI address, and which of the table's GPUs it is."""
    reading = row.reading
    pci = reading.pci[4:] if len(reading.pci) == 16 else reading.pci
    words = (f"GPU {reading.slot}", cells.short_name(reading.name), reading.uuid[:12], pci, place)
    return hairline(words, room, "strong")


def lines(row: GpuRow, snapshot: Snapshot, now: float, room: int, count: int) -> list[Line]:
    """``count`` lines: whose it is and what it does, what it reports, the money, and why as far as there is room."""
    out = [_does(row, now, room), _reports(row.reading, room), _money(row, snapshot.currency, room)]
    said = [f"{guard.name}: {guard.sentence}" for guard in row.guards] or [row.money.advice.why]
    for at, part in enumerate(wrap("; ".join(said), room - 3 - LABEL, max(1, count - len(out)))):
        word = ("guard" if row.guards else "why") if at == 0 else ""
        out.append(fit((Piece("   "), *left(word, LABEL, "label"), Piece(part, "label")), room))
    return out[:count] + [fit((), room)] * (count - len(out))


def _does(row: GpuRow, now: float, room: int) -> Line:
    """The holder and what it does there; a flip or a fault goes before."""
    reading, held, instance = row.reading, row.occupancy, row.occupancy.instance
    parts: list[Line] = []
    if reading.state is not GpuState.OK:
        since = f" {units.age(now - reading.since)}" if reading.since else ""
        parts.append((Piece(f"✕ {reading.state.value.replace('_', ' ').upper()}{since}", "harm"),))
        if row.was is not None:
            parts.append((Piece(f"was {row.was.workload}", "label"),))
    if instance is not None:
        tone, glyph = tones.business(instance.kind)
        for_s = "" if instance.since is None else f" {units.age(now - instance.since)}"
        look = "harm" if instance.state in _BAD else "value" if instance.state is WorkState.RUNNING else "warn"
        parts += [(Piece(f"{glyph} {instance.workload}", tone), Piece(f" {instance.state.value}{for_s}", look))]
        parts.append((Piece(instance.unit, "label"),))
        if len(instance.uuids) > 1:
            parts.append((Piece(f"one instance on {len(instance.uuids)} GPUs", "label"),))
    elif held.holder in (Holder.FOREIGN, Holder.UNKNOWN):
        mark = tones.holder_mark(held.holder)
        parts.append((Piece(f"{mark} {held.holder.value}: {held.who}, never touched", "warn"),))
    elif reading.state is GpuState.OK:
        parts.append((Piece(f"· {row.money.running or 'off'}, nobody holds it", "label"),))
    if row.flipping is not None:
        flip = row.flipping
        said = f"flip to {flip.to} by {flip.by}: {flip.step or 'begun'} {units.age(now - flip.since)}"
        parts.insert(0, (Piece(said, "warn"),))
    if held.background and room >= 120:
        parts.append((Piece(f"beside it {', '.join(held.background)}", "aside"),))
    return fit((Piece("   "), *left("does", LABEL, "label"), *together(parts, 3)), room)


def _reports(reading: Reading, room: int) -> Line:
    """What the card says of itself now; what has no room leaves from the right."""
    used, total = units.gib(reading.mem_used_mib), units.gib(reading.mem_total_mib, 0)
    hot = reading.temp_c is not None and reading.temp_c >= cells.HOT_C
    limit = "" if reading.power_limit_w is None else f" of {reading.power_limit_w:.0f}"
    watts = units.fixed(reading.power_w, 4, 0)
    parts: list[Line] = [
        (Piece(watts, "strong"), Piece(f"{limit} W", "label")),
        (Piece(units.temp(reading.temp_c).rjust(4), "warn" if hot else "value"), Piece("!" if hot else " ", "warn")),
        (Piece(units.percent(reading.util_pct).rjust(4), "value"), Piece(" busy", "label")),
        (Piece(used.rjust(6), "value"), Piece(f" of {total}", "label")),
        (Piece("fan", "label"), Piece(units.percent(reading.fan_pct).rjust(5), "value")),
        (Piece(f"{_whole(reading.sm_mhz).rjust(4)} / {_whole(reading.mem_mhz)}", "value"), Piece(" MHz", "label")),
    ]
    return _as_fits("now", parts, room)


def _whole(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{value:.0f}"


def _money(row: GpuRow, currency: str, room: int) -> Line:
    """Net now, output, both profits, and what its ladder puts first."""
    symbol, option = units.symbol(currency), cells.running(row)
    stale = option is not None and option.stale
    net = (tones.tilde(option.basis) if option else "") + units.money(row.money.net_per_h)
    tone = "stale" if stale else tones.money(row.money.net_per_h, strong=True)
    parts: list[Line] = [
        (
            Piece(net.rjust(7), tone),
            Piece(f" {symbol}/h net", "label"),
            Piece(" ! stale price" if stale else "", "warn"),
        ),
    ]
    best = cells.advised(row)
    if best is not None:
        look, glyph = tones.business(best.kind)
        gain = tones.tilde(best.basis) + units.money(row.money.advice.gain_per_h)
        parts.append((Piece(f"{glyph} {best.workload}", look), Piece(f" would gain {gain} {symbol}/h", "label")))
    elif row.money.running is not None and row.money.advice.best == row.money.running:
        parts.append((Piece("runs what is best here", "label"),))
    if row.output is not None and row.output.value is not None:
        parts.insert(1, _made(row, row.output))
    parts += [
        _profit("per hash", row.money.profit_per_hash, currency),
        _profit("per AI-h", row.money.profit_per_ai_hour, currency),
    ]
    return _as_fits("money", [part for part in parts if part], room)


def _made(row: GpuRow, output: Output) -> Line:
    """What this GPU makes, and of an instance on several what all of them make."""
    instance = row.occupancy.instance
    gpus = len(instance.uuids) if instance is not None else 1
    own = units.si(share(output, row.reading, gpus), output.unit)
    whole = f" of {units.si(output.value, output.unit)} on {gpus} GPUs" if gpus > 1 else ""
    return Piece(own, "value"), Piece(whole, "label")


def _profit(label: str, profit: Profit | None, currency: str) -> Line:
    if profit is None or profit.value is None:
        return ()
    if label == "per hash":
        said = "{} {}".format(*units.per_hash(profit.value, currency))
    else:
        said = f"{units.money(profit.value)} {units.symbol(currency)}"
    return Piece(f"{label} ", "label"), Piece(
        f"{tones.tilde(profit.basis)}{said}", "stale" if profit.stale else "value"
    )


def _as_fits(label: str, parts: list[Line], room: int) -> Line:
    head: Line = (Piece("   "), *left(label, LABEL, "label"))
    while width(together(parts, 3)) > room - 3 - LABEL and len(parts) > 1:
        parts = parts[:-1]
    return fit((*head, *together(parts, 3)), room)


def processes(detail: Detail, now: float, room: int, count: int) -> list[Line]:
    """Titles and one line per process, the largest first; that there is none, or no list, in words."""
    found = detail.processes
    if found is None:
        return [fit((Piece("   its process list could not be read: whoever holds it is unknown", "warn"),), room)][
            :count
        ]
    if not found:
        return [fit((Piece("   none: nothing holds it", "label"),), room)][:count]
    biggest = sorted(found, key=lambda one: -(one.mem_mib or 0.0))
    kept = biggest[: max(1, count - 1)]
    titles = f"{'pid'.rjust(10)}  {'memory'.rjust(9)}  {'user'.ljust(10)}  {'age'.rjust(7)}  name, container"
    out = [fit((Piece(titles, "title"),), room), *(_process(one, now, room) for one in kept)]
    if len(found) > len(kept):
        out[-1] = fit((*out[-1][:-1], Piece(f"  +{len(found) - len(kept)} more", "label")), room)
    return out[:count]


def _process(one: Occupant, now: float, room: int) -> Line:
    mem = units.UNKNOWN.rjust(4).ljust(9) if one.mem_mib is None else on_point(_size(one.mem_mib), 4, 2).rjust(9)
    age = units.UNKNOWN if one.since is None else units.age(now - one.since)
    inside = f"  in {one.container}" if one.container else ""
    kind = "" if one.kind.value == "compute" else f"  {one.kind.value}"
    name = one.name or "cannot be seen"
    return fit(
        (
            *right(str(one.pid), 10, "value"),
            Piece(f"  {mem}  ", "value" if one.mem_mib is not None else "aside"),
            *left(cut(one.user or units.UNKNOWN, 10), 10, "label"),
            Piece("  "),
            *right(age, 7, "label"),
            Piece(f"  {name}", "value" if one.name else "warn"),
            Piece(f"{kind}{inside}", "label"),
        ),
        room,
    )


def _size(mib: float) -> str:
    """``21.1G``, and of what is too small for that ``49M``."""
    return units.gib(mib) if mib >= 1024 else f"{mib:.0f}M"


def card(detail: Detail, timezone: str, room: int, count: int) -> list[Line]:
    """What hardly changes: names, limits, driver, link, the state that it is in since when."""
    reading, facts = detail.row.reading, detail.card
    found = [
        ("uuid", reading.uuid),
        ("pci", f"{reading.pci}{_link(detail)}"),
        ("slot", f"{reading.slot}{'' if reading.index is None else f', NVML calls it {reading.index} just now'}"),
        ("limit", _limits(detail)),
        ("driver", f"{detail.driver or units.UNKNOWN}, VBIOS {facts.vbios or units.UNKNOWN}" if facts else ""),
        ("memory", _memory(reading)),
        ("since", f"{clock.local(reading.since, timezone, '%F %T')} {reading.state.value}" if reading.since else ""),
    ]
    told = [(label, text) for label, text in found if text]
    return [fit((Piece("   "), *left(label, LABEL, "label"), Piece(text, "value")), room) for label, text in told][
        :count
    ]


def _limits(detail: Detail) -> str:
    """The power limit with what the card allows."""
    now, facts = detail.row.reading.power_limit_w, detail.card
    said = f"{_whole(now)} W"
    if facts is None or facts.power_limit_max_w is None:
        return said
    names = (
        ("from", facts.power_limit_min_w),
        ("to", facts.power_limit_max_w),
        ("default", facts.power_limit_default_w),
    )
    return said + ", " + " ".join(f"{word} {_whole(value)}" for word, value in names)


def _link(detail: Detail) -> str:
    facts = detail.card
    if facts is None or facts.pcie_gen is None or facts.pcie_width is None:
        return ""
    most = (
        f" of gen {facts.pcie_gen_max} x{facts.pcie_width_max}" if facts.pcie_gen_max and facts.pcie_width_max else ""
    )
    return f", gen {facts.pcie_gen} x{facts.pcie_width}{most}"


def _memory(reading: Reading) -> str:
    total = units.gib(reading.mem_total_mib, 0)
    told = [f"{total}", f"{units.gib(reading.mem_reserved_mib)} reserved" if reading.mem_reserved_mib else ""]
    if reading.ecc_corrected is not None or reading.ecc_uncorrected is not None:
        counts = (units.UNKNOWN if n is None else str(n) for n in (reading.ecc_corrected, reading.ecc_uncorrected))
        told.append("ECC {} corrected, {} not".format(*counts))
    else:
        told.append("no ECC counts")
    if reading.mig:
        told.append("MIG on")
    return ", ".join(part for part in told if part)
