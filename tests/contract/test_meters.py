"""All meters keep one contract, against real servers that behave and that do not."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.model import Output, WorkState
from console.workloads.contract import Meter, WorkloadError
from console.workloads.registry import meter_kinds
from tests.contract.hostile import WAYS, answer, serving
from tests.contract.meter_case import CASES, HTTP, meter_at, running
from tests.rig.processes import Running
from tests.rig.workload import SHARE_EVERY_S

RIG = {"xmrig": ("mine", "H/s"), "vllm": ("ai", "tok/s")}
"""The kinds that a whole process stands for, see tests/rig/workload.py."""
TOKEN = "t0ken-that-nobody-may-see"
START = Callable[..., Running]


def read_until(meter: Meter, enough: Callable[[Output], bool], within_s: float = 10.0) -> Output:
    end = time.monotonic() + within_s
    while not enough(output := meter.read()):
        assert time.monotonic() < end, output
        time.sleep(0.1)
    return output


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


def test_every_meter_is_under_the_contract() -> None:
    """A new file in the registry fails here until it has a case module in tests/contract/meters."""
    assert sorted(meter_kinds()) == sorted(CASES)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass for whoever asks, without waiting for it."""
    wall, steady, passed = time.time, time.monotonic, [0.0]

    def let_pass(seconds: float) -> None:
        passed[0] += seconds

    monkeypatch.setattr(time, "time", lambda: wall() + passed[0])
    monkeypatch.setattr(time, "monotonic", lambda: steady() + passed[0])
    return let_pass


@pytest.mark.parametrize("kind", CASES)
def test_a_healthy_workload_is_read(kind: str, tmp_path: Path, clock: Callable[[float], None]) -> None:
    """Rate, unit, cards by normalised PCI address and shares after two readings that lie ten seconds apart."""
    case = CASES[kind]
    with running(kind, tmp_path) as workload:
        meter = meter_at(kind, workload.url)
        meter.read()
        clock(10.0)
        workload.at(610.0)
        output = meter.read()
        meter.close()
    assert output.unit == case.UNIT and abs(output.at - time.time()) < 5
    assert dict(output.per_gpu) == {pci: pytest.approx(value, rel=0.02) for pci, value in case.PER_GPU.items()}
    assert output.value == (None if case.LONE else pytest.approx(case.VALUE, rel=0.02))
    assert (output.accepted, output.rejected) == (case.ACCEPTED, case.REJECTED)
    assert output.state is WorkState.RUNNING
    assert output.uptime_s is None or output.uptime_s == pytest.approx(610, abs=5)


@pytest.mark.parametrize("kind", CASES)
def test_a_restart_of_the_workload_gives_nothing_negative(
    kind: str, tmp_path: Path, clock: Callable[[float], None]
) -> None:
    """Counters that go backwards belong to a new process: it is read as it is, and right again ten seconds on."""
    case = CASES[kind]
    with running(kind, tmp_path) as workload:
        meter = meter_at(kind, workload.url)
        meter.read()
        for seconds in (200.0, 210.0):
            clock(10.0)
            workload.at(seconds)
            output = meter.read()
            assert output.value is None or output.value >= 0
            assert min(output.accepted or 0, output.rejected or 0) >= 0
        meter.close()
    assert output.value == (None if case.LONE else pytest.approx(case.VALUE, rel=0.02))


@pytest.mark.parametrize("kind", RIG)
def test_running_process_is_read_with_its_unit(kind: str, workload: START, tmp_path: Path) -> None:
    """A real workload gives a fresh positive rate in its unit, in state RUNNING."""
    what, unit = RIG[kind]
    meter = meter_at(kind, workload(what, "3", tmp_path, warm_s=0, rate=5000).url)
    output = read_until(meter, lambda output: bool(output.value))
    assert (output.unit, output.state) == (unit, WorkState.RUNNING)
    assert output.value == pytest.approx(5000, rel=0.1) and abs(output.at - time.time()) < 2
    meter.close()


def test_a_miner_tells_what_its_shares_are_worth(workload: START, tmp_path: Path) -> None:
    """Accepted shares times their difficulty, in hashes; rejected ones are worth nothing."""
    meter = meter_at("xmrig", workload("mine", "3,4", tmp_path, warm_s=0, rate=5000, reject_every=2).url)
    output = read_until(meter, lambda output: (output.accepted or 0) >= 1 and (output.rejected or 0) >= 1)
    assert output.credited_hashes == (output.accepted or 0) * 2 * 5000 * SHARE_EVERY_S
    meter.close()


@pytest.mark.parametrize("kind", RIG)
def test_stopped_workload_is_a_sentence_with_its_address(kind: str, workload: START, tmp_path: Path) -> None:
    """When nothing listens any more, a meter that has worked before says so, and works again afterwards."""
    running = workload(RIG[kind][0], "3", tmp_path, warm_s=0)
    meter = meter_at(kind, running.url)
    meter.read()
    running.process.terminate()
    running.process.wait(5)
    with pytest.raises(WorkloadError, match=f"nothing listens at {running.url}"):
        meter.read()
    workload(RIG[kind][0], "3", tmp_path, warm_s=0, port=running.port)
    assert meter.read().unit == RIG[kind][1]
    meter.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", HTTP)
def test_misbehaving_server_is_a_sentence_in_time(kind: str, way: str) -> None:
    """Slow, endless, packed, redirecting, refusing and broken answers raise WorkloadError within the time-out."""
    with serving(WAYS[way]) as server:
        meter = meter_at(kind, server.url)
        begun = time.monotonic()
        with pytest.raises(WorkloadError, match=server.url):
            meter.read(timeout_s=0.4)
        took_s = time.monotonic() - begun
        meter.close()
        assert took_s < 1.6 and len(server.seen) == 1


@pytest.mark.parametrize("kind", HTTP)
def test_redirect_is_not_followed(kind: str, secret: Path) -> None:
    """The token goes to the configured address and nowhere else."""
    with serving(answer(b"")) as elsewhere, serving(answer(b"", 302, Location=elsewhere.url)) as server:
        meter = meter_at(kind, server.url, secret)
        with pytest.raises(WorkloadError, match="answers with HTTP status 302"):
            meter.read()
        meter.close()
        assert len(server.seen) == 1 and elsewhere.seen == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<html>", b"[" * 100_000, b'{"a": NaN}', b"null", b"[]", b"1e999"])
def test_empty_or_foreign_body_is_no_reading(body: bytes) -> None:
    """XMRig's meter refuses what is not its JSON; vLLM's says that there are no metrics yet. Neither invents a rate."""
    with serving(answer(body)) as server:
        xmrig, vllm = meter_at("xmrig", server.url), meter_at("vllm", server.url)
        with pytest.raises(WorkloadError, match="answers with what XMRig does not"):
            xmrig.read()
        output = vllm.read()
        assert (output.value, output.state) == (None, WorkState.WARMING)
        xmrig.close()
        vllm.close()


@pytest.mark.parametrize("kind", HTTP)
def test_nobody_listening_is_told_at_once(kind: str) -> None:
    """A refused connection costs no time-out."""
    begun = time.monotonic()
    meter = meter_at(kind, "http://127.0.0.1:1")
    with pytest.raises(WorkloadError, match=r"nothing listens at http://127\.0\.0\.1:1"):
        meter.read()
    assert time.monotonic() - begun < 1.5
    meter.close()


@pytest.mark.parametrize("kind", RIG)
def test_proxies_and_netrc_of_the_environment_are_not_used(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workload: START
) -> None:
    """A proxy variable changes nothing, and credentials of a netrc file go nowhere."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    meter = meter_at(kind, workload(RIG[kind][0], "3", tmp_path).url)
    meter.read()
    meter.close()
    with serving(answer(b"")) as server:
        meter = meter_at("vllm", server.url)
        meter.read()
        meter.close()
        assert "Authorization" not in server.seen[0][1]


def test_token_opens_and_its_rotation_is_taken_up(workload: START, tmp_path: Path, secret: Path) -> None:
    """The token file is sent as a bearer token, and read anew at each use."""
    meter = meter_at("xmrig", workload("mine", "3", tmp_path, token=TOKEN, warm_s=0).url, secret)
    assert meter.read().unit == "H/s"
    secret.write_text("old")
    with pytest.raises(WorkloadError, match="HTTP status 401: its token_file holds a token it does not know"):
        meter.read()
    secret.write_text(TOKEN)
    assert meter.read().unit == "H/s"
    meter.close()


def test_missing_token_is_told(workload: START, tmp_path: Path) -> None:
    """A miner that wants a token is told apart from one that has gone."""
    meter = meter_at("xmrig", workload("mine", "3", tmp_path, token=TOKEN).url)
    with pytest.raises(WorkloadError, match="HTTP status 401: it wants a token_file"):
        meter.read()
    meter.close()


@pytest.mark.parametrize(
    ("mode", "text", "said"),
    [
        (0o640, TOKEN, "can be read by others: chmod 0600"),
        (0o604, TOKEN, "can be read by others: chmod 0600"),
        (0o600, "", "holds no token"),
        (0o600, f"{TOKEN}\r\nX-Evil: 1", "holds no token"),
        (0o600, "x" * 5000, "holds no token"),
    ],
)
def test_bad_token_file_is_not_sent(mode: int, text: str, said: str, secret: Path) -> None:
    """A token that others can read, or that is no token, goes nowhere; nothing of it stands in the error."""
    secret.write_text(text)
    secret.chmod(mode)
    with serving(answer(b"")) as server:
        meter = meter_at("vllm", server.url, secret)
        with pytest.raises(WorkloadError) as caught:
            meter.read()
        meter.close()
        assert server.seen == [] and said in str(caught.value) and TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "way"), [(kind, way) for kind in HTTP for way in (WAYS if kind == "vllm" else ("401", "truncated"))]
)
def test_no_error_holds_the_token(kind: str, way: str, secret: Path) -> None:
    """Whatever goes wrong, the sentence and the exceptions behind it do not hold the secret."""
    with serving(WAYS[way]) as server:
        meter = meter_at(kind, server.url, secret)
        with pytest.raises(WorkloadError) as caught:
            meter.read(timeout_s=0.4)
        meter.close()
        assert server.seen[0][1]["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in repr(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize("kind", HTTP)
def test_closing_ends_a_reading_under_way(kind: str) -> None:
    """A meter that is closed by another thread raises WorkloadError in the one that reads, and ever after."""
    with serving(WAYS["silence"]) as server:
        meter = meter_at(kind, server.url)
        closing = threading.Timer(0.2, meter.close)
        closing.start()
        with pytest.raises(WorkloadError, match=server.url):
            meter.read(timeout_s=1.0)
        closing.join()
        with pytest.raises(WorkloadError, match="is closed"):
            meter.read()


def test_no_thread_outlives_a_reading(workload: START, tmp_path: Path) -> None:
    """The watch over a reading's time ends with the reading."""
    meter = meter_at("vllm", workload("ai", "3", tmp_path).url)
    before = threading.active_count()
    meter.read()
    assert threading.active_count() == before
    meter.close()
