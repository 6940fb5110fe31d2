"""The sampler process: what it reads, what it costs, what it imports, and that it ends with its console."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from console.model import Uuid
from console.telemetry import frames, layout
from console.telemetry.child import SAMPLER, Child, Order
from tests.rig.nvml import FakeGpus

pytestmark = pytest.mark.nvml

MakeGpus = Callable[..., FakeGpus]

# The same questions through NVIDIA's own binding, in the units of the wire.
ORACLE = """
import json, pynvml as n
n.nvmlInit()
def ask(f, *a):
    try: return f(*a)
    except n.NVMLError: return None
def gpu(h):
    u, m = ask(n.nvmlDeviceGetUtilizationRates, h), ask(n.nvmlDeviceGetMemoryInfo, h, n.nvmlMemory_v2)
    remaps = ask(n.nvmlDeviceGetRemappedRows, h)
    procs = ask(n.nvmlDeviceGetComputeRunningProcesses_v3, h)
    return {
        "uuid": n.nvmlDeviceGetUUID(h), "pci": n.nvmlDeviceGetPciInfo(h).busId, "name": n.nvmlDeviceGetName(h),
        "index": n.nvmlDeviceGetIndex(h), "util_pct": u.gpu, "mem_util_pct": u.memory,
        "mem_total": m.total, "mem_used": m.used, "mem_reserved": m.reserved,
        "energy_mj": ask(n.nvmlDeviceGetTotalEnergyConsumption, h), "power_mw": ask(n.nvmlDeviceGetPowerUsage, h),
        "limit_mw": ask(n.nvmlDeviceGetEnforcedPowerLimit, h), "temp_c": ask(n.nvmlDeviceGetTemperature, h, 0),
        "fan_pct": ask(n.nvmlDeviceGetFanSpeed, h), "sm_mhz": ask(n.nvmlDeviceGetClockInfo, h, 1),
        "mem_mhz": ask(n.nvmlDeviceGetClockInfo, h, 2), "reasons": ask(n.nvmlDeviceGetCurrentClocksEventReasons, h),
        "ecc_corrected": ask(n.nvmlDeviceGetTotalEccErrors, h, 0, 0),
        "ecc_uncorrected": ask(n.nvmlDeviceGetTotalEccErrors, h, 1, 0),
        "remap_pending": remaps and remaps[2], "remap_failed": remaps and remaps[3],
        "mig": (ask(n.nvmlDeviceGetMigMode, h) or [None])[0],
        "clients": [[p.pid, 0, p.usedGpuMemory] for p in procs],
    }
handles = [n.nvmlDeviceGetHandleByIndex(i) for i in range(n.nvmlDeviceGetCount())]
print(json.dumps([gpu(h) for h in handles]))
"""

BITS = {
    "util_pct": layout.UTIL,
    "mem_util_pct": layout.UTIL,
    "mem_total": layout.MEMORY,
    "mem_used": layout.MEMORY,
    "mem_reserved": layout.RESERVED,
    "energy_mj": layout.ENERGY,
    "power_mw": layout.POWER,
    "limit_mw": layout.LIMIT,
    "temp_c": layout.TEMP,
    "fan_pct": layout.FAN,
    "sm_mhz": layout.SM_CLOCK,
    "mem_mhz": layout.MEM_CLOCK,
    "reasons": layout.REASONS,
    "ecc_corrected": layout.ECC_CORRECTED,
    "ecc_uncorrected": layout.ECC_UNCORRECTED,
    "remap_pending": layout.REMAP_PENDING,
    "remap_failed": layout.REMAP_FAILED,
    "mig": layout.MIG,
}


def ask_oracle() -> list[dict[str, Any]]:
    said = subprocess.run([sys.executable, "-c", ORACLE], capture_output=True, check=True).stdout
    return list(json.loads(said))


class Listener(Child):
    """A child that is listened to by the test itself, frame by frame."""

    def saying(self, patience_s: float = 5.0) -> Iterator[frames.Frame]:
        end = time.monotonic() + patience_s
        while (left_s := end - time.monotonic()) > 0:
            if select.select([self], [], [], left_s)[0]:
                yield from self.receive()
        raise TimeoutError(f"the sampler said nothing that was waited for in {patience_s} s")

    def until_tick(self, number: int = 1) -> tuple[frames.Hello | None, frames.Tick, list[frames.Frame]]:
        hello, seen = None, []
        for frame in self.saying():
            seen.append(frame)
            if isinstance(frame, frames.Hello):
                hello = frame
            if isinstance(frame, frames.Tick) and frame.tick >= number:
                return hello, frame, seen
        raise AssertionError

    def frozen(self, number: int) -> int:
        """Stop the process at this tick or later; the tick it came to."""
        _, tick, _ = self.until_tick(number)
        os.kill(self.pid, signal.SIGSTOP)
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.002)
        last = tick.tick
        while select.select([self], [], [], 0.0)[0]:
            last = max([last, *(frame.tick for frame in self.receive() if isinstance(frame, frames.Tick))])
        return last

    def close(self) -> None:
        self.abandon()
        while not self.reaped():
            time.sleep(0.002)


def listener(**changes: object) -> "closing[Listener]":
    settings = {"period_s": 0.05, "clients_s": 10.0, "longest_s": 0.2, **changes}
    return closing(Listener(Order(**settings)))  # type: ignore[arg-type]


def test_every_value_equals_what_nvidias_binding_reads(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six models, frozen: each field that pynvml reads is the same on the wire, and each it refuses is absent."""
    gpus(6, static="1", hold="", work="ai", pids="1,2", settle="1.0").activate(monkeypatch)
    oracle = ask_oracle()
    with listener() as child:
        hello, tick, seen = child.until_tick()
    later = ask_oracle()
    assert hello is not None and len(tick.records) == 6
    clients = {frame.place: frame.entries for frame in seen if isinstance(frame, frames.Clients)}
    for place, wanted in enumerate(oracle):
        record, identity = tick.records[place], hello.gpus[place]
        assert identity == (wanted["uuid"], wanted["pci"], wanted["name"], wanted["index"])
        for name, bit in BITS.items():
            assert bool(record.known & bit) is (wanted[name] is not None), name
            assert bool(record.absent & bit) is (wanted[name] is None), name
            if wanted[name] is not None:  # all stands still but the energy counter
                assert wanted[name] <= getattr(record, name) <= later[place][name], name
        assert [list(entry) for entry in clients[place] or ()] == wanted["clients"]


def test_a_record_is_laid_out_alike_at_both_ends(nvml: Path) -> None:
    """The structure that NVML writes into has no padding that the unpacking end does not know of."""
    code = (
        "from console.telemetry import layout, nvml_abi; import ctypes;"
        "offsets = [getattr(nvml_abi.Record, name).offset for name, _ in layout.RECORD_FIELDS];"
        "print(ctypes.sizeof(nvml_abi.Record) == layout.RECORD.size, offsets)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    offsets, at = [], 0
    for _, kind in layout.RECORD_FIELDS:
        offsets.append(at)
        at += {"d": 8, "Q": 8, "I": 4, "i": 4}[kind]
    assert said.strip() == f"True {offsets}"
    assert frames.GpuRecord._fields == tuple(name for name, _ in layout.RECORD_FIELDS)


def test_what_a_gpu_does_not_have_is_asked_once(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GeForces (no ECC, no MIG) and two H100s (no fan): each refusal is met once per GPU, whatever the ticks."""
    fake = gpus(2, model="4090")
    fake.activate(monkeypatch)
    with listener(period_s=0.02) as child:
        child.until_tick(40)
    calls = fake.calls()
    assert calls["nvmlDeviceGetTotalEccErrors"] == 4  # corrected and uncorrected, per GPU
    assert calls["nvmlDeviceGetRemappedRows"] == 2
    assert calls["nvmlDeviceGetMigMode"] == 2
    fake = gpus(2, model="h100")
    fake.activate(monkeypatch)
    with listener(period_s=0.02) as child:
        child.until_tick(40)
    assert fake.calls()["nvmlDeviceGetFanSpeed"] == 2


def test_a_tick_at_rest_costs_three_calls_per_gpu(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use, memory and one batch of field values are asked every tick; everything else is asked at its own rate."""
    fake = gpus(4, model="mixed")
    fake.activate(monkeypatch)
    with listener(period_s=0.02, longest_s=60.0) as child:
        first, before = child.frozen(5), fake.calls()
        os.kill(child.pid, signal.SIGCONT)
        last, after = child.frozen(first + 40), fake.calls()
    grown = {name: calls - before.get(name, 0) for name, calls in after.items() if calls != before.get(name, 0)}
    grown.pop("nvmlEventSetWait_v2", None)
    every_tick = {"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetFieldValues"}
    assert {*grown} == every_tick
    assert all(abs(calls - 4 * (last - first)) <= 4 for calls in grown.values()), (grown, last - first)


def test_slower_tiers_keep_their_rates(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Process lists come every ``clients_s``, and at once and faster for the GPUs that are asked for in a hurry."""
    fake = gpus(2, model="h100")
    fake.activate(monkeypatch)
    hurried = Uuid(fake.uuid(1))
    with listener(clients_s=30.0) as child:
        _, _, first = child.until_tick(4)
        child.hurry([hurried], 0.01)
        _, _, then = child.until_tick(16)
    assert [frame.place for frame in first if isinstance(frame, frames.Clients)] == [0, 1]
    places = [frame.place for frame in then if isinstance(frame, frames.Clients)]
    ticks = sum(isinstance(frame, frames.Tick) for frame in then)
    assert {*places} == {1} and ticks - 3 <= len(places) <= ticks


MIG = """
import os, time
from console.telemetry import layout
from console.telemetry.device import Device
from console.telemetry.nvml_abi import Library
library = Library()
library.start()
device = Device(library, "", "", 1.0)
device.arm(library.by_index(0)[1])
for token in ("", "mig:0", ""):
    with open(os.environ["FAKE_NVML_CTL"], "w") as control:
        control.write(token)
    time.sleep(0.1)
    for tier, _ in device.tiers:
        tier.due = 0.0
    device.read(0.0)
    print(device.record.mig, bool(device.record.known & layout.UTIL), end=" ")
"""


def test_switching_mig_makes_the_sampler_ask_anew(gpus: MakeGpus) -> None:
    """Use is refused while MIG is on; what was learned then is forgotten when it is switched off, and back."""
    env = {**os.environ, **gpus(1, model="h100").env}
    said = subprocess.run([sys.executable, "-c", MIG], env=env, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["0", "True", "1", "False", "0", "True"]


def test_only_the_named_gpus_are_touched(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler for one GPU opens it by address and never goes through the list."""
    fake = gpus(4)
    fake.activate(monkeypatch)
    with listener(lists=False, expect=((Uuid(fake.uuid(2)), fake.pci(2)),)) as child:
        hello, tick, _ = child.until_tick()
    assert hello is not None
    assert [(one.uuid, one.nvml_index) for one in hello.gpus] == [(fake.uuid(2), 2)]
    assert len(tick.records) == 1
    assert "nvmlDeviceGetHandleByIndex_v2" not in fake.calls()
    assert "nvmlDeviceGetCount_v2" not in fake.calls()


def test_beats_name_each_gpu_before_it_is_read(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two ticks there is one beat per GPU, in the order of the table."""
    gpus(3).activate(monkeypatch)
    with listener() as child:
        child.until_tick(2)
        _, _, seen = child.until_tick(3)
    beats = [frame for frame in seen if isinstance(frame, frames.Beat)]
    assert beats[-3:] == [(layout.READING, 0), (layout.READING, 1), (layout.READING, 2)]


def test_a_reader_that_stops_costs_whole_frames_only(gpus: MakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the pipe full the sweep goes on and the oldest readings go; what is read later decodes without a tear."""
    fake = gpus(64, model="h100")
    fake.activate(monkeypatch)
    with listener(period_s=0.02) as child:
        child.until_tick(2)
        before = fake.calls()["nvmlDeviceGetUtilizationRates"]
        time.sleep(1.5)
        swept = (fake.calls()["nvmlDeviceGetUtilizationRates"] - before) / 64
        _, last, seen = child.until_tick(int(swept))
    ticks = [frame.tick for frame in seen if isinstance(frame, frames.Tick)]
    assert swept > 40, "the sweep waited for its reader"
    assert ticks == sorted(ticks) and len(ticks) < last.tick - 10, "nothing was dropped"


def test_nothing_heavier_than_ctypes_is_imported() -> None:
    """Every module the sampler loads, as Python itself reports it."""
    command = [sys.executable, "-I", "-S", "-X", "importtime", str(SAMPLER), *Order(**ORDER).arguments()]
    command = [part if not part.startswith("parent=") else "parent=0" for part in command]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:")}
    child = {"sampler", "layout", "nvml_abi", "probes", "device", "processes", "table", "events", "outbox"}
    ours = {name for name in loaded if name.partition(".")[0] == "console"}
    assert ours == {"console", "console.telemetry", *(f"console.telemetry.{name}" for name in child - {"sampler"})}
    heavy = {
        "typing",
        "re",
        "enum",
        "dataclasses",
        "collections",
        "functools",
        "threading",
        "json",
        "pathlib",
        "signal",
    }
    assert not heavy & loaded
    assert not [
        name
        for name in loaded
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "console"} and name != "imported package"
    ]


ORDER = {"period_s": 0.05, "clients_s": 10.0, "longest_s": 0.2}


def test_killing_the_console_leaves_no_sampler(fake_gpus: FakeGpus, tmp_path: Path) -> None:
    """SIGKILL to the parent ends the child by itself, without anyone closing a pipe."""
    code = (
        "import sys, time; from console.telemetry.child import Child, Order;"
        f"child = Child(Order(**{ORDER})); next(iter(child.receive())); print(child.pid, flush=True); time.sleep(60)"
    )
    env = {**os.environ, **fake_gpus.env}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=env, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 2.0
    while _alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _alive(pid)


def test_a_sampler_whose_console_is_already_gone_ends_at_once(fake_gpus: FakeGpus) -> None:
    """The parent that it was told of is not its parent any more: it does not even open the library."""
    arguments = [part for part in Order(**ORDER).arguments() if not part.startswith("parent=")]
    command = [sys.executable, "-I", "-S", str(SAMPLER), "parent=1", *arguments]
    done = subprocess.run(command, env={**os.environ, **fake_gpus.env}, capture_output=True, timeout=5, check=False)
    assert done.stdout == b"" and fake_gpus.calls() == {}


def test_the_end_of_its_stdin_ends_it(fake_gpus: FakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that closes the pipe without killing anyone is obeyed as well."""
    fake_gpus.activate(monkeypatch)
    with listener() as child:
        child.until_tick()
        child._stdin.close()
        with pytest.raises(EOFError):
            for _ in child.saying():
                pass


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
