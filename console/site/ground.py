"""What differs between a host and a simulated farm, as protocols. Everything above is the same program for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from console.config.settings import Config
from console.flips.records import Plan, Progress
from console.model import Batch, Guard, HostReading, Occupancy, Output, Quote, Uuid
from console.site.interface import JournalLine
from console.telemetry.source import Source
from console.workloads.expand import Placed


class Flipper(Protocol):
    """Carries plans out: in a runner process on a host, in a thread on a simulated farm."""

    def prepare(self, uuids: tuple[Uuid, ...]) -> None:
        """A dialog opened on these GPUs."""

    def dismiss(self) -> None:
        """It closed without a word."""

    def run(self, plan: Plan, heard: Callable[[Progress], None]) -> None:
        """Carry it out; ``heard`` is called from a thread."""

    def stop(self) -> None:
        """Begin no further moves."""

    def close(self) -> None:
        """The console goes; running moves end by their own rules."""


class Ground(Protocol):
    """What a site stands on."""

    host: str
    config: Config
    simulated: bool
    banners: tuple[str, ...]
    source: Source
    flipper: Flipper

    def now(self) -> float:
        """Unix seconds, as the readings' and quotes' times are meant."""

    def place(self, batch: Batch) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
        """Configured instances on this host's GPUs, and warnings about GPUs that are named but not there."""

    def occupancies(self, batch: Batch, placed: tuple[Placed, ...]) -> tuple[Occupancy, ...]:
        """Who holds each GPU of the batch, in its order. Never blocks."""

    def outputs(self, occupancies: tuple[Occupancy, ...]) -> dict[str, Output]:
        """The newest meter reading per unit of the instances that run. Never blocks."""

    def quotes(self, now: float) -> tuple[Quote, ...]:
        """Every quote known, fresh or stale. Never blocks."""

    def guards(self) -> dict[Uuid, tuple[Guard, ...]]:
        """Locks of technicians and the like. Never blocks."""

    def lines(self, limit: int) -> tuple[JournalLine, ...]:
        """The latest journal lines, newest first."""

    def stuck(self) -> dict[Uuid, str]:
        """GPUs that a flip left stuck, with the sentence."""

    def host_reading(self) -> HostReading:
        """The host beside its GPUs."""

    def close(self) -> None:
        """Let go of everything; changes nothing outside."""
