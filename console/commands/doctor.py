"""``changeover doctor``: what is found, what is missing, what to do. Reads everything, changes nothing.

But for one thing that is asked for: ``--install-polkit --yes``, see console.commands.polkit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

from console.commands.flags import parser
from console.text import clean
from console.view.advice import FAULT, NOTE, WARN, Brings, Facts, Finding, findings, unopened

if TYPE_CHECKING:
    from argparse import Namespace

    from console.config.feed_settings import FeedSettings
    from console.config.settings import Settings
    from console.model import Snapshot
    from console.site.interface import Check, Site

SUMMARY = "what is found, what is missing, what to do"
MARKS = {"ok": "·", "note": "i", "warn": "!", "fault": "✗"}
EXITS = (
    "Exit codes: 0 nothing is wrong, or only what is told as ! or i; 1 a fault (✗), a config that cannot be read among "
    "them; 2 wrong use."
)
SAID = ((FAULT, "fault"), (WARN, "warning"), (NOTE, "note"))

ANSWERS_S = 2.0
"""How much longer than for GPUs the doctor waits for feeds and pools: what is silent by then is told as that."""
POLL_S = 0.05
_WORDS = {
    "coin_price": ("price of {}",),
    "hash_price": ("price per hash of {}", "price of {}", "difficulty of {}", "block reward of {}", "block time of {}"),
    "difficulty": ("difficulty of {}", "block time of {}"),  # without it the one is made of network hashrate and time
    "nethash": ("difficulty of {}", "network hashrate of {}"),
    "block_time": ("block time of {}",),
    "reward": ("block reward of {}",),
    "rental": ("rental rate {}",),
    "occupancy": ("occupancy of {}",),
    "carbon": ("carbon intensity",),
    "power_price": ("price of power",),
}
"""What money that lacks a figure calls it (console.market.prices and its neighbours), by kind of quote: a quoted price
per hash stands for all that it would be made of."""
_COIN = ("coin_price", "nethash", "block_time", "reward")
_BRINGS = {
    "whattomine": _COIN,
    "whattomine_v1": _COIN,
    "coingecko": ("coin_price",),
    "mempool": ("hash_price", "coin_price", "difficulty", "reward"),
    "nicehash": ("hash_price",),
    "vast": ("rental", "occupancy"),
    "vast_machines": ("rental",),
    "runpod": ("rental",),
    "clore": ("rental",),
    "energy_charts": ("power_price",),
    "octopus": ("power_price",),
    "jepx": ("power_price",),
    "nordpool": ("power_price",),
    "energy_charts_carbon": ("carbon",),
    "carbon_gb": ("carbon",),
}
"""The kinds of quote that each kind of feed says of every name in its table; ``json`` and ``csv`` name theirs."""


def main(argv: list[str]) -> int:
    """Print the findings; 0 when none is a fault, 1 otherwise. ``--install-polkit`` has its own, see there."""
    flags = parser("doctor", "What is found on this host, what is missing, and what to do. Changes nothing.")
    flags.epilog = EXITS
    flags.add_argument("--json", action="store_true", help="one object: findings with level, what, why and do")
    flags.add_argument("--install-polkit", action="store_true", help="show the polkit rule for this config's units")
    flags.add_argument("--yes", action="store_true", help="with --install-polkit, as root: write it")
    args = flags.parse_args(argv)
    if args.install_polkit:
        from console.commands.polkit import install

        return install(args)
    if args.yes:
        flags.error("--yes is for --install-polkit")
    found = _looked(args)
    if args.json:
        _json(found)
    else:
        print("\n".join(_lines(found)))
    return 1 if any(finding.level == FAULT for finding in found) else 0


def _looked(args: Namespace) -> list[Finding]:
    """All findings; where no site opens, what keeps it from that."""
    from console.commands.opening import settled
    from console.config.loading import ConfigError
    from console.local import open_site
    from console.paths import PlacesError

    read_only = "--read-only" if args.read_only else ""
    try:
        site = open_site(args.config, read_only=read_only, only_looks=True, headless=True)
    except (ConfigError, PlacesError, ValueError) as error:
        return unopened(str(error), _driver())
    try:
        return findings(_heard(site, settled(site, 2)), _facts(args.config, site.check()))
    finally:
        site.close()


def _facts(explicit: str | None, check: Check) -> Facts:
    from console.config.loading import find, load
    from console.paths import obstacle, places
    from console.telemetry.hoststate import in_container

    config, where = load(find(explicit)), places()
    return Facts(
        config_path=clean(config.path, 1000) if config.path else None,
        driver=_driver(),
        workloads=len(config.settings.workloads),
        controllers=check.warnings,
        silent=check.faults,
        disks=obstacle(where),
        journal=_journal(),
        shared=where.shared,
        state=str(where.state),
        cautions=config.warnings,
        contained=in_container(),
        brings=tuple(_brings(config.settings)),
    )


def _heard(site: Site, snapshot: Snapshot) -> Snapshot:
    """The snapshot once every feed and pool has said something, or what stands after ``ANSWERS_S``."""
    end = time.monotonic() + ANSWERS_S
    while _silent(snapshot) and time.monotonic() < end:
        time.sleep(POLL_S)
        snapshot = site.snapshot()
    return snapshot


def _silent(snapshot: Snapshot) -> bool:
    feeds, pools = snapshot.market.feeds, snapshot.market.pools
    unasked = any(feed.asked_at is None and feed.answered_at is None for feed in feeds)
    return unasked or any(pool.at is None and not pool.error for pool in pools)


def _brings(settings: Settings) -> Iterator[Brings]:
    for name, feed in settings.feeds.items():
        kind = feed.kind or name
        names = {**feed.coins, **feed.gpus, **feed.machines} or {"BTC": ""}  # mempool's own, without coins
        figures = [(what, one) for what in _BRINGS.get(kind, ()) for one in names]
        figures += [(value.kind, value.name) for value in feed.values]
        words = {word.format(one) for what, one in figures for word in _WORDS.get(what, ())}
        yield Brings(feed=name, words=frozenset(words | {*_rates(kind, feed)}))


def _rates(kind: str, feed: FeedSettings) -> Iterator[str]:
    """The exchange rates that a feed brings, each both ways."""
    pairs = [value.unit.split("/") for value in feed.values if value.kind == "fx"]
    if kind == "frankfurter":
        pairs += [[feed.currency or "EUR", other] for other in feed.currencies]
    elif kind == "mempool":
        pairs.append([feed.currency or "USD", "BTC"])
    for pair in pairs:
        for one, other in permutations(pair, 2):
            yield f"exchange rate {one.upper()} to {other.upper()}"


def _driver() -> str | None:
    from console.telemetry.static import driver_version

    return driver_version()


def _journal() -> str:
    """What is wrong with the journal, "" when nothing is or there is none yet."""
    from console.flips.journal import Journal, JournalError
    from console.flips.reading import check
    from console.paths import places

    try:
        verdict = check(Journal(places()))
    except JournalError as error:
        return str(error)
    return "" if verdict.ok else verdict.sentence


def _lines(found: list[Finding]) -> list[str]:
    """One line per finding, then why it matters; the next step once after all in a row that it is for. At the end, next
    to the prompt, the one step to begin with."""
    lines: list[str] = []
    for finding, after in zip(found, [*found[1:], None], strict=True):
        lines.append(f"{MARKS[finding.level]} {finding.what}")
        last = after is None or (after.why, after.do) != (finding.why, finding.do)
        if finding.why and last:
            lines.append(f"    why: {finding.why}")
        if finding.do and last:
            lines.append(f"    → {finding.do}")
    return [*lines, *_ending(found)]


def _ending(found: list[Finding]) -> list[str]:
    """How many of each, and the one step to begin with; nothing where all is well or one step stands there anyway."""
    steps = list(dict.fromkeys(one.do for one in found if one.do))
    if len(steps) < 2:
        return []
    count = {word: sum(one.level == level for one in found) for level, word in SAID}
    told = ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for word, number in count.items() if number)
    return ["", f"{told}; begin with: {steps[0]}"]


def _json(found: list[Finding]) -> None:
    import json

    import msgspec

    print(json.dumps({"schema": 1, "findings": msgspec.to_builtins(found)}, indent=2))
