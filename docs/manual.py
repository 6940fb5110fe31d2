"""Prints the man page, made of the lists that the program itself runs by: python docs/manual.py > docs/changeover.1.

A test holds the two equal. The language is man(7), in ASCII alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from console import __version__, paths
from console.cli import COMMANDS, usage
from console.commands.flags import COMMON
from console.view.actions import ACTIONS, GROUPS, key_names
from console.view.columns import SORTS
from console.view.detailactions import EVERY
from console.view.keymap import KEPT
from themes.names import NAMES

Item = tuple[str, str]
"""A term and what it means."""

OWN: tuple[Item, ...] = (
    ("theme", f"One of {', '.join(NAMES)}; without it what the terminal can show."),
    ("sort", f"The order of the table of GPUs: one of {', '.join(SORTS)}. Written by changeover when s changes it."),
    ("columns", "Columns of the table of GPUs, in this order. Written by changeover when c changes them."),
    ("bell", "false keeps the terminal's bell silent."),
    ("mouse", "false leaves the mouse to the terminal."),
    ("[keys]", "Keys of your own by the id of their action, see OWN KEYS."),
)
"""What may stand in the user's file."""

THEME: Item = ("--theme NAME", f"One of {', '.join(NAMES)}, this once; goes before your own file and NO_COLOR.")

FILES: tuple[Item, ...] = (
    (str(paths.SYSTEM_CONFIG), "The site config. Root's or the caller's own, and written by nobody else."),
    ("~/.config/changeover/user.toml", "Your own keys, theme and table. Written by nobody else, as the site config."),
    (str(paths.SYSTEM_STATE), "The journal, the slots of GPUs and what was measured, shared by all operators."),
    (str(paths.SYSTEM_RUN), "Locks of GPUs that are being flipped."),
    ("~/.local/state/changeover", "Both, for one user alone, where the shared directories are missing."),
)

ENVIRONMENT: tuple[Item, ...] = (
    ("CHANGEOVER_USER", "Your own file, in place of user.toml below XDG_CONFIG_HOME."),
    ("CHANGEOVER_STATE", "With CHANGEOVER_RUN the directories of state and locks. Both must be set."),
    ("CHANGEOVER_RUN", "See CHANGEOVER_STATE."),
    ("XDG_CONFIG_HOME", "Where your own file stands, in place of ~/.config."),
    ("XDG_STATE_HOME", "Where state is kept for one user alone, in place of ~/.local/state."),
    ("NO_COLOR", "No colour, as --no-color; only --theme goes before it."),
    ("TERM", "With dumb, or where nothing is a terminal, one snapshot is printed instead of the screen."),
    ("COLORFGBG", "What ground the terminal says it has: on a white one the theme is light."),
)

EXAMPLE = """theme = "light"
sort = "net"

[keys]
mine = "M"
up = ["up", "k", "ctrl+p"]
standdown = []"""


def page() -> str:
    """The man page as man(7) source."""
    return "\n".join([*_head(), *_commands(), *_keys(), *_own(), *_rest()]) + "\n"


def _head() -> list[str]:
    about = usage().split("\n\n")[1]
    return [
        '.\\" Made by python docs/manual.py: change the lists it is made of, not this file.',
        f'.TH CHANGEOVER 1 "" "changeover {roff(__version__)}" "User Commands"',
        ".SH NAME",
        "changeover \\- a terminal console for GPU farms",
        ".SH SYNOPSIS",
        ".B changeover",
        "[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]",
        ".SH DESCRIPTION",
        roff(" ".join(about.split())),
        "Quitting changes nothing: no workload belongs to the console.",
    ]


def _commands() -> list[str]:
    options = [(f"{name} {takes}".strip(), f"{meaning[0].upper()}{meaning[1:]}.") for name, takes, meaning in COMMON]
    return [
        ".SH COMMANDS",
        "Without a command it is \\fBscreen\\fR.",
        roff("changeover COMMAND --help tells every command's own options."),
        *_listed((name, _sentence(summary)) for name, (_, summary) in COMMANDS.items()),
        ".SH OPTIONS",
        "Every command has these, behind its name.",
        *_listed(options),
        "What opens the screen, which is \\fBscreen\\fR and \\fBdemo\\fR, has this one as well.",
        *_listed([THEME]),
    ]


def _keys() -> list[str]:
    out = [".SH KEYS", "The id behind each key is what \\fB[keys]\\fR of your own file calls it."]
    for group, title in GROUPS.items():
        members = [action for action in EVERY if action.group == group]
        terms = ((f"{key_names(action)}  ({action.id})", f"{action.help}.") for action in members)
        out += [f".SS {roff(title[0].upper() + title[1:])}", *_listed(terms)]
    return [*out, roff("Keys that act on workloads are not there under --read-only, whatever they are called.")]


def _own() -> list[str]:
    modes = ", ".join(action.keys[0] for action in ACTIONS if action.group == "mode")
    return [
        ".SH OWN KEYS",
        roff("A key is a character, a name (up, pageup, space, enter, f5), or ctrl+, alt+ or shift+ before one."),
        roff("An empty list leaves an action without a key; the palette still finds it."),
        roff(f"{', '.join(KEPT[:-1])} and {KEPT[-1]} must keep one."),
        "What is no action, no key, or two things at once is refused with file, line and both actions, before the",
        "screen opens.",
        roff(
            f"Digits are screens ({modes}), so a count before a movement is not taken; ' and a number goes to a slot."
        ),
        ".PP",
        ".nf",
        *(roff(line) for line in EXAMPLE.split("\n")),
        ".fi",
        *_listed(OWN),
    ]


def _rest() -> list[str]:
    codes = " ".join(usage().partition("Exit codes: ")[2].split())
    found = re.findall(r"(\d+) (.+?)(?=, \d+ |\.$)", codes)
    return [
        ".SH FILES",
        *_listed(FILES),
        ".SH ENVIRONMENT",
        *_listed(ENVIRONMENT),
        ".SH EXIT STATUS",
        *_listed((code, _sentence(meaning)) for code, meaning in found),
    ]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _listed(items: Iterable[Item]) -> list[str]:
    """Terms in bold, each with what it means below and to the right, and a paragraph that ends the list."""
    lines = [part for term, meaning in items for part in (".TP", f"\\fB{roff(term)}\\fR", roff(meaning))]
    return [*lines, ".PP"]


_ROFF = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", "↑": "\\(ua", "↓": "\\(da"}


def roff(text: str) -> str:
    """Text that roff shows as it is: no character of it is a request, an escape or typeset as another."""
    said = "".join(_ROFF.get(c) or (c if c.isascii() else f"\\[u{ord(c):04X}]") for c in text)
    return f"\\&{said}" if said.startswith(".") else said


if __name__ == "__main__":
    sys.stdout.write(page())
