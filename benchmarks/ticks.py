"""What one tick costs where nobody draws: the sampler alone, and ``status --watch`` into a pipe."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.hosts import Host
from benchmarks.programs import OURS
from benchmarks.tree import cpu_s, pss_mb
from benchmarks.visit import Sample
from console.telemetry.child import SAMPLER, Order

_READ_BYTES = 1 << 16
_TICK_S = 1.0
_START_S = 3.0


def ticks(host: Host, seconds: int) -> Sample:
    """Milliseconds of CPU per tick at 1 Hz, over so many ticks after three of start-up; the sampler's memory in MB."""
    order = Order(period_s=_TICK_S, clients_s=5.0, longest_s=10.0)
    with _piped([sys.executable, "-I", "-S", str(SAMPLER), *order.arguments()], host) as sampler:
        sampler_ms = _per_tick_ms(sampler, seconds)
        sampler_mb = pss_mb(sampler.pid)
    with _piped(OURS.on(host, "status", "--watch", "--interval", str(_TICK_S)), host) as status:
        status_ms = _per_tick_ms(status, seconds)
    return {"sampler_ms": sampler_ms, "sampler_pss_mb": sampler_mb, "status_ms": status_ms}


def _per_tick_ms(process: subprocess.Popen[bytes], seconds: int) -> float:
    _read(process, _START_S)
    before, began = cpu_s(process.pid), time.monotonic()
    _read(process, seconds)
    return (cpu_s(process.pid) - before) / (time.monotonic() - began) * _TICK_S * 1e3


def _read(process: subprocess.Popen[bytes], seconds: float) -> None:
    assert process.stdout is not None
    end = time.monotonic() + seconds
    while (left_s := end - time.monotonic()) > 0:
        if select.select([process.stdout], [], [], left_s)[0] and not os.read(process.stdout.fileno(), _READ_BYTES):
            raise EOFError(f"{process.args!r} ended")


@contextmanager
def _piped(command: Sequence[str], host: Host) -> Iterator[subprocess.Popen[bytes]]:
    """A running command whose output comes through a pipe; ended with the block."""
    with subprocess.Popen(command, env=host.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        try:
            yield process
        finally:
            process.terminate()
