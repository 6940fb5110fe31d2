"""A directory that looks like /proc, for processes that this machine cannot have: other users', units', containers'."""

import os
from pathlib import Path

BOOT_AT = 1_700_000_000
STRANGER = 54321  # a uid without a name


class FakeProc:
    """Entries as the kernel writes them, with the three files that are read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "stat").write_text(f"cpu 1 2 3\nbtime {BOOT_AT}\nprocesses 5\n")

    def add(
        self,
        pid: int,
        cgroup: str = "0::/",
        *,
        ppid: int = 1,
        uid: int = STRANGER,
        comm: str = "python3",
        age_s: float = 60,
    ) -> int:
        """A process that started ``age_s`` after boot; its pid."""
        folder = self.root / str(pid)
        folder.mkdir()
        ticks = int(age_s * os.sysconf("SC_CLK_TCK"))
        between = " ".join(["0"] * 17)
        (folder / "stat").write_text(f"{pid} ({comm}) S {ppid} {between} {ticks} 0 0\n")
        (folder / "status").write_text(f"Name:\t{comm}\nPPid:\t{ppid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
        (folder / "cgroup").write_text(cgroup + "\n")
        return pid
