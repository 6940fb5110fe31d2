"""NBMiner's own ways: a start instead of an uptime, -1 for unknown, a second rate."""

import time

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import reading
from tests.contract.meters.nbminer import PER_GPU, RATES, VALUE, answer


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads."""
    output = reading("nbminer", answer(600))
    assert (output.algorithm, output.reason) == ("ethash", "")
    assert output.uptime_s == pytest.approx(600, abs=10)


@pytest.mark.parametrize("start", [None, 0, -1, "1790000000", [], True, 1e300, 1_790_000_000_000])
def test_a_start_that_cannot_be_is_unknown(start: object) -> None:
    """One that lies ahead, as in milliseconds or of a clock that was set, is none; the rate is read all the same."""
    output = reading("nbminer", answer(600) | {"start_time": start})
    assert (output.uptime_s, output.value, output.state) == (None, VALUE, WorkState.RUNNING)


@pytest.mark.parametrize(("ago_s", "state"), [(30, WorkState.WARMING), (300, WorkState.FAILING)])
def test_no_hashrate_is_warming_at_first_and_failing_later(ago_s: float, state: WorkState) -> None:
    """Its age is what has passed since its start."""
    tree = answer(0) | {"start_time": time.time() - ago_s}
    tree["miner"] = {"total_hashrate_raw": 0, "devices": []}
    output = reading("nbminer", tree)
    assert (output.state, output.value) == (state, 0.0)


@pytest.mark.parametrize(("number", "bus"), [(10, "0A"), (16, "10"), (65, "41")])
def test_a_bus_is_a_decimal_number(number: int, bus: str) -> None:
    """10 is 0A in hex, and 16 is 10."""
    tree = answer(600)
    tree["miner"]["devices"] = [tree["miner"]["devices"][2] | {"pci_bus_id": number}]
    assert reading("nbminer", tree).per_gpu == ((f"00000000:{bus}:00.0", RATES[65]),)


def test_minus_one_is_unknown() -> None:
    """Of a rate, of a bus and of shares."""
    tree = answer(600)
    tree["miner"]["devices"][0]["hashrate_raw"] = -1
    tree["miner"]["devices"][1]["pci_bus_id"] = -1
    tree["stratum"]["accepted_shares"] = -1
    output = reading("nbminer", tree)
    assert dict(output.per_gpu) == {p: v for p, v in PER_GPU.items() if p[9:11] in ("41", "61")}
    assert output.accepted is None


def test_two_algorithms_are_not_summed() -> None:
    """The first rate counts, and the second alone is no failure."""
    tree = answer(600)
    tree["miner"]["total_hashrate2_raw"] = 9e8
    for card in tree["miner"]["devices"]:
        card["hashrate2_raw"] = 9e8 / 4
    assert reading("nbminer", tree).value == VALUE
    tree["miner"] |= {"devices": [], "total_hashrate_raw": 0}
    assert reading("nbminer", tree).state is WorkState.RUNNING


def test_another_miner_is_not_taken_for_it() -> None:
    """What no NBMiner lacks is missed by name."""
    with pytest.raises(WorkloadError, match="answers with what NBMiner does not: no miner is in it"):
        reading("nbminer", {"stratum": {}})
