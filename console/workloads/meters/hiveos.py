"""HiveOS: what the ``h-stats.sh`` of a miner, a custom one too, has told HiveOS' agent.

No script is run: the agent writes what it sends to its server into ``/run/hive/last_stat.json`` at each turn, every 10
to 60 s, and ``url = "file:///run/hive/last_stat.json"`` reads that; an http address serves the same document. Shape of
the document: minershive/hiveos-linux, hive/bin/agent, and the README of its custom miners. ``params.miner_stats`` has
``hs``, one rate per GPU in ``hs_units`` (kH/s where it names none), their PCI buses in decimal in ``bus_numbers``,
``ar`` (accepted, rejected), ``uptime`` in seconds and ``algo``; ``params.total_khs`` is the sum in kH/s. Of several
miners the first is told: the others stand in ``miner_stats2`` and so on. The rig's password stands there as well, so
nothing of a document is said in an error.
"""

from __future__ import annotations

import time
from urllib.parse import unquote, urlsplit

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output
from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.meters._figures import Progress, count, number, pci_in_decimal, scaled, summed
from console.workloads.meters._file import from_file
from console.workloads.meters._http import Endpoint
from console.workloads.meters._miner import by_address, items

OLDEST_S = 120.0
"""The agent writes at least once a minute; what is older than two is of an agent that has stopped."""

_UNITS = {"": 1e3, "hs": 1.0, "khs": 1e3, "mhs": 1e6, "ghs": 1e9, "ths": 1e12}
_AGAIN_S = 0.05
_STOPPED = "HiveOS' agent has stopped, see agent-screen"


class _Stats(msgspec.Struct):
    hs: object = None
    hs_units: object = ""
    bus_numbers: object = None
    ar: object = None
    uptime: object = None
    algo: object = None


class _Params(msgspec.Struct):
    miner: str | None = None
    miner_stats: _Stats | None = None
    total_khs: object = None


class _Document(msgspec.Struct):
    params: _Params


def connect(settings: MeterSettings) -> HiveOS:
    """The meter of one rig's first miner; does no I/O."""
    return HiveOS(settings)


class HiveOS:
    """Reads what one agent has last sent. The value is the sum over the GPUs where they are told apart."""

    def __init__(self, settings: MeterSettings) -> None:
        self._source: _File | _Served
        if urlsplit(settings.url).scheme == "file":
            self._source = _File(unquote(urlsplit(settings.url).path))
        else:
            self._source = _Served(settings)
        self._progress = Progress()

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read. Raises WorkloadError as well where what the agent has told is older than two minutes."""
        params = self._source.document(timeout_s).params
        if params.miner_stats is None and not params.miner:
            raise WorkloadError("HiveOS' agent tells of no miner: no flight sheet is set, or its miner is stopped")
        stats = params.miner_stats or _Stats()
        value, per_gpu = _rates(stats, params.total_khs)
        uptime_s = number(stats.uptime)
        state, reason = self._progress.judged(value, uptime_s)
        shares = stats.ar if isinstance(stats.ar, list) else []
        accepted, rejected = (*map(count, shares[:2]), None, None)[:2]
        return Output(
            at=time.time(),
            unit="H/s",
            value=value,
            state=state,
            per_gpu=per_gpu,
            accepted=accepted,
            rejected=rejected,
            algorithm=clean(stats.algo, 40) or None if isinstance(stats.algo, str) else None,
            uptime_s=uptime_s,
            reason=reason,
        )

    def close(self) -> None:
        """See Meter.close."""
        self._source.close()


class _File:
    """The agent's own file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def document(self, timeout_s: float) -> _Document:
        """What stands there now. The agent writes over its file in place: what is half written is read once more."""
        found = _decoded(self._read())
        if found is None:
            time.sleep(min(_AGAIN_S, timeout_s))
            found = _decoded(self._read())
        if found is None:
            raise WorkloadError(f"{self._path} holds what HiveOS' agent does not write")
        return found

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self) -> bytes:
        return from_file(self._path, OLDEST_S, _STOPPED)


class _Served:
    """The same document over HTTP, where it has no time: one that stays the same, byte for byte, grows old."""

    def __init__(self, settings: MeterSettings) -> None:
        self._api = Endpoint(settings)
        self._last: bytes | None = None
        self._since = 0.0

    def document(self, timeout_s: float) -> _Document:
        """What is served now."""
        body = self._api.get("", timeout_s)
        now = time.monotonic()
        if body != self._last:
            self._last, self._since = body, now
        if now - self._since > OLDEST_S:
            raise WorkloadError(
                f"the document of HiveOS' agent has not changed for {now - self._since:.0f} s: {_STOPPED}"
            )
        found = _decoded(body)
        if found is None:
            raise WorkloadError("the server answers with what HiveOS' agent does not write")
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()


def _rates(stats: _Stats, total_khs: object) -> tuple[float | None, tuple[tuple[str, float], ...]]:
    """H/s in all, and by PCI address where every rate has a bus beside it; what hashes on no bus is the CPU."""
    units = stats.hs_units if isinstance(stats.hs_units, str) else ""
    scale = _UNITS.get(units[:20].strip().lower().replace("/", ""))
    rates = items(stats.hs) or [stats.hs]
    if scale is None:
        return scaled(total_khs, 1e3), ()
    told = [scaled(rate, scale) for rate in rates]
    buses = items(stats.bus_numbers)
    per_gpu = by_address(zip(map(pci_in_decimal, buses), told, strict=True)) if len(buses) == len(told) else ()
    known = [rate for _, rate in per_gpu] or [rate for rate in told if rate is not None]
    value = summed(known)
    return (value if value is not None else scaled(total_khs, 1e3)), per_gpu


def _decoded(data: bytes) -> _Document | None:
    try:
        return msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
