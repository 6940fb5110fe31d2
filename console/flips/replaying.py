"""The advice of past flips, made again from what the notes beside their intents hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from console.flips.chain import Line
from console.flips.reading import ADVISED, lines
from console.flips.records import Advised
from console.model import Record


class Replayed(Record):
    """One GPU of one flip: the advice that stood there then, and what its grounds say now."""

    seq: int
    slot: int
    why: str
    acts: bool
    again: str
    acts_again: bool

    @property
    def same(self) -> bool:
        """True when the same grounds still give the same advice, word for word."""
        return (self.why, self.acts) == (self.again, self.acts_again)

    def as_object(self) -> dict[str, object]:
        """For scripts."""
        return {**msgspec.to_builtins(self), "same": self.same}


def replayed(path: Path, limit: int, gpu: str = "") -> Iterator[Replayed]:
    """The advice of the latest ``limit`` flips that had any, newest first. Raises JournalError.

    A flip without a note of its advice, as of GPUs that nothing was advised on, has none to show.
    """
    for line in lines(path, limit, gpu=gpu, kinds=("note",), with_key=ADVISED, advice=True):
        for one in _advised(line):
            again = one.grounds.advice()
            yield Replayed(
                seq=line.seq, slot=one.slot, why=one.why, acts=one.acts, again=again.why, acts_again=again.acts
            )


def _advised(line: Line) -> tuple[Advised, ...]:
    try:
        return msgspec.convert(line.body.get(ADVISED) or (), tuple[Advised, ...])
    except msgspec.ValidationError:
        return ()
