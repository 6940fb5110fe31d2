"""OneZeroMiner's own ways: parallel lists, decimal buses, the state of its pool in words."""

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import reading
from tests.contract.meters.onezero import PER_GPU, RATES, VALUE, answer


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads."""
    output = reading("onezero", answer(600))
    assert (output.algorithm, output.uptime_s, output.reason) == ("xelishashv3", 600, "")


def test_rates_belong_to_devices_by_place() -> None:
    """A rate that cannot be leaves its own card out and moves no other."""
    tree = answer(600)
    tree["algos"][0]["hashrates"][1] = -1
    assert dict(reading("onezero", tree).per_gpu) == {p: v for p, v in PER_GPU.items() if ":0A:" not in p}
    tree["devices"][2] = None
    assert [pci[9:11] for pci, _ in reading("onezero", tree).per_gpu] == ["01", "61"]


@pytest.mark.parametrize(("number", "bus"), [(10, "0A"), (16, "10"), (65, "41")])
def test_a_bus_is_a_decimal_number(number: int, bus: str) -> None:
    """10 is 0A in hex, and 16 is 10."""
    tree = answer(600)
    tree["devices"] = [{"id": 0, "bus_id": number}]
    assert reading("onezero", tree).per_gpu == ((f"00000000:{bus}:00.0", RATES[1]),)


@pytest.mark.parametrize("status", ["disconnected", "connecting", "reconnect\x1bing"])
@pytest.mark.parametrize(("seconds", "state"), [(30, WorkState.WARMING), (600, WorkState.FAILING)])
def test_a_pool_that_is_not_connected_is_told(status: str, seconds: float, state: WorkState) -> None:
    """With its name and in the miner's own word, made harmless; though hashes still run."""
    tree = answer(seconds)
    tree["algos"][0]["pool_status"] = status
    output = reading("onezero", tree)
    word = status.replace("\x1b", "")
    assert (output.state, output.reason) == (state, f"not connected to pool.example:7777 ({word})")


@pytest.mark.parametrize("status", ["connected", "Connected", "", None, 3])
def test_only_another_word_is_a_lost_pool(status: object) -> None:
    """What does not say that it is lost does not."""
    tree = answer(600)
    tree["algos"][0]["pool_status"] = status
    assert reading("onezero", tree).state is WorkState.RUNNING


def test_two_algorithms_are_not_summed() -> None:
    """The first of the list counts, both are named, and the second alone is no failure."""
    tree = answer(600)
    tree["algos"].append({"name": "qhash", "total_hashrate": 9e8, "hashrates": [2e8] * 4, "total_accepted_shares": 7})
    output = reading("onezero", tree)
    assert (output.value, output.algorithm, output.accepted) == (VALUE, "xelishashv3+qhash", 60)
    tree["algos"][0] |= {"hashrates": [0] * 4, "total_hashrate": 0}
    assert reading("onezero", tree).state is WorkState.RUNNING


@pytest.mark.parametrize(("seconds", "state"), [(119, WorkState.WARMING), (120, WorkState.FAILING)])
def test_no_hashrate_is_warming_at_first_and_failing_later(seconds: float, state: WorkState) -> None:
    """Two minutes are allowed, with an algorithm or before one."""
    tree = answer(seconds)
    tree["algos"][0] |= {"hashrates": [0] * 4, "total_hashrate": 0}
    assert reading("onezero", tree).state is state
    assert reading("onezero", tree | {"algos": []}).state is state


def test_another_miner_is_not_taken_for_it() -> None:
    """What no OneZeroMiner lacks is missed by name."""
    with pytest.raises(WorkloadError, match="answers with what OneZeroMiner does not: no algos is in it"):
        reading("onezero", {"algorithms": []})
