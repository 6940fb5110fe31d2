"""SGLang's ``GET /metrics`` (port 30000), which it serves when started with ``--enable-metrics``.

Tokens per second are from its counters, and from its gauge ``sglang:gen_throughput`` where a version has none. Names
are those of SGLang's docs/references/production_metrics.md. By default one scheduler of an engine tells its requests;
with ``--enable-metrics-for-all-schedulers`` each rank does, of the same requests, and they count once.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.meters._server import Names, Server

_GENERATED = ("sglang:generation_tokens_total", "sglang:generation_tokens")
_RUNNING = ("sglang:num_running_reqs",)
_GAUGE = ("sglang:gen_throughput",)

NAMES = Names(
    called="SGLang",
    signs=(*_GENERATED, *_RUNNING, *_GAUGE),
    generated=_GENERATED,
    prompts=("sglang:prompt_tokens_total", "sglang:prompt_tokens"),
    running=_RUNNING,
    waiting=("sglang:num_queue_reqs",),
    gauge=_GAUGE,
    ranks=("tp_rank", "pp_rank", "moe_ep_rank"),
    enable="start it with --enable-metrics",
)


def connect(settings: MeterSettings) -> Server:
    """The meter of one inference server; does no I/O."""
    return Server(settings, NAMES)
