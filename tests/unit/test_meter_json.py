"""What the meter by hand makes of documents, over real HTTP: paths, units, cards and their addresses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.meter_checks import UNITS
from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.web.jsonpath import at_path
from console.workloads.contract import WorkloadError
from console.workloads.meters._figures import Progress, count, number, pci_in_decimal, pci_in_hex, scaled
from console.workloads.registry import connect_meter
from tests.contract.hostile import answer, serving

GPUS = {"per_gpu": "gpus", "gpu_value": "rate", "gpu_pci": "bus"}


def read(tree: Any, path: str = "", **keys: Any) -> Output:
    """One reading of a document by these keys."""
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    with serving(answer(body)) as server:
        table = {"kind": "json", "url": server.url + path, "value": "v", **keys}
        meter = connect_meter(msgspec.convert(table, MeterSettings))
        try:
            return meter.read(5.0)
        finally:
            meter.close()


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("H/s", 2.5),
        ("kH/s", 2.5e3),
        ("MH/s", 2.5e6),
        ("GH/s", 2.5e9),
        ("TH/s", 2.5e12),
        ("PH/s", 2.5e15),
        ("sol/s", 2.5),
        ("tok/s", 2.5),
    ],
)
def test_a_figure_is_scaled_by_its_unit(unit: str, value: float) -> None:
    """To H/s, or kept as tok/s."""
    output = read({"v": "2.5"}, unit=unit)
    assert (output.value, output.unit) == (value, "tok/s" if unit == "tok/s" else "H/s")
    assert output.state is WorkState.RUNNING


def test_every_unit_of_the_config_is_tested_above() -> None:
    """A new one has to be."""
    assert len(UNITS) == 8


def test_an_unknown_unit_is_no_meter() -> None:
    """The config's check finds it before; nothing is guessed all the same."""
    with pytest.raises(WorkloadError, match="furlong/s is no unit of output, expected one of H/s, kH/s"):
        read({"v": 1}, unit="furlong/s")


def test_every_key_is_a_path() -> None:
    """Lists by number from both ends, quoted keys."""
    tree = {"a": [{"x.y": {"now": 7}}], "shares": [11, 2, 90], "cards": {"list": [{"r": {"n": 3}, "at": ["0a:00"]}]}}
    paths = {"accepted": "shares.0", "rejected": "shares.1", "uptime": "shares.-1"}
    cards = {"per_gpu": "cards.list", "gpu_value": "r.n", "gpu_pci": "at.0"}
    output = read(tree, value='a.0."x.y".now', unit="kH/s", **paths, **cards)
    assert (output.value, output.accepted, output.rejected, output.uptime_s) == (7000.0, 11, 2, 90.0)
    assert output.per_gpu == (("00000000:0A:00.0", 3000.0),)


def test_cards_are_joined_by_their_address_and_the_doubtful_left_out() -> None:
    """Threads of one card are summed; without a rate or an address there is no card."""
    gpus = [
        {"rate": 1, "bus": "0000:41:00.0"},
        {"rate": "2", "bus": "41:00"},
        {"rate": 4, "bus": "01"},
        {"rate": -8, "bus": "02"},
        {"rate": 8, "bus": None},
        {"rate": 8, "bus": "GPU 3"},
        {"bus": "04"},
        "nothing",
    ]
    output = read({"v": 99, "gpus": gpus}, **GPUS)
    assert output.per_gpu == (("00000000:01:00.0", 4.0), ("00000000:41:00.0", 3.0))
    assert output.value == 99.0  # what the config says is the output, is the output
    assert read({"v": 1, "gpus": {"a": gpus[0], "b": gpus[2]}}, **GPUS).per_gpu[1] == ("00000000:41:00.0", 1.0)
    assert read({"v": 1, "gpus": 7}, **GPUS).per_gpu == ()


def test_the_base_of_an_address_is_what_the_config_says() -> None:
    """The same text is two cards; a JSON number has no base."""
    tree = {"v": 1, "gpus": [{"rate": 5, "bus": "10:0"}, {"rate": 6, "bus": 65}]}
    as_hex = dict(read(tree, **GPUS).per_gpu)
    as_decimal = dict(read(tree, **GPUS, pci_base="decimal").per_gpu)
    assert as_hex == {"00000000:10:00.0": 5.0, "00000000:41:00.0": 6.0}
    assert as_decimal == {"00000000:0A:00.0": 5.0, "00000000:41:00.0": 6.0}


@pytest.mark.parametrize(
    ("read_pci", "found", "pci"),
    [
        (pci_in_hex, "0A", "00000000:0A:00.0"),
        (pci_in_hex, " 0000:0a:1f.7 ", "00000000:0A:1F.7"),
        (pci_in_hex, "PCI:0000:0a:00.0", "00000000:0A:00.0"),
        (pci_in_hex, 10, "00000000:0A:00.0"),
        (pci_in_hex, "", None),
        (pci_in_hex, "0x0a", None),
        (pci_in_hex, 256, None),
        (pci_in_decimal, "97", "00000000:61:00.0"),
        (pci_in_decimal, "97:31.7", "00000000:61:1F.7"),
        (pci_in_decimal, "1:97:0", "00000001:61:00.0"),
        (pci_in_decimal, "0:97:0.1", "00000000:61:00.1"),
        (pci_in_decimal, 255, "00000000:FF:00.0"),
        (pci_in_decimal, "256", None),
        (pci_in_decimal, "97:32", None),
        (pci_in_decimal, "65536:1:0", None),
        (pci_in_decimal, "0a", None),
        (pci_in_decimal, "1:2:3:4", None),
        (pci_in_decimal, "٣", None),
        (pci_in_decimal, "97.5", None),
        (pci_in_decimal, 97.0, None),
        (pci_in_decimal, 10**4000, None),
        (pci_in_decimal, -1, None),
        (pci_in_decimal, True, None),
        (pci_in_decimal, 0, None),
        (pci_in_decimal, None, None),
        (pci_in_decimal, ["97"], None),
    ],
)
def test_addresses_as_miners_write_them(read_pci: Callable[[object], str | None], found: object, pci: str) -> None:
    """A bus alone, with a device, with a domain; a host bridge is no card, and what is odd is none."""
    assert read_pci(found) == pci


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (0, 0.0),
        ("1.5e3", 1500.0),
        (" 7 ", 7.0),
        ("+.5", 0.5),
        ("1_000", None),
        ("1,5", None),
        ("٨", None),
        ("nan", None),
        ("1e999", None),
        ("-1", None),
        (-0.1, None),
        (True, None),
        (float("inf"), None),
        (10**400, None),
        ({}, None),
        ("9" * 5000, None),
    ],
)
def test_a_number_is_one_or_is_unknown(found: object, value: float | None) -> None:
    """As a number or as text; never negative, never past all numbers."""
    assert number(found) == value
    assert scaled(found, 1e12) == (None if value is None else value * 1e12)


def test_shares_and_rates_have_their_bounds() -> None:
    """What no card could do in its life is a mistake."""
    assert (count("12"), count(2.0), count(2**60), count("x")) == (12, 2, None, None)
    assert scaled(1e10, 1e12) is None


def test_a_miner_without_a_figure_or_with_none_is_judged_by_its_uptime() -> None:
    """Null while it starts is warming; a tokens server that makes none is idle."""
    young = read({"v": None, "up": 10}, uptime="up")
    assert (young.value, young.state, young.reason) == (None, WorkState.WARMING, "no figure at v")
    assert read({"v": -3, "up": 900}, uptime="up").state is WorkState.FAILING
    assert read({"v": 0, "up": 900}, uptime="up").reason == "no hashrate 900 s after its start"
    idle = read({"v": 0, "up": 900}, unit="tok/s", uptime="up")
    assert (idle.value, idle.state, idle.reason) == (0.0, WorkState.RUNNING, "")


def test_without_an_uptime_it_is_by_how_long_nothing_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first reading, or from the last hash."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    progress = Progress()
    assert progress.judged(0.0, None)[0] is WorkState.WARMING
    now += 119
    assert progress.judged(None, None)[0] is WorkState.WARMING
    now += 2
    assert progress.judged(0.0, None) == (WorkState.FAILING, "no hashrate 121 s after it was first asked")
    assert progress.judged(5.0, None) == (WorkState.RUNNING, "")
    now += 100
    assert progress.judged(0.0, None)[0] is WorkState.WARMING
    now += 100
    assert progress.judged(0.0, None) == (WorkState.FAILING, "no hashrate 200 s after its last one")


@pytest.mark.parametrize("tree", [b"null", b"[]", b"7", b'{"x": 1}', b'"v"'])
def test_none_of_the_figures_is_an_error(tree: bytes) -> None:
    """With the path that leads nowhere."""
    with pytest.raises(WorkloadError, match=r"the workload answers without a figure at v, see meter\.value"):
        read(tree, uptime="up")


@pytest.mark.parametrize("body", [b"", b"\xff", b"<html>", b"[" * 100_000, b'{"v": NaN}'])
def test_what_is_not_json_is_told(body: bytes) -> None:
    """As a sentence."""
    with pytest.raises(WorkloadError, match="answers with what is not JSON: "):
        read(body)


def test_the_address_is_asked_as_it_is_written(tmp_path: Path) -> None:
    """A path, its last stroke, a query; and a token where there is one."""
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    for path in ("/api/v1?x=1", "/api/v1/", "/"):
        with serving(answer(b'{"v": 1}')) as server:
            meter = connect_meter(MeterSettings(kind="json", url=server.url + path, token_file=str(secret), value="v"))
            meter.read(5.0)
            meter.close()
            [(asked, headers)] = server.seen
            assert asked == path and headers["Authorization"] == "Bearer s3cret"


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("vgrb"), inner)
)


@settings(max_examples=60, deadline=None)
@given(TREES.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=60))
def test_any_document_is_sound_figures_or_a_sentence(body: bytes) -> None:
    """No crash, and no figure that is negative or not finite."""
    said, output = "", None
    try:
        output = read(body, per_gpu="g", gpu_value="r", gpu_pci="b", accepted="r", uptime="b.0", unit="TH/s")
    except WorkloadError as error:
        said = str(error)
    if output is None:
        assert said.startswith("the workload answers with")
        return
    figures = (output.value, output.accepted, output.uptime_s, *(rate for _, rate in output.per_gpu))
    assert all(figure is None or 0 <= figure < float("inf") for figure in figures)


def test_a_path_is_the_one_of_the_feeds() -> None:
    """One language for both; nothing at no path."""
    assert (at_path({"a": [1, 2]}, "a.-1"), at_path({"a": 1}, None)) == (2, None)
    with pytest.raises(ValueError, match="expected keys with dots between them"):
        at_path({}, "a..b")
