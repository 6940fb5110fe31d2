"""Ollama's ``GET /api/ps``: which models it holds in memory (docs.ollama.com/api/ps).

Ollama has no metrics, and tells how fast it was only to whoever asked (``eval_count`` and ``eval_duration`` of each
response): the rate is unknown, and so are the requests that run and wait. A model that is not asked for is let go of
after some minutes; the server runs on without one.
"""

from __future__ import annotations

import time

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output
from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.meters._http import Endpoint

PATH = "/api/ps"


class _Model(msgspec.Struct):
    name: str = ""
    model: str = ""


class _Loaded(msgspec.Struct):
    models: list[_Model] | None


def connect(settings: MeterSettings) -> Ollama:
    """The meter of one server; does no I/O."""
    return Ollama(settings)


class Ollama:
    """Reads one Ollama server. ``value`` is always unknown; ``reason`` says which model is loaded."""

    def __init__(self, settings: MeterSettings) -> None:
        self._api = Endpoint(msgspec.structs.replace(settings, url=settings.url.rstrip("/").removesuffix(PATH)))

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read."""
        body = self._api.get(PATH, timeout_s)
        try:
            models = msgspec.json.decode(body, type=_Loaded).models or []
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise WorkloadError(f"the server answers with what Ollama does not: {clean(error, 120)}") from None
        return Output(at=time.time(), unit="tok/s", value=None, reason=_said(models))

    def close(self) -> None:
        """See Meter.close."""
        self._api.close()


def _said(models: list[_Model]) -> str:
    """Which models are loaded, as a sentence: the first by name, and of the others how many they are."""
    if not models:
        return "no model is loaded"
    name = clean(models[0].name or models[0].model, 80) or "a model without a name"
    more = len(models) - 1
    are = f" and {more} more are loaded" if more else " is loaded"
    return f"{name}{are}; Ollama tells no rate"
