"""A small disk of a test's own, that can be filled up and made read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest


class Disk:
    """A filesystem of 2 MiB on ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.folder / "filler").open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                with pytest.raises(OSError, match="No space left on device"):
                    _write_for_ever(file, bytes(size))

    def empty(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink()

    def set(self, mode: str) -> None:
        """``ro`` or ``rw``."""
        subprocess.run(["mount", "-o", f"remount,{mode}", str(self.folder)], check=True)


def _write_for_ever(file: IO[bytes], data: bytes) -> None:
    while True:
        file.write(data)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk on ``folder``; skips loudly where mounting is not allowed."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size=2m,mode=770,uid={os.geteuid()}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"NOT TESTED: a disk of its own needs the right to mount: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
