"""What differs between a host and a simulated farm, as protocols. Everything above is the same program for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from console.config.settings import Config
from console.flips.records import Plan, Progress
from console.market.keeper import News
from console.model import Batch, Occupancy, Output, Quote, Uuid
from console.paths import Places
from console.site.interface import Check
from console.telemetry.source import Source
from console.workloads.expand import Placed
from console.workloads.proctable import Process


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
    """What a site stands on. Nothing here blocks: slow things are asked elsewhere and their newest answer given."""

    @property
    def host(self) -> str:
        """The name it goes by, and by which force is asked for."""

    @property
    def config(self) -> Config:
        """What the site config says."""

    @property
    def places(self) -> Places:
        """Where journal, locks and history are."""

    @property
    def boot_id(self) -> str:
        """Of which boot the journal's clock readings are."""

    @property
    def simulated(self) -> bool:
        """True when nothing here is real."""

    @property
    def banners(self) -> tuple[str, ...]:
        """What the operator must know all the time."""

    @property
    def silent(self) -> Mapping[str, str]:
        """Sentences about the controllers that cannot be asked just now, by name; they stand in the banners, too."""

    @property
    def obstacle(self) -> str:
        """Why nothing can be flipped just now, whoever asks (a disk that takes no line of the journal), or ""."""

    @property
    def source(self) -> Source:
        """Where readings come from."""

    @property
    def flipper(self) -> Flipper:
        """Who carries plans out."""

    def now(self) -> float:
        """Unix seconds, as the times of readings and quotes are meant."""

    def clock(self) -> float:
        """Seconds on the clock that the journal's steps carry (CLOCK_BOOTTIME on a host)."""

    def watch(self, placed: tuple[Placed, ...]) -> None:
        """These are the instances that can run from now on."""

    def occupancies(self, batch: Batch, placed: tuple[Placed, ...]) -> tuple[Occupancy, ...]:
        """Who holds each GPU of the batch, in its order."""

    def attend(self, uuids: tuple[Uuid, ...]) -> None:
        """Something happens on these GPUs: look at who holds them more often for a while."""

    def process(self, pid: int) -> Process | None:
        """What the last look at ``/proc`` has of a process on a GPU; None where it cannot be seen."""

    def output(self, unit: str) -> Output | None:
        """The newest meter reading of the instance that runs as ``unit``."""

    def ready(self) -> bool:
        """True once every controller has answered and every meter twice, as often as rates need. Feeds are no part of
        it: a slow one may take its whole time-out."""

    def priced(self) -> bool:
        """True once every feed was asked, or has a fresh answer from before."""

    def unit_state(self, controller: str, unit: str) -> str:
        """Its controller's last word on a unit (running, starting, stopping, stopped, failed), "" when unknown."""

    def faults(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """What keeps units out of every plan, by controller and unit, as far as it was looked over yet."""

    def quotes(self, now: float) -> tuple[Quote, ...]:
        """Every quote known, fresh or stale; a simulated farm also tells those of the past."""

    def smoothed(self, now: float) -> tuple[Quote, ...]:
        """The same, spot prices as medians of ten minutes and network figures as means of a day: for advice."""

    def news(self) -> News:
        """All quotes of one instant, how feeds and pools fare, what feeds know ahead, what is held back and the last
        day of each quote."""

    def check(self) -> Check:
        """Which controllers do not answer, and what the others find wrong with their units. The one call that may
        block, for seconds."""

    def close(self) -> None:
        """Let go of everything; changes nothing outside."""
