"""The fake libnvidia-ml.so.1, seen through nvidia-ml-py in processes of its own."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pynvml
import pytest

from tests.rig.nvml import LIBRARY, SOURCES, FakeGpus, build
from tests.rig.nvmlshim.gen_stubs import defined, wanted
from tests.rig.processes import stop

pytestmark = pytest.mark.nvml

PRELUDE = """
import os, pynvml as n, sys, time
def ask(call, *args):
    try: return call(*args)
    except n.NVMLError as error: return type(error).__name__.removeprefix("NVMLError_")
h = []
if not os.environ.get("NO_INIT"):
    n.nvmlInit()
    h = [n.nvmlDeviceGetHandleByIndex(i) for i in range(n.nvmlDeviceGetCount())]
def pids(gpu, kind="Compute"):
    found = ask(getattr(n, f"nvmlDeviceGet{kind}RunningProcesses"), h[gpu])
    return found if isinstance(found, str) else [p.pid for p in found]
def used(gpu): return n.nvmlDeviceGetMemoryInfo(h[gpu], version=n.nvmlMemory_v2).used >> 20
def util(gpu): return n.nvmlDeviceGetUtilizationRates(h[gpu]).gpu
def watch_xids():
    global events
    events = n.nvmlEventSetCreate()
    for x in h: n.nvmlDeviceRegisterEvents(x, n.nvmlEventTypeXidCriticalError, events)
def xid():
    event = ask(n.nvmlEventSetWait, events, 60)
    return event if isinstance(event, str) else (event.eventData, n.nvmlDeviceGetIndex(event.device))
"""


class Client:
    """An interpreter with nvidia-ml-py on the fake library that evaluates one expression a line."""

    def __init__(self, env: dict[str, str]) -> None:
        loop = "\nfor line in sys.stdin: print(repr(eval(line)), flush=True)"
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + loop],
            env={**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, expression: str) -> str:
        """The repr of what the expression gives."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(expression, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def wait_for(self, expression: str, wanted: str, timeout_s: float = 5.0) -> None:
        """Ask until the answer is the one wanted."""
        end = time.monotonic() + timeout_s
        while (answer := self.ask(expression)) != wanted:
            assert time.monotonic() < end, f"{expression} is {answer}, not {wanted}"
            time.sleep(0.02)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Callable[..., Client]:
    """Opens clients: `client(fake_gpus, NAME="value")`."""

    def connect(gpus: FakeGpus, **more: str) -> Client:
        opened = Client({**gpus.env, **more})
        request.addfinalizer(lambda: stop(opened.process))
        return opened

    return connect


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[str]"]:
    """A process that does nothing, to hold GPUs with."""
    process: subprocess.Popen[str] = subprocess.Popen(["sleep", "60"], text=True)
    yield process
    stop(process)


def test_every_function_of_nvidia_ml_py_is_there(nvml: Path) -> None:
    """nvidia-ml-py finds each symbol it can look up; else run gen_stubs.py."""
    assert wanted() - defined(nvml / LIBRARY) == set()


STRUCTS = {
    "Utilization": pynvml.c_nvmlUtilization_t, "Memory": pynvml.c_nvmlMemory_t, "MemoryV2": pynvml.c_nvmlMemory_v2_t,
    "Bar1": pynvml.c_nvmlBAR1Memory_t, "Pci": pynvml.nvmlPciInfo_t, "PciExt": pynvml.nvmlPciInfoExt_v1_t,
    "ProcessV2": pynvml.c_nvmlProcessInfo_v2_t, "ProcessDetail": pynvml.c_nvmlProcessDetail_v1_t,
    "ProcessDetailList": pynvml.c_nvmlProcessDetailList_v1_t, "ProcessUse": pynvml.c_nvmlProcessUtilizationSample_t,
    "ProcessUseV1": pynvml.c_nvmlProcessUtilizationInfo_v1_t, "Field": pynvml.c_nvmlFieldValue_t,
    "ProcessUseList": pynvml.c_nvmlProcessesUtilizationInfo_v1_t, "Sample": pynvml.c_nvmlSample_t,
    "Violation": pynvml.c_nvmlViolationTime_t, "EventData": pynvml.c_nvmlEventData_t,
    "MarginV1": pynvml.c_nvmlMarginTemperature_v1_t, "FanRpm": pynvml.c_nvmlFanSpeedInfo_t,
    "TemperatureV1": pynvml.c_nvmlTemperature_v1_t,
}  # fmt: skip


def test_structs_have_the_sizes_nvidia_ml_py_declares() -> None:
    """The sizes that the compiler asserts in shim.h are those of nvidia-ml-py's ctypes structs."""
    asserted = dict(re.findall(r"sizeof\((\w+)\) == (\d+)", (SOURCES / "shim.h").read_text()))
    assert {name: int(asserted[name]) for name in STRUCTS} == {name: ctypes.sizeof(it) for name, it in STRUCTS.items()}


def test_many_builders_at_once_make_one_whole_library(tmp_path: Path) -> None:
    """Four builders of an empty cache agree on one folder, with nothing half-written beside the library."""
    found: list[Path] = []
    builders = [threading.Thread(target=lambda: found.append(build(tmp_path))) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(found) == 4 and set(found) == {*tmp_path.iterdir()}
    assert {path.name for path in found[0].iterdir()} == {LIBRARY, "lock"}
    assert ctypes.CDLL(str(found[0] / LIBRARY)).nvmlShutdown() == pynvml.NVML_ERROR_UNINITIALIZED


def test_identity_is_what_the_rig_says(gpus: Callable[..., FakeGpus], client: Callable[..., Client]) -> None:
    """UUIDs and PCI addresses are those that FakeGpus names, unique also beyond 128 cards."""
    host = gpus(130, model="3080")
    nvml = client(host)
    assert nvml.ask("[n.nvmlDeviceGetUUID(x) for x in h]") == repr([host.uuid(i) for i in range(130)])
    assert nvml.ask("[n.nvmlDeviceGetPciInfo(x).busId for x in h]") == repr([host.pci(i) for i in range(130)])
    assert len({host.pci(i) for i in range(130)}) == 130


def test_a_gpu_belongs_to_its_holder_while_that_lives(
    fake_gpus: FakeGpus, client: Callable[..., Client], sleeper: "subprocess.Popen[str]"
) -> None:
    """A hold file makes a process, its memory and its load appear; killing the process, unreaped, makes them go."""
    nvml = client(fake_gpus)
    base = nvml.ask("used(3)")
    assert nvml.ask("[pids(g) for g in range(8)], util(3)") == "([[], [], [], [], [], [], [], []], 0)"
    fake_gpus.hold(3, sleeper.pid, "mine", 5000)
    nvml.wait_for("pids(3)", f"[{sleeper.pid}]")
    nvml.wait_for("used(3)", str(int(base) + 5000))
    assert int(nvml.ask("util(3)")) > 95 and nvml.ask("util(4), pids(4)") == "(0, [])"
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    nvml.wait_for("pids(3), used(3), util(3)", f"([], {base}, 0)")


def test_graphics_and_mps_processes_stand_in_their_own_lists(
    gpus: Callable[..., FakeGpus], client: Callable[..., Client], sleeper: "subprocess.Popen[str]"
) -> None:
    """A display server and an MPS client are not among the compute processes."""
    host = gpus(2, gfx=f"0:{sleeper.pid}")
    host.hold(1, sleeper.pid, "ai", mps=True)
    nvml = client(host)
    nvml.wait_for("pids(1, 'MPSCompute')", f"[{sleeper.pid}]")
    assert nvml.ask("pids(0, 'Graphics'), pids(0), pids(1), pids(1, 'Graphics')") == f"([{sleeper.pid}], [], [], [])"


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        ("lost:3", "'GpuIsLost'"),
        ("gone:3", "'GpuIsLost'"),
        ("reset:3", "'ResetRequired'"),
        ("unk:3", "'Unknown'"),
        ("nopower:3", "'NotSupported'"),
        ("allna:3", "'NotSupported'"),
    ],
)
def test_a_fault_comes_and_goes_in_a_running_process(
    fake_gpus: FakeGpus, client: Callable[..., Client], token: str, answer: str
) -> None:
    """The control file breaks one GPU; cleared, the old handle works again."""
    nvml = client(fake_gpus)
    assert nvml.ask("ask(n.nvmlDeviceGetPowerUsage, h[3]) > 0") == "True"
    fake_gpus.fault(token)
    assert nvml.ask("ask(n.nvmlDeviceGetPowerUsage, h[3])") == answer
    assert nvml.ask("ask(n.nvmlDeviceGetPowerUsage, h[2]) > 0") == "True"
    fake_gpus.clear()
    assert nvml.ask("ask(n.nvmlDeviceGetPowerUsage, h[3]) > 0") == "True"


def test_a_lost_gpu_comes_back_at_the_end_of_its_window(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """`lost:3@0-0.4` ends by itself, for the old handle and for a new one."""
    nvml = client(fake_gpus)
    nvml.ask("0")
    fake_gpus.fault("lost:3@0-0.4")
    assert nvml.ask(f"ask(n.nvmlDeviceGetHandleByUUID, {fake_gpus.uuid(3)!r})") == "'GpuIsLost'"
    nvml.wait_for("ask(n.nvmlDeviceGetPowerUsage, h[3]) != 'GpuIsLost'", "True")
    assert nvml.ask("n.nvmlDeviceGetIndex(n.nvmlDeviceGetHandleByIndex(3))") == "3"


def test_a_gone_gpu_shifts_the_later_ones(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """The count drops and the indices behind it move, as in a driver after a card fell off the bus."""
    nvml = client(fake_gpus)
    nvml.ask("0")
    fake_gpus.fault("gone:3")
    asked = "n.nvmlDeviceGetCount(), n.nvmlDeviceGetIndex(h[4]), n.nvmlDeviceGetUUID(n.nvmlDeviceGetHandleByIndex(3))"
    assert nvml.ask(asked) == repr((7, 3, fake_gpus.uuid(4)))
    assert nvml.ask(f"ask(n.nvmlDeviceGetHandleByUUID, {fake_gpus.uuid(3)!r})") == "'NotFound'"


def test_the_driver_can_be_missing_and_return(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """Init fails until the fault ends, in a running process as in a new one, whichever place named the fault."""
    fake_gpus.fault("driver")
    running = client(fake_gpus, NO_INIT="1")
    timed = client(fake_gpus, NO_INIT="1", FAKE_NVML_FAULT="mismatch:*@0-0.5")
    assert running.ask("ask(n.nvmlInit)") == "'DriverNotLoaded'"
    fake_gpus.clear()
    timed.wait_for("ask(n.nvmlInit)", "None")
    assert running.ask("ask(n.nvmlInit), n.nvmlDeviceGetCount()") == "(None, 8)"
    fake_gpus.fault("mismatch:0")
    assert client(fake_gpus, NO_INIT="1").ask("ask(n.nvmlInit)") == "'LibRmVersionMismatch'"


def test_what_hides_a_holder(
    fake_gpus: FakeGpus, client: Callable[..., Client], sleeper: "subprocess.Popen[str]"
) -> None:
    """procerr refuses the list, memonly shows memory without a process, mig stands on any card: three unknowns."""
    fake_gpus.hold(0, sleeper.pid)
    fake_gpus.fault("procerr:0", "memonly:4", "mig:5")
    nvml = client(fake_gpus)
    assert nvml.ask("pids(0), util(0) >= 0, used(4), pids(4)") == "('NoPermission', True, 8192, [])"
    assert nvml.ask("n.nvmlDeviceGetMigMode(h[5]), ask(util, 5)") == "([1, 1], 'NotSupported')"
    assert nvml.ask("n.nvmlDeviceGetMigMode(h[0]), ask(n.nvmlDeviceGetMigMode, h[4])") == "([0, 0], 'NotSupported')"


def test_a_hanging_call_returns_when_the_fault_ends(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """One GPU's calls block, the others' do not, and the block ends with the fault."""
    nvml = client(fake_gpus)
    nvml.ask("0")
    fake_gpus.fault("hang:5")
    assert nvml.ask("util(4)") == "0"
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(nvml.ask("util(5)")))
    asking.start()
    asking.join(0.3)
    assert answers == []
    fake_gpus.clear()
    asking.join(3)
    assert answers == ["0"]


def test_an_xid_is_delivered_once_with_its_code(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """An XID event reaches a waiting process once; taken out and put in again, once more."""
    nvml = client(fake_gpus)
    nvml.ask("watch_xids()")
    for _ in range(2):
        fake_gpus.fault("xid:4=48")
        assert [nvml.ask("xid()"), nvml.ask("xid()")] == ["(48, 4)", "'Timeout'"]
        fake_gpus.clear()
        assert nvml.ask("xid()") == "'Timeout'"


def test_processes_share_limits_and_energy(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """A power limit set by one process is read by another, and their energy counters agree within a second's worth."""
    one, other = client(fake_gpus), client(fake_gpus)
    energy = "n.nvmlDeviceGetTotalEnergyConsumption(h[1])"
    first = int(one.ask(energy))
    assert one.ask("n.nvmlDeviceSetPowerManagementLimit(h[1], 300000)") == "None"
    assert other.ask("n.nvmlDeviceGetEnforcedPowerLimit(h[1])") == "300000"
    later = int(other.ask(energy))
    assert first < later < first + 80_000  # mJ: an idle H200 draws 75 to 81 W
    user = client(fake_gpus, FAKE_NVML_ROOT="0")
    assert user.ask("ask(n.nvmlDeviceSetPowerManagementLimit, h[1], 300000)") == "'NoPermission'"


def test_energy_is_the_integral_of_power(gpus: Callable[..., FakeGpus], client: Callable[..., Client]) -> None:
    """With frozen signals, the counter grows by watts times seconds."""
    nvml = client(gpus(1, hold="", work="mine", static="1"))
    energy = "(n.nvmlDeviceGetTotalEnergyConsumption(h[0]), time.monotonic())"
    e0, t0 = eval(nvml.ask(energy))
    time.sleep(0.5)
    e1, t1 = eval(nvml.ask(energy))
    assert (e1 - e0) / (t1 - t0) == pytest.approx(int(nvml.ask("n.nvmlDeviceGetPowerUsage(h[0])")), rel=0.02)


def test_calls_are_counted_across_sigkill(fake_gpus: FakeGpus, client: Callable[..., Client]) -> None:
    """The call counts of a killed process can still be read."""
    nvml = client(fake_gpus)
    nvml.ask("[util(0) for _ in range(5)]")
    nvml.process.send_signal(signal.SIGKILL)
    nvml.process.wait()
    counts = fake_gpus.calls()
    assert counts["nvmlDeviceGetUtilizationRates"] == 5 and counts["nvmlInitWithFlags"] == 1


def test_activate_reaches_what_the_code_under_test_starts(fake_gpus: FakeGpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `activate` a child with the inherited environment sees the GPUs."""
    fake_gpus.activate(monkeypatch)
    script = textwrap.dedent("import pynvml as n; n.nvmlInit(); print(n.nvmlDeviceGetCount())")
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "8\n"
