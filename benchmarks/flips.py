"""What a flip adds of its own: the time between go and stop and between free and start, from the journal."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.hosts import Host
from benchmarks.programs import OURS
from benchmarks.visit import Sample

_SLOT = "0"
_TARGETS = ("ergo", "qwen")
_TIMEOUT_S = 60


def flips(host: Host) -> Sample:
    """Flip one GPU of a working host there and back; the mean milliseconds that a flip adds to its workloads' own."""
    own_s = [own_time_s(_flip(host, target)) for target in _TARGETS]
    return {"flip_own_ms": sum(own_s) / len(own_s) * 1e3}


def own_time_s(bodies: Sequence[Mapping[str, Any]]) -> float:
    """Seconds that a flip's journal lines (intent and steps) charge to the flip itself.

    What the intent took before it was written, and what lay between steps; drain, settling and the disk's own time are
    in neither.
    """
    before = sum(sum(body["took_s"].values()) for body in bodies if isinstance(body.get("took_s"), dict))
    return before + sum(body.get("between_s", 0.0) for body in bodies)


def _flip(host: Host, target: str) -> list[Mapping[str, Any]]:
    _run(host, "flip", _SLOT, target, "--yes", "--reason", "benchmark", "--json")
    lines = [json.loads(line) for line in _run(host, "journal", "--json").splitlines()]
    latest = next(line["flip_id"] for line in lines if line["kind"] == "outcome")
    return [line["body"] for line in lines if line["flip_id"] == latest]


def _run(host: Host, *arguments: str) -> str:
    done = subprocess.run(
        OURS.on(host, *arguments), env=host.env, check=True, timeout=_TIMEOUT_S, stdout=subprocess.PIPE, text=True
    )
    return done.stdout
