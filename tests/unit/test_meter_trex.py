"""T-Rex's own ways: decimal buses with a domain, a total that lags, a pause."""

from pathlib import Path

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import meter_at, reading, running
from tests.contract.meters.trex import RATES, VALUE, answer


def test_an_answer_is_read_whole() -> None:
    """Algorithm and uptime arrive beside what the contract reads; the sum of the cards wins over the total."""
    output = reading("trex", answer(600))
    assert (output.algorithm, output.uptime_s, output.value) == ("kawpow", 600, VALUE)


@pytest.mark.parametrize(
    ("bus", "domain", "pci"),
    [
        (65, 0, "00000000:41:00.0"),
        (10, 0, "00000000:0A:00.0"),
        (16, 0, "00000000:10:00.0"),
        (65, 10, "0000000A:41:00.0"),
        (0, 1, "00000001:00:00.0"),
        (0, 0, None),
        (256, 0, None),
        (-1, 0, None),
        ("65", 0, None),
        (65, -1, None),
        (65, 65536, None),
        (65, "0", None),
    ],
)
def test_buses_and_domains_are_decimal(bus: object, domain: object, pci: str | None) -> None:
    """Both; what cannot be is unknown."""
    tree = answer(600)
    tree["gpus"] = [tree["gpus"][2] | {"pci_bus": bus, "pci_domain": domain}]
    assert reading("trex", tree).per_gpu == (((pci, RATES[65]),) if pci else ())


def test_without_a_domain_it_is_the_first() -> None:
    """Old versions name none."""
    tree = answer(600)
    for card in tree["gpus"]:
        del card["pci_domain"]
    assert len(reading("trex", tree).per_gpu) == 4


def test_without_cards_the_total_counts() -> None:
    """An empty list still leaves the miner's own figure."""
    output = reading("trex", answer(600) | {"gpus": []})
    assert (output.value, output.per_gpu) == (60_000_000, ())


@pytest.mark.parametrize("seconds", [30, 600])
def test_a_paused_miner_fails_at_any_age(seconds: float) -> None:
    """It keeps its memory and makes nothing."""
    output = reading("trex", answer(seconds) | {"paused": True})
    assert (output.state, output.reason[:8]) == (WorkState.FAILING, "paused: ")


@pytest.mark.parametrize(("seconds", "state"), [(119, WorkState.WARMING), (120, WorkState.FAILING)])
def test_no_hashrate_is_warming_at_first_and_failing_later(seconds: float, state: WorkState) -> None:
    """Two minutes are allowed for the DAG."""
    tree = answer(seconds) | {"hashrate": 0}
    for card in tree["gpus"]:
        card["hashrate"] = 0
    assert reading("trex", tree).state is state


def test_a_session_in_the_address_is_sent(tmp_path: Path) -> None:
    """A ``?sid=`` of its login stands behind the path, as T-Rex wants it."""
    with running("trex", tmp_path) as workload:
        meter = meter_at("trex", f"{workload.url}/summary?sid=abc")
        assert meter.read().value == VALUE
        meter.close()
    assert workload.asked == ["/summary"]


@pytest.mark.parametrize("key", ["hashrate", "gpus"])
def test_another_miner_is_not_taken_for_it(key: str) -> None:
    """What no T-Rex lacks is missed by name."""
    tree = answer(600)
    del tree[key]
    with pytest.raises(WorkloadError, match=f"answers with what T-Rex does not: no {key} is in it"):
        reading("trex", tree)
