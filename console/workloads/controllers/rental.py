"""Machines that strangers rent: a unit is a machine of Vast.ai (its number) or a server of Clore.ai (its name or id).

To start a unit is to list it at its workload's price, to stop it is to take the listing back and to remove the job
that runs there while nobody rents. A rental cannot be recalled: who rents when a listing is taken back stays until he
leaves, and that stop ends in an error which says so. A running rental is never touched, no maintenance is ever
announced and nothing is ever deleted but the listing and the background job.

Money is USD. What was done is what the market shows afterwards, never what it answered. None of this was tried against
a live account: it is written from the documents and clients that ``_rental_vast`` and ``_rental_clore`` name, which say
also what these leave open.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from msgspec.structs import replace

from console.config.addresses import without_secrets
from console.config.listing_checks import in_the_clear
from console.config.workload_settings import ControllerSettings, ListingSettings
from console.workloads.contract import Fault, Task, UnknownUnitError, WorkloadError
from console.workloads.controllers._rental_api import (
    BusyError,
    Line,
    Machine,
    Market,
    RefusedError,
    Step,
    offered,
)
from console.workloads.controllers._rental_clore import Clore
from console.workloads.controllers._rental_rules import (
    held,
    job_left,
    minute,
    recall,
    refuse_leap,
    refuse_price,
    unknown,
)
from console.workloads.controllers._rental_vast import Vast

KEPT_S = 5.0
"""How long one look at all machines serves everybody who asks."""
DETAILS_S = 60.0
"""How long it is believed of a hidden server whether it is rented, where that takes a request of its own."""
RESERVE_S = 15.0
"""Of the time for a start, what is kept for taking a failed offer back; a third of it where that is less."""
TRIES = 3
"""How often a change is sent that the market refused for too many requests, and that is seen not to have been made."""
_MARKETS: Mapping[str, type[Market]] = {"vast": Vast, "clore": Clore}


def connect(settings: ControllerSettings) -> Rental:
    """The controller for one account at one market; does no I/O. Raises WorkloadError for settings it cannot use."""
    if settings.market is None or settings.key_file is None:
        raise WorkloadError('a rental controller needs market = "vast" or "clore" and key_file = "/path/of/its/key"')
    return Rental(_MARKETS[settings.market](), settings.key_file, settings.url)


class Rental:
    """Controller of rented machines. Safe to use from several threads, which share one look at the account."""

    kind = "rental"

    def __init__(self, market: Market, key_file: str, url: str | None = None, pace_s: float | None = None) -> None:
        """``pace_s`` is the least between two requests, by default what the market allows."""
        address = url or market.url
        if in_the_clear(address):
            said = without_secrets(address)
            raise WorkloadError(f"{said} would be sent the key of the account in the clear: expected https://")
        self._market = market
        self._line = Line(market, address, key_file, market.pace_s if pace_s is None else pace_s)
        self._listings: dict[str, ListingSettings] = {}
        self._lock = threading.RLock()
        self._looked_at = -math.inf  # monotonic
        self._seen: dict[str, Machine | None] = {}  # None: two machines go by that name
        self._details: dict[str, tuple[float, Machine]] = {}

    def configure(self, listings: Mapping[str, ListingSettings]) -> None:
        """See TakesListings.configure."""
        self._listings = dict(listings)

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:
        """See Controller.observe. One request for all units, and at most one more about a server that is hidden."""
        end = time.monotonic() + timeout_s
        self._line.pause(0.0)  # refuses where it is closed
        with held(self._lock, end, self._market.title):
            before = self._looked_at
            seen = self._look(end)
            if self._looked_at != before:
                self._detail_one([found for unit in units if (found := seen.get(unit)) is not None], end)
            return tuple(self._task(unit, seen) for unit in units)

    def start(self, unit: str, timeout_s: float) -> None:
        """See Controller.start. Raises WorkloadError for a price that cannot be meant, before anything is sent."""
        listing = self._listings.get(unit)
        if listing is None:
            raise WorkloadError(f"{unit} has no price: write listing = {{ price_per_h = … }} into its workload")
        refuse_price(unit, listing)
        reserve_s = min(RESERVE_S, timeout_s / 3)
        end = time.monotonic() + timeout_s - reserve_s
        with held(self._lock, end, self._market.title):
            before = self._machine(unit, end)
            refuse_leap(self._market.title, before, listing)
            for step in self._market.listing(before, listing, time.time()):
                try:
                    self._make(step, unit, end)
                except WorkloadError as error:
                    self._give_up(before, listing, error, end + reserve_s)

    def stop(self, unit: str, timeout_s: float) -> None:
        """See Controller.stop. Raises WorkloadError where somebody rents the machine, after its listing is gone."""
        end = time.monotonic() + timeout_s
        with held(self._lock, end, self._market.title):
            machine = self._machine(unit, end)
            had_job = bool(machine.job)
            for step in self._market.withdrawal(machine):
                machine = self._make(step, unit, end)
            machine = self._vacant(machine, had_job, end)
            self._details[machine.unit] = (time.monotonic(), machine)
        if machine.rented is not False:
            raise WorkloadError(recall(self._market.title, machine))
        if machine.job:
            raise WorkloadError(job_left(self._market.title, machine))

    def check(self, units: tuple[str, ...]) -> tuple[Fault, ...]:
        """See Controller.check."""
        text = "a rental cannot be recalled: who rents stays until he leaves, whatever is flipped here"
        said = [Fault(units=units, sentence=text)]
        try:
            self._line.key()
        except WorkloadError as error:
            return (*said, Fault(units=units, sentence=str(error)))
        end = time.monotonic() + KEPT_S
        with held(self._lock, end, self._market.title):
            seen = self._look(end)
        for unit in units:
            said += [Fault(units=(unit,), sentence=sentence) for sentence in self._faults(unit, seen)]
        return tuple(said)

    def close(self) -> None:
        """See Controller.close. A request that is under way ends with WorkloadError."""
        self._line.close()

    def _faults(self, unit: str, seen: Mapping[str, Machine | None]) -> Iterator[str]:
        machine, title = seen.get(unit), self._market.title
        if machine is None:
            yield unknown(self._market.title, unit, seen)
            return
        if unit not in self._listings:
            yield f"{unit} has no price: write listing = {{ price_per_h = … }} into its workload"
        if machine.listed and machine.ends is not None and machine.ends <= time.time():
            yield f"the listing of {unit} at {title} ended at {minute(machine.ends)}: start its workload anew"
        if machine.other_coins:
            coins = " and ".join(machine.other_coins)
            yield f"{unit} can be rented for {coins} too, at a price that is not set here: see to it at {title}"

    def _task(self, unit: str, seen: Mapping[str, Machine | None]) -> Task:
        machine = seen.get(unit)
        if machine is None:
            return Task(unit=unit, state="stopped", reason=unknown(self._market.title, unit, seen))
        if machine.listed:
            return Task(unit=unit, state="running", since=machine.since)
        machine = self._with_details(machine)
        if machine.rented is not False:
            return Task(unit=unit, state="stopping", reason=recall(self._market.title, machine))
        if machine.job:
            return Task(unit=unit, state="stopping", reason=job_left(self._market.title, machine))
        return Task(unit=unit, state="stopped")

    def _machine(self, unit: str, end: float) -> Machine:
        """How the unit is, by a request made now or as soon as the market allows one. Raises UnknownUnitError."""
        self._looked_at = -math.inf
        while True:
            try:
                seen = self._look(end)
            except BusyError as error:
                if error.wait_s >= end - time.monotonic():
                    raise
                continue  # the line waits before it asks again
            found = seen.get(unit)
            if found is None:
                raise UnknownUnitError(unknown(self._market.title, unit, seen))
            return found

    def _look(self, end: float) -> Mapping[str, Machine | None]:
        """All machines by every name that a unit may have, no older than KEPT_S."""
        if time.monotonic() - self._looked_at < KEPT_S:
            return self._seen
        seen: dict[str, Machine | None] = {}
        for machine in self._market.machines(self._line, end):
            for name in {machine.unit, machine.name}:
                seen[name] = None if name in seen else machine
        self._seen, self._looked_at = seen, time.monotonic()
        return seen

    def _detail_one(self, machines: list[Machine], end: float) -> None:
        """Ask about the one server of which it is longest unknown whether it is rented; the others have their turn."""
        now = time.monotonic()
        asked = {machine.unit: self._details.get(machine.unit, (-math.inf, machine))[0] for machine in machines}
        due = [
            machine
            for machine in machines
            if not machine.listed and machine.rented is None and now - asked[machine.unit] > DETAILS_S
        ]
        if due:
            machine = min(due, key=lambda each: asked[each.unit])
            with suppress(WorkloadError):  # then it is not known, and asked again
                self._details[machine.unit] = (now, self._market.detailed(self._line, machine, end))

    def _with_details(self, machine: Machine) -> Machine:
        at, known = self._details.get(machine.unit, (-math.inf, machine))
        return known if machine.rented is None and time.monotonic() - at < 2 * DETAILS_S else machine

    def _make(self, step: Step, unit: str, end: float) -> Machine:
        """Send a change and look until it shows. Raises _UnseenError where it does not before monotonic ``end``."""
        for left in reversed(range(TRIES)):
            failure = self._sent(step, end)
            seen, unread = self._looked(step, unit, end, isinstance(failure, BusyError | RefusedError))
            if seen is not None and step.holds(seen):
                return seen
            if not left or unread is not None or not isinstance(failure, BusyError):
                why = failure or (unread if seen is None else None)
                raise _UnseenError(self._unseen(step, unit, why), seen)
        raise AssertionError("TRIES is above 0")

    def _sent(self, step: Step, end: float) -> WorkloadError | None:
        """What went wrong when the change was sent; whether it was made is to be seen in either case."""
        self._details.clear()
        try:
            self._line.ask(step.method, step.path, end, step.body)
        except WorkloadError as error:
            return error
        return None

    def _looked(self, step: Step, unit: str, end: float, once: bool) -> tuple[Machine | None, WorkloadError | None]:
        """The unit as it is when ``step`` shows, or else when time is up, or at first sight; and why it is not seen."""
        seen: Machine | None = None
        while True:
            try:
                seen = self._machine(unit, end)
                if once or step.holds(seen):
                    return seen, None
            except (BusyError, UnknownUnitError) as error:
                return seen, error
            except WorkloadError as error:
                if time.monotonic() >= end:
                    return seen, error
                self._line.pause(0.05)

    def _unseen(self, step: Step, unit: str, failure: WorkloadError | None) -> str:
        title = self._market.title
        if failure is None:
            return f"{unit}: {title} was asked to {step.what} and does not show it so by the time-out: look there"
        return f"{unit}: could not {step.what}: {failure}"

    def _give_up(self, before: Machine, listing: ListingSettings, error: WorkloadError, end: float) -> None:
        """Leave nothing on offer that was not before, nor at a price that nobody asked for; always raises."""
        seen = error.seen if isinstance(error, _UnseenError) else None
        as_before = seen is not None and seen.listed and seen.prices_per_h == before.prices_per_h
        if before.listed and (as_before or (seen is not None and seen.listed and offered(seen, listing))):
            raise error
        try:
            now = self._machine(before.unit, end)
            ours = now if now.job != before.job else replace(now, job="")  # a job that was there before stays
            for step in self._market.withdrawal(ours) if now.listed else ():
                self._make(step, before.unit, end)
        except WorkloadError as second:
            text = f"{error}; whether it is on offer now is not known ({second}): look there and take it back"
            raise WorkloadError(text) from None
        if not now.listed:
            raise error
        at = ", ".join(f"{told:.6g}" for told in now.prices_per_h) or "a price that is not told"
        said = f"it was on offer at {at} USD per GPU and hour where {listing.price_per_h:g} was asked"
        raise WorkloadError(f"{error}; {said}, and its listing was taken back") from None

    def _vacant(self, machine: Machine, had_job: bool, end: float) -> Machine:
        """The machine with all that is told of its renter; waits for a job of ours, which may count as one."""
        while True:
            found = self._market.detailed(self._line, machine, end)
            if found.rented is False or not had_job:
                return found
            try:
                machine = self._machine(machine.unit, end)
            except BusyError:  # no other look before the end
                return found


class _UnseenError(WorkloadError):
    """A change that does not show. ``seen`` is what shows instead, None where nothing could be read."""

    def __init__(self, sentence: str, seen: Machine | None) -> None:
        super().__init__(sentence)
        self.seen = seen
