"""Where a new config may be put: never over another, never where the console would not read it, never in part."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.config.loading import load
from console.finding.placing import DefectError, RefusedError, default_path, put, verified
from console.paths import SYSTEM_CONFIG

TEXT = '[site]\nname = "rig-07"\n'


def left(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_it_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    """What the console then loads; readable by all where root wrote it, and nothing else left in the folder."""
    path = tmp_path / "config.toml"
    before = os.umask(0o077)
    try:
        put(TEXT, path)
    finally:
        os.umask(before)
    assert load(path).settings.site.name == "rig-07"
    assert stat.S_IMODE(path.stat().st_mode) == (0o644 if os.geteuid() == 0 else 0o600)
    assert left(tmp_path) == ["config.toml"]


@pytest.mark.parametrize("there", ["file", "folder", "broken link"])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    """Whatever has the name keeps it, and the sentence names it and both ways out."""
    path = tmp_path / "config.toml"
    if there == "file":
        path.write_text("mine")
    elif there == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    before = path.lstat()
    with pytest.raises(RefusedError, match=r"config\.toml is there already .* --output FILE, .* --dry-run"):
        put(TEXT, path)
    assert path.lstat() == before
    assert left(tmp_path) == ["config.toml"]


def test_one_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the write another person writes his: that one stays, and ours is gone."""
    path = tmp_path / "config.toml"
    link = os.link

    def late(*args: object, **kwargs: object) -> None:
        path.write_text("theirs")
        link(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(RefusedError, match="is there already"):
        put(TEXT, path)
    assert path.read_text() == "theirs"
    assert left(tmp_path) == ["config.toml"]


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    """Where others can write, the console reads no config: the same sentence, before anything is left there."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(RefusedError, match=r"open/config\.toml: the directory .*open can be written by others: chmod"):
        put(TEXT, folder / "config.toml")
    assert left(folder) == []


def test_a_folder_that_is_missing_is_only_made_where_nobody_named_it(tmp_path: Path) -> None:
    """A named place is refused with the command to make it; the default one is made, a user's closed to others."""
    path = tmp_path / "a" / "b" / "config.toml"
    with pytest.raises(RefusedError, match=f"{path.parent} does not exist: make it with install -d -m 755"):
        put(TEXT, path)
    assert left(tmp_path) == []
    wanted = 0o755 if os.geteuid() == 0 else 0o700
    before = os.umask(0o002)
    try:
        put(TEXT, path, make_folder=True)
    finally:
        os.umask(before)
    assert load(path).settings.site.name == "rig-07"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path.parent.parent)] == [wanted, wanted]


@pytest.mark.parametrize("text", ["[sites]\n", "x = ", "[site]\npsu_efficiency = 92\n"])
def test_what_our_own_loader_refuses_is_never_put_in_place(text: str, tmp_path: Path) -> None:
    """It is told as a defect of the program, with what the loader says of the file that would have been."""
    path = tmp_path / "config.toml"
    with pytest.raises(DefectError, match=r"defect of changeover: .*/config\.toml"):
        put(text, path)
    assert left(tmp_path) == []
    with pytest.raises(DefectError):
        verified(text)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the write fails and its file is gone."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from console.finding.placing import put\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        f"put('#' * 5000, Path({str(tmp_path / 'config.toml')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "File too large" in done.stderr) == (1, True), done.stderr
    assert left(tmp_path) == []


def test_the_place_that_every_command_looks_at_is_roots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another user gets his own config folder, which commands are told of with --config."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_path() == (SYSTEM_CONFIG, True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == (tmp_path / "changeover" / "config.toml", True)
