"""Advice with everything it was made of, so that it can be made again from a journal, long afterwards."""

from __future__ import annotations

import msgspec

from console.economics.advice import advise
from console.economics.rules import Moment, Rules
from console.model import Advice, Option, Record


class Grounds(Record):
    """All that ``advise`` looks at for one GPU."""

    options: tuple[Option, ...]
    running: str | None
    moment: Moment
    rules: Rules

    def advice(self) -> Advice:
        """The advice that follows: the same now as then."""
        return advise(self.options, self.running, self.moment, self.rules)

    def bare(self) -> Grounds:
        """The same without where its figures come from: that changes no advice, and is long."""
        options = tuple(msgspec.structs.replace(option, inputs=()) for option in self.options)
        return msgspec.structs.replace(self, options=options)
