"""The flags that every command has, and errors as one sentence with exit code 2."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from console.text import clean

MOST = 1000
"""Characters of one error: what was typed may be a whole file."""

SHORTEST = len("--x")
"""Of so few letters many flags are longer forms."""

COMMON: tuple[tuple[str, str, str], ...] = (
    ("--config", "FILE", "the site config; default /etc/changeover/config.toml"),
    ("--read-only", "", "look only: nothing that acts is offered"),
    ("--no-color", "", "no colour (also: NO_COLOR in the environment)"),
)
"""The flags of every command: its name, what it takes, what it means. The man page has them from here too."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence that names the flag."""

    def error(self, message: str) -> NoReturn:
        """Write the sentence and leave with 2; a flag that does not exist gets the name of the nearest that does."""
        said = f"{clean(message, MOST)}{self._nearest(message)}"
        sys.stderr.write(f"{self.prog}: {said}; {self.prog} --help tells more\n")
        raise SystemExit(2)

    def _nearest(self, message: str) -> str:
        """``; did you mean --json?`` for a flag that was not recognised, one that it is the beginning of first; else
        ""."""
        import difflib

        _, _, words = message.partition("unrecognized arguments: ")
        wrong = next((word.partition("=")[0] for word in words.split() if word.startswith("--")), "")
        longer = [flag for flag in self._option_string_actions if len(wrong) > SHORTEST and flag.startswith(wrong)]
        near = longer or (difflib.get_close_matches(wrong, self._option_string_actions, 1) if wrong else [])
        return f"; did you mean {near[0]}?" if near else ""


def parser(command: str, summary: str) -> Parser:
    """A parser for ``changeover COMMAND`` with ``--config --read-only --no-color``."""
    prog = f"changeover {command}".strip()
    made = Parser(prog=prog, description=summary, allow_abbrev=False)
    for name, takes, meaning in COMMON:
        if takes:
            made.add_argument(name, metavar=takes, help=meaning)
        else:
            made.add_argument(name, action="store_true", help=meaning)
    return made


def add_theme(flags: Parser) -> None:
    """``--theme`` for a command that opens the screen."""
    from themes.names import NAMES

    flags.add_argument(
        "--theme", metavar="NAME", default="", help=f"{', '.join(NAMES)}; goes before your own file and NO_COLOR"
    )


def theme(flags: Parser, args: argparse.Namespace) -> str:
    """The theme that was asked for, "" where none was. Leaves with 2 for a name that none has, and for two wishes."""
    from themes.names import known_theme

    name = str(args.theme)
    if said := known_theme(name):
        flags.error(f"--{said}")
    if name not in ("", "mono") and args.no_color:
        flags.error(f"--theme {name} and --no-color: found both, expected one of them")
    return name
