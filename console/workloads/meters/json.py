"""Any workload that serves a JSON document: the config says where in it the figures stand, and in which unit.

``value``, ``accepted``, ``rejected`` and ``uptime`` (seconds) are paths such as ``data.0.speed``. ``per_gpu`` is the
path to a list or a table of GPUs; ``gpu_value`` and ``gpu_pci`` are paths within one of these, and ``pci_base`` says
whether the address is written in hexadecimal, as most write it, or in decimal. A figure may be a number or a number as
text.
"""

from __future__ import annotations

import time

import msgspec

from console.config.meter_checks import UNITS
from console.config.workload_settings import MeterSettings
from console.model import Output, WorkState
from console.text import clean
from console.web.jsonpath import at_path
from console.workloads.contract import WorkloadError
from console.workloads.meters._figures import Progress, count, number, pci_in_decimal, pci_in_hex, scaled
from console.workloads.meters._http import Endpoint
from console.workloads.meters._miner import by_address, items


def connect(settings: MeterSettings) -> Json:
    """The meter of one workload; does no I/O."""
    return Json(settings)


class Json:
    """Reads one document. ``value`` is what stands at its path, in H/s or tok/s."""

    def __init__(self, settings: MeterSettings) -> None:
        """Raises WorkloadError where ``unit`` is none that is known."""
        if settings.unit not in UNITS:
            raise WorkloadError(f"{clean(settings.unit, 20)} is no unit of output, expected one of {', '.join(UNITS)}")
        self._settings = settings
        self._unit, self._scale = UNITS[settings.unit]
        self._api = Endpoint(settings)
        # The client takes a last stroke off its address, which to some servers is another address.
        self._path = "/" if settings.url.partition("?")[0].endswith("/") else ""
        self._progress = Progress()

    def read(self, timeout_s: float = 2.0) -> Output:
        """See Meter.read. Raises WorkloadError as well where none of the figures is in the answer."""
        tree = self._decoded(self._api.get(self._path, timeout_s))
        own = self._settings
        value = scaled(_at(tree, own.value), self._scale)
        per_gpu = self._per_gpu(tree)
        accepted, rejected = count(_at(tree, own.accepted)), count(_at(tree, own.rejected))
        uptime_s = number(_at(tree, own.uptime))
        if value is None and not per_gpu and accepted is rejected is uptime_s is None:
            raise WorkloadError(f"the workload answers without a figure at {clean(own.value, 80)}, see meter.value")
        state, reason = self._judged(value, uptime_s)
        return Output(
            at=time.time(),
            unit=self._unit,
            value=value,
            state=state,
            per_gpu=per_gpu,
            accepted=accepted,
            rejected=rejected,
            uptime_s=uptime_s,
            reason=reason,
        )

    def close(self) -> None:
        """See Meter.close."""
        self._api.close()

    def _judged(self, value: float | None, uptime_s: float | None) -> tuple[WorkState, str]:
        """A server that makes no tokens is idle; a miner that makes no hashes is not well."""
        if value is None:
            state, _ = self._progress.judged(value, uptime_s)
            return state, f"no figure at {clean(self._settings.value, 80)}"
        return self._progress.judged(value, uptime_s) if self._unit == "H/s" else (WorkState.RUNNING, "")

    def _per_gpu(self, tree: object) -> tuple[tuple[str, float], ...]:
        """Output by PCI address; a GPU without a figure or an address is left out."""
        own = self._settings
        found = _at(tree, own.per_gpu)
        if isinstance(found, dict):
            found = list(found.values())
        address = pci_in_decimal if own.pci_base == "decimal" else pci_in_hex
        return by_address(
            (address(_at(gpu, own.gpu_pci)), scaled(_at(gpu, own.gpu_value), self._scale)) for gpu in items(found)
        )

    def _decoded(self, body: bytes) -> object:
        try:
            found: object = msgspec.json.decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise WorkloadError(f"the workload answers with what is not JSON: {clean(error, 120)}") from None
        return found


def _at(tree: object, path: str) -> object:
    """What stands at ``path``; None where nothing does, or where no path is given."""
    try:
        return at_path(tree, path or None)
    except ValueError:
        return None
