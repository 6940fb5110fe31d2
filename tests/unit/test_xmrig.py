"""What the XMRig meter makes of a miner's answers, over real HTTP."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.workloads.contract import Meter, WorkloadError
from console.workloads.registry import connect_meter
from tests.contract.hostile import Handler, answer, serving

DATA = Path(__file__).parents[1] / "data" / "meters"
SUMMARY: dict[str, Any] = json.loads((DATA / "xmrig.summary.json").read_text())
BACKENDS: list[Any] = json.loads((DATA / "xmrig.backends.json").read_text())


class Miner:
    """A miner's API that answers with what it is told to; `read` is the meter's reading of it."""

    def __init__(self) -> None:
        self.summary: Any = copy.deepcopy(SUMMARY)
        self.backends: Any = copy.deepcopy(BACKENDS)
        self.meter: Meter

    def answer(self, handler: Handler) -> None:
        page = {"/2/summary": self.summary, "/2/backends": self.backends}[handler.path]
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        answer(body, 404 if page is None else 200)(handler)

    def read(self) -> Output:
        return self.meter.read()


@pytest.fixture(scope="module")
def served() -> Iterator[Miner]:
    miner = Miner()
    with serving(miner.answer) as server:
        miner.meter = connect_meter(MeterSettings(kind="xmrig", url=f"{server.url}/"))
        yield miner
        miner.meter.close()


@pytest.fixture
def miner(served: Miner) -> Miner:
    served.summary, served.backends = copy.deepcopy(SUMMARY), copy.deepcopy(BACKENDS)
    return served


def test_whole_answer_is_read(miner: Miner) -> None:
    """Rate, cards by PCI address, shares, algorithm and uptime arrive; 2^64-1 elsewhere in the answer hurts nothing."""
    output = miner.read()
    assert (output.value, output.state, output.reason) == (230_640_000.0, WorkState.RUNNING, "")
    assert output.per_gpu == (
        ("00000000:01:00.0", 58_710_000.0),
        ("00000000:0A:00.0", 58_420_000.0),
        ("00000000:41:00.0", 64_880_000.0),
        ("00000000:61:00.0", 48_630_000.0),
    )
    assert (output.accepted, output.rejected, output.algorithm, output.uptime_s) == (46, 2, "kawpow", 1912)
    assert output.credited_hashes == 10 * float(2**64 - 1)


def test_sum_is_of_the_cards_and_not_of_the_processor(miner: Miner) -> None:
    """With the CPU mining as well, the value is what the GPUs do: it is their money that is counted."""
    miner.summary["hashrate"]["total"][0] += 5000.0
    miner.backends[0]["threads"] = [{"intensity": 1, "affinity": 0, "hashrate": [5000.0, 5000.0, None]}]
    assert miner.read().value == 230_640_000.0


@pytest.mark.parametrize(("rate", "told"), [([5000.0, None, None], False), ([None, 7.0, None], False), ([0.0], True)])
def test_shares_of_the_processor_are_not_taken_for_the_cards(miner: Miner, rate: list[float], told: bool) -> None:
    """A share does not tell who found it: while the CPU hashes as well, what is credited to the cards is not known."""
    miner.backends[0]["threads"] = [{"intensity": 1, "affinity": 0, "hashrate": rate}]
    assert (miner.read().credited_hashes is not None) == told
    miner.backends = [miner.backends[0]]
    assert miner.read().credited_hashes is not None, "alone it is what is measured"


@pytest.mark.parametrize(
    ("results", "credited"),
    [({"hashes_total": 0}, 0.0), ({"hashes_total": None}, None), ({}, None), ({"hashes_total": -5}, None)],
)
def test_credited_hashes_are_the_sum_or_unknown(miner: Miner, results: object, credited: float | None) -> None:
    """What an older miner does not say is not 0."""
    miner.summary["results"] = results
    assert miner.read().credited_hashes == credited
    del miner.summary["results"]
    assert miner.read().credited_hashes is None


def test_empty_ten_second_window_falls_back_to_the_minute(miner: Miner) -> None:
    """A null 10 s window gives the 60 s one, for the total and for each card; the 15 min one is never used."""
    miner.backends[1]["threads"] = [{"bus_id": "41:00.0", "hashrate": [None, 7.0, 9.0]}]
    assert miner.read().per_gpu == (("00000000:41:00.0", 7.0),)
    miner.backends, miner.summary["hashrate"]["total"] = [], [None, 8.0, 9.0]
    assert (miner.read().value, miner.read().per_gpu) == (8.0, ())
    miner.summary["hashrate"]["total"] = [None, None, 9.0]
    assert miner.read().value is None


def test_miner_without_backends_still_has_its_total(miner: Miner) -> None:
    """An XMRig without /2/backends is read by its total alone."""
    miner.backends = None
    assert (miner.read().value, miner.read().per_gpu) == (230_640_000.0, ())


def test_two_threads_on_one_card_are_one_card(miner: Miner) -> None:
    """Threads with the same bus are summed; one with a bus that makes no sense is left out of the cards."""
    threads = [{"bus_id": bus, "hashrate": [2.0]} for bus in ("41:00.0", "41:00.0", "what", None)]
    miner.backends = [{"threads": threads}]
    assert miner.read().per_gpu == (("00000000:41:00.0", 4.0),)


@pytest.mark.parametrize(
    ("change", "state", "said"),
    [
        ({"uptime": 30}, WorkState.WARMING, "no hashrate yet after 30 s"),
        ({"uptime": 340}, WorkState.FAILING, "no hashrate 340 s after its start"),
        ({"uptime": 340, "paused": True}, WorkState.FAILING, "paused"),
        ({"uptime": 30, "paused": True}, WorkState.FAILING, "paused"),
    ],
)
@pytest.mark.parametrize("rate", [0.0, None])
def test_no_hashrate_is_warming_at_first_and_failing_later(
    miner: Miner, change: dict[str, Any], state: WorkState, said: str, rate: float | None
) -> None:
    """0 and null are normal in the first two minutes; afterwards, or when paused, the miner fails with the reason."""
    miner.backends = []
    miner.summary |= {**change, "hashrate": {"total": [rate, rate, None], "highest": None}}
    output = miner.read()
    assert (output.state, output.value) == (state, rate) and output.reason.startswith(said)


@pytest.mark.parametrize(("uptime", "state"), [(30, WorkState.WARMING), (600, WorkState.FAILING)])
def test_lost_pool_is_told_though_hashes_still_run(miner: Miner, uptime: int, state: WorkState) -> None:
    """Without its pool a miner earns nothing, whatever rate it still shows; the counters are kept."""
    miner.summary["uptime"] = uptime
    miner.summary["connection"] |= {"uptime": 0, "failures": 3, "ip": None}
    output = miner.read()
    assert (output.state, output.reason) == (state, "not connected to pool.example:3333 (3 failures)")
    assert (output.accepted, output.rejected) == (46, 2)


@pytest.mark.parametrize(
    ("page", "value"),
    [
        ("summary", {}),
        ("summary", {"hashrate": {"total": ["1"]}, "uptime": 1}),
        ("summary", {"hashrate": {"total": [1]}, "uptime": None}),
        ("summary", b'{"hashrate": {"total": [1e999]}, "uptime": 1}'),
        ("summary", {**SUMMARY, "connection": {"accepted": 1.5}}),
        ("summary", {**SUMMARY, "results": {"hashes_total": "many"}}),
        ("backends", {"threads": []}),
        ("backends", [{"threads": [{"bus_id": 41}]}]),
        ("backends", b"[{"),
    ],
)
def test_wrong_types_are_a_sentence(miner: Miner, page: str, value: object) -> None:
    """An answer of the wrong shape raises WorkloadError that says so."""
    setattr(miner, page, value)
    with pytest.raises(WorkloadError, match="the miner answers with what XMRig does not"):
        miner.read()


def test_text_of_the_miner_is_only_text(miner: Miner) -> None:
    """Control characters in pool and algorithm do not come through."""
    miner.summary |= {"algo": "kaw\x1b[31mpow\u202e"}
    miner.summary["connection"] |= {"pool": "a\x07b", "uptime": 0, "failures": 1}
    output = miner.read()
    assert (output.algorithm, output.reason) == ("kaw[31mpow", "not connected to ab (1 failures)")


def test_impossible_figures_are_unknown(miner: Miner) -> None:
    """Negative rates and counters are no figures."""
    miner.backends = [{"threads": [{"bus_id": "41:00.0", "hashrate": [-1.0, None]}]}]
    miner.summary["hashrate"]["total"] = [-1.0, None, None]
    miner.summary["connection"]["accepted"] = -3
    output = miner.read()
    assert (output.value, output.per_gpu, output.accepted) == (None, (), None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*SUMMARY, "total"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(st.sampled_from(["hashrate", "uptime", "connection", "paused", "algo"])), value=JSON, whole=JSON)
def test_any_json_is_an_output_or_a_sentence(miner: Miner, keys: list[str], value: object, whole: object) -> None:
    """Whatever JSON takes the place of a part or of all gives an Output of sound figures or WorkloadError."""
    miner.summary = {**SUMMARY, **dict.fromkeys(keys, value)} if keys else whole
    miner.backends = [{"threads": [{"bus_id": "41:00.0", "hashrate": value}]}]
    read: Callable[[], Output] = miner.read
    try:
        output = read()
    except WorkloadError:
        return
    assert output.value is None or 0 <= output.value < float("inf")
