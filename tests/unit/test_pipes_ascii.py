"""What goes into a pipe whose reader has no UTF-8: ASCII to the last byte, in the columns it has elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from console.flips.journal import Journal
from console.paths import Places
from widgets.charset import stream_encoding, utf8

MINE = ["calc", "mine", "--hashrate", "178MH", "--watts", "221", "--hash-price", "43.1/PH/day", "--power-price", "0.07"]
NAME = "größe → 横浜 ✕ e\u0301"
PLAIN = {"LC_ALL": "", "LC_CTYPE": "", "LANG": "", "PYTHONIOENCODING": "", "PYTHONUTF8": "", "PYTHONCOERCECLOCALE": ""}
WITHOUT = [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "C"}, {"PYTHONIOENCODING": "ascii"}]


def run(*args: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """One command, its output as bytes."""
    env = {**{name: value for name, value in os.environ.items() if name not in PLAIN}, **environ}
    return subprocess.run(
        [sys.executable, "-m", "console.cli", *args],
        capture_output=True,
        env=env,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def bare(done: subprocess.CompletedProcess[bytes]) -> str:
    """Its standard output, once it and what it said of errors are found to be ASCII."""
    assert b"Traceback" not in done.stderr, done.stderr
    assert done.stdout.isascii() and done.stderr.isascii(), (done.stdout, done.stderr)
    return done.stdout.decode()


@pytest.mark.parametrize("environ", WITHOUT, ids=str)
@pytest.mark.parametrize(
    "argv", [MINE, ["demo", "--gpus", "4"], ["--help"], ["calc", "--help"]], ids=lambda argv: argv[0]
)
def test_stand_ins_keep_the_columns(argv: list[str], environ: dict[str, str]) -> None:
    """Every line is as wide as where there is UTF-8, and it is not all question marks."""
    glyphs, plain = run(*argv, LC_ALL="C.UTF-8").stdout.decode(), bare(run(*argv, **environ))
    assert not glyphs.isascii() and "?" not in plain
    if argv[0] != "demo":  # which has gone on meanwhile
        assert [len(line) for line in plain.splitlines()] == [cell_len(line) for line in glyphs.splitlines()]


@pytest.mark.usefixtures("state_dir")
@pytest.mark.parametrize("environ", WITHOUT[::3], ids=str)
def test_what_looks_at_this_host(environ: dict[str, str]) -> None:
    """Whatever it finds here: text and JSON, what is wrong of it and what is wrong with the words."""
    for argv in (["doctor"], ["status", "--fast"], []):
        assert bare(run(*argv, **environ))
    for argv in (["doctor", "--json"], ["status", "--fast", "--json"]):
        assert json.loads(bare(run(*argv, **environ)))
    for argv in (
        ["flip", "0", "o–f", "--dry-run"],
        ["stätus"],
        ["--theme", "größe"],
        ["status", "--config", "/ü.toml"],
    ):
        done = run(*argv, **environ)
        assert not bare(done) and done.stderr and done.returncode in (1, 2)


@pytest.mark.parametrize("environ", WITHOUT[::3], ids=str)
def test_the_journal_with_foreign_names(state_dir: Path, environ: dict[str, str]) -> None:
    """Letters without their accents, a sign for a sign, and what is wide by two question marks; JSON has all of it."""
    made = Journal(Places(state=state_dir, run=state_dir.parent / "run", shared=True))
    who = {"login": NAME, "claimed_ssh": NAME}
    body = {"text": NAME, "reason": NAME, "before": NAME, "after": NAME, "slots": [0]}
    made.append("intent", "f", ("GPU-1",), who, body)
    assert "gro?e > ???? x e" in bare(run("journal", **environ))
    said = json.loads(bare(run("journal", "--json", **environ)))
    assert said["who"]["login"] == NAME
    assert bare(run("journal", "--format", "csv", **environ)) and bare(run("journal", "--flips", **environ))


@pytest.mark.parametrize(
    "environ",
    [{"LC_ALL": "C.UTF-8"}, {"LANG": "de_DE.utf8"}, {}, {"LC_ALL": "C", "PYTHONUTF8": "1"}],
    ids=str,
)
def test_where_there_is_utf8_or_it_is_asked_for_the_glyphs_stand(environ: dict[str, str]) -> None:
    """By the locale, by none at all, by Python's own switch."""
    assert "▲ ergo" in run("demo", "--gpus", "4", **environ).stdout.decode()


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        ("utf-8", {"LC_ALL": "C"}, "ascii"),
        ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "ascii"),
        ("utf-8", {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, "utf-8"),
        ("latin-1", {"LC_ALL": "de_DE"}, "latin-1"),
        ("utf-8", {}, "utf-8"),
    ],
)
def test_the_encoding_is_what_the_locale_says_unless_python_was_told(
    given: str, environ: dict[str, str], expected: str
) -> None:
    """Under LANG=C Python sets LC_CTYPE by itself; that is nobody's wish."""
    assert stream_encoding(given, environ) == expected
    assert utf8(environ) is (environ == {})
