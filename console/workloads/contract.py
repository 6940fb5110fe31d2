"""What a controller and a meter are. Members of the registries implement these and know nothing of each other.

A member is a module whose name is its config ``kind`` and that has one function, ``connect``:
``controllers/x.py: connect(settings: ControllerSettings) -> Controller`` and
``meters/x.py: connect(settings: MeterSettings) -> Meter`` (``url`` already expanded). ``connect`` does no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from console.config.workload_settings import ListingSettings
from console.model import Output, Record, Uuid

ALIVE = frozenset({"running", "starting", "stopping"})
"""States of a unit that has, or at any moment may have, processes on its GPUs."""


class WorkloadError(Exception):
    """A controller or meter could not do what was asked.

    ``str(error)`` is one sentence for people, with the next step; it never holds a secret.
    """


class UnknownUnitError(WorkloadError):
    """The controller knows no such unit."""


class Task(Record):
    """What a controller says of one unit now.

    ``state`` is one of running, starting, stopping, stopped, failed. ``pids`` are main processes where known; GPU
    processes may be their descendants. ``since`` is Unix seconds where known.
    """

    unit: str
    state: str
    pids: tuple[int, ...] = ()
    since: float | None = None
    reason: str = ""


class Fault(Record):
    """Something wrong with units before anything is flipped, as a sentence with the fix.

    One that ``refuses`` keeps its units out of every plan: it would start two workloads on one GPU, or bring back what
    a flip has stopped.
    """

    units: tuple[str, ...]
    sentence: str
    refuses: bool = False


class Holding(Record):
    """A container that was given GPUs, whether or not any process of it is on them yet.

    ``container`` is its whole id as it stands in cgroup paths. ``unit`` is the configured unit that it is, ``""`` for
    a stranger's. ``uuids`` names its GPUs; ``every`` one of the host where it was given all. ``fault`` is why its
    record cannot be read: then it may have been given any.
    """

    container: str
    name: str
    uuids: tuple[Uuid, ...] = ()
    every: bool = False
    unit: str = ""
    image: str = ""
    fault: str = ""


@runtime_checkable
class SeesContainers(Protocol):
    """What a controller of containers can tell beside its own units."""

    def holdings(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Holding, ...]:
        """Every running container that was given GPUs, those of ``units`` and strangers'. Raises WorkloadError."""


@runtime_checkable
class TellsBoots(Protocol):
    """What a controller can tell of the start of its host beside what it finds wrong with units of its own."""

    def boots(self, units: tuple[str, ...]) -> Mapping[str, str]:
        """Those of ``units`` that start with the host, or with what runs them, each with what ends that, as in
        ``systemctl disable miner@3.service``. Blocks as ``check`` does and raises WorkloadError."""


class Controller(Protocol):
    """Starts and stops units by name. Every call blocks, is bounded by ``timeout_s`` and raises WorkloadError."""

    kind: str

    def observe(self, units: tuple[str, ...], timeout_s: float = 5.0) -> tuple[Task, ...]:
        """What each of ``units`` is doing now, in the order asked. An unknown unit is a Task in state ``stopped``
        with a reason, unless the controller cannot be reached at all."""

    def start(self, unit: str, timeout_s: float) -> None:
        """Start ``unit`` and return when the controller itself says it runs. Already running is done."""

    def stop(self, unit: str, timeout_s: float) -> None:
        """Stop ``unit`` and return when the controller itself says it has stopped. Already stopped is done."""

    def check(self, units: tuple[str, ...]) -> tuple[Fault, ...]:
        """What is wrong with these units, which may share a GPU, before anything is flipped; empty when all is well."""

    def close(self) -> None:
        """Let go of sockets. The controller may not be used afterwards."""


class Meter(Protocol):
    """Asks a running workload what it produces. Remembers counters between readings, so keep one per instance."""

    def read(self, timeout_s: float = 2.0) -> Output:
        """One reading; rates need two. Raises WorkloadError when nothing usable answers in time."""

    def close(self) -> None:
        """Let go of sockets."""


@runtime_checkable
class TakesListings(Protocol):
    """A controller whose start depends on more than a unit's name: at what the unit is to be offered."""

    def configure(self, listings: Mapping[str, ListingSettings]) -> None:
        """Give it the listing of each of its units, before the first start; no I/O. What was given before is gone."""
