"""The polkit rule made from a config: what it lets through, what it does not, and when it is written."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.cli import main
from console.commands import polkit
from console.commands.polkit import RuleError, ours, rule
from console.config.settings import Settings
from console.config.workload_settings import ControllerSettings, WorkloadSettings
from console.model import Kind

MANAGE, OURS = "org.freedesktop.systemd1.manage-units", "gpu-operators"
UUID = "GPU-c0de0000-fa4e-4a11-8000-000000000001"
NODE = shutil.which("node")
HARNESS = """
let rule;
const polkit = {addRule: (one) => { rule = one; }, Result: {YES: "yes", NOT_HANDLED: null}};
%s
const ask = ([id, unit, verb, group]) => rule(
    {id, lookup: (key) => ({unit, verb})[key]}, {isInGroup: (name) => name === group});
console.log(JSON.stringify(%s.map(ask).map((said) => said === "yes")));
"""
Ask = tuple[str, str | None, str | None, str]


def of(*units: str, profile: str | None = None, bus: str = "system", kind: str = "systemd") -> Settings:
    """A config with a workload for each unit."""
    controller = ControllerSettings(kind=kind, bus=bus)  # type: ignore[arg-type]
    made = {
        f"w{number}": WorkloadSettings(kind=Kind.MINE, controller="c", unit=unit, profile=profile)
        for number, unit in enumerate(units)
    }
    return Settings(controllers={"c": controller}, workloads=made)


def answers(text: str, asks: list[Ask]) -> list[bool]:
    """What polkit would say, by a JavaScript engine that runs the rule as polkit does."""
    assert NODE is not None
    done = subprocess.run([NODE, "-e", HARNESS % (text, json.dumps(asks))], capture_output=True, text=True, check=True)
    found: list[bool] = json.loads(done.stdout)
    return found


needs_node = pytest.mark.skipif(NODE is None, reason="NOT TESTED: no node here to run the rule with")


def test_the_rule_has_these_units_and_no_others() -> None:
    """Templates as patterns of exactly those names, plain units by name."""
    text = rule(of("miner@{slot}.service", "rig", "ai@{slot+8000}.service", r"a\x2db.service"))
    assert r"/^miner@[0-9]{1,2}\.service$/.test(unit)" in text
    assert r"/^ai@[0-9]{4,4}\.service$/.test(unit)" in text
    assert 'unit === "rig.service"' in text and r'unit === "a\\x2db.service"' in text
    assert text.count("unit ===") == 2 and text.count(".test(unit)") == 2 and "var profile = false;" in text


@needs_node
def test_operators_may_start_and_stop_their_units_and_no_more() -> None:
    """Run by a real engine: each thing that differs from what is allowed is left to polkit's default."""
    named = ("miner@{slot}.service", "rig.service", "vllm-{uuid}", "x-{pci}", r"a\x2db.service", r"c\x2dd@{slot}")
    text = rule(of(*named, profile="mine"))
    units = (
        "miner@3.service",
        "miner@37.service",
        "rig.service",
        f"vllm-{UUID}.service",
        r"a\x2db.service",
        r"c\x2dd@7.service",
    )
    allowed: list[Ask] = [(MANAGE, unit, verb, OURS) for unit in units for verb in ("start", "stop")]
    allowed += [(MANAGE, "x-00000000:41:00.0.service", "stop", OURS)]
    profile = f"changeover-profile@mine:{UUID}.service"
    allowed += [(MANAGE, profile, "start", OURS), (MANAGE, profile.replace("mine", "default"), "start", OURS)]
    left: list[Ask] = [
        (MANAGE, "miner@3.service", "start", "users"),
        (MANAGE, "miner@3.service", "restart", OURS),
        (MANAGE, "miner@3.service", None, OURS),
        (MANAGE, None, "start", OURS),
        ("org.freedesktop.systemd1.manage-unit-files", "miner@3.service", "start", OURS),
        (MANAGE, profile, "stop", OURS),
        *((MANAGE, unit, "start", OURS) for unit in (
            "ssh.service", "miner@.service", "miner@x.service", "xminer@3.service", "miner@3.service.d",
            "miner@3.socket", "miner@3.service\n", "miner@3xservice", "miner@../3.service", "miner@100.service",
            "rigxservice", "rig.service\n", "xrig.service", "a-b.service", "c-d@7.service", "undefined", "",
            profile.replace("mine", "other"), profile + "\n", profile.replace(":GPU", ":MIG"),
            profile.replace("mine", "mine/../x"), f"changeover-profile@mine:{UUID}x.service",
        )),
    ]  # fmt: skip
    assert answers(text, [*allowed, *left]) == [True] * len(allowed) + [False] * len(left)


def test_a_users_own_manager_and_other_controllers_need_no_rule() -> None:
    """polkit is asked by the system's manager only; profiles are, whoever starts the workload."""
    for one in (of("a.service", bus="user"), of("a", kind="supervisor"), Settings()):
        with pytest.raises(RuleError, match="no rule is needed"):
            rule(one)
    text = rule(of("a", kind="supervisor", profile="mine"))
    assert "var workload = false;" in text and "changeover-profile@(?:default|mine):GPU-" in text


@pytest.mark.parametrize("unit", ['a".service', "a'.service", "a/b.service", "a\n.service", "ä.service", "a{x}", "a b"])
def test_a_name_that_no_unit_has_makes_no_rule(unit: str) -> None:
    """One sentence that shows it."""
    for name in (unit, unit + "{slot}"):
        with pytest.raises(RuleError, match="is no name of a systemd unit") as caught:
            rule(of("fine@{slot}", name))
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("profile", ["a|.*", "a)", "../a", 'a"', "a\n", "a.b"])
def test_a_profile_that_is_none_makes_no_rule(profile: str) -> None:
    """It would be part of a pattern."""
    with pytest.raises(RuleError, match="is no name of a profile"):
        rule(of("a", profile=profile))


SKELETON = re.compile(r'^ *(?:unit === "(?:[^"\\]|\\\\)*"|/\^[^/]*\$/\.test\(unit\)|false)( \|\|)?;?$')
HOSTILE = st.text(st.sampled_from("ab0.\\@-_:\"/'()[]{}|*+?$^\n ;`\u2028") | st.characters(), max_size=12)


@given(
    st.lists(st.tuples(HOSTILE, st.sampled_from(["", "{slot}", "{uuid}", "{pci}", "{slot+7}"]), HOSTILE), min_size=1)
)
@settings(deadline=None)
def test_no_name_breaks_out_of_its_string_or_pattern(parts: list[tuple[str, str, str]]) -> None:
    """Whatever a unit is named, the program around the names is the same, line for line."""
    try:
        text = rule(of(*("".join(part) or "a" for part in parts)))
    except RuleError:
        return
    first, _, rest = text.partition("var workload = ")
    names, _, last = rest.partition(";\n    var profile")
    assert (first.partition("\n")[2], last) == FRAME and text.isascii()
    assert all(SKELETON.fullmatch(line) for line in names.split("\n")), names


def frame() -> tuple[str, str]:
    """What stands before and after the units of a harmless rule."""
    first, _, rest = rule(of("a")).partition("var workload = ")
    return first.partition("\n")[2], rest.partition(";\n    var profile")[2]


FRAME = frame()


@needs_node
@given(st.lists(st.text("ab.\\@-_:{slot}{uuid}0", min_size=1, max_size=12), min_size=1, max_size=3))
@settings(deadline=None, max_examples=25)
def test_an_engine_lets_through_what_is_named_and_nothing_beside(names: list[str]) -> None:
    """Each plain unit is allowed; with a character more, less or another one it is not."""
    plain = [f"{name}.service" for name in names if not set(name) & set("{}")]
    try:
        text = rule(of(*names))
    except RuleError:
        return
    asks: list[Ask] = [(MANAGE, unit, "start", OURS) for unit in plain]
    others = [other for unit in plain for other in (f"x{unit}", f"{unit}x", unit[:-1], unit.replace(".", "x"))]
    beside: list[Ask] = [(MANAGE, other, "start", OURS) for other in others]
    assert answers(text, [*asks, *beside]) == [True] * len(asks) + [False] * len(beside)


# ---- the command -----------------------------------------------------------------------------------------------------

CONFIG = """
[controllers.systemd]
[workloads.ergo]
kind = "mine"
controller = "systemd"
unit = "miner@{slot}.service"
profile = "mine"
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`doctor --install-polkit` with a config, and the file it writes in a folder of the test's own."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    config.chmod(0o600)
    (tmp_path / "rules.d").mkdir()
    monkeypatch.setattr(polkit, "RULES", tmp_path / "rules.d/50-changeover.rules")
    return ["doctor", "--install-polkit", "--config", str(config)]


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: the rule is written by root alone")


def test_it_is_shown_and_nothing_is_written(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With where, how and what to type."""
    assert main(command) == 0
    said = capsys.readouterr().out
    assert r"/^miner@[0-9]{1,2}\.service$/" in said
    assert f"this would be {polkit.RULES}, mode 0644, owned by root: --yes, as root, writes it" in said
    assert [*polkit.RULES.parent.iterdir()] == []


def test_json_has_the_file_and_where_it_goes(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever installs it otherwise."""
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {*found} == {"path", "mode", "text", "written"}
    assert (found["path"], found["mode"], found["written"]) == (str(polkit.RULES), "0644", False)
    assert ours(found["text"])


@needs_root
def test_root_writes_it_once(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whole, for all to read; a second time it is so already; a changed config makes it anew."""
    mask = os.umask(0o077)
    try:
        assert main([*command, "--yes", "--json"]) == 0
    finally:
        os.umask(mask)
    found = json.loads(capsys.readouterr().out)
    assert found["written"] and polkit.RULES.read_text() == found["text"]
    assert stat.S_IMODE(polkit.RULES.stat().st_mode) == 0o644 and [*polkit.RULES.parent.iterdir()] == [polkit.RULES]
    assert main([*command, "--yes"]) == 0 and capsys.readouterr().out == f"{polkit.RULES} is already so\n"
    config = Path(command[-1])
    config.write_text(CONFIG.replace("miner@", "ergo@"))
    assert main([*command, "--yes"]) == 0 and capsys.readouterr().out == f"{polkit.RULES} is written, mode 0644\n"
    assert "ergo@" in polkit.RULES.read_text() and "miner@" not in polkit.RULES.read_text()


@needs_root
@pytest.mark.parametrize("by_hand", ["// mine\n", "", "changed", "link", "pipe"])
def test_a_file_of_somebody_elses_is_left_as_it_is(
    by_hand: str, command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Written by hand, changed since, or no file at all: refused, and told beforehand."""
    if by_hand == "link":
        assert main([*command, "--yes"]) == 0
        polkit.RULES.replace(tmp_path / "other")  # ours, but not here
        Path(command[-1]).write_text(CONFIG.replace("miner@", "ergo@"))
        polkit.RULES.symlink_to(tmp_path / "other")
    elif by_hand == "pipe":
        os.mkfifo(polkit.RULES)
    else:
        assert main([*command, "--yes"]) == 0
        polkit.RULES.write_text(polkit.RULES.read_text() + "// and more\n" if by_hand == "changed" else by_hand)
    before = polkit.RULES.lstat()
    assert main(command) == 0 and "it would be left as it is" in capsys.readouterr().out
    assert main([*command, "--yes"]) == 3
    assert "was not written by this command, or was changed since: move it away first" in capsys.readouterr().err
    after = polkit.RULES.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert [*polkit.RULES.parent.iterdir()] == [polkit.RULES]


def test_what_may_not_be_written_is_refused(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--read-only, and anybody but root."""
    assert main([*command, "--yes", "--read-only"]) == 3 and "refused, --read-only" in capsys.readouterr().err
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main([*command, "--yes"]) == 3 and "run it as root" in capsys.readouterr().err
    assert [*polkit.RULES.parent.iterdir()] == []


@needs_root
def test_a_host_without_polkit_is_a_sentence(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The folder is polkit's to make."""
    polkit.RULES.parent.rmdir()
    assert main([*command, "--yes"]) == 1
    assert "is polkit 0.106 or newer installed?" in capsys.readouterr().err


def test_without_a_config_there_is_nothing_to_allow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A sentence, as for a config that is wrong."""
    from console import paths

    monkeypatch.setattr(paths, "SYSTEM_CONFIG", tmp_path / "none.toml")
    assert main(["doctor", "--install-polkit"]) == 2
    assert "there is no config, so there are no units to allow" in capsys.readouterr().err
    assert main(["doctor", "--install-polkit", "--config", str(tmp_path / "no.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_yes_alone_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """The doctor changes nothing else."""
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--yes"])
    assert left.value.code == 2 and "--yes is for --install-polkit" in capsys.readouterr().err
