"""Drain commands, profiles and renters' names of a config."""

from pathlib import Path

import pytest

from console.config.errors import ConfigError
from console.config.loading import load

BASE = """
[controllers.systemd]
[workloads.qwen]
kind = "{kind}"
controller = "systemd"
unit = "ai@{{slot}}.service"
{more}
"""


def faults(tmp_path: Path, more: str, kind: str = "ai", head: str = "") -> str:
    """What is said of a config with these lines."""
    path = tmp_path / "config.toml"
    path.write_text(head + BASE.format(kind=kind, more=more))
    path.chmod(0o600)
    try:
        load(str(path))
    except ConfigError as error:
        return str(error)
    return ""


GOOD = 'drain = ["/opt/front", "close", "{unit}", "{slot+8000}"]\nundrain = ["/opt/front", "open", "{uuid}"]'


def test_a_drain_with_its_opposite_is_well(tmp_path: Path) -> None:
    """Places expand in every word."""
    assert faults(tmp_path, GOOD) == ""


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ('drain = ["front", "close"]\nundrain = ["/x"]', "ai", 'is "front", expected the absolute path of a program'),
        ('drain = ["/x", "{host}"]\nundrain = ["/x"]', "ai", 'has "{host}" in it'),
        ('drain = ["/x"]', "ai", "has no undrain beside it"),
        (GOOD, "mine", "belongs to kind ai"),
        (GOOD + "\ndrain_timeout_s = 0", "ai", "is never run, because drain_timeout_s is 0"),
        ('profile = "../mine"', "ai", "expected up to 32 of the characters"),
        ('profile = ""', "ai", "expected up to 32 of the characters"),
    ],
)
def test_what_cannot_work_is_named(tmp_path: Path, more: str, kind: str, words: str) -> None:
    """Key, what was found and what was expected."""
    said = faults(tmp_path, more, kind)
    assert words in said and "workloads.qwen" in said


@pytest.mark.parametrize("pattern", ["*", "", "?*"])
def test_a_pattern_for_everything_is_refused(tmp_path: Path, pattern: str) -> None:
    """It would make a renter of every container."""
    head = f'[site]\nrenters = ["C.[0-9]*", "{pattern}"]\n'
    assert "every container's name fits" in faults(tmp_path, "", head=head)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("at_once", 0, "1 to 64"), ("stagger_s", -1, "0 to 3600"), ("idle_confirmations", 0, "1 to 60")],
)
def test_the_numbers_of_flips_have_bounds(tmp_path: Path, key: str, value: int, words: str) -> None:
    """Nothing at once, or a stagger below nothing, makes no sense."""
    assert words in faults(tmp_path, "", head=f"[flips]\n{key} = {value}\n")
