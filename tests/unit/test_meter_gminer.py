"""GMiner's own ways: hex buses that may be numbers, units, a second speed."""

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import reading
from tests.contract.meters.gminer import PER_GPU, RATES, VALUE, answer


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads."""
    output = reading("gminer", answer(600))
    assert (output.algorithm, output.uptime_s, output.reason) == ("equihash144_5", 600, "")


@pytest.mark.parametrize(
    ("bus", "pci"),
    [
        ("0000:41:00.0", "00000000:41:00.0"),
        ("0000:0A:00.0", "00000000:0A:00.0"),
        ("0000:10:00.0", "00000000:10:00.0"),
        ("41:00.0", "00000000:41:00.0"),
        (65, "00000000:41:00.0"),
        (10, "00000000:0A:00.0"),
        (41, "00000000:29:00.0"),
        ("65", None),
        ("0a", None),
        (300, None),
        (0, None),
        (True, None),
        (None, None),
    ],
)
def test_text_is_hex_and_a_number_decimal(bus: object, pci: str | None) -> None:
    """Text alone of one number may be either, and is neither."""
    tree = answer(600)
    tree["devices"] = [tree["devices"][2] | {"bus_id": bus}]
    output = reading("gminer", tree)
    assert (output.value, output.per_gpu) == (RATES["41"], ((pci, RATES["41"]),) if pci else ())


@pytest.mark.parametrize(
    ("unit", "factor"), [("H/s", 1.0), ("Sol/s", 1.0), ("sol/s", 1.0), ("kH/s", 1e3), ("MH/s", 1e6), ("GH/s", 1e9)]
)
def test_units(unit: str, factor: float) -> None:
    """A rate is in what stands beside it."""
    assert reading("gminer", answer(600) | {"speed_unit": unit}).value == VALUE * factor


def test_a_version_without_a_unit_means_hashes_or_solutions() -> None:
    """Both are one H/s."""
    tree = answer(600)
    del tree["speed_unit"]
    assert reading("gminer", tree).value == VALUE


@pytest.mark.parametrize("unit", ["G/s", "g/s", "H", "", None, 7])
def test_an_unknown_unit_is_a_sentence(unit: object) -> None:
    """G/s are graphs: no guess."""
    with pytest.raises(WorkloadError, match=r"GMiner gives its rate in .*; expected H/s or sol/s, with k, M, G"):
        reading("gminer", answer(600) | {"speed_unit": unit})


@pytest.mark.parametrize(("seconds", "state"), [(30, WorkState.WARMING), (300, WorkState.FAILING)])
def test_nothing_hashed_needs_no_unit(seconds: float, state: WorkState) -> None:
    """A miner that starts is warming, and failing when it is old."""
    tree = answer(seconds) | {"speed_unit": ""}
    for card in tree["devices"]:
        card["speed"] = 0
    output = reading("gminer", tree)
    assert (output.state, output.value) == (state, 0.0)


def test_two_algorithms_are_not_summed() -> None:
    """The first speed counts; the name stays as the miner writes it, and the second alone is no failure."""
    tree = answer(600) | {"algorithm": "ethash+kheavyhash", "speed_unit2": "H/s"}
    for card in tree["devices"]:
        card["speed2"] = 500_000_000
    output = reading("gminer", tree)
    assert (output.value, output.algorithm) == (VALUE, "ethash+kheavyhash")
    for card in tree["devices"]:
        card["speed"] = 0
    assert reading("gminer", tree).state is WorkState.RUNNING


def test_shares_of_the_cards_where_there_is_no_total() -> None:
    """Old versions count by card alone; one that does not count makes the sum unknown."""
    tree = answer(600)
    del tree["total_accepted_shares"], tree["total_rejected_shares"]
    tree["devices"][3]["rejected_shares"] = None
    output = reading("gminer", tree)
    assert (output.accepted, output.rejected) == (60, None)


@pytest.mark.parametrize("speed", [-1, "91", None, True, [], 1e19, 1e300])
def test_a_speed_that_cannot_be_is_unknown(speed: object) -> None:
    """It costs its card alone."""
    tree = answer(600)
    tree["devices"][2]["speed"] = speed
    output = reading("gminer", tree)
    assert dict(output.per_gpu) == {pci: rate for pci, rate in PER_GPU.items() if ":41:" not in pci}
    assert output.value == VALUE - RATES["41"]


def test_another_miner_is_not_taken_for_it() -> None:
    """What no GMiner lacks is missed by name."""
    with pytest.raises(WorkloadError, match="answers with what GMiner does not: no devices is in it"):
        reading("gminer", {"hashrate": {}})
