"""Which theme a terminal gets: by name, by what it says of itself, and what is said of a name that no theme has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console import theming
from tests.rig.terminal import Terminal
from themes.names import NAMES, known_theme

PLAIN: dict[str, str] = {"TERM": "xterm-256color"}


def chosen(system: str | None, *, name: str = "", no_colour: bool = False, **environ: str) -> str:
    """The name of the theme."""
    return theming.choose(system, no_colour=no_colour, name=name, environ={**PLAIN, **environ}).name


@pytest.mark.parametrize(
    ("name", "system", "expected"),
    [
        ("", "truecolor", "changeover-dark"),
        ("", "256", "changeover-dark-256"),
        ("", "standard", "changeover-ansi"),
        ("dark", "standard", "changeover-ansi"),
        ("light", "truecolor", "changeover-light"),
        ("light", "256", "changeover-light-256"),
        ("light", "standard", "changeover-light-16"),
        ("safe", "truecolor", "changeover-safe"),
        ("safe", "256", "changeover-safe-256"),
        ("safe", "standard", "changeover-safe-16"),
        ("ansi", "truecolor", "changeover-ansi"),
        ("mono", "truecolor", "changeover-mono"),
        ("safe", "windows", "changeover-safe"),
    ],
)
def test_a_theme_has_a_member_for_what_the_terminal_can(name: str, system: str, expected: str) -> None:
    """By the names that Rich gives colour systems; without a name it is the dark one."""
    assert chosen(system, name=name) == expected


@pytest.mark.parametrize("name", ["", *NAMES])
def test_without_colour_every_theme_is_mono(name: str) -> None:
    """NO_COLOR and --no-color, a terminal without colours, one that Rich only thinks to have sixteen."""
    assert chosen("truecolor", name=name, no_colour=True) == "changeover-mono"
    assert chosen(None, name=name) == "changeover-mono"
    assert chosen("standard", name=name, TERM="vt100") == "changeover-mono"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("0;15", "light"),
        ("0;default;15", "light"),
        ("0;7", "light"),
        ("15;0", "dark"),
        ("15;default", "dark"),
        ("7;8", "dark"),
        ("", "dark"),
        ("15", "light"),
        ("\x1b]11;?\x07", "dark"),
    ],
)
def test_a_terminal_that_says_its_ground_is_light_gets_the_light_theme(said: str, expected: str) -> None:
    """COLORFGBG as rxvt, konsole and iTerm write it; a name wins over it, and nonsense is dark."""
    assert chosen("truecolor", COLORFGBG=said) == f"changeover-{expected}"
    assert chosen("truecolor", name="safe", COLORFGBG=said) == "changeover-safe"


def test_a_name_that_no_theme_has_is_a_sentence_with_the_names_there_are() -> None:
    """What was found, what was expected, the nearest; none for a known name or no name."""
    assert known_theme("lihgt") == (
        "theme: found 'lihgt', expected one of dark, light, ansi, mono, safe; did you mean light?"
    )
    assert "did you mean" not in known_theme("\x1b[31m")
    assert known_theme("\x1b[31m").isprintable() and len(known_theme("x" * 9000)) < 120
    assert [known_theme(name) for name in ("", *NAMES)] == [""] * (len(NAMES) + 1)
    with pytest.raises(ValueError, match="found 'solarized', expected one of dark"):
        theming.choose("truecolor", no_colour=True, name="solarized", environ=PLAIN)


def test_every_name_has_members_and_every_member_a_name_of_its_own() -> None:
    """A theme that is not registered cannot be chosen, and Textual keeps themes by their names."""
    assert set(theming.THEMES) == set(NAMES)
    named = {theme.name for members in theming.THEMES.values() for theme in members.values()}
    assert len(named) == len({id(theme) for members in theming.THEMES.values() for theme in members.values()})


def test_textuals_own_widgets_get_the_same_look() -> None:
    """Grounds and colours of the theme; dark or light as the ground is; nothing but the terminal's own for ansi."""
    light = theming.textual_theme(theming.THEMES["light"]["truecolor"])
    assert (light.dark, light.background, light.foreground) == (False, "#fcfcfa", "#20252d")
    assert theming.textual_theme(theming.THEMES["safe"]["256"]).dark
    assert theming.textual_theme(theming.THEMES["ansi"]["256"]).background == "ansi_default"


def test_a_name_can_be_checked_before_anything_that_draws_is_loaded() -> None:
    """The command line checks it before the site opens and before Textual is imported."""
    code = (
        "import sys; from themes.names import known_theme; known_theme('x');"
        "print([m for m in ('textual', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [[], ["demo"]])
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ["--theme", "lihgt"],
            "--theme: found 'lihgt', expected one of dark, light, ansi, mono, safe; did you mean light",
        ),
        (["--theme", "\x1b[31mx"], "--theme: found '\\x1b[31mx', expected one of"),
        (["--theme", "safe", "--no-color"], "--theme safe and --no-color: found both, expected one of them"),
        (["--theme"], "--theme: expected one argument"),
    ],
)
def test_a_theme_that_there_is_not_is_one_sentence(command: list[str], flags: list[str], said: str) -> None:
    """Exit code 2, and the names there are."""
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", *command, *flags], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "environ", "ground"),
    [
        (["--theme", "light"], {}, "fcfcfa"),
        (["--theme", "light"], {"NO_COLOR": "1"}, "fcfcfa"),
        (["--theme", "mono"], {"COLORFGBG": "0;15"}, "default"),
        (["--theme", "mono", "--no-color"], {}, "default"),
        (["--theme", "light"], {"TERM": "vt100", "COLORTERM": ""}, "default"),
        ([], {"NO_COLOR": "1", "COLORFGBG": "0;15"}, "default"),
    ],
)
def test_a_theme_by_its_flag_goes_before_all_but_what_the_terminal_can(
    flags: list[str], environ: dict[str, str], ground: str, tmp_path: Path
) -> None:
    """On a real terminal; the operator's own file says safe, and stays as it is."""
    own = tmp_path / "user.toml"
    own.write_text('theme = "safe"\n')
    own.chmod(0o600)
    with Terminal(
        [sys.executable, "-m", "console.cli", "demo", *flags], (100, 30), {"CHANGEOVER_USER": str(own), **environ}
    ) as terminal:
        terminal.wait_for("RTX 4090", 30)
        assert terminal.screen.buffer[15][60].bg == ground
        terminal.send("q")
        assert terminal.wait_exit(30) == 0
    assert own.read_text() == 'theme = "safe"\n'
