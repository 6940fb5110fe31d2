"""llama.cpp's server: ``GET /metrics``, which it serves when started with ``--metrics``; 503 while it loads its model.

Tokens per second are from the counters. The gauge ``llamacpp:predicted_tokens_seconds`` is not read: it is an average
over the server's whole life, and stands where it stood when nothing has run for hours.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.meters._server import Names, Server

_GENERATED = ("llamacpp:tokens_predicted_total",)
_RUNNING = ("llamacpp:requests_processing",)

NAMES = Names(
    called="llama.cpp",
    signs=(*_GENERATED, *_RUNNING),
    generated=_GENERATED,
    prompts=("llamacpp:prompt_tokens_total",),
    running=_RUNNING,
    waiting=("llamacpp:requests_deferred",),
    enable="start it with --metrics",
)


def connect(settings: MeterSettings) -> Server:
    """The meter of one inference server; does no I/O."""
    return Server(settings, NAMES)
