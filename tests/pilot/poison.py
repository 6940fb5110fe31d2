"""A site of which every text that comes from outside is hostile: escapes, bidi, markup, formulas, odd widths."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import msgspec

from console.flips.records import Plan, Refusal
from console.model import Alarm, Guard, Snapshot, Uuid
from console.site.detail import Detail
from console.site.interface import Told
from tests.pilot import details, market, sample
from tests.unit.test_view_journal import FLIP, OPEN, STUCK

OURS = frozenset(
    {
        "uuid",
        "uuids",
        "pci",
        "timezone",
        "tone",
        "plan_id",
        "flip_id",
        "learned_from",
        "step",
        "target",
        "result",
        "severity",
        "key",
    }
)
"""Fields whose words are this program's own: states, ids, units, instants."""
BEFORE = "=HYPERLINK(1)\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31m\u202e[red]<script>&amp;"
BEHIND = "\u2066ｆ横e\u0301\u0301\u0301\u0301\u0301\u200b\u3164\x00\r\n\t\ud800[/red]'\"]]>\x1b[31m"

Made = Callable[[str], str]
T = TypeVar("T")


def raw(text: str) -> str:
    """``text`` within all that is evil, as a boundary that was forgotten would let it through."""
    return f"{BEFORE}{text}{BEHIND}" if text else text


def poisoned(value: T, made: Made, name: str = "") -> T:
    """The same records with every text from outside made of what it was: equal texts stay equal."""
    if isinstance(value, Enum) or name in OURS:
        return value
    if isinstance(value, str):
        return made(value)  # type: ignore[return-value]
    if isinstance(value, msgspec.Struct):
        changed = {
            field: poisoned(getattr(value, field), made, _kind(value, field)) for field in value.__struct_fields__
        }
        return msgspec.structs.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poisoned(one, made, name) for one in value)  # type: ignore[return-value]
    return value


def _kind(value: msgspec.Struct, field: str) -> str:
    """The name by which ``OURS`` may know a field; kinds, units and series are ours where the figure is."""
    if field in ("kind", "unit") or (type(value).__name__, field) in _OWN_FIELDS or getattr(value, field) in _FIGURES:
        return "uuid"
    return field


_FIGURES = ("power_w", "temp_c", "net_per_h", "output")
_OWN_FIELDS = {("Totals", "counts"), ("Move", "target"), ("Snapshot", "currency"), ("Guard", "name"), ("Alarm", "name")}


class EvilSite(sample.StillSite):
    """The market host, its details, plans and flips, all in hostile words."""

    def __init__(self, made: Made, snapshot: Snapshot | None = None) -> None:
        super().__init__(poisoned(snapshot or named(), made))
        self.made = made
        flips = tuple(msgspec.structs.replace(flip, slots=(0,)) for flip in (FLIP, STUCK, OPEN))
        self.told = Told(flips=tuple(poisoned(flip, made) for flip in flips), trouble=made("journal is cut"))
        self.refusals = (Refusal(slots=(1,), guard=Guard(name="lock", sentence="locked by op", forceable=True)),)
        self.warnings = ("it serves 3 requests",)
        self.details = self._detail

    def _detail(self, uuid: Uuid, span_s: float) -> Detail | None:
        row = next((row for row in named().rows if row.reading.uuid == uuid), None)
        changes = (*details.CHANGES, *named().log)
        return poisoned(details.detail(row, span_s, changes=changes), self.made) if row is not None else None

    def plan(self, slots: tuple[int, ...], target: str, *, whole: bool, force: tuple[str, ...] = ()) -> Plan:
        """See StillSite."""
        return poisoned(_plain().plan(slots, _own(target), whole=whole, force=force), self.made)

    def undo(self, slots: tuple[int, ...], *, force: tuple[str, ...] = ()) -> Plan:
        """See StillSite."""
        return poisoned(_plain().undo(slots, force=force), self.made)

    def stand_down(self) -> Plan:
        """See StillSite."""
        return poisoned(_plain().stand_down(), self.made)


def _plain() -> sample.StillSite:
    site = sample.StillSite(named())
    site.refusals = (Refusal(slots=(1,), guard=Guard(name="lock", sentence="locked by op", forceable=True)),)
    site.warnings = ("it serves 3 requests",)
    return site


def _own(target: str) -> str:
    found = re.search("ergo|vllm-qwen|acme contract|off|mine|ai|best", target)
    return found[0] if found else target


def named() -> Snapshot:
    """The market host with something in every place that can hold a sentence."""
    base = market.snapshot()
    calls = Alarm(
        key="lost GPU-0",
        name="lost",
        severity="harm",
        sentence="GPU 3 fell off the bus while miner ran",
        since=sample.NOW - 192,
        seen=sample.NOW,
        do="look at the cable of rig-07",
        slots=(3,),
    )
    others = (
        msgspec.structs.replace(calls, key=f"price {n}", severity="warn", slots=(), over_at=n) for n in (None, 1.0)
    )
    at, later = sample.NOW - 60, sample.NOW + 3600
    known = msgspec.structs.replace(calls, key="known", acked_by="alice", acked_at=at)
    shelf = msgspec.structs.replace(
        calls, key="shelf", shelved_by="bob", shelved_at=at, shelved_until=later, shelved_reason="part is ordered"
    )
    banners = ("supervisor does not answer", "the journal is cut")
    return msgspec.structs.replace(base, banners=banners, alarms=(calls, *others, known, shelf))
