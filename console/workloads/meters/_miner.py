"""What meters of miners share: JSON that may hold anything, cards by their bus, and how far a miner has come.

A miner's answer is taken apart by functions that never raise: what is negative, not finite, of the wrong type or absurd
is None, unknown, and costs only itself. Inside all is H/s.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output, Record, WorkState
from console.pci import normal_pci
from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.meters._http import Endpoint

WARMING_S = 120.0
"""A miner may report nothing for so long after its start (dataset, kernels, first window)."""

MOST_H_PER_S = 1e18
"""More than this no card does: the fastest known algorithm gives one about 6e14 H/s (pearlhash, 2026)."""

PAUSED = "paused: resume it, or flip the GPU to what should run"

Table = dict[str, object]
T = TypeVar("T")

_MOST_LISTED = 512  # cards, pools or algorithms; no host has more, and an answer of 2 MiB could list a million
_MOST_SHARES = 2**53
_MOST_UPTIME_S = 3.2e9  # a century
_PREFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18}
_UNIT = re.compile(r"\s*([kmgtpe]?)(?:h|hash|sol)/s\s*", re.IGNORECASE)
_BUS_AND_SLOT = re.compile(r"\s*(\d{1,3}):(\d{1,2})\s*", re.ASCII)


class Said(Record):
    """What one answer of a miner says; None where it does not.

    ``cards`` has a card's normalised PCI address, where its bus is told, and its rate in H/s. Of dual mining all
    figures are those of the first algorithm; ``beside`` says that another one hashes. ``lost`` says in words that the
    miner has no pool, ``stopped`` that it was told not to hash.
    """

    total: float | None = None
    cards: tuple[tuple[str | None, float | None], ...] = ()
    accepted: int | None = None
    rejected: int | None = None
    algorithm: str | None = None
    uptime_s: float | None = None
    beside: bool = False
    lost: str = ""
    stopped: str = ""


class JsonMiner:
    """The meter of a miner that answers one GET with one JSON object, which ``said`` takes apart.

    The value is the sum over the cards that have an address, else over all cards, else the miner's own total.
    """

    def __init__(self, settings: MeterSettings, name: str, path: str, said: Callable[[Table], Said]) -> None:
        # People write the address they look at in a browser as well as the miner's own.
        base, mark, query = settings.url.partition("?")
        url = base.rstrip("/").removesuffix(path) + mark + query
        self._api = Endpoint(msgspec.structs.replace(settings, url=url))
        self._name, self._path, self._said = name, path, said
        self._idle_since: float | None = None

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read."""
        try:
            said = self._said(decoded(self._api.get(self._path, timeout_s), Table, self._name))
        except WorkloadError:
            self._idle_since = None  # whoever answers next may have started anew
            raise
        per_gpu = by_address(said.cards)
        value = _value(said, per_gpu)
        state, reason = self._judged(said, value)
        return Output(
            at=time.time(),
            unit="H/s",
            value=value,
            state=state,
            per_gpu=per_gpu,
            accepted=said.accepted,
            rejected=said.rejected,
            algorithm=said.algorithm,
            uptime_s=said.uptime_s,
            reason=reason,
        )

    def close(self) -> None:
        """See Meter.close."""
        self._api.close()

    def _judged(self, said: Said, value: float | None) -> tuple[WorkState, str]:
        """As ``judged``; a miner that does not say when it started counts from its first reading without output."""
        if not value and said.beside and not (said.lost or said.stopped):
            return WorkState.RUNNING, "hashes its second algorithm alone"
        now = time.monotonic()
        if value and not said.lost:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        if said.uptime_s is not None:
            return judged(value, said.uptime_s, lost=said.lost, stopped=said.stopped)
        idle_s = 0.0 if self._idle_since is None else now - self._idle_since
        return judged(value, idle_s, lost=said.lost, stopped=said.stopped, after="it was first asked")


def judged(
    value: float | None, age_s: float, *, lost: str = "", stopped: str = "", after: str = "its start"
) -> tuple[WorkState, str]:
    """How far a miner of that age has come, and in words what keeps it from hashing."""
    young = age_s < WARMING_S
    if stopped:
        return WorkState.FAILING, stopped
    if lost:
        return (WorkState.WARMING if young else WorkState.FAILING), lost
    if value:
        return WorkState.RUNNING, ""
    if young:
        return WorkState.WARMING, f"no hashrate yet after {age_s:.0f} s"
    return WorkState.FAILING, f"no hashrate {age_s:.0f} s after {after}"


def decoded(body: bytes, kind: type[T], name: str) -> T:
    """``body`` as JSON of that type. Raises WorkloadError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise foreign(name, clean(error, 120)) from None


def foreign(name: str, why: str) -> WorkloadError:
    """The error for an answer that is not this miner's."""
    return WorkloadError(f"the miner answers with what {name} does not: {why}")


def needed(answer: Table, key: str, name: str) -> object:
    """What no answer of this miner lacks. Raises WorkloadError: then it is something else that answers."""
    if key not in answer:
        raise foreign(name, f"no {key} is in it; look whether the address in the config is this miner's")
    return answer[key]


def by_address(cards: Iterable[tuple[str | None, float | None]]) -> tuple[tuple[str, float], ...]:
    """H/s by PCI address, in order; threads of one card are summed, what lacks one of the two is left out."""
    rates: dict[str, float] = {}
    for pci, h_per_s in cards:
        if pci is not None and h_per_s is not None:
            rates[pci] = rates.get(pci, 0.0) + h_per_s
    return tuple(sorted(rates.items()))


def table(value: object) -> Table:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """The first 512 of ``value`` where it is a list, else none."""
    return value[:_MOST_LISTED] if isinstance(value, list) else []


def tables(value: object) -> list[Table]:
    """The objects of a list, each in its place."""
    return [table(one) for one in items(value)]


def at(values: list[object], index: int) -> object:
    """One of a list that runs parallel to another and may be shorter."""
    return values[index] if 0 <= index < len(values) else None


def text(value: object, limit: int = 80) -> str:
    """``value`` as harmless text; empty where it is none."""
    return clean(value, limit) if isinstance(value, str) else ""


def algorithm(*names: object) -> str | None:
    """The algorithms a miner names, the first in front, as ``kawpow+zil``; None where it names none."""
    return clean("+".join(name for one in names[:4] if (name := text(one, 40))), 80) or None


def figure(value: object, most: float) -> float | None:
    """A number from 0 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= most else None


def rate(value: object, factor: float = 1.0) -> float | None:
    """A rate of one card or miner, ``value`` times ``factor`` H/s."""
    number = figure(value, MOST_H_PER_S)
    return None if number is None else figure(number * factor, MOST_H_PER_S)


def latest(windows: object) -> float | None:
    """The 10 s figure of XMRig's three, else the 60 s one; the 15 min one is too old to say what runs now."""
    return next((h_per_s for one in items(windows)[:2] if (h_per_s := rate(one)) is not None), None)


def count(value: object) -> int | None:
    """A number of shares."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MOST_SHARES else None


def counts(values: Iterable[object]) -> int | None:
    """The sum of several numbers of shares; None where one of them is unknown or there are none."""
    known = [count(value) for value in values]
    return sum(one for one in known if one is not None) if known and None not in known else None


def without(whole: object, part: object) -> int | None:
    """What is left of a number of shares, such as the rejected of all submitted ones."""
    all_of_it, some = count(whole), count(part)
    return all_of_it - some if all_of_it is not None and some is not None and all_of_it >= some else None


def uptime(value: object) -> float | None:
    """Seconds since a start."""
    return figure(value, _MOST_UPTIME_S)


def h_per_s_of(unit: object, name: str) -> float:
    """What one of a unit such as ``Mh/s``, ``kH/s`` or ``sol/s`` is in H/s; ``mh/s`` is mega, no miner means milli.

    Raises WorkloadError for any other: a guess could be wrong by a million.
    """
    found = _UNIT.fullmatch(unit) if isinstance(unit, str) else None
    if found is None:
        what = repr(text(unit, 20)) if isinstance(unit, str) else "no unit"
        said = f"{name} gives its rate in {what}; expected H/s or sol/s, with k, M, G, T, P or E in front of it"
        raise WorkloadError(f"{said}. Update the miner, or read it with a meter of kind json")
    return _PREFIXES[found[1].lower()]


def hex_pci(value: object) -> str | None:
    """A card's address written in hex, such as ``41:00.0`` or ``0000:0a:00.0``."""
    try:
        return normal_pci(value) if isinstance(value, str) else None
    except ValueError:
        return None


def decimal_pci(bus: object, slot: object = 0, domain: object = 0) -> str | None:
    """A card's address from decimal numbers: bus 65 is 41 in hex. Bus 0, slot 0 is a bridge: then none is known."""
    for value, most in ((bus, 255), (slot, 31), (domain, 0xFFFF)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            return None
    if bus == slot == domain == 0:
        return None
    return normal_pci(f"{domain:04x}:{bus:02x}:{slot:02x}.0")


def decimal_pair_pci(value: object) -> str | None:
    """A card's address from text of decimal numbers, bus and slot: ``65:0`` is 41:00 in hex."""
    found = _BUS_AND_SLOT.fullmatch(value) if isinstance(value, str) else None
    return decimal_pci(int(found[1]), int(found[2])) if found else None


def _value(said: Said, per_gpu: tuple[tuple[str, float], ...]) -> float | None:
    told = [h_per_s for _, h_per_s in per_gpu] or [h_per_s for _, h_per_s in said.cards if h_per_s is not None]
    return math.fsum(told) if told else said.total
