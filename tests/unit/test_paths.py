"""Where things are kept, and what is said when a directory takes nothing. Full and read-only disks: tests/e2e."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from console.paths import Places, obstacle, unwritable


def test_directories_that_take_a_line_are_no_obstacle(tmp_path: Path) -> None:
    """And nothing is left of the trial."""
    assert obstacle(Places(state=tmp_path, run=tmp_path, shared=True)) == ""
    assert [*tmp_path.iterdir()] == []


def test_a_filesystem_without_nameless_files_is_tried_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kernel does that ignores the flag: a directory is not opened for writing. Nothing is left either."""
    monkeypatch.setattr(os, "O_TMPFILE", 0)
    assert obstacle(Places(state=tmp_path, run=tmp_path, shared=True)) == ""
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("bad", ["state", "run"])
def test_the_directory_that_takes_nothing_is_named(tmp_path: Path, bad: str) -> None:
    """State or run, whichever it is."""
    where = Places(**{"state": tmp_path, "run": tmp_path, "shared": True, bad: tmp_path / "gone"})
    assert obstacle(where) == f"nothing can be written to {tmp_path}/gone: it is gone, make it again"


def test_every_cause_has_its_step() -> None:
    """What is not known to us is said in the system's own words; a directory's name is outside text."""
    folder = Path("/x\x1b[31m")
    assert (
        unwritable(folder, OSError(errno.ENOSPC, "")) == "nothing can be written to /x[31m: its disk is full, make room"
    )
    assert unwritable(folder, OSError(errno.ENOTDIR, "Not a directory")).endswith(": Not a directory")
    linked = OSError(errno.ELOOP, "Too many levels of symbolic links", "/x/y")
    assert unwritable(folder, linked).endswith(": Too many levels of symbolic links at /x/y")


def test_a_file_that_may_not_grow_has_a_step() -> None:
    """A limit of the shell's, not of the disk."""
    assert "ulimit -f" in unwritable(Path("/x"), OSError(errno.EFBIG, "File too large"))
