"""What the HiveOS meter makes of the file in which HiveOS' agent keeps what it last sent; and what it will not read."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.workloads.contract import Meter, WorkloadError
from console.workloads.meters import hiveos
from console.workloads.meters._file import MAX_FILE
from console.workloads.registry import connect_meter
from tests.contract.hostile import Handler, answer, serving

SECRET = "rig-passw0rd-that-nobody-may-see"
STATS: dict[str, Any] = {
    "hs": [30.5, 29.5, 45],
    "hs_units": "mhs",
    "temp": [55, 56, 57],
    "uptime": 4000,
    "ar": [120, 3, 1],
    "algo": "octopus",
    "bus_numbers": [1, 10, 65],
}


def document(stats: Any = None, **params: Any) -> bytes:
    """What the agent writes of a miner with these stats."""
    own = {"v": 1, "rig_id": "7", "passwd": SECRET, "miner": "custom", "miner_stats": stats, "total_khs": 105_000}
    return json.dumps({"method": "stats", "params": {**own, **params}}).encode()


def meter_at(url: str) -> Meter:
    return connect_meter(MeterSettings(kind="hiveos", url=url))


def written(folder: Path, body: bytes, age_s: float = 5.0) -> Path:
    path = folder / "last_stat.json"
    path.write_bytes(body)
    path.chmod(0o644)
    at = time.time() - age_s
    os.utime(path, (at, at))
    return path


def read(folder: Path, body: bytes, age_s: float = 5.0) -> Output:
    meter = meter_at(f"file://{written(folder, body, age_s)}")
    try:
        return meter.read()
    finally:
        meter.close()


def test_a_custom_miner_is_read(tmp_path: Path) -> None:
    """Rates in their unit, buses in decimal, shares, algorithm and uptime."""
    output = read(tmp_path, document(STATS))
    assert (output.value, output.unit, output.state) == (105e6, "H/s", WorkState.RUNNING)
    assert output.per_gpu == (("00000000:01:00.0", 30.5e6), ("00000000:0A:00.0", 29.5e6), ("00000000:41:00.0", 45e6))
    assert (output.accepted, output.rejected, output.algorithm, output.uptime_s) == (120, 3, "octopus", 4000.0)


def test_http_serves_the_same_document(tmp_path: Path) -> None:
    """Any path that is written in the config."""
    with serving(answer(document(STATS))) as server:
        meter = meter_at(f"{server.url}/run/hive/last_stat.json")
        served = meter.read()
        meter.close()
        assert [path for path, _ in server.seen] == ["/run/hive/last_stat.json"]
    of_file = read(tmp_path, document(STATS))
    assert (served.value, served.per_gpu, served.accepted) == (of_file.value, of_file.per_gpu, of_file.accepted)


@pytest.mark.parametrize(
    ("units", "scale"),
    [
        ("hs", 1),
        ("khs", 1e3),
        ("mhs", 1e6),
        ("ghs", 1e9),
        ("ths", 1e12),
        ("KHs", 1e3),
        ("H/s", 1),
        ("MH/s", 1e6),
        ("", 1e3),
        (None, 1e3),
    ],
)
def test_rates_are_in_their_unit(units: str | None, scale: float, tmp_path: Path) -> None:
    """kH/s where none is named: HiveOS' own default."""
    output = read(tmp_path, document({"hs": [2, 3], "hs_units": units, "bus_numbers": [1, 2]}))
    assert (output.value, dict(output.per_gpu)["00000000:02:00.0"]) == (5 * scale, 3 * scale)


def test_an_unknown_unit_leaves_the_total(tmp_path: Path) -> None:
    """Which is always in kH/s; nothing is guessed of the cards."""
    output = read(tmp_path, document({**STATS, "hs_units": "sols"}))
    assert (output.value, output.per_gpu) == (105e6, ())


@pytest.mark.parametrize(
    ("stats", "value", "cards"),
    [
        ({"hs": [1, 2, 4], "bus_numbers": [1, None, 3]}, 5e3, 2),
        ({"hs": [1, 2], "bus_numbers": [1, 2, 3]}, 3e3, 0),
        ({"hs": [1, 2]}, 3e3, 0),
        ({"hs": [9.5], "bus_numbers": [0]}, 9.5e3, 0),
        ({"hs": ["1", "2"], "bus_numbers": ["1", "2"]}, 3e3, 2),
        ({"hs": "604.5", "hs_units": "H/s", "bus_numbers": [0]}, 604.5, 0),
        ({"hs": [1, None, -4], "bus_numbers": [1, 2, 3]}, 1e3, 1),
        ({"hs": [1, 2], "bus_numbers": [5, 5]}, 3e3, 1),
        ({"hs": [], "bus_numbers": []}, 105e6, 0),
        ({}, 105e6, 0),
        (None, 105e6, 0),
    ],
)
def test_cards_are_told_where_every_rate_has_a_bus(stats: Any, value: float, cards: int, tmp_path: Path) -> None:
    """Without a bus it is the processor, or unknown; the agent's total stands in where there are no rates."""
    output = read(tmp_path, document(stats))
    assert (output.value, len(output.per_gpu)) == (value, cards)


def test_a_bus_as_text_is_decimal_as_well(tmp_path: Path) -> None:
    """``10`` is 0A in the bus's own spelling, whether jq made it a number or text."""
    output = read(tmp_path, document({"hs": [1, 2], "bus_numbers": ["10", 10]}))
    assert output.per_gpu == (("00000000:0A:00.0", 3e3),)


def test_of_two_miners_the_first_is_told(tmp_path: Path) -> None:
    """The second one's figures stand beside it."""
    second = {"miner2": "xmrig", "miner_stats2": {"hs": [9], "ar": [500, 50]}, "total_khs2": 9}
    output = read(tmp_path, document({**STATS, "ar": ["12", "1"]}, **second))
    assert (output.value, output.accepted, output.rejected) == (105e6, 12, 1)


def test_no_hashrate_is_warming_and_then_failing(tmp_path: Path) -> None:
    """By the miner's uptime."""
    body = {"hs": [0, 0], "bus_numbers": [1, 2]}
    assert read(tmp_path, document({**body, "uptime": 30})).state is WorkState.WARMING
    output = read(tmp_path, document({**body, "uptime": 300}))
    assert (output.state, output.reason) == (WorkState.FAILING, "no hashrate 300 s after its start")


def test_a_rig_without_a_miner_is_a_sentence(tmp_path: Path) -> None:
    """The agent writes an empty name and no stats."""
    with pytest.raises(WorkloadError, match="HiveOS' agent tells of no miner: no flight sheet is set"):
        read(tmp_path, document(None, miner=""))


@pytest.mark.parametrize(
    ("age_s", "said"),
    [(200, r"was written 20\d s ago: HiveOS' agent has stopped"), (-300, r"\d s from now by this clock: HiveOS")],
)
def test_what_is_old_is_no_rate(age_s: float, said: str, tmp_path: Path) -> None:
    """After two minutes the agent has stopped; a time to come is of a clock that was set back."""
    with pytest.raises(WorkloadError, match=said):
        read(tmp_path, document(STATS), age_s)
    assert read(tmp_path, document(STATS), 100).value == 105e6


def test_a_served_document_that_never_changes_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP tells no time: one that stays the same byte for byte grows old, and a new one is fresh."""
    bodies = [document(STATS), document(STATS), document({**STATS, "uptime": 4010})]

    def next_one(handler: Handler) -> None:
        answer(bodies.pop(0))(handler)

    monkeypatch.setattr(hiveos, "OLDEST_S", 0.01)
    with serving(next_one) as server:
        meter = meter_at(server.url)
        assert meter.read().uptime_s == 4000.0
        time.sleep(0.05)
        with pytest.raises(WorkloadError, match="has not changed for 0 s: HiveOS' agent has stopped"):
            meter.read()
        assert meter.read().uptime_s == 4010.0
        meter.close()


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"null", b"[" * 90_000, b'{"params": 7}', b'{"method": "stats"}']
)
def test_what_the_agent_does_not_write_is_a_sentence(body: bytes, tmp_path: Path) -> None:
    """From a file and over HTTP."""
    with pytest.raises(WorkloadError, match="what HiveOS' agent does not write"):
        read(tmp_path, body)
    with serving(answer(body)) as server:
        meter = meter_at(server.url)
        with pytest.raises(WorkloadError, match="what HiveOS' agent does not write"):
            meter.read()
        meter.close()


def test_the_rigs_password_is_in_no_error(tmp_path: Path) -> None:
    """Whatever is wrong with the document around it."""
    for body in (document(STATS)[:-2], document(STATS, miner=[SECRET]), SECRET.encode()):
        with pytest.raises(WorkloadError) as caught:
            read(tmp_path, body)
        assert SECRET not in str(caught.value)


def test_a_file_that_is_being_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent empties its file and fills it anew, in place: a moment later it is whole."""
    path = written(tmp_path, document(STATS)[:40])
    paused: list[float] = []

    def fill(seconds: float) -> None:
        paused.append(seconds)
        path.write_bytes(document(STATS))

    monkeypatch.setattr("time.sleep", fill)
    assert meter_at(f"file://{path}").read().value == 105e6
    assert len(paused) == 1 and paused[0] <= 0.1


def test_only_a_file_is_read(tmp_path: Path) -> None:
    """No pipe that never ends, no device, no link, no folder; and none that others could have written."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(written(tmp_path, document(STATS)))
    refused = {
        pipe: "is not a file of root's or yours",
        tmp_path: "is not a file of root's or yours",
        Path("/dev/zero"): "is not a file of root's or yours",
        link: "cannot be read: Too many levels of symbolic links",
        tmp_path / "none": "cannot be read: No such file or directory",
    }
    for path, said in refused.items():
        with pytest.raises(WorkloadError, match=f"^{path} {said}"):
            meter_at(f"file://{path}").read()
    written(tmp_path, document(STATS)).chmod(0o646)
    with pytest.raises(WorkloadError, match=r"can be written by others: chmod o-w /"):
        meter_at(f"file://{tmp_path}/last_stat.json").read()
    with pytest.raises(WorkloadError, match="holds more than 1 MiB"):
        read(tmp_path, b" " * (MAX_FILE + 1))
    with pytest.raises(WorkloadError, match="cannot be read: embedded null byte"):
        meter_at("file:///run/%00").read()


def test_no_process_is_ever_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a document is data: a reading starts nothing, whatever it says."""
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **more: started.append(args))
    monkeypatch.setattr(os, "system", started.append)
    marker = tmp_path / "marker"
    output = read(tmp_path, document({**STATS, "algo": f"$(touch {marker})", "hs": [f"`touch {marker}`", 1, 2]}))
    assert (output.value, marker.exists(), started) == (3e6, False, [])


FIELDS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
ANY_STATS = st.dictionaries(st.sampled_from(list(STATS)), FIELDS | st.lists(FIELDS, max_size=3))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.builds(document, ANY_STATS, total_khs=FIELDS))
def test_any_document_is_sound_figures_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    """No crash, and no figure that is negative or not finite."""
    output, said = None, ""
    try:
        output = read(tmp_path_factory.mktemp("hive"), body)
    except WorkloadError as error:
        said = str(error)
    if output is None:
        assert "does not write" in said or "tells of no miner" in said
        return
    figures = (output.value, output.accepted, output.rejected, output.uptime_s, *(rate for _, rate in output.per_gpu))
    assert all(figure is None or 0 <= figure < float("inf") for figure in figures)
