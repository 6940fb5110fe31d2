"""What the types cannot say of a site: its clock, its power price, its coins, quotes and cards."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from console.config.argv_checks import argv_problems
from console.config.errors import Problem, Where, nearest, shown
from console.config.flip_checks import flip_problems
from console.config.listing_checks import listing_problems
from console.config.meter_checks import meter_problems
from console.config.settings import CoinSettings, Settings
from console.config.tariff_checks import tariff_problems
from console.text import clean

_CURRENCY = re.compile(r"[A-Z]{3,5}")
_BACKGROUND = re.compile(r"uid:[A-Za-z0-9_.$-]+|cgroup:/\S+")
_GPU_UUID = re.compile(r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST = 1000


def unprintable(value: object, where: Where = ()) -> Iterator[Problem]:
    """Numbers that are not finite, and text that is too long or holds what may not reach a screen, in a TOML tree."""
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem(where, f"is {value}, expected a finite number")
    elif isinstance(value, str) and clean(value, _LONGEST) != value:
        yield Problem(where, "holds control, invisible or outer blank characters, or is too long")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not name or clean(name, 100) != name:
                yield Problem((*where, name), "is not a usable name: empty, too long, or with invisible characters")
            yield from unprintable(inner, (*where, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from unprintable(inner, (*where, position))


def site_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in everything but workloads and controllers."""
    yield from _site(settings)
    yield from tariff_problems(settings)
    yield from argv_problems(settings)
    yield from flip_problems(settings)
    yield from listing_problems(settings)
    yield from meter_problems(settings)
    for name, coin in settings.coins.items():
        yield from _coin(settings, name, coin)
    for name, quote in settings.quotes.items():
        yield from _instant(quote.at, ("quotes", name, "at"))
        if not quote.unit:
            yield Problem(("quotes", name, "unit"), 'is empty, expected a unit such as "USD" or "USD/h"')
    yield from _gpus(settings)


def _site(settings: Settings) -> Iterator[Problem]:
    site = settings.site
    if not _CURRENCY.fullmatch(site.currency):
        yield Problem(("site", "currency"), f'is {shown(site.currency)}, expected a code such as "USD" or "JPY"')
    if not _known_zone(site.timezone):
        text = f'is {shown(site.timezone)}, expected a time zone such as "Asia/Tokyo" or "UTC"'
        yield Problem(("site", "timezone"), text)
    for position, entry in enumerate(site.background):
        if not _BACKGROUND.fullmatch(entry):
            text = f'is {shown(entry)}, expected "uid:NAME", "uid:NUMBER" or "cgroup:/path/prefix"'
            yield Problem(("site", "background", position), text)


def _known_zone(name: str) -> bool:
    if name == "UTC":
        return True
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a directory, such as "America"
        return False
    return True


def _coin(settings: Settings, name: str, coin: CoinSettings) -> Iterator[Problem]:
    where = ("coins", name)
    network = coin.nethash is not None and coin.block_time_s is not None
    by_market = name in settings.quotes and settings.quotes[name].kind == "hash_price"
    if coin.difficulty is not None and coin.nethash is not None:
        yield Problem(where, "has difficulty and nethash, expected one of them")
    elif coin.difficulty is None and not network and not by_market and not _fed(settings, name):
        yield Problem(
            where,
            "has no difficulty, and not both of nethash and block_time_s, expected one or the other, or a feed of it",
        )
    if not coin.algorithm:
        yield Problem((*where, "algorithm"), "is empty, expected the algorithm's name")
    yield from _instant(coin.at, (*where, "at"))


def _fed(settings: Settings, coin: str) -> bool:
    """True where some feed may bring the figures of a coin."""
    return any(
        coin in feed.coins
        or any(value.name == coin for value in feed.values)
        or ((feed.kind or name) == "mempool" and not feed.coins)
        for name, feed in settings.feeds.items()
    )


def _instant(text: str | None, where: Where) -> Iterator[Problem]:
    if text is None:
        return
    from datetime import datetime

    try:
        known = datetime.fromisoformat(text)
    except ValueError:
        yield Problem(where, f'is {shown(text)}, expected ISO 8601 such as "2026-06-01T12:00:00Z"')
        return
    if known.tzinfo is None:
        yield Problem(where, f"is {shown(text)} without a time zone, expected one such as {shown(text + 'Z')}")


def _gpus(settings: Settings) -> Iterator[Problem]:
    slots: dict[int, str] = {}
    for uuid, gpu in settings.gpus.items():
        if not _GPU_UUID.fullmatch(uuid):
            text = "is not a GPU's whole UUID, expected GPU- and 36 characters as nvidia-smi -L writes them"
            yield Problem(("gpus", uuid), text)
        if gpu.slot is not None and slots.setdefault(gpu.slot, uuid) != uuid:
            text = f"is {gpu.slot}, which {slots[gpu.slot]} has already; a slot is one card's for ever"
            yield Problem(("gpus", uuid, "slot"), text)
        if gpu.pin is not None and gpu.pin not in {*settings.workloads, "off"}:
            text = f"is {shown(gpu.pin)}, which is no workload{nearest(gpu.pin, {*settings.workloads, 'off'})}"
            yield Problem(("gpus", uuid, "pin"), text)
