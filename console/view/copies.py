"""What is copied of a row: one text per column, with the full figure and its unit, harmless wherever it is pasted."""

from __future__ import annotations

import math

from console import units
from console.model import Basis, GpuRow, Holder, Kind, Profit, WorkState
from console.text import cell, clean
from console.view import cells
from console.view.pieces import text_of

MOST_BYTES = 8 << 10
"""Of one copy: terminals and tmux drop longer ones without a word."""
_CELL = 400  # characters of one cell


def joined(parts: list[str]) -> str:
    """Cells side by side with tabs, each one harmless line that is no formula, all ``MOST_BYTES`` at most."""
    text = "\t".join(words(part) for part in parts)
    return text.encode()[:MOST_BYTES].decode(errors="ignore")


def words(text: str) -> str:
    """A text from outside as a cell that no spreadsheet takes for a formula."""
    return cell(clean(text, _CELL))


def _full(value: float | None, unit: str = "") -> str:
    if value is None or not math.isfinite(value):
        return units.UNKNOWN
    # With its unit it is no number, and behind a hyphen a spreadsheet would take it for a formula.
    return f"{'−' if value < 0 and unit else '-' if value < 0 else ''}{abs(value):.10g} {unit}".rstrip()


def business(row: GpuRow) -> str:
    """``mine``, ``ai`` or ``off``; who holds it where that is no workload."""
    instance = row.occupancy.instance
    if instance is not None:
        return instance.kind.value
    return Kind.OFF.value if row.occupancy.holder is Holder.NONE else row.occupancy.holder.value


def best_words(row: GpuRow) -> tuple[str, ...]:
    """The workload that is best, its business, and the guards that keep another."""
    best = next((o for o in row.money.options if o.workload == row.money.advice.best), None)
    return (row.money.advice.best or "", best.kind.value if best else "", *(guard.name for guard in row.guards))


def slot(seen: cells.Seen) -> str:
    """The slot."""
    return str(seen.row.reading.slot)


def gpu(seen: cells.Seen) -> str:
    """The model's whole name."""
    return words(seen.row.reading.name)


def workload(seen: cells.Seen) -> str:
    """Its name, its state where it is not simply running, and how many GPUs it holds."""
    instance, name = seen.row.occupancy.instance, cells.workload_name(seen.row)
    if instance is None:
        return words(name)
    state = "" if instance.state is WorkState.RUNNING else f" {instance.state.value}"
    return words(f"{name}{state}{f' ×{len(instance.uuids)}' if len(instance.uuids) > 1 else ''}")


def util(seen: cells.Seen) -> str:
    """How busy it is."""
    return _full(seen.row.reading.util_pct, "%")


def memory(seen: cells.Seen) -> str:
    """Used of what there is."""
    return _of(seen.row.reading.mem_used_mib, seen.row.reading.mem_total_mib, "MiB")


def temp(seen: cells.Seen) -> str:
    """Degrees."""
    return _full(seen.row.reading.temp_c, "°C")


def fan(seen: cells.Seen) -> str:
    """Fan speed."""
    return _full(seen.row.reading.fan_pct, "%")


def power(seen: cells.Seen) -> str:
    """Drawn of the limit."""
    return _of(seen.row.reading.power_w, seen.row.reading.power_limit_w, "W")


def _of(value: float | None, limit: float | None, unit: str) -> str:
    return f"{_full(value, unit)} of {_full(limit, unit)}" if value is not None else units.UNKNOWN


def output(seen: cells.Seen) -> str:
    """What the workload produces, without a prefix."""
    made = seen.row.output
    return _full(made.value, made.unit) if made is not None else units.UNKNOWN


def per_hash(seen: cells.Seen) -> str:
    """Per 10¹² hashes, whatever prefix the cell has."""
    return _profit(seen.row.money.profit_per_hash, 1e12, f"{seen.scene.currency}/TH")


def per_ai_hour(seen: cells.Seen) -> str:
    """Per hour of the AI option."""
    return _profit(seen.row.money.profit_per_ai_hour, 1.0, f"{seen.scene.currency}/h")


def _profit(profit: Profit | None, scale: float, unit: str) -> str:
    if profit is None or profit.value is None:
        return units.UNKNOWN
    mark = "~" if profit.basis is not Basis.MEASURED else ""
    stale = " (stale)" if profit.stale else ""
    return f"{mark}{_full(profit.value * scale, unit)}{stale} {words(profit.workload)}"


def net(seen: cells.Seen) -> str:
    """What it earns now."""
    option = cells.running(seen.row)
    mark = "~" if option is not None and option.basis is not Basis.MEASURED else ""
    stale = " (stale)" if option is not None and option.stale else ""
    value = seen.row.money.net_per_h
    return units.UNKNOWN if value is None else f"{mark}{_full(value, f'{seen.scene.currency}/h')}{stale}"


def best(seen: cells.Seen) -> str:
    """The workload that advice names and its gain, or the word that stands in its place."""
    option = cells.advised(seen.row)
    if option is None or seen.row.guards or not seen.row.fresh:
        return words(text_of(cells.best(seen, 40)).strip())
    mark = "~" if option.basis is not Basis.MEASURED else ""
    return f"{words(option.workload)} {mark}{_full(seen.row.money.advice.gain_per_h, f'{seen.scene.currency}/h')}"
