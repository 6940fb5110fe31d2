"""The fake libnvidia-ml.so.1: building it, and one set of fake GPUs with its faults and holders."""

import fcntl
import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "nvmlshim"
LIBRARY = "libnvidia-ml.so.1"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden")
LIBS = (f"-Wl,-soname,{LIBRARY}", "-lm", "-lpthread")
CONTROL_POLL_S = 0.05  # how often a process may look at the control file, see nvmlshim/faults.c


def default_cache() -> Path:
    """A folder of this user's own in the temporary directory, made if missing; OSError if someone else owns it."""
    folder = Path(tempfile.gettempdir(), f"changeover-rig-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to uid {folder.stat().st_uid}; remove it or set TMPDIR")
    return folder


def build(cache_dir: Path | None = None) -> Path:
    """A folder that holds libnvidia-ml.so.1, compiled unless these very sources were compiled there before.

    Safe when many processes ask at once. Raises FileNotFoundError without gcc and CalledProcessError when gcc refuses.
    """
    files = sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.h")])
    digest = hashlib.sha256("\0".join([*FLAGS, *LIBS, *(path.read_text() for path in files)]).encode()).hexdigest()
    folder = (cache_dir or default_cache()) / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / LIBRARY).exists():
            _compile(files, folder / LIBRARY)
    return folder


def _compile(files: list[Path], target: Path) -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        raise FileNotFoundError("gcc is not installed: the fake libnvidia-ml.so.1 cannot be built")
    partial = target.with_suffix(".partial")
    subprocess.run([gcc, *FLAGS, *(path for path in files if path.suffix == ".c"), *LIBS, "-o", partial], check=True)
    partial.rename(target)


def call_counts(stats: Path) -> dict[str, int]:
    """Calls per NVML function that processes with FAKE_NVML_STATS=stats have made so far."""
    records = struct.iter_unpack("56sQ", stats.read_bytes())
    return {name.rstrip(b"\0").decode(): calls for name, calls in records if name.strip(b"\0")}


class FakeGpus:
    """One host's fake GPUs: `env` for the child processes that shall see them, faults and holders at any moment.

    n: number of GPUs. model: see nvmlshim/README.md. settings: further FAKE_NVML_ variables by their lower-case tails,
    as `settle="1.0"` or `root="0"`. With `hold=""` GPUs do what FAKE_NVML_WORK says instead of what holders do.
    """

    def __init__(self, library: Path, folder: Path, n: int = 8, model: str = "mixed", **settings: str) -> None:
        self.n = n
        self.hold_dir = folder / "hold"
        self.hold_dir.mkdir(parents=True)
        self.control = folder / "control"
        self.control.touch()
        self.stats = folder / "stats"
        values = {"gpus": str(n), "model": model, "settle": "0.05", "hold": str(self.hold_dir)}
        values |= {"ctl": str(self.control), "state": str(folder / "state"), "stats": str(self.stats), **settings}
        before = os.environ.get("LD_LIBRARY_PATH")
        self.env = {f"FAKE_NVML_{name.upper()}": value for name, value in values.items()}
        self.env["LD_LIBRARY_PATH"] = f"{library}:{before}" if before else str(library)

    def fault(self, *tokens: str) -> None:
        """Replace the faults in force by these tokens, and return when every process must have seen them."""
        partial = self.control.with_suffix(".partial")
        partial.write_text("\n".join(tokens))
        partial.rename(self.control)
        time.sleep(CONTROL_POLL_S + 0.01)

    def clear(self) -> None:
        """End every fault that `fault` began."""
        self.fault()

    def hold(self, gpu: int, pid: int, work: str = "ai", mem_mib: int = 6000, *, mps: bool = False) -> Path:
        """Let a running process hold a GPU; the file that says so (unlink it to let go)."""
        path = self.hold_dir / f"{gpu}-{pid}"
        partial = self.hold_dir / f".{gpu}-{pid}"
        partial.write_text(f"{work} {mem_mib}{' mps' if mps else ''}\n")
        return partial.rename(path)

    def calls(self) -> dict[str, int]:
        """NVML calls made so far, by function, by all processes of these GPUs."""
        return call_counts(self.stats) if self.stats.exists() else {}

    def activate(self, patch: pytest.MonkeyPatch) -> None:
        """Let everything this process starts from now on see these GPUs; undone with the monkeypatch."""
        for name, value in self.env.items():
            patch.setenv(name, value)

    @staticmethod
    def uuid(gpu: int) -> str:
        """The UUID of a GPU, which never changes."""
        return f"GPU-{0xC0DE0000 + gpu:08x}-fa4e-4a11-8000-{gpu + 1:012x}"

    @staticmethod
    def pci(gpu: int) -> str:
        """The PCI address of a GPU as NVML writes it, with a domain of eight digits."""
        return f"{gpu // 128:08X}:{1 + gpu % 128:02X}:00.0"
