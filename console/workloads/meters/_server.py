"""What inference servers share that tell of themselves in ``GET /metrics``; each one's names are a table of its own.

A metric that a version lacks is unknown, not 0. Several engines and models of one server are summed.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.workloads.contract import WorkloadError
from console.workloads.meters._http import Endpoint, StatusError
from console.workloads.meters._prometheus import Families, Labels, parse, series

PATH = "/metrics"
LOADING = 503
_NO_METRICS = frozenset({404, 501})

_LEAST_GAP_S = 0.2
"""Readings closer than this repeat the last rate: counters grow by whole batches, and a short gap shows the steps."""

Aliases = tuple[str, ...]


class Names(NamedTuple):
    """What one kind of server calls its metrics: of each the names it has had, the newest first; none it never had.

    An answer in which no name of ``signs`` stands is of a server that is not ready, or is another's. ``gauge`` is
    generated tokens/s as the server itself reckons it, for versions without the counter. ``ranks`` are labels of
    processes that work on the same requests, and tell of them alike. ``enable`` is how a server that answers without
    metrics is brought to tell them, and ``reason`` is what is said of one that tells no tokens.
    """

    called: str
    signs: Aliases
    generated: Aliases = ()
    prompts: Aliases = ()
    running: Aliases = ()
    waiting: Aliases = ()
    gauge: Aliases = ()
    started: Aliases = ("process_start_time_seconds",)
    ranks: Aliases = ()
    enable: str = ""
    reason: str = ""

    @property
    def wanted(self) -> Aliases:
        """Every name that is looked for."""
        told = (self.generated, self.prompts, self.running, self.waiting, self.gauge, self.started)
        return (*self.signs, *(name for names in told for name in names))


class _Counters(NamedTuple):
    """Both token counters by engine and model, and when they were read on a clock that does not jump."""

    at_s: float
    generated: dict[Labels, float]
    prompts: dict[Labels, float]


class Server:
    """Reads one server. ``value`` is generated tokens/s, ``input_value`` prompt tokens/s, over all its GPUs."""

    def __init__(self, settings: MeterSettings, names: Names) -> None:
        # People write the address they look at in a browser as well as the server's own.
        base, mark, query = settings.url.partition("?")
        url = base.rstrip("/").removesuffix(PATH) + mark + query
        self._api = Endpoint(msgspec.structs.replace(settings, url=url))
        self._names = names
        self._before: _Counters | None = None
        self._rates: tuple[float | None, float | None] = (None, None)

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read. WARMING while the server answers without metrics (it is loading its model)."""
        try:
            body = self._api.get(PATH, timeout_s)
        except StatusError as error:
            if error.status != LOADING:
                raise self._refusal(error) from None
            return self._warming(f"still loading (HTTP status {LOADING})")
        names = self._names
        families = parse(body.decode("utf-8", "replace"), names.wanted)
        if not any(name in families for name in names.signs):
            return self._warming(f"answers without {names.called}'s metrics")
        value, input_value = self._rated(self._counters(families))
        if not series(families, names.generated):
            value = _known(self._total(families, names.gauge))
        return Output(
            at=time.time(),
            unit="tok/s",
            value=value,
            input_value=input_value,
            running=_count(self._total(families, names.running)),
            waiting=_count(self._total(families, names.waiting)),
            uptime_s=_uptime_s(self._total(families, names.started)),
            reason=names.reason,
        )

    def close(self) -> None:
        """See Meter.close."""
        self._api.close()

    def _refusal(self, error: StatusError) -> WorkloadError:
        """The error, with what would help where the server says that it has no metrics."""
        if self._names.enable and error.status in _NO_METRICS:
            return StatusError(f"{error}: {self._names.enable}", error.status)
        return error

    def _warming(self, reason: str) -> Output:
        self._before = None
        return Output(at=time.time(), unit="tok/s", value=None, state=WorkState.WARMING, reason=reason)

    def _counters(self, families: Families) -> _Counters:
        names = self._names
        return _Counters(time.monotonic(), series(families, names.generated), series(families, names.prompts))

    def _total(self, families: Families, aliases: Aliases) -> float | None:
        """The sum over engines and models of the first alias that is there, of each engine one rank; None when none."""
        engines: dict[Labels, float] = {}
        for labels, value in series(families, aliases).items():
            engine = tuple(label for label in labels if label[0] not in self._names.ranks)
            engines[engine] = max(value, engines.get(engine, value))
        return math.fsum(engines.values()) if engines else None

    def _rated(self, now: _Counters) -> tuple[float | None, float | None]:
        before = self._before
        if before is not None and now.at_s - before.at_s < _LEAST_GAP_S:
            return self._rates
        self._before = now
        gap_s = now.at_s - before.at_s if before is not None else 0.0
        generated = _rate(before.generated if before else {}, now.generated, gap_s)
        self._rates = generated, _rate(before.prompts if before else {}, now.prompts, gap_s)
        return self._rates


def _rate(before: dict[Labels, float], now: dict[Labels, float], gap_s: float) -> float | None:
    """Tokens per second over the series that both readings have; None at a restart, which a falling counter shows."""
    both = before.keys() & now.keys()
    if not both or any(now[labels] < before[labels] for labels in both):
        return None
    return _known(math.fsum(now[labels] - before[labels] for labels in both) / gap_s)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _count(value: float | None) -> int | None:
    return int(value) if value is not None and 0 <= value < 2**53 else None


def _uptime_s(started: float | None) -> float | None:
    return time.time() - started if started is not None and 0 < started <= time.time() else None
