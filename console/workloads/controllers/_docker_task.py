"""A container's state as the word for it here, with what its engine says of the reason."""

from __future__ import annotations

from datetime import UTC, datetime

from console.text import clean
from console.workloads.contract import ALIVE, Task
from console.workloads.controllers._docker_records import State

IDLE = frozenset({"created", "configured", "initialized", "exited", "stopped", "dead"})
"""States, Docker's and Podman's, of containers that have no process."""

_STATES = {
    "running": "running",
    "stopping": "stopping",
    "removing": "stopping",
    "created": "stopped",
    "configured": "stopped",
    "initialized": "stopped",
    "exited": "stopped",
    "stopped": "stopped",
}
_FAILED = {
    "paused": "is paused and keeps its GPU memory: {engine} unpause {name}",
    "restarting": "ends again and again, and {engine} restarts it: see {engine} logs {name}",
    "dead": "could not be removed: {engine} rm --force {name}",
}
_ENDED_WELL = frozenset({0, 130, 137, 143})
"""Exit statuses of what ended by itself, or by SIGINT, SIGKILL and SIGTERM (128 + their numbers)."""


def task_of(unit: str, name: str, state: State, engine: str, told_to_stop: bool = False) -> Task:
    """The task of a container called ``name``. One that was ``told_to_stop`` still runs in Docker's words."""
    word, reason = _judged(state)
    if told_to_stop and word in ("running", "starting"):
        word = "stopping"
    if state.status in _FAILED:
        reason = _FAILED[state.status].format(engine=engine, name=name)
    has_process = state.pid > 0 and state.status not in IDLE
    return Task(
        unit=unit,
        state=word,
        pids=(state.pid,) if has_process else (),
        since=_instant(state.started_at) if word in ALIVE else None,
        reason=reason,
    )


def _judged(state: State) -> tuple[str, str]:
    word = _STATES.get(state.status, "failed")
    health = state.health.status if state.health else ""
    if word == "running":
        if health == "starting":
            return "starting", "its health check has not passed yet"
        return word, "its health check fails" if health == "unhealthy" else ""
    if word == "failed":
        return word, f"is in the state {clean(state.status, 20) or 'unknown'}"
    if word == "stopped" and state.error:
        return "failed", clean(state.error)
    if word == "stopped" and state.oom_killed:
        return word, "ran out of memory and was killed by the kernel"
    if word == "stopped" and state.exit_code not in _ENDED_WELL:
        return word, f"ended with exit status {state.exit_code}"
    return word, ""


def _instant(text: str) -> float | None:
    """Unix seconds of RFC 3339 with up to nine digits of a second; None for Go's zero time, which is year 1."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.timestamp() if at.year > 1 else None
