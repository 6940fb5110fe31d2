"""What a config may say of meters, and the sentence for everything else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from console.config.addresses import SCHEMES, url_fault
from console.config.checks import site_problems
from console.config.kinds import METERS, kinds_in
from console.config.meter_checks import UNITS, meter_problems
from console.config.settings import Settings
from console.config.workload_checks import workload_problems
from console.config.workload_settings import MeterSettings
from console.workloads.expand import place

URL = "http://127.0.0.1:4000"
BY_HAND = {"kind": "json", "url": URL, "value": "data.0.speed", "unit": "MH/s"}
CARDS = {"per_gpu": "gpus", "gpu_value": "speed", "gpu_pci": "bus", "pci_base": "decimal"}


def settings_of(meter: dict[str, Any], **workload: Any) -> Settings:
    return msgspec.convert({"workloads": {"w": {"kind": "mine", "meter": meter, **workload}}}, Settings)


def told(meter: dict[str, Any]) -> list[str]:
    """Each problem of the meter as its place below it and its words."""
    problems = meter_problems(settings_of(meter))
    return [f"{'.'.join(map(str, problem.where[3:]))} {problem.text}".strip() for problem in problems]


def at_url(meter: dict[str, Any]) -> list[str]:
    """What the check of workloads says of its address and kind."""
    return [problem.text for problem in workload_problems(settings_of(meter)) if "meter" in problem.where]


@pytest.mark.parametrize(
    "meter",
    [
        BY_HAND,
        {**BY_HAND, **CARDS},
        {**BY_HAND, "accepted": "a.0", "rejected": 'a."x.y"', "uptime": "up.-1", "token_file": "/etc/token"},
        *({**BY_HAND, "unit": unit} for unit in UNITS),
        {"kind": "xmrig", "url": URL, "token_file": "/etc/token"},
        {"kind": "cgminer", "url": "tcp://127.0.0.1:4028"},
        {"kind": "hiveos", "url": "file:///run/hive/last_stat.json"},
        {"kind": "hiveos", "url": URL, "token_file": "/etc/token"},
        *({"kind": kind, "url": URL} for kind in ("sglang", "llamacpp", "triton", "ollama", "vllm")),
    ],
)
def test_good_meters_have_no_problem(meter: dict[str, Any]) -> None:
    """Every kind of this file, with all its keys, in both checks."""
    assert told(meter) == at_url(meter) == []


def test_a_workload_without_a_meter_has_no_problem_of_one() -> None:
    """Nothing is asked of it."""
    assert list(meter_problems(msgspec.convert({"workloads": {"w": {"kind": "ai"}}}, Settings))) == []


@pytest.mark.parametrize(
    ("meter", "problem"),
    [
        ({"value": ""}, "value is empty, expected where the output stands in the answer: data.0.speed"),
        ({"value": "a..b"}, 'value is "a..b", expected keys with dots between them such as data.0.price; quote'),
        ({"uptime": "."}, 'uptime is ".", expected keys with dots between them'),
        ({"accepted": '"a'}, "accepted is "),
        ({"unit": "mh/s"}, 'unit is "mh/s", which is no unit of output; did you mean MH/s?'),
        ({"unit": "furlongs"}, 'unit is "furlongs", which is no unit of output; known: GH/s, H/s, MH/s'),
        ({"unit": ""}, 'unit is "", which is no unit of output; known: '),
        ({"per_gpu": "g"}, "has per_gpu but no gpu_value and no gpu_pci, expected all three or none"),
        ({**CARDS, "gpu_pci": ""}, "has per_gpu and gpu_value but no gpu_pci, expected all three or none"),
        ({**CARDS, "per_gpu": "", "gpu_value": ""}, "has gpu_pci but no per_gpu and no gpu_value, expected"),
        ({"pci_base": "decimal"}, "pci_base says how gpu_pci is written, and there is no gpu_pci"),
    ],
)
def test_faults_of_a_meter_by_hand(meter: dict[str, Any], problem: str) -> None:
    """One sentence each, at the key."""
    [said] = told({**BY_HAND, **meter})
    assert said.startswith(problem)


@pytest.mark.parametrize("key", ["value", "per_gpu", "gpu_value", "gpu_pci", "accepted", "rejected", "uptime"])
@pytest.mark.parametrize("kind", ["xmrig", "ollama"])
def test_keys_of_a_meter_by_hand_are_refused_on_any_other(kind: str, key: str) -> None:
    """By name."""
    expected = f"{key} is no key of a meter of kind {kind}, only of kind json: leave it out"
    assert told({"kind": kind, "url": URL, key: "a"}) == [expected]


def test_every_key_that_is_not_common_is_of_a_meter_by_hand() -> None:
    """A new setting is common to all kinds, or is refused on the others."""
    new = {"value": "a", "unit": "tok/s", "pci_base": "decimal"}
    table = {key: new.get(key, "a") for key in MeterSettings.__struct_fields__[3:]}
    said = told({"kind": "xmrig", "url": URL, **table})
    assert MeterSettings.__struct_fields__[:3] == ("kind", "url", "token_file")
    assert sorted(one.partition(" ")[0] for one in said) == sorted(table)


def test_a_kind_that_is_none_is_one_problem() -> None:
    """Its keys may be right for what it was meant to be."""
    meter = {**BY_HAND, "kind": "jsn"}
    assert told(meter) == []
    assert at_url(meter) == ['is "jsn", which is no kind of meter; did you mean json?']


@pytest.mark.parametrize(
    ("kind", "url", "scheme"),
    [("cgminer", "tcp://127.0.0.1:4028", "tcp"), ("hiveos", "file:///run/hive/last_stat.json", "file")],
)
def test_a_token_goes_over_http_only(kind: str, url: str, scheme: str) -> None:
    """Where there is no HTTP, it would be passed over in silence."""
    said = f"token_file stands beside a {scheme} address, and is sent over HTTP only"
    assert told({"kind": kind, "url": url, "token_file": "/etc/token"}) == [said]


def test_the_check_is_run_with_the_others() -> None:
    """A config with a fault of a meter is not opened."""
    [problem] = site_problems(settings_of({**BY_HAND, "unit": "x/s"}))
    assert problem.where == ("workloads", "w", "meter", "unit")


HTTP = "expected http://HOST:PORT or https://HOST:PORT"
TCP = "expected tcp://HOST:PORT"
FILE = "expected file:///ABSOLUTE/PATH or http://HOST:PORT or https://HOST:PORT"


@pytest.mark.parametrize(
    ("kind", "url", "fault"),
    [
        ("", "http://h:1/x?y", ""),
        ("", "tcp://h:1", HTTP),
        ("xmrig", "tcp://h:1", HTTP),
        ("xmrig", "file:///x", HTTP),
        ("cgminer", "tcp://h:4028", ""),
        ("cgminer", "tcp://[::1]:4028", ""),
        ("cgminer", "tcp://h", TCP),
        ("cgminer", "tcp://:4028", TCP),
        ("cgminer", "tcp://h:0", TCP),
        ("cgminer", "tcp://h:4028/x", TCP),
        ("cgminer", "tcp://h:4028?x", TCP),
        ("cgminer", "http://h:4028", TCP),
        ("cgminer", "tcp://h:99999", f"{TCP} (Port out of range 0-65535)"),
        ("hiveos", "file:///run/hive/last_stat.json", ""),
        ("hiveos", "https://h/x", ""),
        ("hiveos", "http://h:0", FILE),
        ("hiveos", "file://run/hive", FILE),
        ("hiveos", "file:run/hive", FILE),
        ("hiveos", "file:///run/x?y", FILE),
        ("hiveos", "file:///run/x#y", FILE),
        ("hiveos", "/run/hive/last_stat.json", FILE),
        ("hiveos", "tcp://h:1", FILE),
    ],
)
def test_addresses_are_of_the_scheme_that_a_kind_asks_by(kind: str, url: str, fault: str) -> None:
    """HTTP for all but those that say otherwise, and whole; what would be passed over is a fault."""
    assert url_fault(url, kind) == fault
    if kind:
        said = at_url({"kind": kind, "url": url})
        assert [one.endswith(f'", {fault}') for one in said] == [True] * bool(fault)


@pytest.mark.parametrize("url", ["tcp://a:b@h:4028", "http://a@h"])
def test_no_address_holds_a_password(url: str) -> None:
    """Whatever its scheme."""
    assert url_fault(url, "cgminer" if url.startswith("tcp") else "").startswith("which holds a user or password")


def test_schemes_are_of_meters_that_there_are() -> None:
    """A kind that is renamed is renamed there too."""
    assert set(SCHEMES) <= set(kinds_in(METERS))


@pytest.mark.parametrize(("url", "ports"), [("tcp://127.0.0.1:{slot+4028}", [4028, 4031]), ("tcp://h:{slot}0000", [])])
def test_an_address_expands_under_its_own_scheme(url: str, ports: list[int]) -> None:
    """A port of its own for each instance; one that is out of range leaves the instance without a meter."""
    table = {
        "controllers": {"systemd": {}},
        "workloads": {
            "w": {
                "kind": "mine",
                "gpus": [0, 3] if ports else [7],
                "controller": "systemd",
                "unit": "miner@{slot}",
                "meter": {"kind": "cgminer", "url": url},
            }
        },
    }
    rows = [(slot, f"GPU-{slot}", f"00000000:0{slot}:00.0") for slot in (0, 3, 7)]
    placed, warnings = place(msgspec.convert(table, Settings), rows)
    assert [one.meter_url for one in placed] == ([f"tcp://127.0.0.1:{port}" for port in ports] or [""])
    assert bool(warnings) is not bool(ports)
    assert all("its address would be tcp://h:70000, expected tcp://HOST:PORT" in said for said in warnings)
