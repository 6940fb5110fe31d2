"""The rule before a real polkitd, on a bus and in directories of the test's own: what may an operator do?"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_polkit import UUID, of, rule

POLKITD = Path("/usr/lib/polkit-1/polkitd")
ACTIONS = Path("/usr/share/polkit-1/actions/org.freedesktop.systemd1.policy")
SHIPPED = Path(__file__).parents[2] / "packaging/polkit/50-changeover.rules"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/>
<allow send_type="method_call"/><allow send_type="signal"/><allow receive_type="method_call"/></policy></busconfig>
"""
ASK = r"""
mount --bind "$HERE/rules.d" /etc/polkit-1/rules.d && mount --bind "$HERE/group" /etc/group || exit 77
dbus-daemon --config-file="$HERE/bus.conf" --nofork --nopidfile 2>/dev/null & bus=$!
trap 'kill $daemon $subject $bus 2>/dev/null; wait' EXIT
for _ in $(seq 200); do [ -S "$HERE/bus" ] && break; sleep 0.02; done
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$HERE/bus
"$POLKITD" >"$HERE/log" 2>&1 & daemon=$!
for _ in $(seq 500); do grep -q Acquired "$HERE/log" && break; sleep 0.02; done
setpriv --reuid nobody --regid nogroup --clear-groups sleep 600 & subject=$!
for _ in $(seq 200); do [ "$(stat -c %U /proc/$subject)" = nobody ] && break; sleep 0.02; done
while read -r unit verb; do
    pkcheck --action-id org.freedesktop.systemd1.manage-units --process $subject \
        --detail unit "$unit" --detail verb "$verb" >/dev/null 2>&1 && echo yes || echo no
done
"""
LACKS = [
    *([] if os.geteuid() == 0 else ["root"]),
    *(str(path) for path in (POLKITD, ACTIONS, Path("/etc/polkit-1/rules.d")) if not path.exists()),
    *(name for name in ("pkcheck", "dbus-daemon", "setpriv", "unshare") if shutil.which(name) is None),
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKS), reason=f"NOT TESTED: polkit itself needs {', '.join(LACKS)}"),
]


def answers(text: str, here: Path, asks: list[tuple[str, str]], members: str) -> list[str]:
    """What polkitd says of ``nobody``, where the group has these members. The host's own files stay as they are."""
    (here / "rules.d").mkdir()
    (here / "rules.d/50-changeover.rules").write_text(text)
    others = [line for line in Path("/etc/group").read_text().splitlines() if not line.startswith("gpu-operators:")]
    (here / "group").write_text("\n".join([*others, f"gpu-operators:x:64242:{members}", ""]))
    (here / "bus.conf").write_text(BUS.format(socket=here / "bus"))
    env = {**os.environ, "HERE": str(here), "POLKITD": str(POLKITD)}
    command = ["unshare", "--mount", "--propagation", "private", "bash", "-c", ASK]
    given = "".join(f"{unit} {verb}\n" for unit, verb in asks)
    done = subprocess.run(command, env=env, input=given, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == 77 or "mount" in done.stderr:
        pytest.skip(f"NOT TESTED: no mount namespace for polkit here: {done.stderr.strip()}")
    log = (here / "log").read_text()
    assert "Error" not in log and "Acquired the name" in log, log + done.stderr
    return done.stdout.split()


PROFILE = f"changeover-profile@mine:{UUID}.service"
ALLOWED = [("miner@3.service", "start"), ("miner@3.service", "stop"), (PROFILE, "start")]
LEFT = [("miner@3.service", "restart"), ("dbus.service", "stop"), ("miner@333.service", "start"), (PROFILE, "stop")]


@pytest.fixture
def here() -> Iterator[Path]:
    """A folder that polkit's own user may look into, which he may not into pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("which", ["shipped", "made"])
def test_a_member_of_the_group_may_do_this_and_no_more(which: str, here: Path) -> None:
    """By polkit's own JavaScript engine, with its own idea of groups and details."""
    text = SHIPPED.read_text() if which == "shipped" else rule(of("miner@{slot}.service", "rig", profile="mine"))
    said = answers(text, here, [*ALLOWED, *LEFT], "nobody")
    assert said == ["yes"] * len(ALLOWED) + ["no"] * len(LEFT)


def test_anybody_else_may_nothing(here: Path) -> None:
    """The same user outside the group."""
    text = rule(of("miner@{slot}.service", profile="mine"))
    assert answers(text, here, ALLOWED, "") == ["no"] * len(ALLOWED)
