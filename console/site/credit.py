"""What pools count of what miners here report, and what they owe: learned each tick, for the money, screen and log."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from console.config.pool_settings import PoolSettings
from console.config.workload_settings import WorkloadSettings
from console.history.credited import Credited, Heard
from console.market.prices import Prices
from console.market.quotes import Board
from console.market.yields import coins_per_hash
from console.model import GpuRow, Kept, Kind, LogLine, Market, PoolState
from console.site.ground import Ground


class Credit(NamedTuple):
    """What the money is made with: what is kept of each workload's hashes, and what leaving a pool costs per GPU.

    None for a pool of which something lapses that has no price.
    """

    kept: Mapping[str, Kept] = {}
    forfeits: Mapping[str, float | None] = {}


NOTHING_LEARNED = Credit()
TOLD_EVERY_S = 60.0
"""Every share changes the ratio a little: figures that moved each second would be redrawn and priced for nothing."""


class CreditView:
    """Learns from rows and pools. ``now`` holds what was known after the last tick."""

    def __init__(self, ground: Ground, *, keeps: bool = True) -> None:
        self._settings = ground.config.settings
        path = None if ground.simulated else ground.places.state / "credited.json"
        self._learned = Credited(path, keeps=keeps)
        self._shared = frozenset(name for name, pool in self._settings.pools.items() if pool.shared)
        self._kept = self._learned.kept(self._shared)
        self._kept_at = -math.inf
        self.now = Credit(kept=self._of_workloads(self._kept))
        self._shown = tuple(self.now.kept.values())
        self._pools: tuple[PoolState, ...] = ()
        self._failing: frozenset[str] = frozenset()
        self._flagged: frozenset[tuple[str, str]] = frozenset()

    def watch(self, rows: Sequence[GpuRow], board: Board, states: Sequence[PoolState], now: float) -> None:
        """One tick: who mines, and what the pools said last."""
        prices = Prices(self._settings, board, now)
        self._learned.watch(now, tuple(self._heard(rows, prices)))
        self._learned.balances(states)
        self._shown = tuple(self.now.kept.values())  # what this tick's money was made with
        self._look_again(now)
        self._pools = tuple(self._pool(state) for state in states)
        forfeits = {state.name: self._forfeit(state, rows, prices) for state in states}
        self.now = Credit(kept=self._of_workloads(self._kept), forfeits=forfeits)

    def within(self, market: Market) -> Market:
        """The market with its pools in it."""
        return msgspec.structs.replace(market, pools=self._pools, kept=self._shown)

    def changes(self, now: float) -> Iterator[LogLine]:
        """A line for each pool that has begun or ceased to fail, and each miner that is credited far too little."""
        failing = frozenset(pool.name for pool in self._pools if pool.error)
        for pool in self._pools:
            if pool.error and pool.name not in self._failing:
                yield LogLine(at=now, text=f"pool {pool.name}: {pool.error}", tone="warn")
            elif not pool.error and pool.name in self._failing:
                yield LogLine(at=now, text=f"pool {pool.name} answers again", tone="label")
        flagged = frozenset((one.pool, one.workload) for one in self._kept if one.flagged)
        for one in self._kept:
            if ((one.pool, one.workload) in flagged) != ((one.pool, one.workload) in self._flagged):
                text = f"{one.pool}: {one.text}" if one.pool else one.text
                yield LogLine(at=now, text=text, tone="warn" if one.flagged else "label")
        self._failing, self._flagged = failing, flagged

    def close(self) -> None:
        """Keep what was learned."""
        self._learned.save()

    def _look_again(self, now: float) -> None:
        found = self._learned.kept(self._shared)
        late = abs(now - self._kept_at) >= TOLD_EVERY_S  # a clock may be set back
        if late or [_news(one) for one in found] != [_news(one) for one in self._kept]:
            self._kept, self._kept_at = found, now

    def _heard(self, rows: Sequence[GpuRow], prices: Prices) -> Iterator[Heard]:
        """Every miner that runs, once."""
        seen: set[str] = set()
        for row in rows:
            instance, workload = row.occupancy.instance, self._mining(row)
            if instance is None or workload is None or instance.unit in seen:
                continue
            seen.add(instance.unit)
            pool = self._settings.pools.get(workload.pool or "")
            expected = coins_per_hash(prices, workload.coin, pool.coin) if pool and workload.coin else None
            yield Heard(instance.workload, workload.pool or "", instance.unit, row.output, expected)

    def _mining(self, row: GpuRow) -> WorkloadSettings | None:
        instance = row.occupancy.instance
        if instance is None or instance.kind is not Kind.MINE:
            return None
        return self._settings.workloads.get(instance.workload)

    def _of_workloads(self, kept: Sequence[Kept]) -> dict[str, Kept]:
        """What holds for each workload at the pool that the config names for it now."""
        pools = {name: workload.pool or "" for name, workload in self._settings.workloads.items()}
        return {one.workload: one for one in kept if pools.get(one.workload) == one.pool}

    def _pool(self, state: PoolState) -> PoolState:
        per_h = self._learned.coins_per_h(state.name)
        return msgspec.structs.replace(
            state,
            credited_per_h=per_h,
            payout_s=_payout_s(state, per_h),
            kept=tuple(one for one in self._shown if one.pool == state.name),
            notes=tuple(self._notes(state.name)),
        )

    def _notes(self, name: str) -> Iterator[str]:
        miners = self._learned.miners(name)
        if name in self._shared:
            yield "others mine to this account: what is credited is learned from shares alone"
        elif len(miners) > 1:
            yield f"{', '.join(miners)} mine to one account: what is credited is learned from shares alone"

    def _forfeit(self, state: PoolState, rows: Sequence[GpuRow], prices: Prices) -> float | None:
        """What lapses per GPU if what mines to a pool leaves it; 0 unless the config says that it lapses.

        Not known what is owed, it may be all up to the minimum; None where the coin has no price.
        """
        settings = self._settings.pools.get(state.name)
        coins = lapsing(state, settings) if settings is not None else 0.0
        price = prices.coin(state.coin).value
        if not coins or price is None:
            return None if coins else 0.0
        miners = sum(1 for row in rows if (found := self._mining(row)) is not None and found.pool == state.name)
        return coins * price / max(1, miners)


def _news(kept: Kept) -> tuple[object, ...]:
    """What of it is told at once."""
    return kept.pool, kept.workload, kept.ratio is None, kept.learned_from, kept.counts, kept.flagged


def lapsing(state: PoolState, settings: PoolSettings) -> float:
    """Coins of a pool that lapse when mining there stops: what is owed while that is below the minimum."""
    least = state.payout_min
    if not settings.forfeits or least is None:
        return 0.0
    owed = least if state.unpaid is None else math.fsum((state.unpaid, state.immature or 0.0))
    return owed if owed < least or state.unpaid is None else 0.0


def _payout_s(state: PoolState, per_h: float | None) -> float | None:
    """Seconds until the payout minimum is reached; None while that is not known or nothing is credited."""
    if state.unpaid is None or state.payout_min is None:
        return None
    if state.unpaid >= state.payout_min:
        return 0.0
    return (state.payout_min - state.unpaid) / per_h * 3600.0 if per_h is not None and per_h > 0 else None
