"""What is learned of pools, from meters and balances into the money, the advice, the answer behind w and the log."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.config.pool_settings import PoolSettings
from console.config.settings import CoinSettings, QuoteSettings, Settings, SiteSettings
from console.config.workload_settings import WorkloadSettings
from console.demo import FarmGround
from console.economics.terms import MiningTerms
from console.market.keeper import News
from console.market.prices import Prices
from console.market.quotes import Board, configured
from console.market.terms import terms_of
from console.market.yields import coins_per_hash
from console.model import GpuRow, Kept, Kind, Option, Output, PoolState, Quote, Snapshot
from console.site.credit import lapsing
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer
from console.view import why
from console.view.pieces import text_of

START = 1_795_435_200.0


class Pooled(FarmGround):
    """The simulated farm, whose ergo miners tell the difficulty of their shares and mine to one account."""

    def __init__(
        self, folder: Path, pool: PoolSettings, ratio: float = 1.0, gpus: int = 8, miners: tuple[str, ...] = ("ergo",)
    ) -> None:
        farm = Farm(gpus=gpus, scenario="calm", start=START, timer=HandTimer())
        own = folder / f"farm-{sum(1 for _ in folder.iterdir())}"
        own.mkdir()
        super().__init__(farm, own)
        workloads = dict(farm.settings.workloads)
        workloads |= {name: msgspec.structs.replace(workloads[name], pool="main") for name in miners}
        settings = msgspec.structs.replace(farm.settings, pools={"main": pool}, workloads=workloads)
        self.config = msgspec.structs.replace(farm.config, settings=settings)
        self.ratio = ratio
        self.pools: tuple[PoolState, ...] = ()

    def output(self, unit: str) -> Output | None:
        output = super().output(unit)
        if output is None or output.unit != "H/s" or output.value is None or output.uptime_s is None:
            return output
        hashes = 2e8 * output.uptime_s
        return msgspec.structs.replace(
            output, value=2e8, accepted=int(10 * output.uptime_s), credited_hashes=self.ratio * hashes
        )

    def news(self) -> News:
        return msgspec.structs.replace(super().news(), pools=self.pools)


def pool(**more: object) -> PoolSettings:
    return PoolSettings(kind="twominers", coin="ERG", wallet="9h", **more)  # type: ignore[arg-type]


def balance(**more: object) -> PoolState:
    return PoolState(name="main", coin="ERG", at=START, **more)  # type: ignore[arg-type]


def ticked(ground: Pooled, state: State, seconds: int = 1) -> Snapshot:
    for _ in range(seconds):
        ground._farm.sleep(1.0)
        snapshot = state.apply(ground._farm.batch())
    return snapshot


def mining(snapshot: Snapshot) -> GpuRow:
    return next(row for row in snapshot.rows if row.money.running == "ergo")


def ergo(row: GpuRow) -> Option:
    return next(option for option in row.money.options if option.workload == "ergo")


def told(snapshot: Snapshot) -> list[str]:
    return [line.text for line in snapshot.log]


def behind_w(snapshot: Snapshot) -> str:
    lines = why.lines(mining(snapshot), snapshot, 160, 30, expanded=True)
    return " ".join(" ".join(text_of(line).split()) for line in lines)


def test_what_a_pool_counts_replaces_what_the_config_supposes(tmp_path: Path) -> None:
    """Developer fee and rejects of the config make way for the learned share, on the running option and the others."""
    ground = Pooled(tmp_path, pool(), ratio=0.7)
    state = State(ground, "")
    first = ergo(mining(ticked(ground, state, 2)))
    assert first.gross_per_h is not None and first.fees_per_h is not None
    assert first.fees_per_h / first.gross_per_h == pytest.approx(1 - 0.99 * 0.996 * 0.99)
    snapshot = ticked(ground, state, 120)
    for row in snapshot.rows:
        for option in row.money.options:
            if option.workload == "ergo" and option.gross_per_h and option.fees_per_h is not None:
                assert option.fees_per_h / option.gross_per_h == pytest.approx(1 - 0.7 * 0.99, abs=1e-3)
    kept = snapshot.market.kept[0]
    assert kept.counts and kept.flagged and kept.ratio == pytest.approx(0.7, abs=1e-3) and kept.shares > 400
    assert kept.reported_h_per_s == pytest.approx(2e8)
    assert ergo(mining(snapshot)).source.endswith(f"; {kept.text}")
    state.close()


def test_far_too_little_is_told_once_and_stands_behind_w(tmp_path: Path) -> None:
    """A line in the log when it is first seen, a mark for as long as it lasts."""
    ground = Pooled(tmp_path, pool(), ratio=0.5)
    state = State(ground, "")
    snapshot = ticked(ground, state, 90)
    said = [line for line in snapshot.log if "as much is reported" in line.text]
    assert [line.tone for line in said] == ["warn"]
    assert said[0].text.startswith("main: pool credits 0.50 of what ergo reports (")
    assert "2.0 times as much is reported as is credited" in behind_w(snapshot)


def test_an_account_is_shown_with_what_it_owes_and_when_it_pays(tmp_path: Path) -> None:
    """Time to payout from what was credited per hour; accrued money is another figure and stands elsewhere."""
    ground = Pooled(tmp_path, pool())
    state = State(ground, "")
    ground.pools = (balance(unpaid=0.2, immature=0.1, paid=7.0, payout_min=0.5, hashrate_h_per_s=1.9e8),)
    shown = ticked(ground, state).market.pools[0]
    assert (shown.unpaid, shown.immature, shown.paid, shown.payout_min) == (0.2, 0.1, 7.0, 0.5)
    assert (shown.credited_per_h, shown.payout_s) == (None, None), "one answer is no rate"
    later = msgspec.structs.replace(ground.pools[0], at=START + 7200.0, unpaid=0.25, immature=0.11)
    ground.pools = (later,)
    shown = ticked(ground, state).market.pools[0]
    assert shown.credited_per_h == pytest.approx(0.03) and shown.payout_s == pytest.approx(0.25 / 0.03 * 3600)
    ground.pools = (msgspec.structs.replace(later, unpaid=0.6),)
    paid = ticked(ground, state).market
    assert paid.pools[0].payout_s == 0.0 and paid.pools[0].kept == paid.kept
    assert [kept.workload for kept in paid.kept] == ["ergo"]


def test_a_pool_that_fails_is_told_and_so_is_its_return(tmp_path: Path) -> None:
    """Once each, not every second."""
    ground = Pooled(tmp_path, pool())
    state = State(ground, "")
    ground.pools = (balance(error="nothing listens at https://pool.invalid"),)
    assert ticked(ground, state, 3).log[0].text == "pool main: nothing listens at https://pool.invalid"
    assert sum("pool.invalid" in text for text in told(ticked(ground, state, 3))) == 1
    ground.pools = (balance(),)
    assert "pool main answers again" in told(ticked(ground, state))


def test_who_else_mines_to_an_account_is_noted(tmp_path: Path) -> None:
    """Several workloads of one's own, or others as the config says: then the balance teaches nothing."""
    ground = Pooled(tmp_path, pool(), gpus=16)
    state = State(ground, "")
    ground.pools = (balance(unpaid=0.2),)
    assert ticked(ground, state, 5).market.pools[0].notes == ()
    ground = Pooled(tmp_path, pool(), gpus=16, miners=("ergo", "pearl"))
    state = State(ground, "")
    ground.pools = (balance(unpaid=0.2),)
    note = "ergo, pearl mine to one account: what is credited is learned from shares alone"
    assert ticked(ground, state, 5).market.pools[0].notes == (note,)
    ground = Pooled(tmp_path, pool(shared=True))
    state = State(ground, "")
    ground.pools = (balance(unpaid=0.2),)
    assert ticked(ground, state).market.pools[0].notes[0].startswith("others mine to this account")


def forfeited(ground: Pooled) -> tuple[float | None, int, float]:
    """What leaving is charged with, how many GPUs mine to the account, and the coin's price."""
    state = State(ground, "")
    snapshot = ticked(ground, state, 2)
    row = mining(snapshot)
    grounds = state.pricing.grounds(row.reading.uuid)
    assert grounds is not None
    price = next(q.value for q in snapshot.quotes if (q.kind, q.name) == ("coin_price", "ERG"))
    miners = sum(row.money.running == "ergo" for row in snapshot.rows)
    return grounds.moment.forfeited, miners, price


def test_what_lapses_below_the_minimum_counts_against_leaving(tmp_path: Path) -> None:
    """What is owed, spread over the GPUs that mine there, only where the config says that it lapses."""
    ground = Pooled(tmp_path, pool(forfeits=True))
    ground.pools = (balance(unpaid=0.2, immature=0.1, payout_min=0.5),)
    found, miners, price = forfeited(ground)
    assert found is not None and found == pytest.approx(0.3 * price / miners) and found > 0
    kept = Pooled(tmp_path, pool())
    kept.pools = ground.pools
    assert forfeited(kept)[0] == 0.0


def test_what_lapses_without_a_price_is_unknown(tmp_path: Path) -> None:
    """Never nothing: a pool that pays a coin nobody quotes keeps what cannot be weighed against a gain."""
    ground = Pooled(tmp_path, msgspec.structs.replace(pool(forfeits=True), coin="XYZ"))
    ground.pools = (msgspec.structs.replace(balance(unpaid=0.2, payout_min=0.5), coin="XYZ"),)
    assert forfeited(ground)[0] is None
    ground.pools = (msgspec.structs.replace(balance(unpaid=0.6, payout_min=0.5), coin="XYZ"),)
    state = State(ground, "")
    ticked(ground, state)
    assert state._credit.now.forfeits == {"main": 0.0}, "nothing lapses above the minimum, whatever it is worth"


@pytest.mark.parametrize(
    ("state", "coins"),
    [
        (balance(unpaid=0.2, payout_min=0.5), 0.2),
        (balance(unpaid=0.2, immature=0.1, payout_min=0.5), 0.3),
        (balance(unpaid=0.2, immature=0.3, payout_min=0.5), 0.0),
        (balance(unpaid=0.5, payout_min=0.5), 0.0),
        (balance(payout_min=0.5), 0.5),
        (balance(unpaid=0.2), 0.0),
    ],
)
def test_what_lapses(state: PoolState, coins: float) -> None:
    """Below the minimum what is owed; not known, at most the minimum; above it or without one nothing."""
    assert lapsing(state, pool(forfeits=True)) == pytest.approx(coins)
    assert lapsing(state, pool()) == 0.0


SETTINGS = Settings(
    site=SiteSettings(),
    coins={"ERG": CoinSettings(algorithm="autolykos2", reward=12.0, difficulty=3.0e15)},
    quotes={
        "ERG": QuoteSettings(kind="coin_price", value=0.8, unit="USD"),
        "KAWPOW": QuoteSettings(kind="hash_price", value=100.0, unit="USD/PH/day"),
        "BTC": QuoteSettings(kind="coin_price", value=100_000.0, unit="USD"),
    },
)


def prices(now: float = START, *more: Quote) -> Prices:
    return Prices(SETTINGS, Board().put((*configured(SETTINGS, START), *more)), now)


def test_what_hashes_should_bring_in_coins() -> None:
    """Reward over the hashes of a block, whatever the coin is worth; a market's price per hash in what it pays."""
    assert coins_per_hash(prices(), "ERG", "ERG") == pytest.approx(12.0 / 3.0e15)
    assert coins_per_hash(prices(), "KAWPOW", "BTC") == pytest.approx(100.0 / 1e15 / 86400 / 100_000)
    assert coins_per_hash(prices(), "RVN", "RVN") is None
    assert coins_per_hash(prices(START + 2 * 86400), "ERG", "ERG") is None, "a stale figure teaches nothing"
    worthless = Quote(name="ERG", kind="coin_price", value=0.0, unit="USD", source="feed", at=START, max_age_s=900)
    assert coins_per_hash(prices(START, worthless), "ERG", "ERG") is None


@pytest.mark.parametrize(
    ("kept", "credited", "covers"),
    [
        (None, None, False),
        ({"ratio": 0.9, "counts": False}, None, False),
        ({"ratio": 0.9, "counts": True}, 0.9, False),
        ({"ratio": 0.9, "counts": True, "learned_from": "balance"}, 0.9, True),
        ({"ratio": 1.04, "counts": True}, 1.0, False),
    ],
)
def test_the_learned_share_enters_the_terms(
    kept: dict[str, object] | None, credited: float | None, covers: bool
) -> None:
    """Once it counts; more than everything is luck; learned from the balance it covers the pool's fee too."""
    workload = WorkloadSettings(kind=Kind.MINE, coin="ERG", pool_fee=0.01, dev_fee=0.02)
    board = Board().put(configured(SETTINGS, START))
    told: dict[str, object] = {"workload": "ergo", "pool": "", "shares": 500, "learned_from": "shares", "at": START}
    known = {"ergo": Kept(**{**told, **kept})} if kept else {}  # type: ignore[arg-type]
    found = terms_of("ergo", workload, SETTINGS, board, START, known)
    assert isinstance(found, MiningTerms)
    assert (found.credited, found.credited_covers_pool, found.pool_fee) == (credited, covers, 0.01)
