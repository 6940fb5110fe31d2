"""What pools count of reported hashes: simulated miners and pools whose truth is known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.history.credited import MAX_GAP_S, WARM_UP_S, Credited, Heard
from console.history.tallies import SPAN_S, Sums, Tally
from console.history.verdict import FLAG_SHARES, MONEY_SHARES, verdict
from console.model import Kept, Output, PoolState, WorkState

BEGIN = 1_795_392_000.0
RATE = 1e8
TICK_S = 10.0
SHARE = 4e8  # hashes: 2.5 shares a tick


class Miner:
    """A miner that reports ``RATE`` and finds shares at random for ``ratio`` of it."""

    def __init__(self, ratio: float, seed: int = 1, unit: str = "miner-0", workload: str = "ergo") -> None:
        self.ratio, self.unit, self.workload = ratio, unit, workload
        self.chance = random.Random(seed)
        self.started_at = BEGIN - 10 * WARM_UP_S
        self.shares = 0
        self.next_s = 0.0
        self.state = WorkState.RUNNING
        self.tells_difficulty = True

    def work(self, seconds: float) -> None:
        """Shares come as a Poisson process."""
        self.next_s -= seconds
        while self.next_s <= 0:
            self.shares += 1
            self.next_s += self.chance.expovariate(RATE * self.ratio / SHARE)

    def restart(self, at: float) -> None:
        self.shares, self.started_at = 0, at

    def output(self, at: float) -> Output:
        return Output(
            at=at,
            unit="H/s",
            value=RATE,
            state=self.state,
            accepted=self.shares,
            credited_hashes=self.shares * SHARE if self.tells_difficulty else None,
            uptime_s=at - self.started_at,
        )


class Pool:
    """Credits ``ratio`` of what hashes should bring, block by block, and pays out above ``least`` coins."""

    def __init__(self, ratio: float, *, says_paid: bool = True) -> None:
        self.ratio = ratio
        self.says_paid = says_paid
        self.unpaid = self.immature = self.paid = self.found = 0.0
        self.least = 5.0

    def credit(self, coins: float) -> None:
        """Half of a block is mature when the next is found."""
        self.unpaid += self.immature / 2
        self.immature = self.immature / 2 + coins * self.ratio
        if self.unpaid >= self.least:
            self.paid, self.unpaid = self.paid + self.unpaid, 0.0

    def state(self, at: float) -> PoolState:
        paid = self.paid if self.says_paid else None
        return PoolState(name="main", coin="ERG", at=at, unpaid=self.unpaid, immature=self.immature, paid=paid)


class World:
    """A console's ticks over miners and a pool that is read every ``every_s``."""

    def __init__(self, *miners: Miner, pool: Pool | None = None, path: Path | None = None, keeps: bool = True) -> None:
        self.miners, self.pool = list(miners), pool
        self.credited = Credited(path, keeps=keeps)
        self.now = BEGIN
        self.coins_per_hash: float | None = 1e-12
        self.every_s = 60.0
        self.state = pool.state(self.now - 1.0) if pool else None
        self.earned = 0.0

    def tick(self, watched: bool = True) -> None:
        self.now += TICK_S
        for miner in self.miners:
            miner.work(TICK_S)
            self.earned += RATE * TICK_S * 1e-12
        if self.pool is not None and self.state is not None and self.now - (self.state.at or 0.0) >= self.every_s:
            self.pool.credit(self.earned)
            self.earned = 0.0
            self.state = self.pool.state(self.now)
        if watched:
            name = "main" if self.pool else ""
            heard = [Heard(m.workload, name, m.unit, m.output(self.now), self.coins_per_hash) for m in self.miners]
            self.credited.watch(self.now, heard)
            self.credited.balances([self.state] if self.state else [])

    def run(self, ticks: int, until: Callable[[Kept], bool] = lambda _: False) -> Kept:
        for _ in range(ticks):
            self.tick()
            if self.known() and until(self.kept):
                break
        return self.kept

    def known(self) -> bool:
        return bool(self.credited.kept())

    @property
    def kept(self) -> Kept:
        return self.credited.kept()[0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    ratio=st.floats(0.2, 1.0),
    seed=st.integers(0, 2**32),
    shares=st.sampled_from([30, 100, 400, 900]),
    miners=st.integers(1, 3),
)
def test_shares_tell_the_ratio_to_three_over_the_root_of_them(
    ratio: float, seed: int, shares: int, miners: int
) -> None:
    """However many miners find them, and wherever in its flow the console begins."""
    world = World(*(Miner(ratio, seed + n, f"miner-{n}") for n in range(miners)))
    for _ in range(seed % 7):
        world.tick(watched=False)
    kept = world.run(10_000, lambda kept: kept.shares >= shares)
    assert kept.ratio is not None and abs(kept.ratio - ratio) <= 3 / math.sqrt(kept.shares)
    assert kept.learned_from == "shares" and kept.reported_h_per_s == pytest.approx(RATE)
    assert kept.credited_h_per_s == pytest.approx(RATE * kept.ratio)


def test_every_hash_and_every_share_is_counted_once(tmp_path: Path) -> None:
    """What is learned is what the miner's own counters say between the first look and the last, restart included."""
    miner = Miner(0.9)
    world = World(miner, path=tmp_path / "credited.json")
    world.tick()
    before, begun = miner.shares, world.now
    world.run(500)
    assert world.kept.shares == miner.shares - before
    assert world.kept.ratio == pytest.approx((miner.shares - before) * SHARE / (RATE * (world.now - begun)))
    world.credited.save()
    again = World(miner, path=tmp_path / "credited.json")
    again.now = world.now
    assert again.kept == world.kept
    again.run(500)
    assert again.kept.shares >= 1.9 * world.kept.shares


def test_a_miner_that_restarts_loses_only_its_first_minutes() -> None:
    """Counters begin at 0 again: nothing is counted backwards, the warm-up is left out of both sides."""
    miner = Miner(0.9)
    world = World(miner)
    world.run(200)
    miner.restart(world.now)
    world.run(100)
    before = world.credited._tallies["", "ergo"].sums
    miner.restart(world.now)
    world.run(int(WARM_UP_S / TICK_S))
    during = world.credited._tallies["", "ergo"].sums
    assert (during.shares, during.compared) == (before.shares, before.compared)
    assert during.reported > before.reported, "its balance side takes the warm-up in"
    kept = world.run(400)
    assert kept.ratio == pytest.approx(0.9, abs=3 / math.sqrt(kept.shares))


def test_what_was_not_watched_is_left_out_of_both_sides() -> None:
    """A console that slept, or a meter that did not answer, teaches nothing about that time."""
    miner = Miner(0.8)
    world = World(miner)
    world.run(300)
    before = world.credited._tallies["", "ergo"].sums
    for _ in range(int(10 * MAX_GAP_S / TICK_S)):
        world.tick(watched=False)
    world.tick()
    assert world.credited._tallies["", "ergo"].sums == before
    kept = world.run(300)
    assert kept.ratio == pytest.approx(0.8, abs=3 / math.sqrt(kept.shares))


@pytest.mark.parametrize("state", [WorkState.FAILING, WorkState.WARMING])
def test_a_miner_without_its_pool_teaches_nothing(state: WorkState) -> None:
    """What it hashes then is no measure of what the pool counts."""
    miner = Miner(0.9)
    world = World(miner)
    world.run(100)
    before = world.credited._tallies["", "ergo"].sums
    miner.state = state
    world.run(50)
    assert world.credited._tallies["", "ergo"].sums == before


def test_thirty_shares_raise_a_flag_and_four_hundred_enter_the_money() -> None:
    """Before thirty no ratio is shown; three times too much reported is flagged at once and used when it is sure."""
    world = World(Miner(1 / 3))
    early = world.run(10_000, lambda kept: kept.shares >= FLAG_SHARES - 5)
    assert (early.ratio, early.flagged, early.counts) == (None, False, False)
    assert early.text == f"pool has counted {early.shares} shares of ergo, 30 tell what it credits"
    flagged = world.run(10_000, lambda kept: kept.shares >= FLAG_SHARES)
    assert flagged.flagged and not flagged.counts
    assert "as much is reported as is credited; in the money after 400" in flagged.text
    sure = world.run(10_000, lambda kept: kept.shares >= MONEY_SHARES)
    assert sure.flagged and sure.counts and sure.ratio is not None
    times = f"{1 / sure.ratio:.1f}"
    assert sure.text == (
        f"pool credits {sure.ratio:.2f} of what ergo reports ({sure.shares} shares): "
        f"{times} times as much is reported as is credited"
    )


@pytest.mark.parametrize(("ratio", "flagged"), [(0.76, True), (0.78, False)])
def test_the_flag_is_raised_past_thirteen_tenths(ratio: float, flagged: bool) -> None:
    """1.3 times as much reported as credited."""
    sums = Sums(compared=1000.0, credited=1000.0 * ratio, shares=FLAG_SHARES)
    assert verdict(Tally(pool="", workload="ergo", since=0.0, at=0.0, now=sums), balance=True).flagged == flagged


def test_an_honest_pool_is_not_flagged() -> None:
    """The one line says the ratio and what it rests on."""
    kept = World(Miner(0.97)).run(10_000, lambda kept: kept.shares >= MONEY_SHARES)
    assert kept.counts and not kept.flagged
    assert kept.text == f"pool credits {kept.ratio:.2f} of what ergo reports ({kept.shares} shares)"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(ratio=st.floats(0.3, 1.0), seed=st.integers(0, 1000), says_paid=st.booleans(), least=st.floats(0.03, 0.2))
def test_a_balance_tells_the_ratio_through_payouts(ratio: float, seed: int, says_paid: bool, least: float) -> None:
    """Payouts move coins and lose none; where a pool does not say what it paid, a fall is left out on both sides."""
    miner, pool = Miner(ratio, seed), Pool(ratio, says_paid=says_paid)
    miner.tells_difficulty, pool.least = False, least
    world = World(miner, pool=pool)
    kept = world.run(6 * 200)
    assert kept.learned_from == "balance" and kept.ratio == pytest.approx(ratio, rel=0.02)
    assert pool.paid > 0, "it was paid out"
    assert kept.credited_h_per_s == pytest.approx(RATE * ratio, rel=0.02)
    assert kept.counts and kept.text.startswith("pool has credited to its account")


def test_an_orphaned_block_is_a_loss() -> None:
    """What had been credited and is taken back counts against the pool."""
    miner, pool = Miner(1.0), Pool(1.0)
    miner.tells_difficulty = False
    world = World(miner, pool=pool)
    before = world.run(6 * 100).ratio
    pool.immature = 0.0
    after = world.run(12).ratio
    assert before == pytest.approx(1.0, rel=0.02) and after is not None and before is not None and after < before


def test_a_payout_is_no_loss_and_its_hour_counts() -> None:
    """Coins per hour of the account are those credited, whether they were paid out or not."""
    miner, pool = Miner(0.9), Pool(0.9)
    pool.least = 0.02
    world = World(miner, pool=pool)
    world.run(6 * 120)
    assert pool.paid > 0.1
    assert world.credited.coins_per_h("main") == pytest.approx(RATE * 3600 * 1e-12 * 0.9, rel=0.02)
    assert world.credited.coins_per_h("other") is None


def test_the_first_hour_of_an_account_says_no_rate() -> None:
    """A single block would else be read as a pace."""
    world = World(Miner(1.0), pool=Pool(1.0))
    world.run(6 * 59)
    assert world.credited.coins_per_h("main") is None
    world.run(6 * 3)
    assert world.credited.coins_per_h("main") is not None


def test_two_workloads_of_one_account_are_learned_from_shares_alone() -> None:
    """The balance cannot say whose coins they are."""
    one, two = Miner(0.9), Miner(0.5, 2, "miner-1", "other")
    world = World(one, two, pool=Pool(0.7))
    world.run(6 * 120)
    assert set(world.credited.miners("main")) == {"ergo", "other"}
    kept = {one.workload: one for one in world.credited.kept()}
    for miner in (one, two):
        found = kept[miner.workload]
        assert found.learned_from == "shares"
        assert found.ratio == pytest.approx(miner.ratio, abs=3 / math.sqrt(found.shares))
    assert all(tally.sums.coins == 0 for tally in world.credited._tallies.values())


def test_a_balance_teaches_nothing_from_the_moment_a_second_workload_joins() -> None:
    """Not even what it taught before: for a week the account holds both."""
    first, second = Miner(0.9), Miner(0.9, 2, "miner-1", "other")
    first.tells_difficulty = second.tells_difficulty = False
    world = World(first, pool=Pool(0.9))
    assert world.run(6 * 120).learned_from == "balance" and world.kept.counts
    world.miners.append(second)
    world.run(12)
    assert [kept.ratio for kept in world.credited.kept()] == [None, None]
    world.miners.remove(second)
    world.now += 2 * SPAN_S
    assert world.run(12).learned_from == "balance"


def test_what_others_mine_to_the_account_is_not_taken_for_ours() -> None:
    """A pool that credits far more than is reported here is not believed; a config may say so from the start."""
    miner = Miner(0.9)
    miner.tells_difficulty = False
    world = World(miner, pool=Pool(3.0))
    kept = world.run(6 * 150)
    assert kept.ratio == pytest.approx(3.0, rel=0.02) and not kept.counts
    assert kept.text.endswith("not used: others mine to this account, or a unit is wrong")
    assert world.credited.kept(frozenset({"main"}))[0].ratio is None


def test_a_wrong_unit_does_not_chase_a_miner_away() -> None:
    """A billionth of what is due is no pool's doing: it is flagged and does not enter the money."""
    miner = Miner(0.9)
    miner.tells_difficulty = False
    kept = World(miner, pool=Pool(1e-9)).run(6 * 150)
    assert kept.flagged and not kept.counts
    assert kept.text.endswith(": many times as much is reported as is credited; not used: a unit is wrong")


@pytest.mark.parametrize("blind", ["no price", "no meter", "no answer", "asleep", "unseen"])
def test_an_interval_that_was_not_seen_whole_teaches_nothing_of_the_balance(blind: str) -> None:
    """Coins came of hashes that nobody counted: neither enters."""
    miner, pool = Miner(0.8), Pool(0.8)
    miner.tells_difficulty = False
    world = World(miner, pool=pool)
    for round_ in range(150):
        if round_ % 3 == 0:
            _blinded(world, blind)
        world.run(6)
    kept = world.kept
    assert kept.ratio == pytest.approx(0.8, rel=0.03), blind


def _blinded(world: World, blind: str) -> None:
    if blind == "no price":
        world.coins_per_hash = None
        world.tick()
        world.coins_per_hash = 1e-12
    elif blind in ("no meter", "no answer"):
        world.now += TICK_S
        world.earned += RATE * TICK_S * 1e-12
        silent = Output(at=world.now, unit="H/s", value=None, state=WorkState.FAILING) if blind == "no answer" else None
        world.credited.watch(world.now, [Heard("ergo", "main", "miner-0", silent, 1e-12)])
    elif blind == "unseen":  # its processes were somebody's whom nobody knew
        world.now += TICK_S
        world.earned += RATE * TICK_S * 1e-12
        world.credited.watch(world.now, [])
    else:
        for _ in range(5):
            world.tick(watched=False)


def test_a_balance_of_before_the_console_began_is_no_beginning() -> None:
    """What was on disk from yesterday has a night of unseen mining behind it."""
    miner, pool = Miner(0.8), Pool(0.8)
    miner.tells_difficulty = False
    world = World(miner, pool=pool)
    world.state = pool.state(BEGIN - 40_000.0)
    world.every_s = 40_060.0
    pool.unpaid = 50.0
    world.run(12)
    assert world.credited._tallies["main", "ergo"].sums.coins == 0
    gained = 50.0 + 0.8 * RATE * 60 * 1e-12
    assert world.credited.coins_per_h("main") == pytest.approx(gained / 40_060 * 3600, rel=0.01)


def test_a_new_truth_is_learned_within_a_week_of_mining() -> None:
    """Two buckets: the older is dropped when the newer is full, so that nothing is remembered for ever."""
    miner = Miner(0.9)
    world = World(miner)
    world.run(600)
    miner.ratio = 0.5
    for _ in range(2):
        world.now += SPAN_S
        world.run(600)
    kept = world.run(60)
    assert kept.ratio == pytest.approx(0.5, abs=3 / math.sqrt(kept.shares))


def test_what_was_known_before_a_long_pause_holds_until_it_is_known_better() -> None:
    """A workload that did not run for a month does not fall back to believing what it reports."""
    world = World(Miner(0.6))
    world.run(600)
    world.now += 30 * 86400.0
    kept = world.run(20)
    assert kept.counts and kept.ratio == pytest.approx(0.6, abs=3 / math.sqrt(kept.shares))
