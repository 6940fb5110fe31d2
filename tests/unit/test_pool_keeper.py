"""The keeper of pools against a real one: followed, failing and coming back, obeyed, and remembered across restarts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.config.pool_settings import PoolSettings
from console.market.pool_contract import Balance
from console.market.pool_keeper import Account, PoolKeeper
from console.market.pool_registry import connect_pool
from console.model import PoolState
from tests.contract.hostile import Handler, Hostile, answer, serving


class Pool:
    """A 2Miners whose balance and manner can be changed while it runs."""

    def __init__(self) -> None:
        self.balance = 1_500_000_000
        self.manner: Callable[[Handler], None] | None = None
        self.more: dict[str, object] = {}

    def __call__(self, handler: Handler) -> None:
        body = {"stats": {"balance": self.balance, "immature": 0, "paid": 0}, **self.more}
        (self.manner or answer(json.dumps(body).encode()))(handler)


@pytest.fixture
def served() -> Iterator[tuple[Pool, Hostile]]:
    made = Pool()
    with serving(made) as server:
        yield made, server


def settings_at(url: str, interval_s: float = 0.1, **more: object) -> PoolSettings:
    return PoolSettings(kind="twominers", coin="ERG", wallet="9h", url=url, interval_s=interval_s, **more)  # type: ignore[arg-type]


def keeper_of(settings: PoolSettings, folder: Path | None = None) -> PoolKeeper:
    return PoolKeeper((Account("main", settings, connect_pool("main", settings)),), folder)


def until(keeper: PoolKeeper, enough: Callable[[PoolState], bool], within_s: float = 10.0) -> PoolState:
    end = time.monotonic() + within_s
    while not enough(state := keeper.states()[0]):
        assert time.monotonic() < end, state
        time.sleep(0.01)
    return state


def test_a_pool_is_followed_fails_and_comes_back(served: tuple[Pool, Hostile]) -> None:
    """Its last balance stays with its true time while it fails, with the sentence beside it."""
    pool, server = served
    keeper = keeper_of(settings_at(server.url))
    assert keeper.states() == (PoolState(name="main", coin="ERG"),), "before an answer nothing is known, and not 0"
    keeper.start()
    assert until(keeper, lambda state: state.at is not None).unpaid == 1.5
    pool.balance = 1_600_000_000
    until(keeper, lambda state: state.unpaid == 1.6)
    pool.manner = answer(b"down", 500)
    failing = until(keeper, lambda state: bool(state.error))
    assert failing.unpaid == 1.6 and failing.error == f"{server.url} answers with HTTP status 500"
    assert failing.at is not None and failing.at <= time.time()
    pool.manner, pool.balance = None, 1_700_000_000
    assert until(keeper, lambda state: state.unpaid == 1.7).error == ""
    keeper.close()


def test_what_a_pool_asks_for_is_obeyed(served: tuple[Pool, Hostile]) -> None:
    """After a 429 that says when to come again nobody comes sooner, however short the interval."""
    pool, server = served
    pool.manner = answer(b"", 429, Retry_After="3600")
    keeper = keeper_of(settings_at(server.url))
    keeper.start()
    until(keeper, lambda state: "asks to wait 3600 s" in state.error)
    time.sleep(0.5)
    assert len(server.seen) == 1
    keeper.close()


def test_a_restart_shows_what_is_known_and_asks_nobody(served: tuple[Pool, Hostile], tmp_path: Path) -> None:
    """A young balance is not asked for again; with other settings it is nobody's."""
    pool, server = served
    settings = settings_at(server.url, 3600.0)
    first = keeper_of(settings, tmp_path / "pools")
    first.start()
    known = until(first, lambda state: state.at is not None and (tmp_path / "pools" / "main.json").exists())
    first.close()
    pool.balance = 9
    second = keeper_of(settings, tmp_path / "pools")
    second.start()
    assert until(second, lambda state: state.at is not None) == known
    time.sleep(0.3)
    assert len(server.seen) == 1
    second.close()
    other = keeper_of(settings_at(server.url, 3600.0, units=1e8), tmp_path / "pools")
    other.start(delay_s=60.0)
    assert other.states()[0].at is None
    other.close()


@pytest.mark.parametrize("content", [b"", b"{", b'{"made_by": 1}', b"\xff" * 100, b"[" * 10_000])
def test_a_broken_file_is_put_aside(content: bytes, served: tuple[Pool, Hostile], tmp_path: Path) -> None:
    """What does not decode costs what was known and nothing else."""
    (tmp_path / "main.json").write_bytes(content)
    keeper = keeper_of(settings_at(served[1].url), tmp_path)
    keeper.start()
    assert until(keeper, lambda state: state.at is not None).unpaid == 1.5
    keeper.close()


def test_the_minimum_of_the_pool_counts_before_that_of_the_config(served: tuple[Pool, Hostile]) -> None:
    """The account's own setting is the truth; the config's stands in where the pool says none."""
    pool, server = served
    keeper = keeper_of(settings_at(server.url, payout_min=2.0))
    keeper.start()
    assert until(keeper, lambda state: state.at is not None).payout_min == 2.0
    pool.more = {"config": {"minPayout": 500_000_000}}
    until(keeper, lambda state: state.payout_min == 0.5)
    keeper.close()


def test_a_defect_costs_one_pool_its_figures(served: tuple[Pool, Hostile]) -> None:
    """The other goes on, and what is told of the defect holds nothing of what it said."""

    class Broken:
        interval_s = 3600.0

        def read(self, now: float, timeout_s: float = 10.0) -> Balance:
            raise KeyError("s3cret")

        def close(self) -> None:
            """Nothing to let go of."""

    settings = settings_at(served[1].url)
    keeper = PoolKeeper(
        (Account("main", settings, connect_pool("main", settings)), Account("broken", settings, Broken())), None
    )
    keeper.start()
    until(keeper, lambda state: state.at is not None)
    end = time.monotonic() + 10
    while not keeper.states()[1].error:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert keeper.states()[1].error == "pools.broken has a defect (KeyError)"
    keeper.close()


class Saying:
    """A reader that says what it is told to."""

    interval_s = 0.05

    def __init__(self, said: object) -> None:
        self.said = said

    def read(self, now: float, timeout_s: float = 10.0) -> Balance:
        return self.said  # type: ignore[return-value]

    def close(self) -> None:
        """Nothing to let go of."""


def test_a_defect_in_keeping_costs_no_pool_its_thread() -> None:
    """What a reader of ours says and nobody understands is a failure of that reading; the next is used."""
    settings = settings_at("http://127.0.0.1:1")
    pool = Saying("no balance")
    keeper = PoolKeeper((Account("odd", settings, pool),), None)
    keeper.start()
    assert until(keeper, lambda state: bool(state.error)).error == "pools.odd has a defect (TypeError)"
    pool.said = Balance(at=time.time(), unpaid=2.0)
    assert until(keeper, lambda state: state.unpaid == 2.0).error == ""
    keeper.close()


def test_a_clock_that_is_set_back_stops_no_pool(served: tuple[Pool, Hostile]) -> None:
    """A balance that a clock dated ahead is asked for again."""
    pool, server = served
    ahead_s = [86400.0]
    settings = settings_at(server.url)
    account = Account("main", settings, connect_pool("main", settings))
    keeper = PoolKeeper((account,), None, lambda: time.time() + ahead_s[0])
    keeper.start()
    until(keeper, lambda state: state.unpaid == 1.5)
    ahead_s[0], pool.balance = 0.0, 1_600_000_000
    state = until(keeper, lambda state: state.unpaid == 1.6)
    assert state.at is not None and state.at <= time.time()
    keeper.close()


def test_what_a_pool_asks_for_is_obeyed_after_a_restart(served: tuple[Pool, Hostile], tmp_path: Path) -> None:
    """Three starts in a row ask once, and each shows the sentence."""
    pool, server = served
    pool.manner = answer(b"", 429, Retry_After="600")
    for _ in range(3):
        keeper = keeper_of(settings_at(server.url), tmp_path)
        keeper.start()
        assert "asks to wait 600 s" in until(keeper, lambda state: bool(state.error)).error
        [asker] = keeper._askers
        end = time.monotonic() + 30
        while not asker.settled:
            assert time.monotonic() < end
            time.sleep(0.01)
        keeper.close()
    assert len(server.seen) == 1


def test_consoles_that_start_together_ask_a_pool_once(tmp_path: Path) -> None:
    """The others wait for who asks first, and take its balance."""
    body = json.dumps({"stats": {"balance": 1_500_000_000, "immature": 0, "paid": 0}}).encode()

    def slowly(handler: Handler) -> None:
        time.sleep(0.5)  # long enough that the others come meanwhile
        answer(body)(handler)

    with serving(slowly) as server:
        keepers = [keeper_of(settings_at(server.url, 300.0, timeout_s=60.0), tmp_path) for _ in range(3)]
        for keeper in keepers:
            keeper.start()
        for keeper in keepers:
            assert until(keeper, lambda state: state.at is not None, 60.0).unpaid == 1.5
            keeper.close()
        assert len(server.seen) == 1


def test_a_failure_and_its_end_are_heard_of_by_other_consoles(served: tuple[Pool, Hostile], tmp_path: Path) -> None:
    """What one is told the other takes from disk, also while it is failing itself."""
    pool, server = served
    one, two = (keeper_of(settings_at(server.url, 0.5), tmp_path) for _ in range(2))
    [first], [second] = one._askers, two._askers
    pool.manner = answer(b"", 429, Retry_After="600")
    first.ask()
    second.look()
    assert second.young_for_s() > 500 and "600 s" in two.states()[0].error
    pool.manner = None
    first._ask()
    second.look()
    assert (two.states()[0].error, two.states()[0].unpaid, second.failure) == ("", 1.5, None)
    assert len(server.seen) == 2
    one.close()
    two.close()
