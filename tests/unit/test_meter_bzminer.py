"""BzMiner's own ways: a rate per pool, a bus under one of several names, the processor among the devices."""

from typing import Any

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import reading
from tests.contract.meters.bzminer import PER_GPU, RATES, VALUE, answer


def cards(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The devices that are cards."""
    return [device for device in tree["devices"] if device["vendor"] != 4]


def placed(**keys: object) -> list[str]:
    """Where a card is found that says so in these keys."""
    tree = answer(600)
    card = cards(tree)[2]
    del card["uid"]
    tree["devices"] = [card | keys]
    return [pci for pci, _ in reading("bzminer", tree).per_gpu]


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads; the processor's hashes are not the cards'."""
    output = reading("bzminer", answer(600))
    assert (output.algorithm, output.uptime_s, output.reason, output.value) == ("kawpow", 600, "", VALUE)


@pytest.mark.parametrize(
    "keys",
    [
        {"uid": "65:0"},
        {"pci_bus_id": 65},
        {"bus_id": 65},
        {"bus_id": "65:0"},
        {"id": "65:0"},
        {"id": 2, "uid": "65:0"},
        {"pci_address": "65:0"},
        {"pci_address": "0000:41:00.0"},
        {"pci_bus_id": 65, "uid": "gpu2"},
    ],
)
def test_a_bus_is_found_under_several_names(keys: dict[str, object]) -> None:
    """Decimal, but for a whole address with its domain, which is as the system spells it."""
    assert placed(**keys) == ["00000000:41:00.0"]


@pytest.mark.parametrize(
    "keys",
    [{}, {"id": 65}, {"uid": "41:00.0"}, {"uid": "0a:0"}, {"uid": 65}, {"pci_bus_id": "65"}, {"pci_bus_id": 300}],
)
def test_without_a_bus_the_cards_are_not_told_apart(keys: dict[str, object]) -> None:
    """An index is no bus; what may be hex or decimal is neither. The value is whole all the same."""
    assert placed(**keys) == []
    tree = answer(600)
    for card in cards(tree):
        del card["uid"]
    output = reading("bzminer", tree)
    assert (output.value, output.per_gpu, output.state) == (VALUE, (), WorkState.RUNNING)


def dual() -> dict[str, Any]:
    """Its answer while each card mines on two pools of two algorithms, in either order."""
    tree = answer(600)
    second = {"id": 1, "algorithm": "zil", "valid_solutions": 900, "rejected_solutions": 90}
    tree["pools"].append(second)
    for index, card in enumerate(tree["devices"]):
        rates = {0: card["hashrate"][0], 1: 9_000_000_000}
        card["pool"] = [0, 1] if index % 2 else [1, 0]
        card["hashrate"] = [rates[pool] for pool in card["pool"]]
    return tree


def test_two_algorithms_are_not_summed() -> None:
    """A card's rate is that on the first pool, wherever in its list; both algorithms are named."""
    output = reading("bzminer", dual())
    assert (output.value, dict(output.per_gpu)) == (VALUE, PER_GPU)
    assert (output.algorithm, output.accepted, output.rejected) == ("kawpow+zil", 40, 6)


def test_the_second_algorithm_alone_is_no_failure() -> None:
    """While the first rests the miner works."""
    tree = dual()
    for card in tree["devices"]:
        card["hashrate"] = [0 if pool == 0 else 9_000_000_000 for pool in card["pool"]]
    output = reading("bzminer", tree)
    assert (output.value, output.state) == (0.0, WorkState.RUNNING)


def test_two_pools_of_one_algorithm_are_summed() -> None:
    """They earn the same coin: rates of one card and shares of both pools."""
    tree = dual()
    tree["pools"][1]["algorithm"] = "kawpow"
    for card in cards(tree):
        card["hashrate"] = [5_000_000, 7_000_000]
    output = reading("bzminer", tree)
    assert (output.value, output.algorithm, output.accepted) == (4 * 12e6, "kawpow", 940)


def test_a_card_that_names_no_pool_has_the_first() -> None:
    """The first rate of its list counts."""
    tree = answer(600)
    for card in tree["devices"]:
        del card["pool"]
        card["hashrate"].append(1)
    assert reading("bzminer", tree).value == VALUE


@pytest.mark.parametrize("hashrate", [[-1], ["41000000"], [None], [True], [], None, 41_000_000, [1e19], [[1]]])
def test_a_rate_that_cannot_be_is_unknown(hashrate: object) -> None:
    """It costs its card alone."""
    tree = answer(600)
    cards(tree)[2]["hashrate"] = hashrate
    assert reading("bzminer", tree).value == VALUE - RATES[65]


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, WorkState.WARMING), (119, WorkState.WARMING), (120, WorkState.FAILING)]
)
def test_no_hashrate_is_warming_at_first_and_failing_later(seconds: float, state: WorkState) -> None:
    """Nought on all cards; without pools as well."""
    tree = answer(seconds)
    for card in tree["devices"]:
        card["hashrate"] = [0]
    assert reading("bzminer", tree).state is state
    output = reading("bzminer", tree | {"pools": None})
    assert (output.state, output.algorithm, output.accepted) == (state, None, None)


def test_an_endless_list_is_not_gone_through() -> None:
    """No host has more than 512 cards or pools: each card with each pool of an answer of 2 MiB would take hours."""
    tree = answer(600)
    card = cards(tree)[2]
    card["uid"] = ""
    tree["devices"] = [card] * 2000
    tree["pools"] *= 2000
    output = reading("bzminer", tree)
    assert (output.value, output.accepted) == (512 * RATES[65], 512 * 40)


def test_another_miner_is_not_taken_for_it() -> None:
    """What no BzMiner lacks is missed by name."""
    with pytest.raises(WorkloadError, match="answers with what BzMiner does not: no devices is in it"):
        reading("bzminer", {"pools": []})
