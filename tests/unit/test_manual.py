"""The man page: made of the program's own lists, committed as made, and read by man without a warning."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli import COMMANDS
from console.commands.flags import COMMON, parser
from console.config.user import UserSettings
from console.view.detailactions import EVERY
from docs import manual

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "changeover.1"


def shown(locale: str = "C.UTF-8") -> tuple[str, str]:
    """The committed page as man shows it without hyphens or breaks, and what it warns of."""
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("NOT TESTED: no man and groff here")
    env = {"PATH": os.environ["PATH"], "LC_ALL": locale, "MANWIDTH": "900", "MAN_KEEP_FORMATTING": ""}
    command = ["man", "--warnings", "--nh", "--nj", "-l", str(PAGE)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, done.stderr


def test_the_committed_page_is_what_the_program_makes() -> None:
    """WRITE_README=1 writes it instead of failing; then it is in the change to be read."""
    if os.environ.get("WRITE_README"):
        PAGE.write_text(manual.page())
        return
    assert PAGE.read_text() == manual.page()


def test_the_script_prints_the_page() -> None:
    """As the first line of the page says."""
    command = [sys.executable, "docs/manual.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    assert done.stdout == manual.page()


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_man_reads_it_without_a_warning(locale: str) -> None:
    """Also where the terminal knows no character beyond ASCII."""
    page, warnings = shown(locale)
    assert warnings == ""
    assert "CHANGEOVER(1)" in page


def test_a_reader_finds_every_command_flag_key_and_file() -> None:
    """What man shows, not what the source has: nothing is swallowed as a request of roff."""
    page, _ = shown()
    terms = {line.strip() for line in page.splitlines()}
    for name in COMMANDS:
        assert any(re.match(rf"{name}\b", term) for term in terms), name
    for action in EVERY:
        assert f"{action.help}." in page, action.id
        assert f"({action.id})" in page
    for text in [*(name for name, *_ in COMMON), *(term for term, _ in (*manual.FILES, *manual.ENVIRONMENT))]:
        assert text in page, text
    assert "'  (goto)" in page
    assert "~/.config/changeover/user.toml" in page and "standdown = []" in page


def test_every_exit_code_of_the_usage_is_in_it() -> None:
    """Taken from the sentence that --help ends with."""
    part = manual.page().partition(".SH EXIT STATUS\n")[2]
    assert re.findall(r"\\fB(\d+)\\fR", part) == ["0", "1", "2", "3", "130"]
    assert manual.roff("Refused by a guard, a lock, --read-only or a missing --yes.") in part


def test_it_names_all_that_a_user_file_may_have() -> None:
    """A new setting has to be put into the page."""
    assert {term.strip("[]") for term, _ in manual.OWN} == set(UserSettings.__struct_fields__)


def test_the_example_of_the_page_is_a_good_file(tmp_path: Path) -> None:
    """It can be copied."""
    from console.config import user
    from console.view import own

    found = user.parsed(tmp_path / "user.toml", manual.EXAMPLE.encode())
    assert list(own.problems(found.settings)) == []
    assert found.settings.theme in manual.NAMES


def test_it_names_every_variable_that_the_program_reads() -> None:
    """Those of our own name, and those that change what the screen looks like."""
    sources = "".join(path.read_text() for path in (ROOT / "console").rglob("*.py"))
    listed = {name for name, _ in manual.ENVIRONMENT}
    assert set(re.findall(r"CHANGEOVER_[A-Z]+", sources)) <= listed
    read = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', sources)) | set(re.findall(r'"(NO_COLOR)" in', sources))
    foreign = {"NOTIFY_SOCKET", "TZ", "DBUS_SESSION_BUS_ADDRESS", "PATH", "HOME"}  # systemd's, the clock's, everybody's
    assert read - foreign <= listed


def test_the_flags_of_the_page_are_those_of_every_parser(capsys: pytest.CaptureFixture[str]) -> None:
    """One list, read by both."""
    with pytest.raises(SystemExit):
        parser("demo", "anything").parse_args(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for name, takes, meaning in COMMON:
        assert f"{name} {takes}".strip() in told and meaning in told


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("--config", r"\-\-config"),
        (".hidden", r"\&.hidden"),
        ("'", r"\(aq"),
        (r"a\b", r"a\eb"),
        ("–", r"\[u2013]"),
        ("~/.config", r"\(ti/.config"),
    ],
)
def test_no_text_is_taken_for_roff(text: str, source: str) -> None:
    """Requests begin with a point or an apostrophe, escapes with a backslash; dashes can be copied."""
    assert manual.roff(text) == source
    assert manual.page().isascii()
    requests = {line.split()[0] for line in manual.page().splitlines() if line.startswith((".", "'"))}
    assert requests == {'.\\"', ".TH", ".SH", ".SS", ".B", ".TP", ".PP", ".nf", ".fi"}
