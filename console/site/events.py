"""What changed between two snapshots that an operator wants to read in a log: losses, returns, workloads, quotes."""

from __future__ import annotations

from collections.abc import Iterator

from console.model import GpuRow, GpuState, Holder, HostState, LogLine, Quote, Reading
from console.telemetry.xid import words

QUIET_STATES = (GpuState.OK,)
USUAL = ("power cap",)
"""Reasons to run slower than the card could that are no news: a limit does what it was set for."""
QuoteKey = tuple[str, str, str]
"""kind, name, source"""


def changes(
    before: tuple[GpuRow, ...], after: tuple[GpuRow, ...], at: float, *, first: bool = False
) -> Iterator[LogLine]:
    """One line per GPU whose state, holder or workload changed; on the ``first`` snapshot only what is wrong."""
    old = {row.reading.uuid: row for row in before}
    for row in after:
        was = old.get(row.reading.uuid)
        if was is None and not first:
            yield LogLine(at=at, text=f"GPU {row.reading.slot} found: {row.reading.name}", tone="label")
        yield from _state(was, row, at)
        if was is not None:
            yield from _health(was.reading, row.reading, at)
            yield from _work(was, row, at)


def host_change(before: HostState | None, after: HostState, reason: str, at: float) -> Iterator[LogLine]:
    """One line when NVML on this host comes or goes."""
    if before is after or (before is None and after is HostState.OK):
        return
    if after is HostState.OK:
        yield LogLine(at=at, text="NVML answers", tone="label")
    else:
        yield LogLine(at=at, text=reason, tone="harm")


def stale_keys(quotes: tuple[Quote, ...], now: float) -> frozenset[QuoteKey]:
    """Which figures of which sources are stale; one figure may have several sources."""
    return frozenset((quote.kind, quote.name, quote.source) for quote in quotes if quote.stale(now))


def quote_changes(stale: frozenset[QuoteKey], quotes: tuple[Quote, ...], now: float) -> Iterator[LogLine]:
    """One line per quote that went stale or came back; ``stale`` are those that were stale before."""
    now_stale = stale_keys(quotes, now)
    for quote in quotes:
        key = (quote.kind, quote.name, quote.source)
        if key in now_stale and key not in stale:
            text = f"{quote.name} from {quote.source} is stale: not used to act"
            yield LogLine(at=now, text=text, tone="warn")
        elif key not in now_stale and key in stale:
            yield LogLine(at=now, text=f"{quote.name} from {quote.source} is fresh again", tone="label")


def _state(was: GpuRow | None, row: GpuRow, at: float) -> Iterator[LogLine]:
    slot, state = row.reading.slot, row.reading.state
    if was is not None and was.reading.state is state:
        return
    if state not in QUIET_STATES:
        yield LogLine(at=at, text=f"GPU {slot} {state.value.replace('_', ' ')}: {row.reading.reason}", tone="harm")
    elif was is not None:
        yield LogLine(at=at, text=f"GPU {slot} is back", tone="label")


def _health(was: Reading, now: Reading, at: float) -> Iterator[LogLine]:
    """What a card reports about itself while it goes on: XIDs, memory errors, what holds it back."""
    slot = now.slot
    for xid in now.xids:
        if xid not in was.xids and now.state is GpuState.OK:  # of a lost card the loss itself tells its cause
            yield LogLine(at=xid.at, text=f"GPU {slot} {words(xid.code)}", tone="harm")
    if (now.ecc_uncorrected or 0) > (was.ecc_uncorrected or 0) and was.ecc_uncorrected is not None:
        yield LogLine(at=at, text=f"GPU {slot} counts {now.ecc_uncorrected} uncorrected memory errors", tone="harm")
    if now.remap_failed and not was.remap_failed:
        yield LogLine(at=at, text=f"GPU {slot} could not remap a memory row; ask for replacement", tone="harm")
    elif now.remap_pending and not was.remap_pending:
        yield LogLine(at=at, text=f"GPU {slot} has remapped a memory row; reset it when it is idle", tone="warn")
    if fresh := [reason for reason in now.throttle if reason not in was.throttle and reason not in USUAL]:
        yield LogLine(at=at, text=f"GPU {slot} is held back: {', '.join(fresh)}", tone="warn")


def _work(was: GpuRow, row: GpuRow, at: float) -> Iterator[LogLine]:
    if row.reading.state is not GpuState.OK or row.flipping or was.flipping or not was.occupancy.settled:
        return
    then, now = _doing(was), _doing(row)
    if then != now:
        tone = "warn" if row.occupancy.holder in (Holder.FOREIGN, Holder.UNKNOWN) else "label"
        yield LogLine(at=at, text=f"GPU {row.reading.slot} {then} → {now}", tone=tone)


def _doing(row: GpuRow) -> str:
    match row.occupancy.holder:
        case Holder.WORKLOAD if row.occupancy.instance:
            return row.occupancy.instance.workload
        case Holder.FOREIGN:
            return f"foreign: {row.occupancy.who}"
        case Holder.UNKNOWN:
            return "unknown"
        case _:
            return "off"
