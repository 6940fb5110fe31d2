"""The command line: finds the command and hands over. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import codecs
import errno
import importlib
import io
import os
import sys
from pathlib import Path

COMMANDS: dict[str, tuple[str, str]] = {
    "screen": ("console.commands.screen", "the console on this host (also what no command means)"),
    "demo": ("console.commands.demo", "the console on a simulated farm"),
    "status": ("console.commands.status", "one snapshot of every GPU, as text or --json"),
    "flip": ("console.commands.flip", "move GPUs to another workload"),
    "undo": ("console.commands.undo", "take back the latest flip of a GPU"),
    "settle": ("console.commands.settle", "bring flips that were cut off to an outcome"),
    "standdown": ("console.commands.standdown", "stop every unguarded GPU and everything automatic, now"),
    "resume": ("console.commands.resume", "let automatic flips go on after a standdown"),
    "lock": ("console.commands.lock", "keep everybody and everything from flipping a GPU"),
    "unlock": ("console.commands.unlock", "lift such a lock"),
    "unpin": ("console.commands.unpin", "let advice choose again where a person's flip has pinned a GPU"),
    "journal": ("console.commands.journal", "what was done, by whom and why; also verify and replay"),
    "calc": ("console.commands.calc", "the money, offline: mine, ai, compare, payback"),
    "doctor": ("console.commands.doctor", "what is found, what is missing, what to do"),
    "init": ("console.commands.init", "write a config from what already runs here"),
    "forget": ("console.commands.forget", "retire a GPU that will not come back"),
}

DISK_TROUBLE = {errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO}
"""What a disk may say at any moment and whoever is asked: a sentence, not a defect of ours."""

USAGE = """usage: changeover [COMMAND] [--config FILE] [--read-only] [--no-color] …

What every GPU does, what it earns per hash and per AI-hour, and a key to flip it.

{commands}

changeover COMMAND --help tells more. Exit codes: 0 done or already so, 1 failed or a fault found, 2 wrong use,
3 refused by a guard, a lock, --read-only or a missing --yes, 130 interrupted.
"""


class OutputError(OSError):
    """Standard output could not be written: a full disk behind it. Told apart from every other disk's trouble."""


class _Output(io.FileIO):
    """Standard output that says so when it is the one that fails."""

    def write(self, data: object, /) -> int:
        """As FileIO.write. Raises OutputError; BrokenPipeError where the reader has left."""
        try:
            return super().write(data) or 0  # type: ignore[arg-type]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    _prepare_output()
    prog = f"changeover {args[0]}" if args[:1] and args[0] in COMMANDS else "changeover"
    try:
        try:
            return _command(args)
        finally:
            sys.stdout.flush()  # not left to the exit, which could only fail
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _mute(1)
    except OutputError as error:
        sys.stderr.write(f"{prog}: its output could not be written: {error.strerror}\n")
        return _mute(1)
    except OSError as error:
        if error.errno not in DISK_TROUBLE:
            raise
        from console.text import clean

        on = f": {clean(error.filename)}" if error.filename else ""
        sys.stderr.write(f"{prog}: {error.strerror}{on}\n")
        return 1


def _command(args: list[str]) -> int:
    """The command that ``args`` name, carried out; its exit code."""
    if args[:1] == ["help"] and args[1:2] and args[1] in COMMANDS:
        args = [args[1], "--help"]
    if args[:1] in (["-h"], ["--help"], ["help"]):
        sys.stdout.write(usage())
        return 0
    if args[:1] in (["--version"], ["-V"]):
        from console import __version__

        print(f"changeover {__version__}")
        return 0
    if (late := _late_command(args)) is not None:
        sys.stderr.write(f"changeover: the command comes first: changeover {late} …\n")
        return 2
    name = "screen" if not args or args[0].startswith("-") else args.pop(0)
    if name not in COMMANDS:
        return _unknown(name)
    return _run(COMMANDS[name][0], args)


def _prepare_output() -> None:
    """Have a standard output that can be written to, in glyphs or in their stand-ins, and that tells its own faults."""
    from widgets.charset import stream_encoding

    codecs.register_error("changeover", _stand_in)
    _open_what_is_closed()
    if isinstance(sys.stderr, io.TextIOWrapper):
        encoding = stream_encoding(sys.stderr.encoding)
        if not encoding.lower().startswith("utf"):
            sys.stderr.reconfigure(encoding=encoding, errors="changeover")
    given = sys.stdout
    if not isinstance(given, io.TextIOWrapper):
        return
    encoding = stream_encoding(given.encoding)
    if isinstance(getattr(given.buffer, "raw", given.buffer), io.FileIO):  # not what a test has put in its place
        binary = io.BufferedWriter(_Output(given.fileno(), "w", closefd=False))
        at_once = given.line_buffering or given.write_through
        sys.stdout = io.TextIOWrapper(binary, encoding=encoding, errors="changeover", line_buffering=at_once)
    else:
        given.reconfigure(encoding=encoding, errors="changeover")


def _open_what_is_closed() -> None:
    """Put nothing where a stream was closed at the start: it is asked, written to and flushed as any other.

    In the order of their descriptors, so that each is its own: no file that is opened later takes what is said there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open(mode)  # noqa: SIM115 - it stands as long as the program
            setattr(sys, name, nothing)
            setattr(sys, f"__{name}__", nothing)  # a stream put before it below must not close it


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """What an encoding lacks as the terminals that lack it get it: glyphs in ASCII, all else as ``?``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    from widgets.plain import plain

    return plain(error.object[error.start : error.end], "ascii"), error.end


def _late_command(args: list[str]) -> str | None:
    """A command that stands behind flags, where it would be taken for a stray word."""
    if not args or not args[0].startswith("-"):
        return None
    after_value = {"--config", "--theme"}
    words = (word for before, word in zip(["", *args], args, strict=False) if before not in after_value)
    return next((word for word in words if word in COMMANDS), None)


def _run(module: str, args: list[str]) -> int:
    from console.paths import PlacesError

    try:
        code = int(importlib.import_module(module).main(args))
    except PlacesError as error:
        sys.stderr.write(f"changeover: {error}\n")
        return 1
    return code


def _mute(code: int) -> int:
    """``code``, with nothing left for the flush at exit to fail on a second time."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def usage() -> str:
    """The text of ``changeover --help``."""
    width = max(map(len, COMMANDS))
    rows = (f"  {name:<{width}}  {summary}" for name, (_, summary) in COMMANDS.items())
    return USAGE.format(commands="\n".join(rows))


def _unknown(name: str) -> int:
    import difflib

    from console.text import clean

    near = difflib.get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean '{near[0]}'?" if near else "changeover --help lists the commands"
    sys.stderr.write(f"changeover: no command '{clean(name, 40)}'; {hint}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
