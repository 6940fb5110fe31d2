"""WildRig's own ways: windows, shares in total, a pool that is gone, cards that nobody can tell apart."""

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import reading
from tests.contract.meters.wildrig import VALUE, answer


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads; threads are nobody's card."""
    output = reading("wildrig", answer(600))
    assert (output.algorithm, output.uptime_s, output.value, output.per_gpu) == ("pearlhash", 600, VALUE, ())


@pytest.mark.parametrize(
    ("windows", "value"),
    [
        ([7.0, 8.0, 9.0], 7.0),
        ([None, 8.0, 9.0], 8.0),
        ([-1, 8.0, 9.0], 8.0),
        (["7", 8.0], 8.0),
        ([None, None, 9.0], None),
        ([0, 8.0, 9.0], 0.0),
        ([], None),
        (None, None),
        (7.0, None),
    ],
)
def test_the_latest_window_counts(windows: object, value: float | None) -> None:
    """10 s, else 60 s; never the one of 15 min."""
    tree = answer(600)
    tree["hashrate"]["total"] = windows
    output = reading("wildrig", tree)
    assert output.value == value
    assert output.state is (WorkState.RUNNING if value else WorkState.FAILING)


@pytest.mark.parametrize(
    ("good", "total", "rejected"),
    [(60, 62, 2), (60, 60, 0), (60, 59, None), (60, None, None), (-1, 5, None), (None, 5, None)],
)
def test_rejected_shares_are_the_others(good: object, total: object, rejected: int | None) -> None:
    """What is left of all; never negative, unknown where the two do not fit."""
    tree = answer(600)
    tree["results"] = {"shares_good": good, "shares_total": total}
    assert reading("wildrig", tree).rejected == rejected


@pytest.mark.parametrize(("seconds", "state"), [(30, WorkState.WARMING), (600, WorkState.FAILING)])
def test_a_lost_pool_is_told_though_hashes_still_run(seconds: float, state: WorkState) -> None:
    """Without its pool it earns nothing, whatever rate it shows; the pool's name is made harmless."""
    tree = answer(seconds)
    tree["connection"] = {"pool": "pool\x07.example:7777", "uptime": 0}
    output = reading("wildrig", tree)
    assert (output.state, output.reason) == (state, "not connected to pool.example:7777")


@pytest.mark.parametrize("uptime", [None, "0", -1, 5])
def test_only_nought_is_a_lost_pool(uptime: object) -> None:
    """What does not say that it is lost does not."""
    tree = answer(600)
    tree["connection"]["uptime"] = uptime
    assert reading("wildrig", tree).state is WorkState.RUNNING


@pytest.mark.parametrize(("seconds", "state"), [(119, WorkState.WARMING), (120, WorkState.FAILING)])
def test_no_hashrate_is_warming_at_first_and_failing_later(seconds: float, state: WorkState) -> None:
    """Two minutes are allowed."""
    tree = answer(seconds)
    tree["hashrate"]["total"] = [0, 0, 0]
    assert reading("wildrig", tree).state is state


def test_another_miner_is_not_taken_for_it() -> None:
    """What no WildRig lacks is missed by name."""
    with pytest.raises(WorkloadError, match="answers with what WildRig does not: no hashrate is in it"):
        reading("wildrig", {"algorithms": []})
