"""Config faults of ``[controllers.X]`` of kind argv, each as a place and a sentence."""

from pathlib import Path

import pytest

from console.config.errors import ConfigError
from console.config.loading import load

RIG = """
[controllers.rig]
kind = "argv"
start = ["/opt/rig/miner", "start", "{unit}"]
stop = ["/opt/rig/miner", "stop", "{unit}"]
status = ["/opt/rig/miner", "status", "{unit}"]
running_codes = [0, 2]
stopped_codes = [1]
env = { RIG_NAME = "seven" }
directory = "/opt/rig"

[workloads.ergo]
kind = "mine"
gpus = [0, 1]
controller = "rig"
unit = "ergo-{slot}"
"""


def faults(folder: Path, text: str) -> list[str]:
    """The sentences without the file's name; none for a config that can be used."""
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    try:
        load(path)
    except ConfigError as error:
        return [sentence.partition(": ")[2] for sentence in error.sentences]
    return []


def test_whole_commands_are_taken(tmp_path: Path) -> None:
    """Commands with their codes, environment and directory are no fault."""
    assert faults(tmp_path, RIG) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'stop = ["/opt/rig/miner", "stop", "{unit}"]',
            "",
            "controllers.rig.stop is missing, expected an argument list",
        ),
        ('["/opt/rig/miner", "start"', '["miner", "start"', 'begins with "miner", expected an absolute path'),
        ('["/opt/rig/miner", "start"', '["/opt/{unit}", "start"', 'has "{unit}" in it, expected a program without one'),
        ('"start", "{unit}"', '"start", "{unit}", "{slot}"', 'has "{slot}" in it, expected none but {unit}'),
        ('"status", "{unit}"', '"status"', "controllers.rig.status has no {unit} in it, but several units"),
        ("[0, 2]", "[]", "controllers.rig.running_codes is empty"),
        ("[0, 2]", "[0, 256]", "has 256 in it, expected exit codes from 0 to 255"),
        ("[0, 2]", "[0, 1]", "controllers.rig.stopped_codes has 1 in it, which running_codes has already"),
        (
            'directory = "/opt/rig"',
            'directory = "rig"',
            'controllers.rig.directory is "rig", expected an absolute path',
        ),
        ("RIG_NAME", '"RIG NAME"', "is no name of a variable"),
        ("RIG_NAME", "LD_PRELOAD", "controllers.rig.env.LD_PRELOAD brings code into the program"),
        ("RIG_NAME", "LD_LIBRARY_PATH", "controllers.rig.env.LD_LIBRARY_PATH brings code into the program"),
        ("RIG_NAME", "PYTHONPATH", "controllers.rig.env.PYTHONPATH brings code into the program"),
        ("RIG_NAME", "POOL_PASSWORD", "controllers.rig.env.POOL_PASSWORD looks like a secret"),
        ("RIG_NAME", "api_token", "controllers.rig.env.api_token looks like a secret"),
        ("RIG_NAME", "APIKEY", "controllers.rig.env.APIKEY looks like a secret"),
        ("RIG_NAME", "CLIENT_SECRET", "controllers.rig.env.CLIENT_SECRET looks like a secret"),
    ],
)
def test_each_fault_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    """One wrong key gives one sentence that names it, and never what a variable holds."""
    assert RIG.count(old) == 1
    told = faults(tmp_path, RIG.replace(old, new))
    assert len(told) == 1 and said in told[0], told
    assert "seven" not in told[0]


@pytest.mark.parametrize("name", ["KEYBOARD", "TOKENIZER_PATH", "RIG_MONKEY_ID", "LDAP", "ENVIRON"])
def test_names_that_only_look_alike_are_taken(tmp_path: Path, name: str) -> None:
    """A word that merely contains one of the forbidden ones is no secret and no loader."""
    assert faults(tmp_path, RIG.replace("RIG_NAME", name)) == []


def test_one_unit_needs_no_place_for_it(tmp_path: Path) -> None:
    """A command that starts all there is, such as HiveOS's, serves one workload with one instance."""
    alone = RIG.replace(', "{unit}"]', "]").replace("gpus = [0, 1]", "").replace("ergo-{slot}", "ergo")
    assert faults(tmp_path, alone) == []
    second = '\n[workloads.other]\nkind = "mine"\ncontroller = "rig"\nunit = "other"\n'
    assert len(faults(tmp_path, alone + second)) == 3


@pytest.mark.parametrize(
    "key", ['status = ["/bin/true"]', "running_codes = [3]", 'env = { A = "b" }', 'directory = "/"', 'start = ["/x"]']
)
def test_keys_of_argv_on_another_kind_are_refused_by_name(tmp_path: Path, key: str) -> None:
    """A key that another controller would not read is told, not ignored."""
    (told,) = faults(tmp_path, f"[controllers.systemd]\n{key}\n")
    name = key.partition(" ")[0]
    assert f'controllers.systemd.{name} belongs to kind argv, and this controller is of kind "systemd"' in told
