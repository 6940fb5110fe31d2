"""vLLM's ``GET /metrics``: requests that run and wait, and tokens per second from its counters.

A metric that a version lacks is unknown, not 0: names deprecated in X.Y are hidden in X.Y+1 and gone in X.Y+2. Several
engines and models of one server are summed.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.workloads.meters._http import Endpoint, StatusError
from console.workloads.meters._prometheus import Families, Labels, parse, series, total

GENERATED = ("vllm:generation_tokens_total", "vllm:generation_tokens")
PROMPTS = ("vllm:prompt_tokens_total", "vllm:prompt_tokens")
RUNNING = ("vllm:num_requests_running",)
WAITING = ("vllm:num_requests_waiting",)
STARTED = ("process_start_time_seconds",)
PATH = "/metrics"
_WANTED = (*GENERATED, *PROMPTS, *RUNNING, *WAITING, *STARTED)

_LEAST_GAP_S = 0.2
"""Readings closer than this repeat the last rate: counters grow by whole batches, and a short gap shows the steps."""


class _Counters(NamedTuple):
    """Both token counters by engine and model, and when they were read on a clock that does not jump."""

    at_s: float
    generated: dict[Labels, float]
    prompts: dict[Labels, float]


def connect(settings: MeterSettings) -> VLLM:
    """The meter of one inference server; does no I/O."""
    return VLLM(settings)


class VLLM:
    """Reads one vLLM server. ``value`` is generated tokens/s, ``input_value`` prompt tokens/s, over all its GPUs."""

    def __init__(self, settings: MeterSettings) -> None:
        # People write the address they look at in a browser as well as the server's own.
        self._api = Endpoint(msgspec.structs.replace(settings, url=settings.url.rstrip("/").removesuffix(PATH)))
        self._before: _Counters | None = None
        self._rates: tuple[float | None, float | None] = (None, None)

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read. WARMING while the server answers without metrics (it is loading its model)."""
        try:
            body = self._api.get(PATH, timeout_s)
        except StatusError as error:
            if error.status != 503:
                raise
            return self._warming("still loading (HTTP status 503)")
        families = parse(body.decode("utf-8", "replace"), _WANTED)
        if not any(name in families for name in (*GENERATED, *RUNNING)):
            return self._warming("answers without vLLM's metrics")
        value, input_value = self._rated(_counters(families))
        running, waiting = total(families, RUNNING), total(families, WAITING)
        return Output(
            at=time.time(),
            unit="tok/s",
            value=value,
            input_value=input_value,
            running=_count(running),
            waiting=_count(waiting),
            uptime_s=_uptime_s(families),
        )

    def close(self) -> None:
        """See Meter.close."""
        self._api.close()

    def _warming(self, reason: str) -> Output:
        self._before = None
        return Output(at=time.time(), unit="tok/s", value=None, state=WorkState.WARMING, reason=reason)

    def _rated(self, now: _Counters) -> tuple[float | None, float | None]:
        before = self._before
        if before is not None and now.at_s - before.at_s < _LEAST_GAP_S:
            return self._rates
        self._before = now
        gap_s = now.at_s - before.at_s if before is not None else 0.0
        generated = _rate(before.generated if before else {}, now.generated, gap_s)
        self._rates = generated, _rate(before.prompts if before else {}, now.prompts, gap_s)
        return self._rates


def _counters(families: Families) -> _Counters:
    return _Counters(time.monotonic(), series(families, GENERATED), series(families, PROMPTS))


def _rate(before: dict[Labels, float], now: dict[Labels, float], gap_s: float) -> float | None:
    """Tokens per second over the series that both readings have; None at a restart, which a falling counter shows."""
    both = before.keys() & now.keys()
    if not both or any(now[labels] < before[labels] for labels in both):
        return None
    return math.fsum(now[labels] - before[labels] for labels in both) / gap_s


def _count(value: float | None) -> int | None:
    return int(value) if value is not None and 0 <= value < 2**53 else None


def _uptime_s(families: Families) -> float | None:
    started = total(families, STARTED)
    return time.time() - started if started is not None and 0 < started <= time.time() else None
