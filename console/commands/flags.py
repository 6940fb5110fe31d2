"""The flags that every command has, and errors as one sentence with exit code 2."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence that names the flag."""

    def error(self, message: str) -> NoReturn:
        """Write the sentence and leave with 2."""
        sys.stderr.write(f"{self.prog}: {message}; {self.prog} --help tells more\n")
        raise SystemExit(2)


def parser(command: str, summary: str) -> Parser:
    """A parser for ``changeover COMMAND`` with ``--config --read-only --no-color``."""
    prog = f"changeover {command}".strip()
    made = Parser(prog=prog, description=summary, allow_abbrev=False)
    made.add_argument("--config", metavar="FILE", help="the site config; default /etc/changeover/config.toml")
    made.add_argument("--read-only", action="store_true", help="look only: nothing that acts is offered")
    made.add_argument("--no-color", action="store_true", help="no colour (also: NO_COLOR in the environment)")
    return made
