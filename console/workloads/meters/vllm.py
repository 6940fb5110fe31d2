"""vLLM's ``GET /metrics``: requests that run and wait, and tokens per second from its counters.

A metric that a version lacks is unknown, not 0: names deprecated in X.Y are hidden in X.Y+1 and gone in X.Y+2. Several
engines and models of one server are summed.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.meters._server import Names, Server

_GENERATED = ("vllm:generation_tokens_total", "vllm:generation_tokens")
_RUNNING = ("vllm:num_requests_running",)

NAMES = Names(
    called="vLLM",
    signs=(*_GENERATED, *_RUNNING),
    generated=_GENERATED,
    prompts=("vllm:prompt_tokens_total", "vllm:prompt_tokens"),
    running=_RUNNING,
    waiting=("vllm:num_requests_waiting",),
)


def connect(settings: MeterSettings) -> Server:
    """The meter of one inference server; does no I/O."""
    return Server(settings, NAMES)
