"""What was learned of a pool: kept on disk, read again, and said; and whatever meters and pools may say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.history.credited import Credited, Heard
from console.history.tallies import Sums, Tally
from console.history.verdict import verdict
from console.model import Output, PoolState, WorkState
from tests.unit.test_credited import BEGIN, TICK_S, Miner, World


def test_only_one_that_keeps_writes(tmp_path: Path) -> None:
    """One that looks on reads what is known and leaves the file alone."""
    path = tmp_path / "credited.json"
    looking = World(Miner(0.9), path=path, keeps=False)
    looking.run(200)
    looking.credited.save()
    assert not path.exists()
    keeping = World(Miner(0.9), path=path)
    keeping.run(200)
    assert path.exists(), "kept by itself each minute"
    assert World(path=path, keeps=False).kept.shares > 0


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"tallies": 3}',
        '{"tallies": [{"pool": "", "workload": "ergo", "since": 0, "at": 0, "now": {"shares": -5}}]}',
        '{"tallies": [{"pool": "", "workload": "ergo", "since": 0, "at": 0, "now": {"credited": -1.0}}]}',
    ],
)
def test_a_file_that_makes_no_sense_is_forgotten(content: str, tmp_path: Path) -> None:
    """Rubbish on disk costs what was learned and nothing else."""
    path = tmp_path / "credited.json"
    path.write_text(content)
    world = World(Miner(0.9), path=path)
    assert world.credited.kept() == ()
    assert world.run(50).shares > 0


def test_a_share_worth_more_than_a_day_is_no_share() -> None:
    """A counter that jumps counts something else, and does not poison a week."""
    miner = Miner(0.9)
    world = World(miner)
    world.run(100)
    honest = world.kept.ratio
    output = miner.output(world.now + TICK_S)
    jumped = msgspec.structs.replace(output, credited_hashes=1e300)
    world.credited.watch(world.now + TICK_S, [Heard("ergo", "", "miner-0", jumped)])
    assert world.kept.ratio == honest


def test_the_surer_of_two_comparisons_is_told() -> None:
    """Shares where they are more than the steps of the balance, and where both are as many."""
    cases = ((500, 499, "shares"), (500, 500, "shares"), (400, 500, "balance"), (20, 400, "balance"))
    for shares, steps, said in cases:
        sums = Sums(
            compared=1000.0, credited=900.0, shares=shares, expected=10.0, coins=8.0, accepted=500, credits=steps
        )
        tally = Tally(pool="main", workload="ergo", since=0.0, at=0.0, now=sums)
        assert verdict(tally, balance=True).learned_from == said
        assert verdict(tally, balance=False).learned_from == "shares"


def test_a_balance_needs_steps_as_well_as_shares_to_enter_the_money() -> None:
    """Four hundred shares in three blocks of the pool's are still the luck of three blocks."""
    for steps, ratio, counts in ((29, None, False), (99, 0.8, False), (100, 0.8, True)):
        sums = Sums(accepted=400, expected=10.0, coins=8.0, credits=steps)
        kept = verdict(Tally(pool="main", workload="ergo", since=0.0, at=0.0, now=sums), balance=True)
        assert (kept.ratio, kept.counts) == (ratio, counts)


NUMBERS = st.none() | st.floats(0, 1e18) | st.just(1e308)
OUTPUTS = st.builds(
    Output,
    at=st.just(0.0) | st.floats(-40, 10),  # beside now
    unit=st.just("H/s"),
    value=NUMBERS,
    state=st.just(WorkState.RUNNING) | st.sampled_from(WorkState),
    accepted=st.none() | st.integers(0, 100) | st.integers(0, 2**70),
    credited_hashes=NUMBERS,
    uptime_s=st.none() | st.floats(0, 1e9),
)
STATES = st.builds(
    PoolState,
    name=st.just("main"),
    coin=st.just("ERG"),
    at=st.none() | st.floats(-400, 10),
    unpaid=NUMBERS,
    immature=NUMBERS,
    paid=NUMBERS,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("credited") / "credited.json"


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.just(2.0) | st.floats(-50, 200), st.none() | OUTPUTS, STATES, st.none() | st.floats(0, 1e300)),
        max_size=30,
    )
)
def test_nothing_that_meters_and_pools_may_say_breaks_it(
    file: Path, steps: list[tuple[float, Output | None, PoolState, float | None]]
) -> None:
    """Counters that jump, clocks that go back, parts that come and go: figures or None, and a file that is read."""
    file.unlink(missing_ok=True)
    credited, now = Credited(file), BEGIN
    for seconds, output, state, coins in steps:
        now += seconds
        said = msgspec.structs.replace(output, at=now + output.at) if output else None
        credited.watch(now, [Heard("ergo", "main", "miner-0", said, coins)])
        credited.balances([msgspec.structs.replace(state, at=state.at and now + state.at)])
        for kept in credited.kept():
            assert kept.ratio is None or not (kept.counts and not 0.1 <= kept.ratio <= 1.7)
            assert isinstance(kept.text, str) and "\n" not in kept.text
        credited.coins_per_h("main")
    credited.save()
    assert Credited(file, keeps=False).kept() == credited.kept()
