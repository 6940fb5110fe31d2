"""Makes a site of a simulated farm: the same state, plans, journal and flips, in a temporary directory."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from console.history.measured import Figure
from console.market.keeper import News
from console.market.quotes import configured
from console.market.vetting import jump
from console.model import Batch, Held, Occupancy, Output, Quote, Uuid
from console.paths import Places
from console.rehearsal import FarmFlipper
from console.site.backfill import Moment
from console.site.interface import Check
from console.site.live import LiveSite
from console.telemetry.simulated.controller import SimulatedError
from console.telemetry.simulated.farm import Farm
from console.telemetry.simulated.past import Moment as Seen
from console.workloads.expand import Placed
from console.workloads.proctable import Process

Scenario = Literal["calm", "stormy"]
FOLDER = "changeover-demo-"
"""What the directory of a farm is called, with the number of its process behind it."""


class FarmGround:
    """A simulated farm as the ground of a site. Implements console.site.ground.Ground."""

    simulated = True
    boot_id = "simulated"
    banners: tuple[str, ...] = ()
    obstacle = ""
    silent: Mapping[str, str] = MappingProxyType({})

    def __init__(self, farm: Farm, folder: Path) -> None:
        self.host = farm.host
        self.config = farm.config
        self.places = Places(state=folder, run=folder / "run", shared=True)
        self.places.run.mkdir()
        self.source = farm.source
        self.flipper = FarmFlipper(farm, self.places)
        self._farm = farm
        self._fixed = configured(farm.settings, farm.config.written_at)

    def now(self) -> float:
        """Unix seconds on the farm's clock."""
        return self._farm.now()

    def clock(self) -> float:
        """Seconds since the farm began."""
        return self._farm.clock()

    def watch(self, placed: tuple[Placed, ...]) -> None:
        """The farm knows its own instances; the flipper is told of them."""
        self.flipper.placed = placed

    def occupancies(self, batch: Batch, placed: tuple[Placed, ...]) -> tuple[Occupancy, ...]:  # noqa: ARG002
        """Who holds each GPU; the pids are imaginary, so only the farm knows."""
        return self._farm.occupancy(batch.readings)

    def attend(self, uuids: tuple[Uuid, ...]) -> None:
        """A simulated process list is of this instant."""

    def process(self, pid: int) -> Process | None:
        """An imaginary process, by the workload that it is of."""
        found = self._farm.process(pid)
        return Process(pid, 1, 0, "demo", found[0], (), "", found[1]) if found else None

    def output(self, unit: str) -> Output | None:
        """What the instance's meter says."""
        try:
            return self._farm.meter(unit).read()
        except SimulatedError:
            return None

    def ready(self) -> bool:
        """A simulated meter answers at once."""
        return True

    def priced(self) -> bool:
        """A simulated feed answers at once."""
        return True

    def unit_state(self, controller: str, unit: str) -> str:  # noqa: ARG002
        """The simulated controller's word."""
        return self._farm.controller.observe((unit,))[0].state

    def faults(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Nothing: simulated units are as they should be."""
        return {}

    def quotes(self, now: float) -> tuple[Quote, ...]:
        """What the simulated feeds say, and from the config what no feed tells."""
        fed = self._farm.quotes(now)
        known = {(quote.kind, quote.name) for quote in fed}
        return (*fed, *(quote for quote in self._fixed if (quote.kind, quote.name) not in known))

    def smoothed(self, now: float) -> tuple[Quote, ...]:
        """The simulated feeds do not waver within minutes."""
        return self.quotes(now)

    def news(self) -> News:
        """What the simulated feeds say and how they fare."""
        now = self._farm.now()
        said = self._farm.news(now)
        held = tuple(
            Held(quote=odd.quote, reason=jump(odd.quote, odd.before), since=odd.since, seen=odd.seen)
            for odd in said.odd
        )
        return News(quotes=self.quotes(now), curves=said.curves, held=held, trails=said.trails, feeds=said.feeds)

    def check(self) -> Check:
        """The simulated controller's own check."""
        return Check(warnings=self._farm.controller.check(tuple(one.unit for one in self.flipper.placed)))

    def close(self) -> None:
        """End the farm's thread."""
        self._farm.close()

    def past(self) -> dict[Uuid, tuple[Moment, ...]]:
        """The quarter of an hour before the farm began."""
        return {one.uuid: tuple(map(_moment, one.moments)) for one in self._farm.past()}

    def figures(self) -> tuple[Figure, ...]:
        """What the farm's GPUs did when they last ran each workload."""
        return tuple(
            Figure(
                uuid=one.uuid,
                model=one.model,
                workload=one.workload,
                rate=one.rate,
                input_rate=one.input_rate,
                power_w=one.power_w,
                since=one.at,
                at=one.at,
            )
            for one in self._farm.known()
        )


def _moment(seen: Seen) -> Moment:
    return Moment(
        at=seen.at,
        workload=seen.workload,
        power_w=seen.power_w,
        rate=seen.rate,
        input_rate=seen.input_rate,
        temp_c=seen.temp_c,
    )


def open_farm(gpus: int, seed: int, speed: float, scenario: Scenario, *, read_only: str = "") -> LiveSite:
    """A running site of a simulated farm. Nothing of this machine is read or touched but a temporary directory."""
    _sweep(Path(tempfile.gettempdir()))
    folder = tempfile.TemporaryDirectory(prefix=f"{FOLDER}{os.getpid()}-", ignore_cleanup_errors=True)
    farm = Farm(gpus=gpus, seed=seed, speed=speed, scenario=scenario)
    ground = FarmGround(farm, Path(folder.name))
    site = LiveSite(ground, read_only=read_only, at_end=folder.cleanup)
    site.begin_with(ground.figures(), ground.past())
    site.start()
    return site


def _sweep(folder: Path) -> None:
    """Take away what farms of ours have left there whose processes were killed."""
    for left in folder.glob(f"{FOLDER}*-*"):
        pid = left.name.removeprefix(FOLDER).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists() and left.lstat().st_uid == os.geteuid():
            shutil.rmtree(left, ignore_errors=True)
