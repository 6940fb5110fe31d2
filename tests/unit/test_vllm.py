"""What the vLLM meter makes of metrics, over real HTTP, and the text parser beneath it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.workload_settings import MeterSettings
from console.model import WorkState
from console.workloads.contract import Meter, WorkloadError
from console.workloads.meters._prometheus import MAX_SERIES, parse, series, total
from console.workloads.registry import connect_meter
from tests.contract.hostile import Handler, answer, serving

TEXT = (Path(__file__).parents[1] / "data" / "meters" / "vllm.prom").read_text()
GAP_S = 0.25


class Server:
    """An inference server's /metrics that says what it is told to."""

    def __init__(self) -> None:
        self.text, self.status = TEXT, 200
        self.meter: Meter

    def answer(self, handler: Handler) -> None:
        answer(self.text.encode(), self.status)(handler)

    def say(self, old: str, new: str) -> None:
        assert old in self.text, old
        self.text = self.text.replace(old, new)

    def count(self, generated: float, prompts: float = 0.0) -> None:
        """The text with one engine's counters at these figures."""
        counters = {"generation": generated, "prompt": prompts}
        lines = [f'vllm:{name}_tokens_total{{engine="0"}} {value}\n' for name, value in counters.items()]
        self.text = "".join(lines)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with serving(made.answer) as http:
        made.meter = connect_meter(MeterSettings(kind="vllm", url=http.url))
        yield made
        made.meter.close()


def test_first_reading_has_requests_and_no_rate(server: Server) -> None:
    """Gauges are summed over engines at once; a rate needs two readings and is unknown until then."""
    output = server.meter.read()
    assert (output.running, output.waiting, output.state) == (13, 2, WorkState.RUNNING)
    assert (output.value, output.input_value) == (None, None)
    assert output.uptime_s == pytest.approx(time.time() - 1.76e9, abs=5)


def test_rate_is_growth_over_the_time_between(server: Server) -> None:
    """Both counters, differentiated on a clock of the meter's own, over all engines."""
    server.meter.read()
    begun = time.monotonic()
    time.sleep(GAP_S)
    server.say("27453.0", "27653.0")
    server.say("1.9001e+04", "1.9101e+04")
    server.say("128311.0", "128911.0")
    output = server.meter.read()
    took_s = time.monotonic() - begun
    assert output.value == pytest.approx(300 / took_s, rel=0.15)
    assert output.input_value == pytest.approx(600 / took_s, rel=0.15)


def test_idle_server_makes_zero(server: Server) -> None:
    """Counters that stand still are 0 tok/s, which is known."""
    server.meter.read()
    time.sleep(GAP_S)
    assert server.meter.read().value == 0.0


def test_readings_close_together_keep_the_rate(server: Server) -> None:
    """A second reading at once repeats the last rate: counters grow by whole batches."""
    server.count(1000)
    server.meter.read()
    time.sleep(GAP_S)
    server.count(2000)
    rate = server.meter.read().value
    server.count(9000)
    assert rate and server.meter.read().value == rate


def test_restart_is_no_negative_rate(server: Server) -> None:
    """A counter that fell is a restart: the rate is unknown once, and then of the new counters."""
    server.count(50_000, 9_000)
    server.meter.read()
    time.sleep(GAP_S)
    server.count(100, 20)
    output = server.meter.read()
    assert (output.value, output.input_value) == (None, None)
    time.sleep(GAP_S)
    server.count(200, 40)
    rate = server.meter.read().value
    assert rate is not None and 0 < rate < 100 / GAP_S * 1.05


def test_engine_that_joins_does_not_jump(server: Server) -> None:
    """A series seen for the first time counts from its next reading on, not from zero."""
    server.count(1000)
    server.meter.read()
    time.sleep(GAP_S)
    server.text += 'vllm:generation_tokens_total{engine="1"} 5000000\n'
    assert server.meter.read().value == 0.0


def test_missing_metric_is_unknown_and_never_zero(server: Server) -> None:
    """A version without a family, or with figures that are none, gives None for it."""
    server.count(1000)
    output = server.meter.read()
    assert (output.running, output.waiting) == (None, None)
    server.text = "vllm:num_requests_running NaN\nvllm:generation_tokens_total +Inf\nvllm:num_requests_waiting -1\n"
    output = server.meter.read()
    assert (output.running, output.waiting, output.value) == (None, None, None)


def test_older_names_are_understood(server: Server) -> None:
    """Counters without the suffix _total are the same counters."""
    server.text = "vllm:generation_tokens 10\nvllm:prompt_tokens 20\n"
    server.meter.read()
    time.sleep(GAP_S)
    server.text = "vllm:generation_tokens 110\nvllm:prompt_tokens 220\n"
    output = server.meter.read()
    assert output.value and output.input_value == pytest.approx(2 * output.value)


def test_loading_server_is_warming(server: Server) -> None:
    """503, and answers that have no metrics yet, are a server that loads; other refusals are errors."""
    server.status = 503
    assert server.meter.read().state is WorkState.WARMING
    server.status, server.text = 200, "python_info 1\n"
    output = server.meter.read()
    assert (output.state, output.value, output.reason) == (WorkState.WARMING, None, "answers without vLLM's metrics")
    server.status = 404
    with pytest.raises(WorkloadError, match="/metrics answers with HTTP status 404"):
        server.meter.read()


def test_labels_are_read_whatever_stands_in_them() -> None:
    """Braces, commas, escaped quotes and any order of labels name the same series; timestamps are passed over."""
    text = 'm{a="x}\\",y",b="2"} 1 1700000000000\nm{b="3" , a="z",} 2\r\nm 4\n'
    assert parse(text, ["m"])["m"] == {(("a", 'x}\\",y'), ("b", "2")): 1.0, (("a", "z"), ("b", "3")): 2.0, (): 4.0}


@pytest.mark.parametrize(
    "line",
    ["m", "m{ 1", 'm{a="1} 1', "m 1 2 3", "m one", "m NaN", "m +Inf", "mm 1", " m 1", "m{" + "a" * 9000 + '="1"} 1'],
)
def test_senseless_line_costs_only_itself(line: str) -> None:
    """A line that is no sample, or too long, is left out, and the next is read."""
    assert parse(f"{line}\nm 7\n", ["m"]) == {"m": {(): 7.0}}


def test_number_of_series_is_bounded() -> None:
    """A server with a series per request does not fill the memory."""
    text = "".join(f'm{{r="{n}"}} 1\n' for n in range(MAX_SERIES + 500))
    assert len(parse(text, ["m"])["m"]) == MAX_SERIES


def test_absent_family_has_neither_series_nor_total() -> None:
    """Absent is None, not 0; the first alias that is there is taken alone."""
    families = parse("b 2\nc 3\n", ["a", "b", "c"])
    assert (total(families, ["a"]), series(families, ["a"])) == (None, {})
    assert total(families, ["a", "b", "c"]) == 2.0


@given(st.text(st.sampled_from('m{}="\\, 1e.\n#xNa\r\t'), max_size=300))
def test_any_text_parses_to_finite_numbers(text: str) -> None:
    """The parser takes anything, quickly, and finds finite numbers only."""
    values = [value for found in parse(text, ["m"]).values() for value in found.values()]
    assert all(abs(value) < float("inf") for value in values)


@pytest.mark.parametrize("inner", ['"' * 8000, '"\\' * 4000, 'a="b",' * 1300, '{"' * 4000, " " * 8000])
def test_hostile_line_is_parsed_in_time(inner: str) -> None:
    """No line makes the parser search for long: two hundred of the worst take less than a reading's time-out."""
    begun = time.process_time()
    parse(f"m{{{inner} 1\n" * 200, ["m"])
    assert time.process_time() - begun < 2.0
