"""cgminer's API over TCP, as TeamRedMiner (``--api_listen=127.0.0.1:4028``) and sgminer speak it.

One connection is one question, ``{"command":"summary+devs"}``; the reply ends in a NUL, and of joined commands it is
keyed by command with one-element arrays (cgminer's API-README). Rates are named by unit and window, ``KHS 30s``; they
are looked for in the order in which RainbowMiner does: 5 s, 30 s, average, and of each window HS before KHS and so on.
Devices are numbered and tell no PCI address, so no rate is told per GPU.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.meters._figures import Progress, count, number, scaled, summed
from console.workloads.meters._miner import items, text
from console.workloads.meters._tcp import Line

QUESTION = b'{"command":"summary+devs"}'

_UNITS = {"HS": 1.0, "KHS": 1e3, "MHS": 1e6, "GHS": 1e9, "THS": 1e12, "PHS": 1e15}
_RATES = [(f"{unit} {window}", scale) for window in ("5s", "30s", "av") for unit, scale in _UNITS.items()]
_DEVICES = ("GPU", "ASC", "PGA")
_WELL = "Alive"

Row = Mapping[str, object]


def connect(settings: MeterSettings) -> CGMiner:
    """The meter of one miner; does no I/O."""
    return CGMiner(settings)


class CGMiner:
    """Reads one miner. The value is what it sums up itself, else the sum over its devices."""

    def __init__(self, settings: MeterSettings) -> None:
        self._line = Line(settings.url)
        self._progress = Progress()

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read."""
        tree = self._decoded(self._line.ask(QUESTION, timeout_s))
        rows, devices = _rows(tree, "summary"), _rows(tree, "devs")
        if not rows:
            raise WorkloadError(f"{self._line.url} tells no summary{_complaint(tree)}")
        summary = rows[0]
        value = _rate(summary)
        if value is None:
            value = summed([rate for rate in map(_rate, devices) if rate is not None])
        uptime_s = number(summary.get("Elapsed"))
        state, reason = self._progress.judged(value, uptime_s)
        return Output(
            at=time.time(),
            unit="H/s",
            value=value,
            state=state,
            accepted=count(summary.get("Accepted")),
            rejected=count(summary.get("Rejected")),
            uptime_s=uptime_s,
            reason=_unwell(devices) if state is WorkState.RUNNING else reason,
        )

    def close(self) -> None:
        """See Meter.close."""
        self._line.close()

    def _decoded(self, reply: bytes) -> Row:
        try:
            return msgspec.json.decode(reply, type=dict[str, object])
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            said = clean(error, 120)
            raise WorkloadError(f"{self._line.url} answers with what cgminer's API does not: {said}") from None


def _rows(tree: Row, command: str) -> list[Row]:
    """The rows of one command: of a joined reply, or of one that is of this command alone."""
    part = tree.get(command, tree)
    if isinstance(part, list):
        part = part[0] if part else None
    rows = part.get(command.upper()) if isinstance(part, dict) else None
    return [row for row in items(rows) or [rows] if isinstance(row, dict)]


def _rate(row: Row) -> float | None:
    """H/s of the first window that is told. Some builds write ``KHS_30s``, and some a number as text."""
    for name, scale in _RATES:
        value = scaled(row.get(name, row.get(name.replace(" ", "_"))), scale)
        if value is not None:
            return value
    return None


def _unwell(devices: list[Row]) -> str:
    """Which devices do not hash while others do."""
    ill = []
    for place, row in enumerate(devices):
        status = text(row.get("Status"), 20)
        if status and status != _WELL:
            kind = next((kind for kind in _DEVICES if count(row.get(kind)) is not None), "")
            ill.append(f"{kind or 'device'} {count(row.get(kind, place))} is {status}")
    return ", ".join(ill[:4]) + (f" and {len(ill) - 4} more" if len(ill) > 4 else "")


def _complaint(tree: Row) -> str:
    """What the miner says of why, where it says anything."""
    part = tree.get("summary", tree)
    part = part[0] if isinstance(part, list) and part else part
    status = part.get("STATUS") if isinstance(part, dict) else None
    first = status[0] if isinstance(status, list) and status else status
    said = text(first.get("Msg")) if isinstance(first, dict) else ""
    return f": {said}" if said else ""
