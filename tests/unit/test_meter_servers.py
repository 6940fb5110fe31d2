"""What the meters of SGLang, llama.cpp, Triton and Ollama make of answers, over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.workloads.contract import Meter, WorkloadError
from console.workloads.meters._server import Names
from console.workloads.registry import connect_meter
from tests.contract.hostile import Handler, answer, serving

GAP_S = 0.25
COUNTERS = {
    "vllm": ("vllm:generation_tokens_total", "vllm:prompt_tokens_total"),
    "sglang": ("sglang:generation_tokens_total", "sglang:prompt_tokens_total"),
    "llamacpp": ("llamacpp:tokens_predicted_total", "llamacpp:prompt_tokens_total"),
}
GAUGES = {
    "vllm": ("vllm:num_requests_running", "vllm:num_requests_waiting"),
    "sglang": ("sglang:num_running_reqs", "sglang:num_queue_reqs"),
    "llamacpp": ("llamacpp:requests_processing", "llamacpp:requests_deferred"),
}
READ_METRICS = [*COUNTERS, "triton"]


class Server:
    """Says what it is told to; ``read`` is one reading of it."""

    def __init__(self) -> None:
        self.text, self.status = "", 200
        self.meter: Meter

    def answer(self, handler: Handler) -> None:
        answer(self.text.encode(), self.status)(handler)

    def read(self) -> Output:
        return self.meter.read(5.0)


@contextmanager
def server_of(kind: str, path: str = "") -> Iterator[Server]:
    """A server and the meter of that kind at it."""
    made = Server()
    with serving(made.answer) as http:
        made.meter = connect_meter(MeterSettings(kind=kind, url=http.url + path))
        yield made
        made.meter.close()


@pytest.fixture
def sglang() -> Iterator[Server]:
    with server_of("sglang") as server:
        yield server


@pytest.mark.parametrize("kind", COUNTERS)
def test_counters_become_rates(kind: str) -> None:
    """Of generated tokens and of prompts, over the time between two readings; requests are counted at once."""
    generated, prompts = COUNTERS[kind]
    running, waiting = GAUGES[kind]
    with server_of(kind) as server:
        server.text = f"{generated} 1000\n{prompts} 500\n{running} 3\n{waiting} 4\n"
        first = server.read()
        begun = time.monotonic()
        time.sleep(GAP_S)
        server.text = f"{generated} 1300\n{prompts} 650\n{running} 3\n"
        second = server.read()
        took_s = time.monotonic() - begun
    assert (first.value, first.input_value, first.running, first.waiting) == (None, None, 3, 4)
    assert second.value is not None and 300 / took_s * 0.8 < second.value < 300 / GAP_S * 1.05
    assert second.input_value == pytest.approx(second.value / 2)
    assert (second.waiting, second.uptime_s, second.state, second.reason) == (None, None, WorkState.RUNNING, "")


@pytest.mark.parametrize("kind", COUNTERS)
def test_a_counter_that_fell_is_a_restart(kind: str) -> None:
    """No negative rate, no rate at all, and then that of the new counter."""
    generated, _ = COUNTERS[kind]
    with server_of(kind) as server:
        server.text = f"{generated} 5000\n"
        server.read()
        time.sleep(GAP_S)
        server.text = f"{generated} 10\n"
        assert server.read().value is None
        time.sleep(GAP_S)
        server.text = f"{generated} 20\n"
        rate = server.read().value
    assert rate is not None and 0 < rate < 10 / GAP_S * 1.05


@pytest.mark.parametrize("kind", READ_METRICS)
def test_a_server_that_loads_is_warming(kind: str) -> None:
    """HTTP status 503, or metrics of something else; what it then counts is not set against what was before."""
    with server_of(kind) as server:
        server.status = 503
        output = server.read()
        assert (output.state, output.value, output.reason) == (
            WorkState.WARMING,
            None,
            "still loading (HTTP status 503)",
        )
        server.status, server.text = 200, "python_info 1\n"
        assert server.read().reason.startswith("answers without ")
        server.status = 500
        with pytest.raises(WorkloadError, match=r"/metrics answers with HTTP status 500$"):
            server.read()


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("sglang", 404, "HTTP status 404: start it with --enable-metrics$"),
        ("llamacpp", 501, "HTTP status 501: start it with --metrics$"),
        ("llamacpp", 400, "HTTP status 400$"),
        ("vllm", 404, "HTTP status 404$"),
        ("triton", 404, "HTTP status 404$"),
    ],
)
def test_a_server_without_metrics_is_told_how_to_have_them(kind: str, status: int, said: str) -> None:
    """Where it has to be started with a word for that."""
    with server_of(kind) as server:
        server.status = status
        with pytest.raises(WorkloadError, match=said):
            server.read()


@pytest.mark.parametrize("path", ["", "/", "/metrics", "/metrics/", "/metrics?model=a", "/?model=a"])
def test_the_address_may_be_the_servers_or_that_of_its_metrics(path: str) -> None:
    """As people copy it from a browser; a query is kept, which llama.cpp wants where it serves several models."""
    seen: list[str] = []

    def look(handler: Handler) -> None:
        seen.append(handler.path)
        answer(b"llamacpp:requests_processing 1\n")(handler)

    with serving(look) as http:
        meter = connect_meter(MeterSettings(kind="llamacpp", url=http.url + path))
        assert meter.read(5.0).running == 1
        meter.close()
    assert seen == ["/metrics?model=a" if "?" in path else "/metrics"]


def test_sglang_without_its_counter_has_its_gauge(sglang: Server) -> None:
    """The counter is preferred where there is one, unknown or not; a gauge that is no rate is unknown."""
    sglang.text = "sglang:gen_throughput 480.5\nsglang:num_running_reqs 2\n"
    assert sglang.read().value == 480.5
    sglang.text += "sglang:generation_tokens_total 100\n"
    assert sglang.read().value is None
    sglang.text = "sglang:gen_throughput -1\n"
    assert sglang.read().value is None
    sglang.text = "sglang:num_running_reqs 2\n"
    assert sglang.read().value is None


def test_ranks_of_one_sglang_engine_count_once(sglang: Server) -> None:
    """Each tells of the same requests; engines of their own, by dp_rank or model, are summed."""
    lines = [
        f'sglang:num_running_reqs{{model_name="m",dp_rank="{dp}",tp_rank="{tp}",pp_rank="0"}} {4 + dp}'
        for dp in (0, 1)
        for tp in (0, 1, 2)
    ]
    sglang.text = "\n".join([*lines, 'sglang:gen_throughput{tp_rank="0"} 70', 'sglang:gen_throughput{tp_rank="1"} 72'])
    output = sglang.read()
    assert (output.running, output.value) == (9, 72.0)


def test_one_of_two_engines_that_restarts_makes_the_rate_unknown(sglang: Server) -> None:
    """What the other one has made meanwhile would stand for both."""
    for one, other, rated in ((1000, 50, False), (10, 9000, False), (20, 9010, True)):
        sglang.text = "".join(f'sglang:generation_tokens_total{{dp="{n}"}} {v}\n' for n, v in enumerate((one, other)))
        assert (sglang.read().value is not None) is rated
        time.sleep(GAP_S)


def test_llamacpps_average_over_its_life_is_not_its_rate() -> None:
    """Not even where nothing else is told."""
    with server_of("llamacpp") as server:
        server.text = "llamacpp:predicted_tokens_seconds 61.2\nllamacpp:requests_processing 0\n"
        assert server.read().value is None
        time.sleep(GAP_S)
        server.text += "llamacpp:tokens_predicted_total 10\n"
        assert server.read().value is None
        time.sleep(GAP_S)
        assert server.read().value == 0.0


def test_triton_tells_what_waits_and_no_rate() -> None:
    """Its requests are no tokens; all models are summed; what it does not tell is unknown."""
    with server_of("triton") as server:
        for served in (100, 900):
            server.text = f'nv_inference_request_success{{model="a"}} {served}\n'
            server.text += "".join(f'nv_inference_pending_request_count{{model="{m}"}} 2\n' for m in "ab")
            output = server.read()
            time.sleep(GAP_S)
            assert (output.value, output.input_value, output.unit) == (None, None, "tok/s")
            assert (output.waiting, output.running, output.state) == (4, None, WorkState.RUNNING)
            assert output.reason == "Triton counts requests, not tokens"
        server.text = 'nv_inference_request_success{model="a"} 7\n'
        assert (server.read().waiting, server.read().state) == (None, WorkState.RUNNING)


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ([{"name": "gemma3:4b", "model": "gemma3:4b", "size_vram": 5}], "gemma3:4b is loaded; Ollama tells no rate"),
        ([{"model": "only"}], "only is loaded; Ollama tells no rate"),
        ([{"name": "a"}, {"name": "b"}, {"name": "c"}], "a and 2 more are loaded; Ollama tells no rate"),
        ([{"name": "\x1b[2J\u202e"}], "[2J is loaded; Ollama tells no rate"),
        ([{"name": "\x1b"}], "a model without a name is loaded; Ollama tells no rate"),
        ([], "no model is loaded"),
        (None, "no model is loaded"),
    ],
)
def test_ollama_tells_what_is_loaded_and_no_rate(models: object, reason: str) -> None:
    """By name, and how many there are."""
    with server_of("ollama", "/api/ps") as server:
        server.text = json.dumps({"models": models})
        output = server.read()
    assert (output.value, output.unit, output.state, output.reason) == (None, "tok/s", WorkState.RUNNING, reason)
    assert (output.running, output.waiting, output.per_gpu) == (None, None, ())


@pytest.mark.parametrize(
    "body", ["", "Ollama is running", "[]", "{}", '{"models": 7}', '{"models": ["a"]}', "[" * 90_000]
)
def test_what_ollama_does_not_say_is_a_sentence(body: str) -> None:
    """Never a server without a model."""
    with server_of("ollama") as server:
        server.text = body
        with pytest.raises(WorkloadError, match="the server answers with what Ollama does not: "):
            server.read()


def test_names_that_are_looked_for_are_all_of_a_table() -> None:
    """What a table does not name is not kept of an answer."""
    names = Names("x", ("s",), ("g",), ("p",), ("r",), ("w",), ("a",), ("t",))
    assert sorted(names.wanted) == list("agprstw")


Sample = tuple[str, str, str]
NUMBERS = st.sampled_from(["0", "1", "-1", "1e308", "1e400", "NaN", "+Inf", "-Inf", "many", "7.5"])
WORDS = [*COUNTERS["sglang"], *GAUGES["sglang"], "sglang:gen_throughput", "process_start_time_seconds"]
SAMPLES = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["", '{tp_rank="0"}', '{a="b"}']), NUMBERS))


@settings(max_examples=15, deadline=None)
@given(first=SAMPLES, then=SAMPLES, more=st.binary(max_size=40))
@example(first=[], then=[(word, label, "1e308") for word in WORDS for label in ("", '{a="b"}')], more=b"")
def test_any_metrics_are_sound_figures(first: list[Sample], then: list[Sample], more: bytes) -> None:
    """Two readings of anything: no crash, and no figure that is negative or not finite."""
    with server_of("sglang") as server:
        for samples in (first, then):
            lines = [f"{name}{labels} {value}" for name, labels, value in samples]
            server.text = "\n".join([*lines, more.decode("latin-1")])
            output = server.read()
            figures = (output.value, output.input_value, output.running, output.waiting, output.uptime_s)
            assert all(figure is None or 0 <= figure < float("inf") for figure in figures)
            time.sleep(0.21)
