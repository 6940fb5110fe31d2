"""Root's unit, really run as systemd runs it, against the fake NVML library."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.profiles.unit import asked
from tests.rig.nvml import FLAGS, LIBRARY, LIBS, SOURCES, FakeGpus

pytestmark = pytest.mark.nvml
UUID = FakeGpus.uuid(0)
LIMIT = """
import pynvml, sys
pynvml.nvmlInit()
print(pynvml.nvmlDeviceGetPowerManagementLimit(pynvml.nvmlDeviceGetHandleByUUID(sys.argv[1])) / 1000)
"""


def run(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The unit's own command."""
    command = [sys.executable, "-I", "-m", "console.profiles.unit", *words]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False)


def limit_w(gpus: FakeGpus, gpu: int = 0) -> float:
    """What another process reads."""
    command = [sys.executable, "-c", LIMIT, gpus.uuid(gpu)]
    return float(subprocess.run(command, env={**os.environ, **gpus.env}, capture_output=True, check=True).stdout)


@pytest.fixture
def profile(tmp_path: Path) -> Callable[..., str]:
    """Writes a profile and gives the folder: `profile("POWER_LIMIT_W=250")`."""

    def write(*lines: str, name: str = "mine") -> str:
        folder = tmp_path / "profiles"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.conf").write_text("\n".join(lines) + "\n")
        return str(folder)

    return write


def test_a_limit_is_set_on_that_card_alone_and_set_back(
    gpus: Callable[..., FakeGpus], profile: Callable[..., str]
) -> None:
    """Read by another process afterwards; `default` undoes it."""
    host = gpus(2, "4090")
    before = limit_w(host)
    folder = profile("POWER_LIMIT_W=250")
    done = run(f"mine:{UUID}", folder, env=host.env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (limit_w(host), limit_w(host, 1)) == (250, before)
    profile("POWER_LIMIT_W=DEFAULT", name="default")
    assert run(f"default:{UUID}", folder, env=host.env).returncode == 0
    assert limit_w(host) == before


@pytest.mark.parametrize("watts", [10, 2000])
def test_a_limit_that_the_card_does_not_take_is_refused_and_not_cut(
    watts: int, gpus: Callable[..., FakeGpus], profile: Callable[..., str]
) -> None:
    """The card's own bounds are told, and nothing is set."""
    host = gpus(1, "4090")
    before = limit_w(host)
    done = run(f"mine:{UUID}", profile(f"POWER_LIMIT_W={watts}"), env=host.env)
    assert done.returncode == 1 and limit_w(host) == before
    assert f"the power limit is to be {watts} W, and this card takes 150 to 450 W" in done.stderr


def test_a_refused_write_is_told_by_what_is_read_back(
    gpus: Callable[..., FakeGpus], profile: Callable[..., str]
) -> None:
    """The sentence has what stands now, what was wanted, and NVML's word."""
    host = gpus(1, "4090", root="0")
    done = run(f"mine:{UUID}", profile("POWER_LIMIT_W=250"), env=host.env)
    assert done.returncode == 1
    assert "the power limit is 450 W after it was set to 250 W: NVML says Insufficient Permissions" in done.stderr


def test_a_limit_that_stands_already_needs_no_right(gpus: Callable[..., FakeGpus], profile: Callable[..., str]) -> None:
    """What is read back counts, not what the setter says."""
    host = gpus(1, "4090", root="0")
    assert run(f"mine:{UUID}", profile("POWER_LIMIT_W=450"), env=host.env).returncode == 0


def test_clocks_are_a_fault_only_where_they_are_asked_for(
    gpus: Callable[..., FakeGpus], profile: Callable[..., str]
) -> None:
    """This card cannot lock: unlocking is done, locking fails."""
    host = gpus(1, "4090")
    folder = profile("POWER_LIMIT_W=250", "LOCK_GPU_CLOCKS_MHZ=DEFAULT")
    assert run(f"mine:{UUID}", folder, env=host.env).returncode == 0
    profile("POWER_LIMIT_W=260", "LOCK_MEM_CLOCKS_MHZ=405,405")
    done = run(f"mine:{UUID}", folder, env=host.env)
    assert done.returncode == 1
    assert done.stderr == "changeover-profile: the memory clocks could not be locked: NVML says Not Supported\n"


def test_clocks_beyond_the_card_are_refused_before_anything_is_set(
    gpus: Callable[..., FakeGpus], profile: Callable[..., str]
) -> None:
    """The limit of the same profile stays as it was."""
    host = gpus(1, "4090")
    done = run(f"mine:{UUID}", profile("POWER_LIMIT_W=250", "LOCK_GPU_CLOCKS_MHZ=210,9000"), env=host.env)
    assert done.returncode == 1 and limit_w(host) == 450
    assert "the GPU clock is to be 9000 MHz, and this card has" in done.stderr


@pytest.mark.parametrize(
    ("fault", "line", "code", "words"),
    [
        ("nopower:0", "POWER_LIMIT_W=250", 1, "does not tell what power limit it takes: NVML says Not Supported"),
        ("nopower:0", "POWER_LIMIT_W=DEFAULT", 0, ""),
        ("lost:0", "POWER_LIMIT_W=250", 1, f"{UUID} cannot be reached: NVML says"),
        ("driver", "POWER_LIMIT_W=250", 1, f"{UUID} cannot be reached: NVML says Driver Not Loaded"),
    ],
)
def test_a_card_in_trouble_is_a_sentence(
    fault: str, line: str, code: int, words: str, gpus: Callable[..., FakeGpus], profile: Callable[..., str]
) -> None:
    """What has no limit has none to set back."""
    done = run(f"mine:{UUID}", profile(line), env=gpus(1, "4090", fault=fault).env)
    assert done.returncode == code and words in done.stderr and len(done.stderr.splitlines()) == code


def test_a_card_that_is_not_here_is_a_sentence(gpus: Callable[..., FakeGpus], profile: Callable[..., str]) -> None:
    """Only what NVML lists."""
    done = run(f"mine:{FakeGpus.uuid(5)}", profile("POWER_LIMIT_W=250"), env=gpus(1).env)
    assert done.returncode == 1 and f"{FakeGpus.uuid(5)} cannot be reached: NVML says Not Found" in done.stderr


@pytest.mark.parametrize(
    "instance",
    [
        "",
        "mine",
        f"mine:{UUID[:-1]}",
        f"mine:{UUID}0",
        f"mine:{UUID.upper()}",
        f"../mine:{UUID}",
        f"mine:x:{UUID}",
        f" mine:{UUID}",
        f"mine:{UUID}\n",
        f"mine:MIG-{UUID[4:]}",
        "mine:../../../dev/nvidia0",
    ],
)
def test_an_instance_that_is_none_touches_nothing(instance: str) -> None:
    """Wrong use, before any file is read or any library loaded."""
    with pytest.raises(ValueError, match="expected PROFILE:GPU-UUID"):
        asked(instance)
    done = run(instance, env={"LD_LIBRARY_PATH": ""})
    assert done.returncode == 2 and "expected PROFILE:GPU-UUID" in done.stderr


def test_more_or_fewer_words_are_wrong_use() -> None:
    """The unit file gives one or two."""
    for words in ((), (f"mine:{UUID}", "a", "b")):
        assert run(*words, env={}).returncode == 2


def test_the_environment_chooses_no_values(
    gpus: Callable[..., FakeGpus], profile: Callable[..., str], tmp_path: Path
) -> None:
    """Not the folder of the profiles, nor what Python imports; a profile that is not root's own is a sentence."""
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "pynvml.py").write_text("raise SystemExit(99)\n")
    env = {"PYTHONPATH": str(trap), "CHANGEOVER_STATE": profile("POWER_LIMIT_W=250"), "PYTHONSTARTUP": str(trap)}
    done = run(f"mine-not-there:{UUID}", env={**gpus(1).env, **env})
    assert done.returncode == 1
    assert "/etc/changeover/profiles/mine-not-there.conf: cannot be read: No such file" in done.stderr
    assert run(f"mine:{UUID}", profile("POWER_LIMIT_W=DEFAULT"), env={**gpus(1).env, **env}).returncode == 0


def test_the_sentence_reaches_systemd(
    gpus: Callable[..., FakeGpus], profile: Callable[..., str], tmp_path: Path
) -> None:
    """As the unit's status, which an operator may read where the journal is closed to him."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(address)
        end.settimeout(20)
        env = {**gpus(1, "4090").env, "NOTIFY_SOCKET": address}
        run(f"mine:{UUID}", profile("POWER_LIMIT_W=999"), env=env)
        said = end.recv(1000).decode()
        assert said.startswith("STATUS=the power limit is to be 999 W") and "\n" not in said
        run(f"mine:{UUID}", profile("POWER_LIMIT_W=250"), env=env)
        assert end.recv(1000).decode() == "STATUS=mine is set"


# ---- a card that can lock its clocks ---------------------------------------------------------------------------------

LOCKS = """
#include <stdio.h>
#include <stdlib.h>
#include "shim.h"
static Ret note(const char *what, U32 low, U32 high) {
  FILE *file = fopen(getenv("FAKE_CLOCKS"), "a");
  fprintf(file, "%s %u %u\\n", what, low, high);
  fclose(file);
  return OK;
}
EXPORT Ret nvmlDeviceSetGpuLockedClocks(Gpu *gpu, U32 low, U32 high) { (void)gpu; return note("gpu", low, high); }
EXPORT Ret nvmlDeviceSetMemoryLockedClocks(Gpu *gpu, U32 low, U32 high) { (void)gpu; return note("mem", low, high); }
EXPORT Ret nvmlDeviceResetGpuLockedClocks(Gpu *gpu) { (void)gpu; return note("gpu", 0, 0); }
EXPORT Ret nvmlDeviceResetMemoryLockedClocks(Gpu *gpu) { (void)gpu; return NO_PERMISSION; }
"""


@pytest.fixture(scope="module")
def locking(nvml: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake library with locks that are written down, and heeded by no clock."""
    folder = tmp_path_factory.mktemp("locking")
    stubs = (SOURCES / "stubs.c").read_text().splitlines()
    (folder / "stubs.c").write_text("\n".join(line for line in stubs if "LockedClocks" not in line))
    (folder / "locks.c").write_text(LOCKS)
    others = [path for path in SOURCES.glob("*.c") if path.name != "stubs.c"]
    built = ["gcc", *FLAGS, f"-I{SOURCES}", *others, folder / "stubs.c", folder / "locks.c", *LIBS]
    subprocess.run([*built, "-o", folder / LIBRARY], check=True)
    return folder


def test_clocks_are_locked_and_unlocked(locking: Path, profile: Callable[..., str], tmp_path: Path) -> None:
    """Both domains, in MHz; an unlock that is refused for want of rights is a fault, unlike one that there is not."""
    host = FakeGpus(locking, tmp_path / "host", 1, "4090")
    noted = tmp_path / "clocks"
    env = {**host.env, "FAKE_CLOCKS": str(noted)}
    folder = profile("LOCK_GPU_CLOCKS_MHZ=210,1500", "LOCK_MEM_CLOCKS_MHZ=5000,10000")
    done = run(f"mine:{UUID}", folder, env=env)
    assert (done.returncode, done.stderr) == (0, "") and noted.read_text() == "gpu 210 1500\nmem 5000 10000\n"
    noted.unlink()
    done = run(f"mine:{UUID}", profile("POWER_LIMIT_W=DEFAULT"), env=env)
    assert noted.read_text() == "gpu 0 0\n" and done.returncode == 1
    assert "the memory clocks could not be unlocked: NVML says Insufficient Permissions" in done.stderr


def test_a_lock_that_does_not_hold_is_seen(locking: Path, profile: Callable[..., str], tmp_path: Path) -> None:
    """The driver said yes, and the clock of a working card stays above."""
    host = FakeGpus(locking, tmp_path / "host", 1, "4090", static="1")
    host.hold(0, os.getpid(), "mine")
    env = {**host.env, "FAKE_CLOCKS": str(tmp_path / "clocks")}
    folder = profile("LOCK_GPU_CLOCKS_MHZ=210,600", "LOCK_MEM_CLOCKS_MHZ=5000,10501")
    done = run(f"mine:{UUID}", folder, env=env)
    assert done.returncode == 1 and "MHz after it was locked to 600 MHz at most" in done.stderr
