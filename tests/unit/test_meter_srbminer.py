"""SRBMiner's own ways: 0 in the first seconds, decimal buses, the processor beside the cards."""

from typing import Any

import pytest

from console.model import WorkState
from tests.contract.meter_case import reading
from tests.contract.meters.srbminer import PER_GPU, RATES, VALUE, answer


def silent(seconds: float, now: float | None = 0) -> dict[str, Any]:
    """Its answer while nothing is hashed."""
    tree = answer(seconds)
    tree["algorithms"][0]["hashrate"] = {"now": now, "gpu": dict.fromkeys(("gpu0", "gpu1", "gpu2", "gpu3", "total"), 0)}
    return tree


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads; the processor's hashes are not the cards'."""
    output = reading("srbminer", answer(600))
    assert (output.algorithm, output.uptime_s, output.reason, output.value) == ("pearlhash", 600, "", VALUE)


@pytest.mark.parametrize(("number", "bus"), [(1, "01"), (10, "0A"), (16, "10"), (65, "41"), (97, "61"), (255, "FF")])
def test_a_bus_is_a_decimal_number(number: int, bus: str) -> None:
    """65 is 41 in hex; 41 would be another card."""
    tree = answer(600)
    tree["gpu_devices"] = [{"device": "gpu2", "id": 2, "bus_id": number}]
    assert reading("srbminer", tree).per_gpu == ((f"00000000:{bus}:00.0", RATES[65]),)


@pytest.mark.parametrize("number", [0, -1, 256, 1.0, True, None, "65", "41", [65]])
def test_what_is_no_bus_is_unknown(number: object) -> None:
    """Then no card is known by it."""
    tree = answer(600)
    tree["gpu_devices"][2]["bus_id"] = number
    assert {pci for pci, _ in reading("srbminer", tree).per_gpu} == {pci for pci in PER_GPU if ":41:" not in pci}


@pytest.mark.parametrize("seconds", [1, 19])
def test_nought_of_the_first_seconds_is_unknown(seconds: float) -> None:
    """It says 0 until it has mined for 20 s, whatever it does."""
    output = reading("srbminer", silent(seconds))
    assert (output.value, output.per_gpu, output.state) == (None, (), WorkState.WARMING)
    assert output.reason == f"no hashrate yet after {seconds} s"


@pytest.mark.parametrize(
    ("seconds", "state"), [(20, WorkState.WARMING), (119, WorkState.WARMING), (120, WorkState.FAILING)]
)
def test_nought_later_is_nought(seconds: float, state: WorkState) -> None:
    """From 20 s on 0 is what it does; two minutes after its start that is a failure."""
    output = reading("srbminer", silent(seconds))
    assert (output.value, output.state) == (0.0, state)


def test_a_lost_pool_is_named_while_nothing_is_hashed() -> None:
    """Seconds connected of 0 tell that there is no pool; its name is made harmless."""
    tree = silent(600)
    tree["algorithms"][0]["pool"] = {"pool": "pool\x1b.example:7777", "uptime": 0}
    output = reading("srbminer", tree)
    assert (output.state, output.reason) == (WorkState.FAILING, "not connected to pool.example:7777")
    tree = answer(600)
    tree["algorithms"][0]["pool"]["uptime"] = 0
    assert reading("srbminer", tree).state is WorkState.RUNNING


def test_two_algorithms_are_not_summed() -> None:
    """The first counts, both are named; the second alone is no failure."""
    tree = answer(600)
    second = {"name": "zil", "hashrate": {"now": 7e9, "gpu": {"gpu0": 7e9}}, "shares": {"accepted": 9, "rejected": 9}}
    tree["algorithms"].append(second)
    output = reading("srbminer", tree)
    assert (output.value, output.algorithm, output.accepted) == (VALUE, "pearlhash+zil", 30)
    tree = silent(600)
    tree["algorithms"].append(second)
    assert reading("srbminer", tree).state is WorkState.RUNNING


def test_cards_are_found_by_name_and_not_by_place() -> None:
    """The rates are keyed gpu0 and so on; where a device has no name its id makes one."""
    tree = answer(600)
    tree["gpu_devices"].reverse()
    for card in tree["gpu_devices"]:
        del card["device"]
    assert dict(reading("srbminer", tree).per_gpu) == PER_GPU


def test_without_rates_of_cards_the_total_counts() -> None:
    """An answer without the map by card still has its total."""
    tree = answer(600)
    del tree["algorithms"][0]["hashrate"]["gpu"]
    output = reading("srbminer", tree)
    assert (output.value, output.per_gpu) == (VALUE + 1234, ())


def test_no_algorithm_yet_is_warming() -> None:
    """An empty list is a miner that has not begun."""
    output = reading("srbminer", answer(5) | {"algorithms": []})
    assert (output.value, output.state, output.algorithm, output.accepted) == (None, WorkState.WARMING, None, None)
