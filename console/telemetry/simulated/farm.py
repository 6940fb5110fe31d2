"""A whole simulated farm behind the interfaces of a real host: readings, controller, meters, quotes, holders, clock."""

from __future__ import annotations

import time
from typing import Literal

from console.config.settings import Settings
from console.model import Batch, Occupancy, Quote, Reading, Uuid
from console.telemetry.simulated import market, readings, siteconfig
from console.telemetry.simulated.cards import Card
from console.telemetry.simulated.commands import open_shop
from console.telemetry.simulated.controller import FarmController, FarmMeter
from console.telemetry.simulated.feeds import FarmNews, Newsroom
from console.telemetry.simulated.known import Known, known
from console.telemetry.simulated.layout import lay_out
from console.telemetry.simulated.past import Moment, Past, run_up
from console.telemetry.simulated.plant import PAST_S, Plant
from console.telemetry.simulated.source import FarmSource
from console.telemetry.simulated.storm import CALM, gather
from console.telemetry.simulated.timer import Timer, WallTimer
from console.telemetry.source import Source

MOST_GPUS = 256
SLOWEST, FASTEST = 0.01, 100.0  # faster than that, 256 cards cannot be kept up with


class Farm:
    """``gpus`` cards (1 to 256) at ``speed`` simulated seconds per second (0.01 to 100).

    The same ``gpus``, ``seed``, ``scenario`` and ``start`` (Unix seconds; None: now) and the same actions at the same
    simulated times give the same batches to the last bit. ``timer`` replaces the wall clock, for tests and pictures;
    it makes ``speed`` a matter of its own. Every method may be called from any thread. Raises ValueError for a farm
    that cannot be built.
    """

    host = siteconfig.HOST

    def __init__(
        self,
        gpus: int = 8,
        seed: int = 7,
        speed: float = 1.0,
        scenario: Literal["calm", "stormy"] = "calm",
        start: float | None = None,
        timer: Timer | None = None,
    ) -> None:
        _check(gpus, speed, scenario)
        layout = lay_out(gpus, seed)
        storm = CALM if scenario == "calm" else gather(layout)
        began = float(int(time.time())) if start is None else start
        self.config = siteconfig.site_config(layout, began)
        self._plant = Plant(layout, storm, seed, began, timer or WallTimer(speed))
        open_shop(self._plant)
        self._past = run_up(self._plant)
        self._newsroom = Newsroom(began, seed, storm)
        self.controller = FarmController(self._plant)
        self.source: Source = FarmSource(self.batch, self.forget, self._plant.timer, speed)

    @property
    def settings(self) -> Settings:
        """What the site config says."""
        return self.config.settings

    @property
    def cards(self) -> tuple[Card, ...]:
        """Slot, UUID, PCI address and model of every card: what a roster on disk would hold."""
        return self._plant.layout.cards

    def now(self) -> float:
        """Unix seconds on the farm's clock, which runs ahead of the wall when it is fast."""
        return self._plant.start + self.clock()

    def clock(self) -> float:
        """Simulated seconds since the farm began, on a clock that does not jump."""
        return self._plant.timer.elapsed()

    def sleep(self, seconds: float) -> None:
        """Wait for simulated ``seconds``."""
        self._plant.timer.sleep(seconds)

    def batch(self) -> Batch:
        """All GPUs at the latest whole simulated second; ``seq`` is that second plus one."""
        with self._plant.lock:
            return readings.batch(self._plant)

    def read_now(self, uuids: tuple[Uuid, ...]) -> tuple[Reading, ...]:
        """These GPUs at this instant, in the order asked; processes and memory to the millisecond, the rest to the
        second. Raises ValueError for a GPU that the farm does not have."""
        slots = [self._card(uuid).slot for uuid in uuids]
        with self._plant.lock:
            t = self._plant.sync()
            return tuple(readings.reading(self._plant, slot, t) for slot in slots)

    def occupancy(self, seen: tuple[Reading, ...]) -> tuple[Occupancy, ...]:
        """Who holds each GPU of these readings, by the processes in them; they are imaginary, so only the farm knows.
        An instance's state is of this instant."""
        with self._plant.lock:
            t = self._plant.sync()
            return tuple(readings.occupancy(self._plant, one, t) for one in seen)

    def process(self, pid: int) -> tuple[str, float] | None:
        """The name of a process that a reading lists, and since when it runs; None for none of this farm's."""
        with self._plant.lock:
            run = self._plant.by_pid.get(pid)
            return None if run is None else (run.unit.workload or "python3", self._plant.start + run.started)

    def meter(self, unit: str, uuids: tuple[Uuid, ...] = ()) -> FarmMeter:  # noqa: ARG002
        """A meter for the instance that the controller calls ``unit``, whatever GPUs it is thought to hold."""
        return FarmMeter(self._plant, unit)

    def quotes(self, now: float) -> tuple[Quote, ...]:
        """What every feed says at ``now`` (Unix seconds), also before the farm began."""
        return market.quotes(now, self._plant.start, self._plant.seed, self._plant.storm)

    def news(self, now: float) -> FarmNews:
        """How the feeds fare at ``now``, the last day of what they say and what they know ahead."""
        with self._plant.lock:
            return self._newsroom.news(now)

    def past(self, minutes: float = 15.0) -> tuple[Past, ...]:
        """Every GPU's last ``minutes`` before the farm began, ten seconds apart, by slot. At most 15."""
        if not 0.0 <= minutes * 60.0 <= PAST_S:
            raise ValueError(f"the simulated past is {PAST_S // 60} minutes long, not {minutes:g}")
        since = self._plant.start - minutes * 60.0
        return tuple(Past(uuid=p.uuid, moments=_after(since, p.moments)) for p in self._past)

    def known(self) -> tuple[Known, ...]:
        """What GPUs here did when they last ran each workload, to begin estimates with."""
        return known(self._plant.layout, self._plant.seed, self._plant.start)

    def forget(self, uuid: Uuid) -> None:
        """Retire a lost GPU from the batches. Raises ValueError for one that is still there or was never known."""
        slot = self._card(uuid).slot
        with self._plant.lock:
            self._plant.sync()
            if slot not in self._plant.lost:
                raise ValueError(f"GPU {slot} is there and cannot be forgotten")
            self._plant.forgotten.add(slot)

    def close(self) -> None:
        """End the source's thread, and let what waits on the farm's clock come to its end at once."""
        self.source.close()
        if isinstance(self._plant.timer, WallTimer):
            self._plant.timer.rush()

    def _card(self, uuid: Uuid) -> Card:
        for card in self.cards:
            if card.uuid == uuid:
                return card
        raise ValueError(f"no GPU {uuid} in this simulated farm")


def _after(since: float, moments: tuple[Moment, ...]) -> tuple[Moment, ...]:
    return tuple(moment for moment in moments if moment.at > since)


def _check(gpus: int, speed: float, scenario: str) -> None:
    if not 1 <= gpus <= MOST_GPUS:
        raise ValueError(f"a simulated farm has 1 to {MOST_GPUS} GPUs, not {gpus}")
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"a simulated farm runs at {SLOWEST:g} to {FASTEST:g} times real time, not {speed:g}")
    if scenario not in ("calm", "stormy"):
        raise ValueError(f"a simulated farm is calm or stormy, not {scenario}")
