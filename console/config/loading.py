"""The site config from file to typed settings, or sentences on everything that is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from console import paths
from console.config.cautions import cautions
from console.config.errors import ConfigError, Problem, dotted
from console.config.opening import read_trusted
from console.config.settings import Config, Settings
from console.text import clean

__all__ = ["ConfigError", "find", "load"]

_MOST = 20


def find(explicit: str | None) -> Path | None:
    """The file that decides: ``explicit`` (from ``--config``), else the system's, else None where there is none.

    Nothing else is looked at, neither the environment nor the working directory: a site config is an execution path.
    """
    if explicit is not None:
        return Path(explicit)
    try:
        paths.SYSTEM_CONFIG.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return paths.SYSTEM_CONFIG  # it may be there: reading it will say why it cannot be read
    return paths.SYSTEM_CONFIG


def load(path: Path | None) -> Config:
    """Read and validate the config at ``path``; with None the defaults, which know no workloads.

    Raises ConfigError with a sentence per fault: file, line, key, what was found and what was expected.
    """
    if path is None:
        return Config(settings=Settings(), path=None, hash="", written_at=0.0)
    opened = read_trusted(path)
    settings = _settings(path, opened.body)
    return Config(
        settings=settings,
        path=str(path),
        hash=sha256(opened.body).hexdigest(),
        written_at=opened.written_at,
        warnings=tuple(cautions(settings)),
    )


def _settings(path: Path, body: bytes) -> Settings:
    text = _text(path, body)
    tree = _tree(path, text)
    from console.config.checks import unprintable

    _refuse(path, text, unprintable(tree))
    try:
        settings = msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        from console.config.shape import misfits

        _refuse(path, text, misfits(tree, Settings))
        raise ConfigError(f"{path}: {clean(error)}") from None
    _refuse(path, text, _faults(settings))
    return settings


def _text(path: Path, body: bytes) -> str:
    try:
        return body.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: is not UTF-8 text") from None


def _tree(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not TOML: {clean(error)}") from None


def _faults(settings: Settings) -> Iterator[Problem]:
    from console.config.bounds import out_of_bounds
    from console.config.checks import site_problems
    from console.config.contract_checks import contract_problems
    from console.config.feed_checks import feed_problems
    from console.config.pool_checks import pool_problems
    from console.config.workload_checks import workload_problems

    yield from out_of_bounds(settings)
    yield from site_problems(settings)
    yield from feed_problems(settings)
    yield from pool_problems(settings)
    yield from workload_problems(settings)
    yield from contract_problems(settings)


def _refuse(path: Path, text: str, problems: Iterator[Problem]) -> None:
    """Raise ConfigError for what ``problems`` yields, in the order of the file; nothing when it yields nothing."""
    found = list(problems)
    if not found:
        return
    from console.config.lines import Lines

    lines = Lines(text)
    placed = sorted(((lines.of(problem.where) or 0, problem) for problem in found), key=lambda pair: pair[0])
    said = [_sentence(path, line, problem) for line, problem in placed[:_MOST]]
    if len(found) > _MOST:
        said.append(f"{path}: {len(found) - _MOST} more")
    raise ConfigError(*said)


def _sentence(path: Path, line: int, problem: Problem) -> str:
    at = f"{path}, line {line}" if line else str(path)
    return f"{at}: {dotted(problem.where)} {problem.text}"
