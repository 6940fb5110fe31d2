"""NVIDIA Triton's ``GET /metrics`` (port 8002): the requests that wait, and that it serves at all.

Triton counts requests (``nv_inference_request_success``), not tokens: a request may be one image or a thousand tokens.
Requests per second could be told and would go nowhere, since what a workload makes is H/s or tok/s; so its value is
unknown, and the counter says only that the server is up. Nor does it tell how many requests are being served.
"""

from __future__ import annotations

from console.config.workload_settings import MeterSettings
from console.workloads.meters._server import Names, Server

_PENDING = ("nv_inference_pending_request_count",)

NAMES = Names(
    called="Triton",
    signs=(*_PENDING, "nv_inference_request_success"),
    waiting=_PENDING,
    reason="Triton counts requests, not tokens",
)


def connect(settings: MeterSettings) -> Server:
    """The meter of one inference server; does no I/O."""
    return Server(settings, NAMES)
