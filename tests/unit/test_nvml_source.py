"""What a console sees of the source itself: batches, patience, an end that waits for nobody."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.model import Batch, HostState, Uuid
from console.telemetry.keeper import Pace
from console.telemetry.nvml import NvmlSource
from console.telemetry.roster import Roster
from tests.rig.nvml import FakeGpus

pytestmark = pytest.mark.nvml

IMPATIENT = Pace(silence_s=1.0, grace_s=2.0, host_retry_s=(0.1, 0.2))


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    return Roster(tmp_path / "roster.json")


def until(source: NvmlSource, said: Callable[[Batch], object], patience_s: float = 5.0) -> Batch:
    end, seq, batch = time.monotonic() + patience_s, 0, None
    while time.monotonic() < end:
        batch = source.wait(seq, 0.5) or batch
        if batch is not None and said(batch):
            return batch
        seq = batch.seq if batch is not None else seq
    raise AssertionError(f"not within {patience_s} s; last: {batch}")


def program(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_nothing_before_the_first_batch(roster: Roster) -> None:
    """No batch, no wait, and closing what never began is fine, twice as well."""
    source = NvmlSource(roster)
    assert source.latest() is None
    assert source.wait(0, 0.01) is None
    source.close()
    source.close()


def test_batches_follow_each_other_and_a_slow_reader_skips(
    fake_gpus: FakeGpus, monkeypatch: pytest.MonkeyPatch, roster: Roster
) -> None:
    """Sequence numbers rise by one; who waits for a later one gets the newest; rows stand by slot."""
    fake_gpus.activate(monkeypatch)
    source = NvmlSource(roster, period_s=0.05)
    source.start()
    try:
        first = source.wait(0, 5.0)
        assert first is not None and first.seq == 1
        assert [row.slot for row in first.readings] == [*range(8)]
        assert all(row.clients is not None and row.temp_c is not None for row in first.readings), "first, and not whole"
        later = source.wait(5, 5.0)
        assert later is not None and later.seq >= 6 and later.at > first.at
        assert source.wait(10_000, 0.05) is None
        latest = source.latest()
        assert latest is not None and latest.seq >= later.seq
        assert until(source, lambda batch: batch.host.mem_total_mib).driver == "570.133.20"
    finally:
        source.close()
    assert [entry.uuid for entry in roster.entries()] == [fake_gpus.uuid(gpu) for gpu in range(8)]


def test_process_lists_can_be_asked_for_in_a_hurry(
    fake_gpus: FakeGpus, monkeypatch: pytest.MonkeyPatch, roster: Roster
) -> None:
    """One GPU's list is read every tick while the others keep their pace."""
    fake_gpus.activate(monkeypatch)
    source = NvmlSource(roster, period_s=0.05, clients_period_s=60.0)
    source.start()
    try:
        first = until(source, lambda batch: batch.readings)
        source.watch_clients((Uuid(fake_gpus.uuid(3)),), 0.01)
        then = until(source, lambda batch: batch.seq > first.seq + 8)
    finally:
        source.close()
    hurried = [
        row.slot
        for row, before in zip(then.readings, first.readings, strict=True)
        if row.clients_at > before.clients_at
    ]
    assert hurried == [3]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo what is this", "no frame begins with b'what is '"),
        ("exit 1", "ended"),
    ],
)
def test_a_sampler_that_cannot_be_believed_is_tried_again(
    tmp_path: Path, roster: Roster, script: str, words: str
) -> None:
    """Nonsense or nothing at all: the host line says so, batches keep coming, attempts are spaced out."""
    source = NvmlSource(roster, python=program(tmp_path, script), pace=IMPATIENT)
    source.start()
    try:
        batch = until(source, lambda batch: words in batch.reason)
        assert batch.host_state is HostState.HUNG
        assert until(source, lambda later: later.seq > batch.seq + 1).host_state is HostState.HUNG
    finally:
        source.close()


def test_without_a_python_to_run_the_source_stays_up(tmp_path: Path, roster: Roster) -> None:
    """An upgrade under a running console, or a machine out of processes."""
    source = NvmlSource(roster, python=str(tmp_path / "missing"), pace=IMPATIENT)
    source.start()
    try:
        assert "no sampler starts" in until(source, lambda batch: batch.host_state is HostState.HUNG).reason
        Path(program(tmp_path, "sleep 60")).rename(tmp_path / "missing")
        until(source, lambda batch: "NVML does not answer at all" in batch.reason, 6.0)
    finally:
        source.close()
