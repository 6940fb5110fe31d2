"""The whole program on a host that lies: what driver, processes, feeds, files, config and environment say is evil."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.nvml import FakeGpus
from tests.rig.terminal import Recorder

pytestmark = pytest.mark.nvml

CONSOLE = [sys.executable, "-m", "console.cli"]
EVIL = "=1+\x1b]52;c;ZQ==\x07\x1b[31m\u202e[red]é\u200b<b>&amp;"
"""As a process, a driver or a person may be called: no zero byte and no solidus, so that the kernel takes it."""
VISIBLE = "=1+[red]é<b>&amp;"
"""As a config may say it, which has nothing invisible in it: that is refused, see below."""
SEEN = "[red]é<b>"
"""What of it may be seen: the text, with nothing read and nothing hidden."""
OURS = re.compile(
    r"\x1b\[[0-9;:?<>=$!]*[ -/]*[@-~]"  # CSI: styles, places, modes, queries
    r"|\x1b\][02];changeover[^\x00-\x1f]*(?:\x07|\x1b\\)"  # the window's title
    r"|\x1b\]52;c;[A-Za-z0-9+/=]*\x07"  # what was copied, in base64
    r"|\x1b\]22;[a-z]*(?:\x07|\x1b\\)"  # the mouse pointer's shape
    r"|\x1b[>=78]|\x07"
)
CONFIG = """
[site]
name = {name}
host_overhead_w = 80
psu_efficiency = 0.92

[power]
price_per_kwh = 0.07

[coins.ERG]
algorithm = "autolykos2"
reward = 12
difficulty = 3.3e15

[feeds.lies]
kind = "csv"
file = {table}
values = [
  {{ name = "ERG", kind = "coin_price", unit = "USD/ERG", path = "rate", where = {{ coin = "ERG" }} }},
]

[feeds.more]
kind = "json"
file = {document}
values = [
  {{ name = "ERG", kind = "coin_price", unit = "USD/ERG", path = "data.last" }},
]

[controllers.supervisor]
socket = {socket}
acknowledged = true

[workloads.ergo]
kind = "mine"
gpus = [0, 1]
controller = "supervisor"
unit = "miner-{{slot}}"
coin = "ERG"
pool_fee = 0.01
meter = {{ kind = "xmrig", url = "http://127.0.0.1:9" }}
"""


class Liar:
    """The host: its environment and its config."""

    def __init__(self, gpus: FakeGpus, folder: Path) -> None:
        self.folder = folder
        table = folder / f"table {VISIBLE}.csv"
        table.write_text(f"coin,rate,{EVIL}\nERG,{EVIL},1\n")
        document = folder / "document.json"
        document.write_text(json.dumps({"data": {"last": EVIL, EVIL: EVIL}}))
        self.config = folder / f"site {EVIL}.toml"
        names = {
            "name": VISIBLE,
            "table": str(table),
            "document": str(document),
            "socket": f"{folder}/{VISIBLE}.sock",
        }
        self.config.write_text(CONFIG.format(**{key: json.dumps(value) for key, value in names.items()}))
        self.config.chmod(0o600)
        for name in ("state", "run", "data"):
            (folder / name).mkdir()
        own = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.env = {
            **own,
            **gpus.env,
            "CHANGEOVER_STATE": str(folder / "state"),
            "CHANGEOVER_RUN": str(folder / "run"),
            "XDG_DATA_HOME": str(folder / "data"),
            "SSH_CONNECTION": f"{EVIL} 1 192.0.2.1 22",
            "SUDO_USER": EVIL,
            "LOGNAME": EVIL,
        }

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        """One command to its end."""
        return subprocess.run(
            [*CONSOLE, *args],
            check=False,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture
def liar(gpus: Callable[..., FakeGpus], tmp_path: Path) -> Iterator[Liar]:
    """Two GPUs with an evil name, one of them held by an evil process."""
    made = gpus(2, name=EVIL)
    program = tmp_path / EVIL
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "600"]) as process:
        try:
            made.hold(1, process.pid)
            yield Liar(made, tmp_path)
        finally:
            process.terminate()


def harmful(text: str) -> set[str]:
    """What a terminal would obey or hide."""
    return {text[at : at + 12] for at, c in enumerate(text) if c != "\n" and unicodedata.category(c)[0] == "C"}


def test_nothing_hostile_reaches_a_real_terminal(liar: Liar) -> None:
    """Every screen of the console on it; the names are seen as they are written, what is copied is harmless."""
    with Recorder([*CONSOLE, "--config", str(liar.config)], (200, 50), liar.env) as terminal:
        terminal.wait_for(SEEN, 30)
        keys = ("down", "w", "w", "escape", "c", "escape", "y", "Y", "d", "tab", "escape", "2", "j", "w", "escape")
        for key in (*keys, "5", "1", "m", "escape", "?", "escape", "P"):
            terminal.send(key)
            terminal.pump(0.6)
            assert terminal.alive, terminal.text
        end = time.monotonic() + 30
        while not list(liar.folder.glob("data/**/*.svg")) and time.monotonic() < end:
            terminal.pump(0.2)
        terminal.send("q")
        assert terminal.wait_exit(30) == 0
    [picture] = liar.folder.glob("data/**/*.svg")
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", picture.name) and "<script" not in picture.read_text()
    rest = OURS.sub("", terminal.written.decode())
    assert {one for one in harmful(rest) if one[0] not in "\r"} == set()
    assert rest.count(SEEN) >= 3
    assert b"\x1b]52;c;ZQ==" not in terminal.written, "what may be copied is ours to say"


@pytest.mark.parametrize("args", [("status",), ("status", "--json"), ("doctor",), ("doctor", "--json")], ids=" ".join)
def test_what_a_command_prints_is_harmless(args: tuple[str, ...], liar: Liar) -> None:
    """Its output and its errors, for people and for scripts; JSON has the name in full and in ASCII."""
    done = liar.run(*args, "--config", str(liar.config))
    assert harmful(done.stdout) == set() and harmful(done.stderr) == set()
    assert "Traceback" not in done.stderr
    if "--json" in args:
        assert done.stdout.isascii()
        assert SEEN in json.dumps(json.loads(done.stdout), ensure_ascii=False)
    else:
        assert "[red]é" in done.stdout


def test_the_journal_and_what_is_made_of_it(liar: Liar) -> None:
    """Locked for an evil reason by who claims an evil name: as text, as JSON, as a table that is no formula."""
    liar.run("status", "--config", str(liar.config))  # slots are known from here on
    done = liar.run("lock", "0", "--reason", EVIL, "--config", str(liar.config))
    assert done.returncode == 0, done.stderr
    said = [liar.run("journal", *more) for more in ((), ("--json",), ("--format", "csv"), ("--flips",), ("verify",))]
    for one in said:
        assert one.returncode == 0, one.stderr
        assert harmful(one.stdout.replace("\r\n", "\n")) == set() and harmful(one.stderr) == set()
    assert all(SEEN in one.stdout for one in (said[0], said[2]))
    assert said[1].stdout.isascii() and SEEN in json.loads(said[1].stdout.splitlines()[0])["text"]
    target = liar.folder / "out.csv"
    assert liar.run("journal", "--format", "csv", "--output", str(target)).returncode == 0
    with target.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert any("1+" in cell for cell in cells)
    for cell in cells:
        assert not cell.startswith(("=", "+", "@", "\t", "\r")) and (cell[:1] != "-" or float(cell) < 0), cell
    for path in (liar.folder / "state").rglob("*"):
        if path.is_file():
            assert b"\x1b]52" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "args",
    [
        ("status", "--config", f"/nowhere/{EVIL}"),
        ("status", f"--{EVIL}"),
        ("status", "--interval", EVIL),
        (EVIL,),
        ("flip", EVIL, "mine"),
        ("flip", "0", EVIL),
        ("lock", EVIL),
        ("lock", "0", "--until", EVIL),
        ("unlock", EVIL),
        ("unpin", EVIL),
        ("undo", EVIL),
        ("forget", EVIL),
        ("journal", EVIL),
        ("journal", "--gpu", EVIL),
        ("journal", "--since", EVIL),
        ("journal", "--limit", EVIL),
        ("journal", "--output", f"/nowhere/{EVIL}"),
        ("calc", EVIL),
        ("calc", "mining", "--price", EVIL),
        ("demo", "--speed", EVIL),
        ("demo", "--theme", EVIL),
        ("init", "--out", f"/nowhere/{EVIL}"),
        ("resume", EVIL),
        ("settle", EVIL),
        ("standdown", EVIL),
        ("polkit", EVIL),
        ("doctor", EVIL),
    ],
    ids=lambda args: (
        f"{args[0][:8]} {len(args)} {args[-2][:9]}".replace("=1+\x1b", "evil") if len(args) > 1 else "evil"
    ),
)
def test_a_sentence_about_what_was_typed_is_harmless(args: tuple[str, ...], liar: Liar) -> None:
    """Whatever stands in an argument, the error that names it is text."""
    done = liar.run(*args)
    assert done.returncode != 0
    assert harmful(done.stderr) == set() and harmful(done.stdout) == set(), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        f"[site]\nname = {json.dumps(EVIL)}\n{json.dumps(EVIL)} = 1\n",
        f"[{json.dumps(EVIL)}]\nname = 1\n",
        f"[workloads.{json.dumps(EVIL)}]\nkind = {json.dumps(EVIL)}\n",
        f"[feeds.a]\nkind = {json.dumps(EVIL)}\n",
        f"[feeds.{json.dumps(EVIL)}]\nkind = 'csv'\nfile = {json.dumps(EVIL)}\n",
        f"[controllers.a]\nkind = {json.dumps(EVIL)}\nsocket = {json.dumps(EVIL)}\n",
        f"[coins.{json.dumps(EVIL)}]\nalgorithm = {json.dumps(EVIL)}\n",
        f"[pools.a]\nkind = {json.dumps(EVIL)}\nwallet = {json.dumps(EVIL)}\n",
        f"x = '{EVIL}\n",
    ],
    ids=range(9),
)
def test_a_sentence_about_a_hostile_config_is_harmless(text: str, liar: Liar) -> None:
    """Names, kinds and values are told as text, and what is no TOML as well."""
    liar.config.write_text(text)
    done = liar.run("status", "--config", str(liar.config))
    assert done.returncode == 2, done.stdout
    assert harmful(done.stderr) == set() and "Traceback" not in done.stderr
    own = liar.folder / "user.toml"
    own.write_text(f"[keys]\n{json.dumps(EVIL)} = {json.dumps(EVIL)}\nmine = {json.dumps(EVIL)}\n")
    own.chmod(0o600)
    with Recorder([*CONSOLE, "demo"], (200, 30), {**liar.env, "CHANGEOVER_USER": str(own)}) as terminal:
        assert terminal.wait_exit(30) == 2
    assert {one for one in harmful(terminal.written.decode()) if one[0] != "\r"} == set()
