"""lolMiner's own ways: two forms, units, decimal buses in text, dual mining."""

from typing import Any

import pytest

from console.model import WorkState
from console.workloads.contract import WorkloadError
from tests.contract.meter_case import reading
from tests.contract.meters.lolminer import PER_GPU, VALUE, answer, old_answer


def with_unit(unit: object, factor: object = None, seconds: float = 600) -> dict[str, Any]:
    """The new form with other words for its unit."""
    tree = answer(seconds)
    work = tree["Algorithms"][0]
    work |= {"Performance_Unit": unit, "Performance_Factor": factor}
    if factor is None:
        del work["Performance_Factor"]
    return tree


def test_both_forms_are_read_alike() -> None:
    """Rate, cards, shares, algorithm and uptime of an old miner and of a new one."""
    new, old = reading("lolminer", answer(610)), reading("lolminer", old_answer(610))
    for output in (new, old):
        assert (output.value, dict(output.per_gpu), output.state) == (VALUE, PER_GPU, WorkState.RUNNING)
        assert (output.accepted, output.rejected, output.uptime_s) == (61, 3, 610)
    assert (new.algorithm, old.algorithm) == ("Autolykos V2", "Etchash")


UNITS = [("h/s", 1.0), ("kh/s", 1e3), ("Mh/s", 1e6), ("mh/s", 1e6), ("MH/s", 1e6), ("GH/s", 1e9), ("Th/s", 1e12)]


@pytest.mark.parametrize(("unit", "factor"), [*UNITS, ("sol/s", 1.0), ("kSol/s", 1e3), (" Mh/s ", 1e6)])
def test_units_of_both_forms(unit: str, factor: float) -> None:
    """Text with a prefix, in either case; m is mega, for no miner counts in thousandths."""
    assert reading("lolminer", with_unit(unit)).value == pytest.approx(740.0 * factor)
    assert reading("lolminer", old_answer(600, unit)).value == pytest.approx(740.0 * factor)


@pytest.mark.parametrize("factor", [1, 1000, 1e6, 1e12])
def test_the_factor_wins(factor: float) -> None:
    """Where it is given, the text beside it is for people."""
    assert reading("lolminer", with_unit("what/s", factor)).value == pytest.approx(740.0 * factor)


@pytest.mark.parametrize("factor", [0, -1, "1000000", True, [], 1e300])
def test_a_factor_that_cannot_be_is_none(factor: object) -> None:
    """Then the text says the unit."""
    assert reading("lolminer", with_unit("kh/s", factor)).value == pytest.approx(740e3)


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("g/s", "'g/s'"),
        ("it/s", "'it/s'"),
        ("Mh", "'Mh'"),
        ("", "''"),
        (None, "no unit"),
        (6, "no unit"),
        ("M/s\x1b", "'M/s'"),
    ],
)
def test_an_unknown_unit_is_a_sentence(unit: object, shown: str) -> None:
    """g/s may be graphs or a slip for Gh/s: no guess, in either form."""
    for tree in (with_unit(unit), old_answer(600, unit)):
        with pytest.raises(WorkloadError) as caught:
            reading("lolminer", tree)
        assert str(caught.value) == (
            f"lolMiner gives its rate in {shown}; expected H/s or sol/s, with k, M, G, T, P or E in front of it. "
            "Update the miner, or read it with a meter of kind json"
        )


@pytest.mark.parametrize("rate", [0, None])
@pytest.mark.parametrize(("seconds", "state"), [(30, WorkState.WARMING), (300, WorkState.FAILING)])
def test_nothing_hashed_needs_no_unit(rate: object, seconds: float, state: WorkState) -> None:
    """A miner that starts may not have its unit yet; it is warming, and failing when it is old."""
    tree = with_unit("", seconds=seconds)
    tree["Algorithms"][0] |= {"Total_Performance": rate, "Worker_Performance": [rate] * 4}
    output = reading("lolminer", tree)
    assert (output.state, output.value) == (state, rate)


@pytest.mark.parametrize(
    ("address", "pci"),
    [
        ("65:0", "00000000:41:00.0"),
        ("10:0", "00000000:0A:00.0"),
        ("16:0", "00000000:10:00.0"),
        ("65:31", "00000000:41:1F.0"),
        ("0a:0", None),
        ("41:00.0", None),
        ("0000:41:00.0", None),
        ("256:0", None),
        ("65:32", None),
        ("0:0", None),
        ("-1:0", None),
        ("٦٥:0", None),
        ("", None),
        (65, None),
        (None, None),
    ],
)
def test_addresses_are_decimal(address: object, pci: str | None) -> None:
    """Bus and slot; what is hex, too large or none is unknown, in both forms."""
    new, old = answer(600), old_answer(600)
    new["Workers"][2]["PCIE_Address"] = old["GPUs"][2]["PCIE_Address"] = address
    new["Workers"], new["Algorithms"][0]["Worker_Performance"] = new["Workers"][2:3], [262.0]
    old["GPUs"] = old["GPUs"][2:3]
    for tree in (new, old):
        assert reading("lolminer", tree).per_gpu == (((pci, 262e6),) if pci else ())


def test_two_algorithms_are_not_summed() -> None:
    """The first of the list counts; both are named."""
    tree = answer(600)
    second = {"Algorithm": "KHeavyHash", "Performance_Factor": 1e6, "Total_Performance": 800.0, "Total_Accepted": 7}
    tree["Algorithms"].append(second)
    output = reading("lolminer", tree)
    assert (output.value, output.algorithm, output.accepted) == (VALUE, "Autolykos V2+KHeavyHash", 60)
    tree["Algorithms"][0] |= {"Total_Performance": 0.0, "Worker_Performance": [0.0] * 4}
    assert reading("lolminer", tree).state is WorkState.RUNNING


def test_fewer_rates_than_cards() -> None:
    """Cards without a rate are left out; none is given another's."""
    tree = answer(600)
    tree["Algorithms"][0]["Worker_Performance"] = [170.5, 171.25]
    assert [pci[9:11] for pci, _ in reading("lolminer", tree).per_gpu] == ["01", "0A"]


@pytest.mark.parametrize("submitted", [5, None, "66", -1])
def test_old_rejected_is_never_negative(submitted: object) -> None:
    """What was submitted less what was accepted; unknown where the two do not fit."""
    tree = old_answer(600)
    tree["Session"]["Submitted"] = submitted
    assert (reading("lolminer", tree).accepted, reading("lolminer", tree).rejected) == (60, None)


@pytest.mark.parametrize("key", ["Session", "Algorithms"])
def test_another_miner_is_not_taken_for_it(key: str) -> None:
    """What no lolMiner lacks is missed by name."""
    tree = answer(600)
    del tree[key]
    with pytest.raises(WorkloadError, match=f"answers with what lolMiner does not: no {key} is in it"):
        reading("lolminer", tree)
