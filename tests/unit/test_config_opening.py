"""Who may have written the site config: nobody but root and the caller, nor anywhere on the way to it."""

import os
from pathlib import Path

import pytest

from console.config.errors import ConfigError
from console.config.opening import read_trusted

STRANGER = 12345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: giving files away needs root")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "config.toml"
    path.parent.mkdir(mode=0o755)
    path.write_text("[site]\n")
    path.chmod(0o644)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_trusted(path)
    return str(caught.value)


def test_own_file_is_read_with_its_time(config: Path) -> None:
    """A file of the caller's own arrives as bytes with the time it was written."""
    os.utime(config, (1000, 2000))
    assert read_trusted(config) == (b"[site]\n", 2000.0)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_file_others_can_write_is_refused(config: Path, mode: int) -> None:
    """Group or world may not write the file."""
    config.chmod(mode)
    assert refused(config) == f"{config}: can be written by others: chmod go-w {config}"


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_directory_others_can_write_is_refused(config: Path, mode: int) -> None:
    """Group or world may not write the directory: they could put another file in its place."""
    config.parent.chmod(mode)
    assert refused(config).endswith(
        f"the directory {config.parent} can be written by others: chmod go-w {config.parent}"
    )


def test_sticky_directory_is_allowed(config: Path) -> None:
    """In a sticky directory such as /tmp nobody can replace another's file."""
    config.parent.chmod(0o1777)
    assert read_trusted(config).body == b"[site]\n"


def test_any_ancestor_counts(config: Path) -> None:
    """A writable directory further up is as bad as the nearest."""
    config.parent.parent.chmod(0o777)
    assert f"the directory {config.parent.parent} can be written by others" in refused(config)


def test_link_through_a_writable_directory_is_refused(config: Path, tmp_path: Path) -> None:
    """A good file reached through a link that others can swap is not a good file."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "way").symlink_to(config.parent)
    (tmp_path / "entry").symlink_to(shared / "way")
    assert read_trusted(tmp_path / "entry" / "config.toml").body
    shared.chmod(0o777)
    assert f"the directory {shared} can be written by others" in refused(tmp_path / "entry" / "config.toml")


def test_relative_links_and_parents_are_followed(config: Path, tmp_path: Path) -> None:
    """``..`` and relative links lead where the kernel would lead."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link.toml").symlink_to("../etc/config.toml")
    assert read_trusted(tmp_path / "here" / ".." / "here" / "link.toml").body == b"[site]\n"


def test_circle_of_links_ends(tmp_path: Path) -> None:
    """Links that lead to each other end in a sentence."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert "too many symbolic links" in refused(tmp_path / "a")


@needs_root
def test_strangers_file_directory_and_link_are_refused(config: Path, tmp_path: Path) -> None:
    """A file, a directory or a link of a third user is refused with the owner's uid."""
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)
    assert f"{link} belongs to uid {STRANGER}, expected root or you" in refused(link)
    os.chown(config.parent, STRANGER, STRANGER)
    assert f"{config.parent} belongs to uid {STRANGER}" in refused(config)
    os.chown(config.parent, 0, 0)
    os.chown(config, STRANGER, STRANGER)
    assert f"{config} belongs to uid {STRANGER}" in refused(config)


def test_directories_and_pipes_are_no_config(config: Path, tmp_path: Path) -> None:
    """What is no regular file is refused at once: a pipe without a writer does not hold the program."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert refused(tmp_path / "pipe").endswith("is not a regular file")
    assert "config.toml" not in refused(config.parent)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A --config that is not there is a sentence, not a default."""
    assert refused(tmp_path / "none.toml") == f"{tmp_path}/none.toml: cannot be read: No such file or directory"
