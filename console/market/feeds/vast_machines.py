"""Vast.ai's own machines of an account: ``GET /machines/?owner=me``, which of their GPUs are rented and at what price.

``gpu_occupancy`` has one code a GPU, ``D D I x``: D on demand, R reserved, I interruptible, x free. Its form and codes
are those of Vast's OpenAPI document ("Space-separated string of per-GPU occupancy codes (D/R/I/x)"), their meaning
that of public exporters for hosts, which count D, R and I as rented. A host's own on-demand rental counts as well,
though Vast pays nothing for it; whether a host's default job has a code is documented nowhere.

``listed_gpu_cost`` is what the host asks per GPU and hour, before what Vast adds for the client. Whoever rents now pays
what was listed when the contract began, and interruptible and reserved rentals pay less.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from console import units
from console.config.feed_settings import FeedSettings
from console.market.contract import Answer
from console.market.feeds._api import SPOT_S, Api, number, quote
from console.market.feeds._rental import UNIT, Figure, price
from console.market.feeds._vast import PUBLIC, Reply, asked
from console.model import Quote
from console.text import clean

EVERY_S = 60.0
"""Vast wants at least 2.5 s between two requests; a rental is to be seen within about a minute."""
RENTED_S = 300.0
"""Guards look at it: what was so five minutes ago is no longer known."""

RENTED = frozenset("DRI")
FREE = frozenset("x")


class _Machine(msgspec.Struct):
    id: int | str | None = None
    num_gpus: Figure = None
    gpu_occupancy: str | None = None
    current_rentals_running: Figure = None
    listed: bool | None = None
    listed_gpu_cost: Figure = None
    end_date: Figure = None
    timeout: Figure = None


class _Machines(Reply):
    machines: list[_Machine] | None = None


def connect(name: str, settings: FeedSettings) -> VastMachines:
    """The feed; does no I/O."""
    return VastMachines(name, settings)


class VastMachines:
    """The fraction of each machine's GPUs that is rented, and its listed rate. Implements console.market.contract.Feed.

    The notes say beside what is lacking until when a machine is listed, and how long it has been offline.
    """

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._name = name
        self._settings = settings
        self._api = Api(name, settings, PUBLIC)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        found = asked(self._api, "/machines/", {"owner": "me"}, timeout_s, _Machines)
        machines = {str(machine.id): machine for machine in found.machines or ()}
        quotes: list[Quote] = []
        notes: list[str] = []
        for ours, theirs in self._settings.machines.items():
            machine = machines.get(theirs.strip())
            if machine is None:
                notes.append(f"this account has no machine {theirs} ({ours})")
            else:
                quotes += self._quotes(ours, machine, now)
                notes += _notes(ours, machine, now)
        if not quotes:
            raise self._api.lacking(f"a figure of {', '.join(self._settings.machines)}: {'; '.join(notes[:3])}")
        return Answer(quotes=tuple(quotes), notes=tuple(notes))

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _quotes(self, ours: str, machine: _Machine, now: float) -> Iterator[Quote]:
        rented, rate = rented_fraction(machine), _listed_at(machine)
        if rented is not None:
            yield quote(self._settings, self._name, "rented", ours, rented, "", now, RENTED_S)
        if rate is not None:
            yield quote(self._settings, self._name, "rental", ours, rate, UNIT, now, SPOT_S)


def rented_fraction(machine: _Machine) -> float | None:
    """The fraction of a machine's GPUs that somebody rents; None where a code is not known or GPUs are missing.

    A machine that is not listed may have no codes; then nothing is rented when no rental runs.
    """
    codes = (machine.gpu_occupancy or "").split()
    if not codes:
        return 0.0 if number(machine.current_rentals_running) == 0 else None
    gpus = number(machine.num_gpus)
    if not {*codes} <= RENTED | FREE or (gpus is not None and gpus != len(codes)):
        return None
    return sum(code in RENTED for code in codes) / len(codes)


def _listed_at(machine: _Machine) -> float | None:
    return None if machine.listed is False else price(machine.listed_gpu_cost)


def _notes(ours: str, machine: _Machine, now: float) -> Iterator[str]:
    if rented_fraction(machine) is None:
        said, gpus = clean(machine.gpu_occupancy or "", 40), number(machine.num_gpus)
        each = f"each of {gpus:g} GPUs" if gpus is not None else "each GPU"
        yield f'it is not known whether machine {ours} is rented: occupancy "{said}", expected D, R, I or x for {each}'
    if machine.listed is False:
        yield f"machine {ours} is not listed"
    elif _listed_at(machine) is None:
        yield f"no listed rate for machine {ours}"
    elif until := _minute(number(machine.end_date)):
        ended = (number(machine.end_date) or 0.0) <= now
        yield f"the listing of machine {ours} ended at {until}" if ended else f"machine {ours} is listed until {until}"
    offline_s = number(machine.timeout)
    if offline_s is not None and offline_s > 0:
        yield f"machine {ours} has been offline for {units.age(offline_s)}, says Vast"


def _minute(at: float | None) -> str:
    """Unix seconds as ``2026-12-01T00:00Z``; empty for what is no time."""
    if at is None or at <= 0:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return ""
