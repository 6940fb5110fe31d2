"""The programs that are compared, and how each is asked to do the same thing."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from benchmarks.hosts import Host

BIN = Path(sys.executable).parent


class Program(NamedTuple):
    """A program: ``config_flag`` is how it is told a host's site config, empty where it knows of none."""

    name: str
    config_flag: str = ""

    @property
    def path(self) -> Path:
        """Its script, beside the interpreter that runs this."""
        return BIN / self.name

    @property
    def version(self) -> str:
        """As its package says it."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return "not installed"

    def on(self, host: Host, *arguments: str) -> list[str]:
        """Its command line on a host."""
        config = [self.config_flag, str(host.config)] if self.config_flag and host.config else []
        return [str(self.path), *arguments, *config]


OURS = Program("changeover", "--config")
THEIRS = Program("nvitop")
BOTH = (OURS, THEIRS)
