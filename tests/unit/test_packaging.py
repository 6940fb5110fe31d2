"""What is shipped beside the program: units, rules and directories, read by the programs they are meant for."""

import configparser
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console import paths
from console.cli import main
from console.profiles.asking import unit_of
from console.profiles.unit import asked
from console.workloads.controllers._systemd_checks import UnitFile, unit_faults
from tests.rig.systemd import Runner

PACKAGING = Path(__file__).parents[2] / "packaging"
PAIR = ("miner", "ai")
RULES = PACKAGING / "polkit/50-changeover.rules"
UUID = "GPU-c0de0000-fa4e-4a11-8000-000000000001"
PROFILE = unit_of("mine", UUID)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"NOT TESTED: no {program} here")


def ran(*command: str, given: str = "") -> str:
    """All that a program says; one that fails or hangs fails the test."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def options(text: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text)
    return parsed


def as_systemd_tells(name: str, text: str) -> UnitFile:
    """A template's instance for slot 3, with the properties that systemd would have for it."""
    parsed = options(text)
    listed = {key: parsed["Unit"].get(key, "").replace("%i", "3").split() for key in ("Conflicts", "After")}
    limit_us = 0 if parsed["Unit"].get("StartLimitIntervalSec") == "0" else 10_000_000
    unit = {"LoadState": "loaded", "StartLimitIntervalUSec": limit_us, **listed}
    return UnitFile(f"{name}@3.service", unit, {"Restart": parsed["Service"].get("Restart", "no")})


def pair(without: str = "") -> tuple[str, ...]:
    """What `doctor` says of the pair, without the lines that begin with this key."""
    drop = re.compile(rf"^{without}=.*\n", re.MULTILINE)
    texts = [(PACKAGING / f"systemd/{name}@.service").read_text() for name in PAIR]
    files = [as_systemd_tells(*one) for one in zip(PAIR, (drop.sub("", text) for text in texts), strict=True)]
    return tuple(fault.sentence for fault in unit_faults(files, "systemctl"))


def test_the_pair_is_well() -> None:
    """The program's own check finds nothing wrong with the example units, and each line that it asks for counts."""
    assert pair() == ()
    for line in ("Conflicts", "After", "StartLimitIntervalSec"):
        assert any(line in said for said in pair(without=line)), line


@pytest.mark.parametrize("name", PAIR)
def test_a_unit_tells_the_truth_of_its_start_and_its_end(name: str) -> None:
    """A missing program is a failed start, a crash is mended, and nothing starts both of a pair at boot."""
    parsed = options((PACKAGING / f"systemd/{name}@.service").read_text())
    assert (parsed["Service"]["Type"], parsed["Service"]["Restart"]) == ("exec", "on-failure")
    assert not parsed.has_section("Install")


@needs("systemd-analyze")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """`systemd-analyze verify` has no word to say of any unit, but for programs that are not installed here."""
    for unit in sorted((PACKAGING / "systemd").iterdir()):
        text = re.sub(r"^(Exec\w+)=\S+", r"\1=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    names = (
        "changeover-settle.service",
        "changeover-settle.timer",
        "changeover-profile@x.service",
    )  # a : means more here
    units = [*names, *(f"{name}@3.service" for name in PAIR)]
    assert ran("systemd-analyze", "verify", *(str(tmp_path / unit) for unit in units)) == ""


@pytest.mark.slow
def test_a_real_manager_finds_the_pair_well(systemd_user: Runner, tmp_path: Path) -> None:
    """The systemd controller, asked of the shipped files in a real manager, has nothing to say for who lingers, and
    refuses for who does not."""
    units = {f"{name}@.service": (PACKAGING / f"systemd/{name}@.service").read_text() for name in PAIR}
    code = """
import os, pwd, sys
from pathlib import Path
from console.workloads.controllers.systemd import Systemd
linger = Path(sys.argv[1])
for step in (linger.mkdir, (linger / pwd.getpwuid(os.geteuid()).pw_name).touch):
    controller = Systemd("user", linger=linger)
    print(*(f"{fault.refuses} {fault.sentence}" for fault in controller.check(("miner@3.service", "ai@3.service"))))
    controller.close()
    step()
controller = Systemd("user", linger=linger)
print(controller.check(("miner@3.service", "ai@3.service")))
controller.close()
"""
    done = systemd_user([sys.executable, "-c", code, str(tmp_path / "linger")], units, tmp_path)
    told = "True the user manager ends with the last login of root: loginctl enable-linger root"
    assert done.stdout.splitlines() == [told, told, "()"], done.stdout + done.stderr


@pytest.mark.usefixtures("state_dir")
def test_the_timer_runs_a_command_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The settling unit calls this program as it is, and ends well on a host where nothing was cut off."""
    unit = options((PACKAGING / "systemd/changeover-settle.service").read_text())
    program, *words = unit["Service"]["ExecStart"].split()
    assert Path(program).name == "changeover" and main(words) == 0
    assert capsys.readouterr().out == "nothing to settle\n"


@needs("systemd-tmpfiles")
@needs("systemd-sysusers")
@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: making directories for a group needs root")
def test_directories_are_made_for_the_group(tmp_path: Path) -> None:
    """In an empty root: the group, and both directories where the program looks for them, setgid and closed."""
    (tmp_path / "etc").mkdir()
    lines = (PACKAGING / "sysusers.d/changeover.conf").read_text()
    ran("systemd-sysusers", f"--root={tmp_path}", "-", given=lines)
    ran("systemd-tmpfiles", "--create", f"--root={tmp_path}", str(PACKAGING / "tmpfiles.d/changeover.conf"))
    groups = dict(line.split(":", 1) for line in (tmp_path / "etc/group").read_text().splitlines())
    _, gid, members = groups["gpu-operators"].split(":")
    assert members == "changeover"
    for place in (paths.SYSTEM_STATE, paths.SYSTEM_RUN):
        made = (tmp_path / place.relative_to("/")).stat()
        assert (stat.S_IMODE(made.st_mode), made.st_uid, made.st_gid) == (0o2770, 0, int(gid))


def test_the_profile_unit_lets_its_starter_choose_an_instance_and_nothing_else() -> None:
    """Isolated, oneshot, without a limit on starts, and with no more rights than setting a limit takes."""
    parsed = options((PACKAGING / "systemd/changeover-profile@.service").read_text())
    unit, service = parsed["Unit"], parsed["Service"]
    assert service["ExecStart"] == "/opt/changeover/bin/python -I -m console.profiles.unit %i"
    assert (service["Type"], unit["StartLimitIntervalSec"]) == ("oneshot", "0") and not parsed.has_section("Install")
    assert not [key for key in service if "Environment" in key or key in ("User", "PAMName", "ExecStartPre")]
    hardened = {
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateNetwork": "yes",
        "DevicePolicy": "closed", "DeviceAllow": "char-nvidia* rw", "RestrictAddressFamilies": "AF_UNIX",
        "CapabilityBoundingSet": "CAP_SYS_ADMIN", "SystemCallFilter": "@system-service",
    }  # fmt: skip
    assert {key: service[key] for key in hardened} == hardened
    instance = PROFILE.partition("@")[2].removesuffix(".service")
    assert asked(instance) == ("mine", UUID)


POLKIT = """
let rule;
const polkit = {addRule: (one) => { rule = one; }, Result: {YES: "yes", NOT_HANDLED: null}};
%s
const ask = ([id, unit, verb, group]) => rule(
    {id, lookup: (key) => ({unit, verb})[key]}, {isInGroup: (name) => name === group});
console.log(JSON.stringify(%s.map(ask).map((said) => said === "yes")));
"""
MANAGE, OURS = "org.freedesktop.systemd1.manage-units", "gpu-operators"


@needs("node")
def test_operators_may_start_and_stop_their_units_and_no_more() -> None:
    """The rule is run as polkit runs it: each thing that differs from what is allowed is left to polkit's default."""
    allowed = [(MANAGE, f"{name}@{slot}.service", verb, OURS)
               for name in PAIR for slot in (0, 37) for verb in ("start", "stop")]  # fmt: skip
    allowed.append((MANAGE, PROFILE, "start", OURS))
    left = [
        (MANAGE, PROFILE, "stop", OURS),
        (MANAGE, PROFILE, "start", "users"),
        (MANAGE, "miner@3.service", "start", "users"),
        (MANAGE, "miner@3.service", "restart", OURS),
        (MANAGE, "miner@3.service", None, OURS),
        (MANAGE, None, "start", OURS),
        ("org.freedesktop.systemd1.manage-unit-files", "miner@3.service", "start", OURS),
        *((MANAGE, unit, "start", OURS) for unit in (
            "ssh.service", "miner@.service", "miner@x.service", "xminer@3.service", "miner@3.service.d",
            "miner@3.socket", "miner@3.service\n", "miner@3xservice", "ai@../3.service",
            "miner@100.service", PROFILE.replace("mine", "../x"), PROFILE.replace("GPU-", "MIG-"), PROFILE + "\n",
            PROFILE.replace("mine:", ""), "changeover-settle.service",
        )),
    ]  # fmt: skip
    text = POLKIT % (RULES.read_text(), json.dumps([*allowed, *left]))
    assert json.loads(ran("node", "-e", text)) == [True] * len(allowed) + [False] * len(left)
