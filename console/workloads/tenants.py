"""Containers that were given GPUs: whose they are, by the names that rental markets give to their renters' own.

A GPU that a container was given is held even while no process of it is to be seen. What a container is called says who
rents: Vast.ai's are ``C.`` and the contract's number, Clore.ai's begin with ``clore-order-``, RunPod's have ``runpod``.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from console.model import Uuid
from console.workloads.contract import Holding
from console.workloads.proctable import Process


class Tenants:
    """What the controllers of containers see, and the patterns by which a renter is known."""

    def __init__(self, holdings: Iterable[Holding] = (), renters: Iterable[str] = ()) -> None:
        self._holdings = tuple(holdings)
        self._renters = tuple(renters)

    def strangers(self, uuid: Uuid) -> tuple[Holding, ...]:
        """Containers without a configured unit that were given this GPU."""
        return tuple(one for one in self._holdings if not one.unit and (one.every or uuid in one.uuids))

    def of(self, process: Process) -> Holding | None:
        """The container that a process runs in, None where no controller knows it."""
        found = (one for one in self._holdings if one.container and any(one.container in p for p in process.cgroups))
        return next(found, None)

    def rents(self, holding: Holding) -> bool:
        """True for a renter's container."""
        return any(fnmatchcase(holding.name, pattern) for pattern in self._renters)

    def named(self, holding: Holding) -> str:
        """The container for people: ``container C.1234567, a renter's``."""
        whose = ", a renter's" if self.rents(holding) else ""
        return f"container {holding.name or holding.container[:12]}{whose}"

    def claim(self, holding: Holding) -> str:
        """The container with what it has to do with a GPU on which no process of it is."""
        if holding.fault:
            return (
                f"{self.named(holding)}, whose record cannot be read ({holding.fault}): it may have been given any GPU"
            )
        return f"{self.named(holding)}, which was given it"


NOBODY = Tenants()
"""Where no controller sees containers."""
