"""Every fault a driver has: the row it hits says what happened and what to do, and every other row goes on ticking."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from console.model import GpuState, HostState, Uuid
from console.telemetry.keeper import Pace
from console.telemetry.roster import Roster
from tests.contract.faults import HASTE, HIT, Bench
from tests.rig.processes import MARK, leftovers, marked

pytestmark = pytest.mark.nvml


class Case(NamedTuple):
    """A fault on a GPU that was well: the state of its row, and words in its sentence."""

    fault: str
    state: GpuState
    words: str


CASES = {
    "lost": Case("lost:1", GpuState.LOST, "GPU is lost; reboot the host, check riser and power"),
    "unknown": Case("unk:1", GpuState.LOST, "unknown error (999)"),
    "gone": Case("gone:1", GpuState.GONE, "no longer in the driver's list"),
    "reset required": Case("reset:1", GpuState.RESET_REQUIRED, "nvidia-smi --gpu-reset -i 00000000:02:00.0"),
    "all unsupported": Case("allna:1", GpuState.UNSUPPORTED, "refused as not supported"),
    "hang": Case("hang:1 hangms:60000", GpuState.HUNG, "does not answer for this GPU"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_comes_and_goes(bench: Callable[..., Bench], name: str) -> None:
    """Well, hit, and well again: values stay, state and sentence change, the others never notice."""
    case = CASES[name]
    host = bench()
    host.start()
    well = host.until_row(GpuState.OK)
    host.fake.fault(case.fault)
    hit = host.until_row(case.state)
    assert case.words in hit.reason
    assert (hit.slot, hit.pci, hit.name, hit.mem_total_mib) == (well.slot, well.pci, well.name, well.mem_total_mib)
    assert well.at <= hit.at <= hit.since <= time.time()
    host.others_tick(HIT)
    assert host.row(host.until(lambda batch: True)).state is case.state
    host.fake.clear()
    back = host.until_row(GpuState.OK)
    assert back.reason == "" and back.since > hit.since and back.slot == well.slot
    host.others_tick()


START_CASES = {
    "lost": Case("lost:1", GpuState.LOST, "GPU is lost"),
    "unknown": Case("unk:1", GpuState.LOST, "unknown error (999)"),
    "gone": Case("gone:1", GpuState.GONE, "changeover forget 1 retires it"),
    "all unsupported": Case("allna:1", GpuState.UNSUPPORTED, "refused as not supported"),
    "hang": Case("hang:1 hangms:60000", GpuState.HUNG, "does not answer for this GPU"),
}


@pytest.mark.parametrize("name", START_CASES)
def test_a_fault_from_the_start_hits_a_known_gpu(bench: Callable[..., Bench], name: str) -> None:
    """The roster knows who is missing: the row is there from the first batch on, under its own slot."""
    case = START_CASES[name]
    host = bench()
    host.know()
    host.fake.fault(case.fault)
    host.start()
    hit = host.until_row(case.state)
    assert case.words in hit.reason and hit.slot == HIT
    if case.state is GpuState.GONE:
        assert hit.since == pytest.approx(time.time() - 3600.0, abs=60.0)
    host.others_tick(HIT)
    batch = host.until(lambda batch: True)
    assert [row.slot for row in batch.readings] == [0, 1, 2, 3]
    assert batch.host_state is HostState.OK


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("lost:1", "1 GPU cannot be told apart, at NVML index 1 (GPU is lost)"),
        ("allna:1", "1 GPU cannot be told apart, at NVML index 1 (no UUID)"),
        ("hang:1 hangms:60000", "NVML index 1 did not answer when opened and is left out"),
    ],
)
def test_a_gpu_that_never_said_who_it_is_is_told_of(bench: Callable[..., Bench], fault: str, words: str) -> None:
    """Nothing is known of it but its place: no row is invented, no other row takes its slot, the host line says it."""
    host = bench()
    host.fake.fault(fault)
    host.start()
    batch = host.until(lambda batch: words in batch.reason)
    assert [row.uuid for row in batch.readings] == [host.fake.uuid(gpu) for gpu in (0, 2, 3)]
    host.others_tick(HIT)
    if not fault.startswith("hang"):
        host.fake.clear()
        assert host.until_row(GpuState.OK).slot == 3
        assert host.until(lambda batch: True).reason == ""


def test_indices_follow_the_driver_and_rows_do_not(bench: Callable[..., Bench]) -> None:
    """When a GPU leaves the list the later ones move up in it, at once; slots and UUIDs stay where they were."""
    host = bench()
    host.start(pace=msgspec.structs.replace(HASTE, longest_s=60.0))
    host.until_row(GpuState.OK)
    host.fake.fault("gone:1")
    batch = host.until(lambda batch: [row.index for row in batch.readings] == [0, None, 1, 2])
    assert [(row.slot, row.uuid) for row in batch.readings] == [(n, host.fake.uuid(n)) for n in range(4)]


def test_a_gone_gpu_can_be_forgotten_and_a_present_one_cannot(bench: Callable[..., Bench]) -> None:
    """Its row goes, its slot is never given again, and if it returns it is a newcomer."""
    host = bench()
    host.start()
    host.until_row(GpuState.OK)
    assert host.source is not None
    uuid = Uuid(host.fake.uuid(HIT))
    with pytest.raises(ValueError, match="GPU 1 is ok; only a GPU that is gone can be forgotten"):
        host.source.forget(uuid)
    host.fake.fault("gone:1")
    host.until_row(GpuState.GONE)
    host.source.forget(uuid)
    latest = host.source.latest()
    assert latest is not None and [row.slot for row in latest.readings] == [0, 2, 3]
    host.fake.clear()
    assert host.until_row(GpuState.OK).slot == 4


def test_no_gpu_is_forgotten_before_the_driver_was_asked(bench: Callable[..., Bench]) -> None:
    """Rows of the roster begin as gone: that they are is only known with the driver's list."""
    host = bench()
    host.know()
    host.fake.fault("initms:60000")
    host.start(pace=msgspec.structs.replace(HASTE, grace_s=30.0))
    assert host.source is not None
    with pytest.raises(ValueError, match="the driver has not listed them"):
        host.source.forget(Uuid(host.fake.uuid(HIT)))
    host.source.close()
    assert [entry.slot for entry in Roster(host.roster_path).entries()] == [0, 1, 2, 3]


def test_no_gpu_is_forgotten_while_the_driver_lists_none(bench: Callable[..., Bench]) -> None:
    """All gone at once is trouble of the host, not the end of its cards: they return under their slots."""
    host = bench()
    host.know()
    host.fake.fault("gone:*")
    host.start()
    batch = host.until(lambda batch: batch.host_state is HostState.NO_GPUS)
    assert host.source is not None
    with pytest.raises(ValueError, match="the driver runs but lists no GPU"):
        host.source.forget(batch.readings[HIT].uuid)
    host.fake.clear()
    assert host.until_row(GpuState.OK).slot == HIT


def test_no_power_readings_leave_the_gpu_well(bench: Callable[..., Bench]) -> None:
    """Unknown watts are no fault, and never 0."""
    host = bench()
    host.fake.fault("nopower:1")
    host.start()
    row = host.until_row(GpuState.OK)
    assert (row.power_w, row.power_limit_w, row.fan_pct) == (None, None, None)
    assert row.util_pct is not None and row.temp_c is not None
    other = host.row(host.until(lambda batch: True), 0)
    assert other.power_w is not None


def test_throttling_and_ecc_errors_are_shown(bench: Callable[..., Bench]) -> None:
    """Reasons by name, counters as the card counts; a card without ECC has none."""
    host = bench(6)
    host.fake.fault("throttle:1 ecc:2@-10")
    host.start()
    batch = host.until(lambda batch: batch.readings and host.row(batch).throttle)
    assert "hw thermal" in host.row(batch).throttle
    assert (host.row(batch, 2).ecc_corrected, host.row(batch, 0).ecc_corrected) != (None, None)
    assert host.row(batch, 4).ecc_corrected is None  # a GeForce
    host.others_tick()


def test_an_xid_is_kept_and_explains_the_loss_that_follows(bench: Callable[..., Bench]) -> None:
    """Told once by the driver, shown from then on."""
    host = bench()
    host.start()
    host.until_row(GpuState.OK)
    host.fake.fault("xid:1=79")
    seen = host.until(lambda batch: host.row(batch).xids)
    assert [one.code for one in host.row(seen).xids] == [79] and host.row(seen).state is GpuState.OK
    host.fake.fault("xid:1=79", "lost:1")
    assert host.until_row(GpuState.LOST).reason == "xid 79: fell off the bus; reboot the host, check riser and power"
    host.others_tick(HIT)


def test_an_xid_arrives_while_the_reading_hangs(bench: Callable[..., Bench]) -> None:
    """The thread that waits for events is not the one that is stuck."""
    host = bench()
    host.start()
    host.until_row(GpuState.OK)
    host.fake.fault("hang:1 hangms:60000", "xid:1=119")
    host.until_row(GpuState.HUNG)
    told = host.until(lambda batch: host.row(batch).xids)
    assert host.row(told).reason.startswith("xid 119: GSP did not answer")


def test_a_process_list_that_cannot_be_read_is_unknown(bench: Callable[..., Bench]) -> None:
    """Not empty: a refusal hides who holds the GPU. It is asked again, and comes back."""
    host = bench(work="ai", hold="", pids=str(os.getpid()))
    host.start()
    assert host.row(host.until(lambda batch: host.row(batch).clients)).clients_at > 0
    host.fake.fault("procerr:1")
    hidden = host.row(host.until(lambda batch: host.row(batch).clients is None))
    assert hidden.state is GpuState.OK
    host.fake.clear()
    host.until(lambda batch: host.row(batch).clients)


def test_mig_is_told_of_every_gpu(bench: Callable[..., Bench]) -> None:
    """A GPU in MIG mode has no use of its own to show; other GPUs say that they are not in it."""
    host = bench(model="h100")
    host.fake.fault("mig:1")
    host.start()
    row = host.until_row(GpuState.OK)
    assert (row.mig, row.util_pct) == (True, None)
    assert host.row(host.until(lambda batch: True), 0).mig is False


HOST_CASES = {
    "driver missing": ("driver", HostState.NO_DRIVER, "modprobe nvidia"),
    "mismatch": ("mismatch", HostState.MISMATCH, "reboot, or reload the nvidia modules"),
    "slow beyond patience": ("initms:60000", HostState.HUNG, "NVML does not answer at all"),
}


@pytest.mark.parametrize("name", HOST_CASES)
def test_a_host_without_nvml_says_why_and_tries_again(bench: Callable[..., Bench], name: str) -> None:
    """Known GPUs keep their rows, batches keep coming, and when the driver is there all is well by itself."""
    fault, state, words = HOST_CASES[name]
    host = bench()
    host.know()
    host.fake.fault(fault)
    host.start()
    batch = host.until(lambda batch: batch.host_state is state)
    assert words in batch.reason
    assert [(row.slot, row.reason) for row in batch.readings] == [(slot, batch.reason) for slot in range(4)]
    assert all(row.state is not GpuState.OK for row in batch.readings)
    host.until(lambda later: later.seq > batch.seq)
    assert host.source is not None
    for row in batch.readings:
        with pytest.raises(ValueError, match=f"cannot be told now: .*{words}"):
            host.source.forget(row.uuid)
    host.fake.clear()
    back = host.until(lambda batch: batch.host_state is HostState.OK, 8.0)
    assert back.driver == "570.133.20"
    host.others_tick()


def test_a_host_without_the_library_says_so(bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    """No NVIDIA driver was ever installed here."""
    host = bench()
    monkeypatch.delenv("LD_LIBRARY_PATH")
    host.start()
    batch = host.until(lambda batch: batch.host_state is HostState.NO_DRIVER)
    assert "no NVIDIA driver " in batch.reason and batch.readings == ()


def test_a_host_without_gpus_says_so_and_notices_the_first(bench: Callable[..., Bench]) -> None:
    """Zero in the driver's list is a state, not an error; a card that appears gets a row."""
    host = bench()
    host.fake.fault("gone:*")
    host.start()
    batch = host.until(lambda batch: batch.host_state is HostState.NO_GPUS)
    assert "lists no GPU" in batch.reason and batch.readings == ()
    host.fake.clear()
    host.until(lambda batch: len(batch.readings) == 4 and batch.host_state is HostState.OK)
    host.others_tick()


def test_a_sampler_that_is_killed_is_replaced(bench: Callable[..., Bench]) -> None:
    """By an out-of-memory killer, or a hand that slipped."""
    host = bench()
    host.start()
    host.until_row(GpuState.OK)
    (pid,) = marked(os.environ[MARK])
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 3.0
    while marked(os.environ[MARK]) in ([pid], []) and time.monotonic() < end:
        time.sleep(0.02)
    host.others_tick()
    (after,) = marked(os.environ[MARK])
    assert after != pid


def test_every_gpu_may_hang_at_once(bench: Callable[..., Bench]) -> None:
    """One after the other is put apart, the host says so, and they all come back."""
    host = bench(2)
    host.start()
    host.until_row(GpuState.OK)
    host.fake.fault("hang:* hangms:60000")
    batch = host.until(lambda batch: batch.host_state is HostState.HUNG)
    assert "answers for no GPU" in batch.reason
    host.fake.clear()
    host.until(lambda batch: all(row.state is GpuState.OK for row in batch.readings))
    assert host.until(lambda batch: True).host_state is HostState.OK


def test_stuck_samplers_do_not_pile_up(bench: Callable[..., Bench]) -> None:
    """A GPU that hangs for long costs attempts, and each of them ends; rows of the others never stop."""
    host = bench(2)
    host.start(pace=Pace(silence_s=0.4, grace_s=0.4, longest_s=0.3, alone_retry_s=(0.1,)))
    host.until_row(GpuState.OK)
    host.fake.fault("hang:1 hangms:60000")
    host.until_row(GpuState.HUNG)
    for _ in range(4):
        host.others_tick(HIT)
        assert len(marked(os.environ[MARK])) <= 3


def test_only_the_gpus_of_a_flip_are_read(bench: Callable[..., Bench]) -> None:
    """A runner's source has rows for its GPUs alone, at its own pace; one that the roster lacks is refused."""
    host = bench()
    host.know()
    host.start(only=(Uuid(host.fake.uuid(2)),))
    batch = host.until(lambda batch: batch.readings[0].state is GpuState.OK)
    assert [row.slot for row in batch.readings] == [2]
    with pytest.raises(ValueError, match="GPU-none is not in the roster"):
        host.start(only=(Uuid("GPU-none"),))


STANDSTILL = """
import sys, time
from pathlib import Path
from console.telemetry.nvml import NvmlSource
from console.telemetry.roster import Roster
from tests.contract.faults import HASTE
source = NvmlSource(Roster(Path(sys.argv[1])), period_s=0.1, pace=HASTE)
source.start()
seq, states = 0, set()
while line := sys.stdin.readline():
    end = time.monotonic() + float(line)
    while time.monotonic() < end:
        batch = source.wait(seq, 0.05)
        if batch is not None:
            seq = batch.seq
            states |= {batch.host_state.value, *(row.state.value for row in batch.readings)}
    print(sorted(states), flush=True)
source.close()
"""


def test_a_machine_that_stood_still_accuses_no_gpu(bench: Callable[..., Bench], tmp_path: Path) -> None:
    """A paused virtual machine: console and sampler both stop for longer than any patience, and go on."""
    bench()
    command = [sys.executable, "-c", STANDSTILL, str(tmp_path / "roster.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as console:
        assert console.stdin is not None and console.stdout is not None
        console.stdin.write("0.5\n")
        assert console.stdout.readline() == "['ok']\n"
        both = sorted(marked(os.environ[MARK]))
        assert len(both) == 2
        for pid in both:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2.0)
        os.kill(console.pid, signal.SIGCONT)
        time.sleep(0.2)
        for pid in both:
            os.kill(pid, signal.SIGCONT)
        console.stdin.write("1.0\n")
        assert console.stdout.readline() == "['ok']\n"
        assert sorted(marked(os.environ[MARK])) == both
        console.stdin.close()


def test_killing_the_console_leaves_no_sampler_behind(bench: Callable[..., Bench], tmp_path: Path) -> None:
    """Neither the common sampler nor one that hangs in a reading outlives a SIGKILL."""
    host = bench()
    code = (
        "import time; from pathlib import Path; from tests.contract.faults import HASTE;"
        "from console.telemetry.nvml import NvmlSource; from console.telemetry.roster import Roster;"
        f"source = NvmlSource(Roster(Path({str(tmp_path / 'roster.json')!r})), period_s=0.1, pace=HASTE);"
        "source.start(); source.wait(0, 5); print('reading', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as console:
        assert console.stdout is not None and console.stdout.readline() == "reading\n"
        host.fake.fault("hang:1 hangms:60000")
        time.sleep(1.2)
        assert len(marked(os.environ[MARK])) >= 2
        console.kill()
    assert leftovers(os.environ[MARK]) == []
