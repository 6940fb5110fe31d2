"""What the two markets of rented machines share: a line to their HTTP API, and a machine as either of them tells it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from console.config.workload_settings import ListingSettings
from console.model import Record
from console.text import clean
from console.web.client import NO_HEADERS, Client
from console.web.errors import StatusError, WebError
from console.web.secrets import from_file
from console.workloads.contract import WorkloadError

CALL_S = 10.0
"""Most that one request may take."""
ALIKE = 0.01
"""Two prices that differ by no more than this fraction are one price: markets round what they are told."""


class BusyError(WorkloadError):
    """The market asks to be left alone. ``wait_s`` is for how long."""

    def __init__(self, sentence: str, wait_s: float) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


class RefusedError(WorkloadError):
    """The market has answered, and it was no."""


class Machine(Record):
    """One machine of the account now. Prices are USD per GPU and hour, times Unix seconds; None where not told.

    ``rented`` is whether anybody's job is on it or may come back to it. ``prices_per_h`` has one price per currency
    that it is offered in, whether or not it is listed. ``other_coins`` are currencies that it may be rented in at a
    price which is not told in USD. ``job`` is the image that runs while nobody rents, ``""`` for none. ``kept`` has
    what the market is to be told again, in its own words.
    """

    unit: str
    name: str
    listed: bool
    rented: bool | None
    until: float | None = None
    ends: float | None = None
    since: float | None = None
    gpus: int | None = None
    prices_per_h: tuple[float, ...] = ()
    min_bid_per_h: float | None = None
    min_gpus: int | None = None
    job: str | None = None
    other_coins: tuple[str, ...] = ()
    kept: Mapping[str, float] = {}


class Step(NamedTuple):
    """One change: what is sent, what it is for, and how it is seen to have been made."""

    what: str
    method: str
    path: str
    body: dict[str, object] | None
    holds: Callable[[Machine], bool]


class Market(Protocol):
    """One market's way of saying it all. Everything that asks may raise WorkloadError."""

    title: str
    url: str
    pace_s: float
    by_path: bool
    """Whether ``pace_s`` is between two requests to one path or between any two."""

    def credentials(self, key: str) -> dict[str, str]:
        """The header with the key."""

    def refusal(self, reply: object) -> tuple[str, bool] | None:
        """What a reply says against the request and whether it is that there were too many; None for a success."""

    def machines(self, line: Line, end: float) -> list[Machine]:
        """Every machine of the account, by one request."""

    def detailed(self, line: Line, machine: Machine, end: float) -> Machine:
        """The same machine with ``rented`` and ``job`` told, by a request of its own where one is needed."""

    def listing(self, machine: Machine, listing: ListingSettings, now: float) -> tuple[Step, ...]:
        """What to do for the machine to be listed so; nothing where it is."""

    def withdrawal(self, machine: Machine) -> tuple[Step, ...]:
        """What to do for nobody to rent it any more and its background job to go; nothing where all is so."""


class Line:
    """Requests to one market, one at a time and no faster than it allows. Safe to use from several threads."""

    def __init__(self, market: Market, url: str, key_file: str, pace_s: float) -> None:
        self._market = market
        self._key_file = key_file
        self._pace_s = pace_s
        self._client = Client(
            url, refused="its key_file holds a key it does not know", packed=True, connect_s=5.0, refusal_bytes=4096
        )
        self._turn = threading.RLock()
        self._closed = threading.Event()
        self._free_at: dict[str, float] = {}  # monotonic, by path
        self._away_until = 0.0

    def key(self) -> str:
        """The key, read anew at each use. Raises WorkloadError with what is wrong with its file."""
        try:
            return from_file(Path(self._key_file), "key_file")
        except WebError as error:
            raise WorkloadError(str(error)) from None

    def ask(
        self,
        method: str,
        path: str,
        end: float,
        body: dict[str, object] | None = None,
        query: Mapping[str, str] = NO_HEADERS,
    ) -> object:
        """The decoded answer, before monotonic ``end``. Raises WorkloadError, among them BusyError and RefusedError.

        Waits its turn first. Nothing is ever sent twice but a GET whose kept connection had been closed.
        """
        key = self.key()
        self._take_turn(end)
        try:
            slot = path if self._market.by_path else ""
            self._wait(slot, end)
            try:
                return self._answered(method, path, end, key, body, query)
            finally:  # counted from the answer: the market may have had the request only just before it
                self._free_at[slot] = time.monotonic() + self._pace_s
        finally:
            self._turn.release()

    def pause(self, seconds: float) -> None:
        """Wait; raises WorkloadError when the line is closed meanwhile."""
        if self._closed.wait(seconds):
            raise WorkloadError(f"the connection to {self._market.title} was closed")

    def close(self) -> None:
        """Let go of the connection; whoever waits for it ends with WorkloadError."""
        self._closed.set()
        self._client.close()

    def _take_turn(self, end: float) -> None:
        if not self._turn.acquire(timeout=max(0.0, end - time.monotonic())):
            raise WorkloadError(f"{self._market.title} did not answer in time: other requests were before this one")

    def _wait(self, slot: str, end: float) -> None:
        """Until the next request is allowed. Raises BusyError where that is after ``end``."""
        now = time.monotonic()
        if self._away_until > end:
            left_s = self._away_until - now
            raise BusyError(f"{self._market.title} asked to be left alone for another {left_s:.0f} s", left_s)
        free_at = max(self._free_at.get(slot, 0.0), self._away_until)
        if free_at > end:
            raise BusyError(
                f"{self._market.title} allows its next request only in {free_at - now:.0f} s", free_at - now
            )
        self.pause(max(0.0, free_at - now))

    def _answered(
        self,
        method: str,
        path: str,
        end: float,
        key: str,
        body: dict[str, object] | None,
        query: Mapping[str, str],
    ) -> object:
        left_s = end - time.monotonic()
        if left_s <= 0:
            raise WorkloadError(f"{self._market.title} did not answer in time")
        try:
            reply = self._sent(method, path, min(left_s, CALL_S), key, body, query)
        except StatusError as error:
            raise self._refused(error, key) from None
        except WebError as error:
            raise WorkloadError(str(error)) from None
        found = decoded(reply, self._client.url + path)
        refusal = self._market.refusal(found)
        if refusal is None:
            return found
        text, too_many = refusal
        if too_many:
            raise self._busy(text, self._pace_s)
        raise RefusedError(f"{self._market.title} refuses: {_said(text, key)}")

    def _sent(
        self,
        method: str,
        path: str,
        timeout_s: float,
        key: str,
        body: dict[str, object] | None,
        query: Mapping[str, str],
    ) -> bytes:
        headers = self._market.credentials(key)
        packed = None if body is None else msgspec.json.encode(body)
        if method == "GET":
            return self._client.get(path, timeout_s, query=query, headers=headers, body=packed)
        if method == "DELETE":
            return self._client.delete(path, timeout_s, packed, headers=headers)
        send = self._client.put if method == "PUT" else self._client.post
        return send(path, timeout_s, packed or b"{}", headers=headers)

    def _refused(self, error: StatusError, key: str) -> WorkloadError:
        if error.status == 429:
            return self._busy("too many requests", error.retry_after_s)
        refusal = None
        if error.body:
            with suppress(WorkloadError):
                refusal = self._market.refusal(decoded(error.body, self._client.url))
        why = f": {_said(refusal[0], key)}" if refusal is not None else ""
        return RefusedError(f"{error}{why}") if error.status < 500 else WorkloadError(f"{error}{why}")

    def _busy(self, text: str, wait_s: float | None) -> BusyError:
        wait_s = max(self._pace_s, wait_s or 0.0)
        self._away_until = time.monotonic() + wait_s
        return BusyError(f"{self._market.title} refuses: {clean(text)}; it is left alone for {wait_s:.0f} s", wait_s)


def decoded(body: bytes, address: str) -> object:
    """JSON, whatever is in it; an empty body is an empty object. Raises WorkloadError."""
    try:
        found: object = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise WorkloadError(f"{address} answers with something that is no JSON") from None
    return found


def table(value: object) -> dict[str, object]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def number(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def price(value: object) -> float | None:
    """A price above nothing: markets write 0 where there is none."""
    found = number(value)
    return found if found is not None and found > 0 else None


def count(value: object) -> int | None:
    """A whole number from 1 to 1024, such as a number of GPUs."""
    found = number(value)
    return int(found) if found is not None and found == int(found) and 1 <= found <= 1024 else None


def alike(found: float | None, wanted: float) -> bool:
    """Whether a price that was read back is the one that was asked for, within ``ALIKE``."""
    return found is not None and abs(found - wanted) <= ALIKE * wanted


def offered(machine: Machine, listing: ListingSettings) -> bool:
    """Whether every price that is told of a machine is that of the listing."""
    at = [alike(told, listing.price_per_h) for told in machine.prices_per_h]
    bid = listing.min_bid_per_h
    return bool(at) and all(at) and (bid is None or alike(machine.min_bid_per_h, bid))


def _said(text: str, key: str) -> str:
    """What a market says, as part of a sentence; one that repeats the key does not spread it."""
    return clean(text.replace(key, "(the key)"), 160) or "no reason given"
