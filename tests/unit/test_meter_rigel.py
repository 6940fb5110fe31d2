"""Rigel's own ways: maps by algorithm, dual mining, PCI addresses taken for hex."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import meter_at, reading, running
from tests.contract.meters.rigel import PER_GPU, RATES, VALUE, answer


def dual(rates: dict[str, float], seconds: float = 600) -> dict[str, Any]:
    """Its answer while it mines kawpow and zil, in the miner's total and in each card."""
    tree = answer(seconds)
    tree |= {"algorithm": "kawpow+zil", "hashrate": rates}
    tree["solution_stat"]["zil"] = {"accepted": 900, "rejected": 90, "invalid": 9}
    for card in tree["devices"]:
        card["hashrate"] = {name: rate / len(RATES) for name, rate in rates.items()}
    return tree


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads."""
    output = reading("rigel", answer(600))
    assert (output.algorithm, output.uptime_s, output.reason) == ("kawpow", 600, "")


def test_addresses_are_hex() -> None:
    """0a is bus 10 and 10 is bus 16: neither is the other."""
    tree = answer(600)
    tree["devices"][0]["pci_address"] = "0000:10:00.0"
    assert [pci[9:11] for pci, _ in reading("rigel", tree).per_gpu] == ["0A", "10", "41", "61"]


def test_two_algorithms_are_not_summed() -> None:
    """Rate and shares are those of the first; both are named."""
    output = reading("rigel", dual({"kawpow": 120e6, "zil": 9e9}))
    assert (output.value, output.accepted, output.rejected) == (120e6, 60, 6)
    assert (output.algorithm, output.state) == ("kawpow+zil", WorkState.RUNNING)


def test_the_order_of_the_map_means_nothing() -> None:
    """The first algorithm is the one named first."""
    assert reading("rigel", dual({"zil": 9e9, "kawpow": 120e6})).value == 120e6


def test_the_second_algorithm_alone_is_no_failure() -> None:
    """While zil has its window the first algorithm rests, and the miner works."""
    output = reading("rigel", dual({"kawpow": 0, "zil": 9e9}))
    assert (output.value, output.state) == (0.0, WorkState.RUNNING)
    assert output.reason == "hashes its second algorithm alone"


@pytest.mark.parametrize("rate", [0, None])
@pytest.mark.parametrize(
    ("seconds", "state", "said"),
    [
        (0, WorkState.WARMING, "no hashrate yet after 0 s"),
        (119, WorkState.WARMING, "no hashrate yet after 119 s"),
        (120, WorkState.FAILING, "no hashrate 120 s after its start"),
        (90_000, WorkState.FAILING, "no hashrate 90000 s after its start"),
    ],
)
def test_no_hashrate_is_warming_at_first_and_failing_later(
    rate: int | None, seconds: float, state: WorkState, said: str
) -> None:
    """Both 0 and null; null stays unknown."""
    tree = answer(seconds)
    tree["hashrate"]["kawpow"] = rate
    for card in tree["devices"]:
        card["hashrate"]["kawpow"] = rate
    output = reading("rigel", tree)
    assert (output.state, output.reason, output.value) == (state, said, rate)


def test_no_uptime_counts_from_the_first_reading_without_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A miner that does not say when it started may warm up for two minutes of being asked, and each time anew."""
    tree = answer(600) | {"uptime": None, "hashrate": {"kawpow": 0}, "devices": []}
    passed = [0.0]
    steady = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: steady() + passed[0])
    with running("rigel", tmp_path) as workload:
        meter = meter_at("rigel", workload.url)
        states = []
        for now_s, rate in ((0, 0), (100, 0), (130, 0), (140, 5), (150, 0), (280, 0)):
            passed[0] = now_s
            tree["hashrate"]["kawpow"] = rate
            workload.at(600, lambda name, body: json.dumps(tree).encode())
            states.append(meter.read().state.value)
        meter.close()
    assert states == ["warming", "warming", "failing", "running", "warming", "failing"]


@pytest.mark.parametrize("bad", [-1, -0.5, "31250000", True, [], {}, None, 1e19, 2**70])
def test_a_figure_that_cannot_be_is_unknown(bad: object) -> None:
    """One such rate costs its card alone; such counters are unknown."""
    tree = answer(600)
    tree["devices"][2]["hashrate"]["kawpow"] = bad
    tree["solution_stat"]["kawpow"] = {"accepted": bad, "rejected": bad}
    tree["uptime"] = bad
    output = reading("rigel", tree)
    assert dict(output.per_gpu) == {pci: rate for pci, rate in PER_GPU.items() if ":41:" not in pci}
    assert output.value == VALUE - RATES["41"]
    assert (output.accepted, output.rejected, output.uptime_s) == (None, None, None)


@pytest.mark.parametrize("address", ["", "what", None, 65, "0000:41:00.0:1", "GPU-41"])
def test_a_card_without_an_address_is_told_apart_from_none(address: object) -> None:
    """It is left out of the cards, and the value is of those that are told."""
    tree = answer(600)
    tree["devices"][2]["pci_address"] = address
    output = reading("rigel", tree)
    assert len(output.per_gpu) == 3 and output.value == VALUE - RATES["41"]


def test_without_addresses_the_value_is_still_whole() -> None:
    """No card has one: the sum of all, none told apart."""
    tree = answer(600)
    for card in tree["devices"]:
        del card["pci_address"]
    output = reading("rigel", tree)
    assert (output.value, output.per_gpu) == (VALUE, ())


def test_without_cards_the_total_counts() -> None:
    """A version that lists no devices is read by its total."""
    tree = answer(600)
    del tree["devices"]
    assert reading("rigel", tree).value == VALUE


def test_text_of_the_miner_is_only_text() -> None:
    """Control characters do not come through, and a name is cut short."""
    tree = answer(600) | {"algorithm": "kaw\x1b[31mpow\u202e" + "x" * 500}
    assert reading("rigel", tree).algorithm == "kaw[31mpow" + "x" * 29 + "…"


def test_another_miner_is_not_taken_for_it() -> None:
    """The sentence says what is missed and where to look."""
    said = "answers with what Rigel does not: no hashrate is in it; look whether the address in the config"
    with pytest.raises(WorkloadError, match=said):
        reading("rigel", {"algorithms": []})


@pytest.mark.parametrize("tail", ["", "/", "/stat", "/stat/"])
def test_the_address_of_the_browser_will_do(tail: str, tmp_path: Path) -> None:
    """With the path or without."""
    with running("rigel", tmp_path) as workload:
        meter = meter_at("rigel", workload.url + tail)
        assert meter.read().value == VALUE
        meter.close()
    assert workload.asked == ["/stat"]
