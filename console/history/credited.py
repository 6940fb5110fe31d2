"""What pools count of the hashes that miners report, learned per pool and workload, and kept across restarts.

From shares: the difficulty of accepted shares against the rate that the miner shows, integrated over the same seconds.
The first two minutes of a run are left out on both sides: a miner shows 0 or a ramp while it already finds shares.
From the balance: the coins an account gained against those its hashes should have brought. Credits cannot be told apart
by when they were mined, so there a run's first minutes count; an interval between two answers in which a miner could
not be read, or nothing was watched, is left out on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from console import store
from console.history.tallies import SPAN_S, Income, Tally, added, earned, sound
from console.history.verdict import verdict
from console.model import Kept, Output, PoolState, Record, WorkState

WARM_UP_S = 120.0
MAX_GAP_S = 30.0
"""Between two readings of one miner: what is not watched is not guessed."""
SAVE_EVERY_S = 60.0
FORGOTTEN_AFTER_S = 90 * 86400.0
_ROUNDING = 1e-11
_MOST_S = 86400.0  # of hashes that one share may stand for; a counter that grows by more counts something else


class Heard(NamedTuple):
    """One running miner at one instant, with what its meter said last.

    ``pool`` is empty where the config names none. ``coins_per_hash`` is what one hash should bring in the coin that the
    pool pays in; None while a figure for that is unknown or stale.
    """

    workload: str
    pool: str
    unit: str
    output: Output | None
    coins_per_hash: float | None = None


class Learned(Record):
    """The file."""

    tallies: tuple[Tally, ...] = ()
    incomes: tuple[Income, ...] = ()


class _Run(NamedTuple):
    workload: str
    output: Output
    first_at: float


class _Interval(NamedTuple):
    """The time since a pool's last answer, and the coins that hashes should have brought in it, by workload."""

    state: PoolState
    at: float
    expected: dict[str, float]


class Credited:
    """Learns from what it is shown each tick. One thread owns it."""

    def __init__(self, path: Path | None, *, keeps: bool = True) -> None:
        """``path`` is read; it is written only by one that ``keeps``."""
        self._path = path if keeps else None
        learned = store.load(path, Learned, Learned()) if path else Learned()
        self._tallies = {(one.pool, one.workload): one for one in learned.tallies if sound(one)}
        self._incomes = {one.pool: one for one in learned.incomes if math.isfinite(one.coins + one.coins_before)}
        self._runs: dict[str, _Run] = {}
        self._intervals: dict[str, _Interval] = {}
        self._began_at = math.inf  # since then every tick was watched
        self._blind_at: dict[str, float] = {}  # when something that mines to a pool was last not known
        self._watched_at = -math.inf
        self._saved_at = -math.inf

    def watch(self, now: float, heard: Sequence[Heard]) -> None:
        """Every miner that runs now. Call it each tick, also when none does."""
        if not 0 <= now - self._watched_at <= MAX_GAP_S:
            self._began_at = now
        self._watched_at = now
        for one in heard:
            if not self._hear(one, now):
                self._blind_at[one.pool] = now
        units = {one.unit for one in heard}
        self._runs = {unit: run for unit, run in self._runs.items() if unit in units}
        if now - self._saved_at >= SAVE_EVERY_S:
            self.save()
            self._saved_at = now

    def balances(self, states: Iterable[PoolState]) -> None:
        """What pools said last; call it after ``watch`` of the same tick."""
        for state in states:
            if state.at is None:
                continue
            interval = self._intervals.get(state.name)
            if interval is not None and state.at > interval.at:
                self._close(interval, state, state.at)
            if interval is None or state.at > interval.at:
                self._intervals[state.name] = _Interval(state, state.at, {})

    def kept(self, shared: frozenset[str] = frozenset()) -> tuple[Kept, ...]:
        """What is known of every workload. To the pools in ``shared`` others mine as well."""
        return tuple(
            verdict(tally, balance=bool(pool) and pool not in shared and len(self.miners(pool)) == 1)
            for (pool, _), tally in self._tallies.items()
        )

    def miners(self, pool: str) -> tuple[str, ...]:
        """The workloads that mined to a pool within the last week."""
        return tuple(
            workload
            for (name, workload), tally in self._tallies.items()
            if name == pool and self._watched_at - tally.at < 2 * SPAN_S and tally.sums.reported > 0
        )

    def coins_per_h(self, pool: str) -> float | None:
        """What the account was credited per hour of the last days; None before an hour was seen."""
        income = self._incomes.get(pool)
        return income.per_h if income else None

    def save(self) -> None:
        """Keep what was learned on disk, best effort."""
        if self._path is None or not (self._tallies or self._incomes):
            return
        tallies = (one for one in self._tallies.values() if self._watched_at - one.at < FORGOTTEN_AFTER_S)
        store.keep(self._path, Learned(tallies=tuple(tallies), incomes=tuple(self._incomes.values())))

    def _hear(self, one: Heard, now: float) -> bool:
        """Count what a miner did since it was last heard; False where that is not known."""
        output, run = one.output, self._runs.get(one.unit)
        if output is None or not now - output.at <= MAX_GAP_S or (output.value is None and _fails(output)):
            return False
        if run is None or run.workload != one.workload:
            self._runs[one.unit] = _Run(one.workload, output, output.at)
            return not (output.uptime_s or 0.0) > MAX_GAP_S  # else it ran unseen
        if output.at <= run.output.at:
            return True
        again = _began_again(run.output, output)
        self._runs[one.unit] = _Run(one.workload, output, output.at if again else run.first_at)
        if output.at - run.output.at > MAX_GAP_S:
            return False
        stretch = {} if again else _stretch(run, output)
        if not stretch:
            return True
        self._add(one.pool, one.workload, output.at, **stretch)
        return self._expect(one, stretch["reported"])

    def _expect(self, one: Heard, hashes: float) -> bool:
        interval = self._intervals.get(one.pool)
        if interval is None or one.coins_per_hash is None:
            return one.coins_per_hash is not None
        before = interval.expected.get(one.workload, 0.0)
        interval.expected[one.workload] = before + hashes * one.coins_per_hash
        return True

    def _close(self, interval: _Interval, state: PoolState, at: float) -> None:
        """An interval between two answers is over: what the account gained in it."""
        gained, over_s = _gained(interval.state, state), at - interval.at
        if gained is None or over_s > SPAN_S:
            return
        income = self._incomes.get(state.name) or Income(pool=state.name, since=at)
        if math.isfinite(income.coins + gained):
            self._incomes[state.name] = earned(income, at, gained, over_s)
        miners = self.miners(state.name)
        whole = interval.at >= max(self._began_at, self._blind_at.get(state.name, -math.inf))
        if not whole or len(miners) != 1:
            return
        coins, expected = gained, interval.expected.get(miners[0], 0.0)
        self._add(state.name, miners[0], at, expected=expected, coins=coins, credits=int(gained > _rounding(state)))

    def _add(self, pool: str, workload: str, at: float, **amounts: float) -> None:
        key = (pool, workload)
        tally = self._tallies.get(key) or Tally(pool=pool, workload=workload, since=at, at=at)
        more = added(tally, at, **amounts)
        if sound(more):
            self._tallies[key] = more


def _stretch(run: _Run, output: Output) -> dict[str, float]:
    """What a miner did between two readings; empty where it was not mining in both."""
    before = run.output
    if before.value is None or output.value is None or {before.state, output.state} != {WorkState.RUNNING}:
        return {}
    over_s = output.at - before.at
    hashes = (before.value + output.value) / 2 * over_s
    found: dict[str, float] = {"reported": hashes, "reporting_s": over_s}
    shares = 0
    if before.accepted is not None and output.accepted is not None:
        found["accepted"] = shares = output.accepted - before.accepted
    ran_s = before.uptime_s if before.uptime_s is not None else before.at - run.first_at
    if before.credited_hashes is not None and output.credited_hashes is not None and ran_s >= WARM_UP_S:
        credited = output.credited_hashes - before.credited_hashes
        if credited <= _MOST_S * max(before.value, output.value):
            found |= {"compared": hashes, "compared_s": over_s, "credited": credited, "shares": shares}
    return found


def _began_again(before: Output, after: Output) -> bool:
    """True where a counter went back: the miner was started anew."""
    pairs = (
        (before.accepted, after.accepted),
        (before.credited_hashes, after.credited_hashes),
        (before.uptime_s, after.uptime_s),
    )
    return any(old is not None and new is not None and new < old for old, new in pairs)


def _fails(output: Output) -> bool:
    return output.state is WorkState.FAILING


def _gained(before: PoolState, after: PoolState) -> float | None:
    """Coins that were credited between two answers; None where they do not tell.

    A payout moves coins from unpaid to paid and changes nothing. Where the pool does not say what it has paid, a fall
    is a payout, and what was credited meanwhile is not known. A block that was orphaned is a loss.
    """
    told = [(state.unpaid, state.immature, state.paid) for state in (before, after)]
    if any((old is None) != (new is None) for old, new in zip(*told, strict=True)):
        return None
    changes = (new - old for old, new in zip(*told, strict=True) if old is not None and new is not None)
    gained = sum(changes, 0.0)
    return None if after.paid is None and gained < -_rounding(after) else gained


def _rounding(state: PoolState) -> float:
    """What is too small to be anything but the rounding of sums."""
    return _ROUNDING * sum(part for part in (state.unpaid, state.immature, state.paid) if part is not None)
