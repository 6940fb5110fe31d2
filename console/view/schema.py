"""``status --json``: schema 1, one object. Unknown is null; ``profit_per_hash`` is currency per one hash."""

from __future__ import annotations

import datetime as dt
from typing import Any

from console.model import Alarm, GpuRow, Option, Profit, Quote, Snapshot

SCHEMA = 1


def iso(at: float | None) -> str | None:
    """ISO 8601 UTC with milliseconds, or None, as for what no calendar has."""
    if not at:
        return None
    try:
        return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def status(snapshot: Snapshot, *, rates: bool = True) -> dict[str, Any]:
    """The whole object. With ``rates=False`` (one sample) everything that needs two readings is null."""
    totals = snapshot.totals
    return {
        "schema": SCHEMA,
        "at": iso(snapshot.at),
        "host": snapshot.host,
        "host_state": snapshot.host_state.value,
        "reason": snapshot.reason or None,
        "currency": snapshot.currency,
        "simulated": snapshot.simulated,
        "totals": {
            "wall_w": totals.wall_w,
            "net_per_h": totals.net_per_h if rates else None,
            "best_net_per_h": totals.best_net_per_h if rates else None,
            "today_accrued": totals.today_accrued,
            "today_since": iso(totals.today_since),
        },
        "quotes": [_quote(quote, snapshot.at) for quote in snapshot.quotes],
        "gpus": [_gpu(row, rates) for row in snapshot.rows],
        "alarms": [_alarm(alarm, snapshot.at) for alarm in snapshot.alarms],
    }


def _alarm(alarm: Alarm, now: float) -> dict[str, Any]:
    """``state`` is calls, known, shelved or over; ``by`` is who acknowledged or shelved it."""
    word = alarm.word(now)
    shelved = word == "shelved"
    return {
        "key": alarm.key,
        "severity": alarm.severity,
        "state": word,
        "sentence": alarm.sentence,
        "do": alarm.do or None,
        "slots": list(alarm.slots),
        "since": iso(alarm.since),
        "over_at": iso(alarm.over_at),
        "by": (alarm.shelved_by if shelved else alarm.acked_by if alarm.known else "") or None,
        "until": iso(alarm.shelved_until) if shelved else None,
    }


def _quote(quote: Quote, now: float) -> dict[str, Any]:
    return {
        "kind": quote.kind,
        "name": quote.name,
        "value": quote.value,
        "unit": quote.unit,
        "source": quote.source,
        "at": iso(quote.at),
        "age_s": round(quote.age_s(now), 3),
        "stale": quote.stale(now),
    }


def _gpu(row: GpuRow, rates: bool) -> dict[str, Any]:
    reading, money = row.reading, row.money
    return {
        "slot": reading.slot,
        "uuid": reading.uuid,
        "pci": reading.pci,
        "index": reading.index,
        "name": reading.name,
        "at": iso(reading.at),
        "state": reading.state.value,
        "reason": reading.reason or None,
        "util_pct": reading.util_pct,
        "mem_used_mib": reading.mem_used_mib,
        "mem_total_mib": reading.mem_total_mib,
        "temp_c": reading.temp_c,
        "fan_pct": reading.fan_pct,
        "power_w": reading.power_w,
        "power_limit_w": reading.power_limit_w,
        "holder": row.occupancy.holder.value,
        "instance": list(row.occupancy.instance.uuids) if row.occupancy.instance else [],
        "guards": [guard.name for guard in row.guards],
        "workload": _workload(row),
        "output": _output(row, rates),
        **_profit("profit_per_hash", money.profit_per_hash, rates, algorithm=True),
        **_profit("profit_per_ai_hour", money.profit_per_ai_hour, rates, algorithm=False),
        "net_per_h": money.net_per_h if rates else None,
        "best": money.advice.best,
        "options": [_option(option) for option in money.options],
    }


def _workload(row: GpuRow) -> dict[str, Any] | None:
    instance = row.occupancy.instance
    if instance is None:
        return None
    state = "stuck" if row.stuck else instance.state.value
    return {"name": instance.workload, "kind": instance.kind.value, "state": state, "since": iso(instance.since)}


def _output(row: GpuRow, rates: bool) -> dict[str, Any] | None:
    if row.output is None or not rates:
        return None
    return {"value": row.output.value, "unit": row.output.unit}


def _profit(key: str, profit: Profit | None, rates: bool, *, algorithm: bool) -> dict[str, Any]:
    if profit is None or not rates:
        return {key: None, f"{key}_of": None}
    of: dict[str, Any] = {"workload": profit.workload}
    if algorithm:
        of["algorithm"] = profit.algorithm
    of["basis"] = profit.basis.value
    return {key: profit.value, f"{key}_of": of}


def _option(option: Option) -> dict[str, Any]:
    return {
        "workload": option.workload,
        "kind": option.kind.value,
        "basis": option.basis.value,
        "gross_per_h": option.gross_per_h,
        "fees_per_h": option.fees_per_h,
        "power_per_h": option.power_per_h,
        "net_per_h": option.net_per_h,
        "value_per_kwh": option.value_per_kwh,
        "off_above_price": option.off_above_price,
        "stale": option.stale,
    }
