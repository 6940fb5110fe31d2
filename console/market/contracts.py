"""The one translation of ``[contracts.X]`` into the terms that the sums are made of."""

from __future__ import annotations

import calendar
import datetime as dt
import functools
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from console.config.contract_settings import ContractSettings
from console.economics.contract import Contract, Credit

LONGEST_YEARS = 50


@functools.lru_cache(maxsize=256)
def contract_of(name: str, settings: ContractSettings, timezone: str) -> Contract:
    """The contract with its dates as instants of the site's ``timezone``: a last day counts to its end."""
    zone = ZoneInfo(timezone)
    over = _after(settings.end, 1.0, zone)
    noticed = _after(settings.notice_given, settings.notice_days, zone)
    ends_at = min((at for at in (over, noticed) if at is not None), default=None)
    return Contract(
        name=name,
        rate_per_gpu_h=settings.rate_per_gpu_h,
        customer=settings.customer,
        starts_at=_after(settings.start, 0.0, zone),
        ends_at=ends_at,
        start=settings.start or "",
        end=_last_day(ends_at, zone),
        gpus=settings.gpus,
        take_or_pay=settings.take_or_pay,
        escalator_pct=settings.escalator_pct,
        raises_at=tuple(_anniversaries(settings.start, zone)) if settings.escalator_pct else (),
        uptime_target_pct=settings.uptime_target_pct,
        credits=tuple(Credit(below_pct=one.below_pct, credit_pct=one.credit_pct) for one in settings.credits),
        credit_cap_pct=settings.credit_cap_pct,
        notice_days=settings.notice_days,
        early_exit=settings.early_exit,
    )


def _after(date: str | None, days: float, zone: ZoneInfo) -> float | None:
    """The instant so many days after a date has begun; a day of a change of clocks is as long as it is."""
    if date is None:
        return None
    there = dt.datetime.combine(dt.date.fromisoformat(date), dt.time(), zone) + dt.timedelta(days=days)
    return there.timestamp()


def _anniversaries(start: str | None, zone: ZoneInfo) -> Iterator[float]:
    """Of a start on 29 February the 28th in years that have no such day."""
    if start is None:
        return
    first = dt.date.fromisoformat(start)
    for year in range(first.year + 1, first.year + LONGEST_YEARS + 1):
        leap = (first.month, first.day) == (2, 29) and not calendar.isleap(year)
        day = dt.date(year, first.month, 28 if leap else first.day)
        yield dt.datetime.combine(day, dt.time(), zone).timestamp()


def _last_day(ends_at: float | None, zone: ZoneInfo) -> str:
    return "" if ends_at is None else dt.datetime.fromtimestamp(ends_at - 1, zone).date().isoformat()
