"""The ladder of every GPU, each tick: config, quotes and what the GPU does become options, profits and advice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from console.config.settings import Config, Settings, pin_of
from console.economics.contract import penalty
from console.economics.ladder import money
from console.economics.margins import option
from console.economics.renting import teaches
from console.economics.replay import Grounds
from console.economics.rules import Moment, Sample, best_of, downtime_s, due, named, sampled, transition_per_h
from console.economics.terms import MarketplaceTerms, OffTerms, SiteTerms, Terms, Work
from console.economics.wall import calibrated
from console.flips.world import OFF, Candidate
from console.history.measured import Measured
from console.market.quotes import Board
from console.market.terms import rules, site_terms, terms_of, wall_power
from console.model import (
    Advice,
    Curve,
    GpuState,
    Guard,
    Holder,
    Kind,
    Money,
    Occupancy,
    Option,
    Output,
    Reading,
    WorkState,
)
from console.site.ahead import Ahead
from console.site.credit import NOTHING_LEARNED, Credit
from console.site.doing import Doing, at_once, doing_of, fillers
from console.site.estimates import Estimates
from console.site.hosting import Hosting

HEAT = ("hw thermal", "sw thermal", "hw slowdown")
"""Throttling words that mean heat; older drivers say for it only that the hardware slowed down."""
NO_MONEY = Money(
    options=(),
    running=None,
    net_per_h=None,
    profit_per_hash=None,
    profit_per_ai_hour=None,
    advice=Advice(best=None, gain_per_h=None, acts=False, why=""),
)
"""Of a GPU that is not there to earn."""


class Seen(NamedTuple):
    """What is known of one GPU beside prices: ``candidates`` are the instances that could take it, by workload."""

    reading: Reading
    occupancy: Occupancy
    output: Output | None
    candidates: Mapping[str, Candidate]
    guards: tuple[Guard, ...] = ()
    by_hand: str = ""  # that, and by whom, a flip by hand has pinned it


class Pricing:
    """Prices GPUs one by one; an option whose inputs did not change is not computed again."""

    def __init__(self, config: Config, measured: Measured, hosting: Hosting) -> None:
        self._settings: Settings = config.settings
        self._estimates = Estimates(config.settings, measured)
        self._measured = measured
        self._hosting = hosting
        self._fillers = dict(fillers(config.settings))
        self._made: dict[tuple[str, str], tuple[Terms, Work, SiteTerms, str, Option]] = {}
        self._grounds: dict[str, tuple[Money, Moment]] = {}
        self._samples: dict[str, tuple[Sample, ...]] = {}
        self._rules = rules(config.settings)
        self._terms: dict[str, Terms] = {}
        self._calm: tuple[SiteTerms, dict[str, Terms]] | None = None
        self._calm_board: Callable[[], Board] = Board
        self.site = site_terms(config.settings, Board(), 0.0, 1)
        self._now = 0.0
        self._gpus = 1
        self._powers_w: list[float | None] = []
        self._credit = NOTHING_LEARNED
        self.ahead = Ahead(config.settings)

    def begin(
        self,
        board: Board,
        calm_board: Callable[[], Board],
        now: float,
        readings: Sequence[Reading],
        credit: Credit = NOTHING_LEARNED,
        curves: tuple[Curve, ...] = (),
    ) -> None:
        """A new tick: the prices that hold for all GPUs of it. ``calm_board`` makes the one that samples are made of.

        It is made only on a tick that takes a sample, one in several minutes.
        """
        self._now, self._calm, self._calm_board, self._credit = now, None, calm_board, credit
        gpus = self._gpus = len(readings)
        self._powers_w = [reading.power_w for reading in readings if reading.state is GpuState.OK]
        self.site = self._metered(site_terms(self._settings, board, now, gpus), board)
        self._terms = self._all_terms(board)
        self.ahead.see(board, curves, now)

    def _metered(self, site: SiteTerms, board: Board) -> SiteTerms:
        """The site as a meter at its wall measures it, where there is one."""
        return calibrated(site, self._powers_w, wall_power(board, self._now))

    def _all_terms(self, board: Board) -> dict[str, Terms]:
        """Those of marketplaces last: what fills their vacant hours is priced before them."""
        found = {
            name: terms_of(name, workload, self._settings, board, self._now, self._credit.kept)
            for name, workload in self._settings.workloads.items()
            if workload.kind is not Kind.OFF
        }
        return dict(sorted(found.items(), key=lambda pair: pair[0] in self._fillers))

    def price(self, seen: Seen) -> Money:
        """The money of one GPU."""
        reading = seen.reading
        if reading.state is not GpuState.OK:
            self._measured.idle(reading.uuid)
            self._grounds.pop(reading.uuid, None)
            return NO_MONEY
        work = self._running(reading, seen.occupancy, seen.output)
        own = {name: terms for name, terms in self._terms.items() if name in seen.candidates}
        doing = doing_of(work, own, self._fillers)
        pin = self.pin(reading)
        options = self._options(seen, doing, pin)
        moment = self._moment(seen, options, doing, pin)
        made = money(options, doing.name, moment, self._rules)
        self._grounds[reading.uuid] = made, moment
        return made

    def _options(self, seen: Seen, doing: Doing, pin: str | None) -> list[Option]:
        reading, there = seen.reading, {*seen.candidates, doing.name, doing.seen.workload if doing.seen else None}
        found: dict[str, Option] = {}
        for name, terms in self._terms.items():
            if name not in there:
                continue
            runs = name == doing.name
            why_not = _why_not(name, seen.candidates.get(name), reading, pin)
            if not runs:
                why_not = why_not or self._hosting.why_not(name, reading.uuid, self._now)
            own = self._own(terms, reading, found)
            made = self._credited(self._option(reading, own, doing.tells, why_not))
            made = at_once(made, own, doing, found, self.site)
            found[name] = self._hosting.bound(made, reading.uuid, self._now, runs=runs)
        return [*found.values(), self._option(reading, OffTerms(), doing.tells, "")]

    def _own(self, terms: Terms, reading: Reading, found: Mapping[str, Option]) -> Terms:
        """``terms`` as they are for this GPU, with what fills its vacant hours; ``found`` are the options before."""
        own = self._hosting.terms(terms, reading.uuid, self._now)
        filler = found.get(self._fillers.get(terms.workload, OFF))
        return msgspec.structs.replace(own, vacant=filler) if isinstance(own, MarketplaceTerms) and filler else own

    def grounds(self, uuid: str) -> Grounds | None:
        """What the newest advice on a GPU was made of; None where there was nothing to advise."""
        if uuid not in self._grounds:
            return None
        made, moment = self._grounds[uuid]
        return Grounds(options=made.options, running=made.running, moment=moment, rules=self._rules)

    def _running(self, reading: Reading, occupancy: Occupancy, output: Output | None) -> Work | None:
        instance = occupancy.instance
        if occupancy.holder is Holder.NONE:
            return self._estimates.standing(reading)
        if occupancy.holder is Holder.WORKLOAD and instance is not None:
            since_s = self._now - instance.since if instance.since else None
            terms = self._terms.get(instance.workload)
            learns = not isinstance(terms, MarketplaceTerms) or teaches(terms)
            return self._estimates.running(reading, instance, output, since_s, learns=learns)
        self._measured.idle(reading.uuid)
        return None

    def _option(self, reading: Reading, terms: Terms, running: Work | None, why_not: str) -> Option:
        name = terms.workload
        if running is not None and running.workload == name:
            return option(terms, running, self.site, why_not)
        work = self._estimates.would(reading, name, self._settings.workloads.get(name), self._now)
        key, inputs = (reading.uuid, name), (terms, work, self.site, why_not)
        made = self._made.get(key)
        if made is None or made[:4] != inputs:
            made = (*inputs, option(terms, work, self.site, why_not))
            self._made[key] = made
        return made[4]

    def _credited(self, made: Option) -> Option:
        """An option that says what its pool counts of what it reports."""
        kept = self._credit.kept.get(made.workload)
        if kept is None or not kept.text:
            return made
        return msgspec.structs.replace(made, source=f"{made.source}; {kept.text}" if made.source else kept.text)

    def _forfeited(self, now: str, best: Option | None) -> float | None:
        """What lapses at the pool that is left, None where that has no price.

        Nothing does where what comes next mines to it as well.
        """
        pools = [w.pool if w else None for w in map(self._settings.workloads.get, (now, best.workload if best else ""))]
        return 0.0 if pools[0] is None or pools[0] == pools[1] else self._credit.forfeits.get(pools[0], 0.0)

    def _moment(self, seen: Seen, options: list[Option], doing: Doing, pin: str | None) -> Moment:
        reading, candidates, running = seen.reading, seen.candidates, doing.seen
        samples = self._sampled(reading, options, doing.tells)
        now, on_card = doing.name or "", running.workload if running else ""
        old = candidates.get(on_card)
        stop_s, settle_s = ((old.stop_s,), (old.settle_s,)) if old else ((), ())
        downtimes_s = {name: downtime_s(stop_s, settle_s, (one.start_s,)) for name, one in candidates.items()}
        downtimes_s[OFF] = downtime_s(stop_s, settle_s, ())
        instance = seen.occupancy.instance
        best = best_of([o for o in options if o.workload != now])
        off = next((o for o in options if o.workload == OFF), None)
        return Moment(
            at=self._now,
            samples=samples,
            ran_s=running.since_s if running else None,
            load_s=old.usual_start_s if old else None,
            failing=instance is not None and (instance.state is WorkState.FAILING or _overheats(reading)),
            downtimes_s=downtimes_s,
            transition_per_h=transition_per_h(best, off) or 0.0,
            forfeited=self._forfeited(on_card, best),
            penalty=self._penalty(named(options, now), best, downtimes_s),
            outlook=self.ahead.outlook(named(options, now), best, self.site.power.value, self._now),
            pinned=f"pinned to {pin} in the config" if pin else seen.by_hand,
            guards=tuple(guard.sentence for guard in seen.guards),
        )

    def _penalty(self, leaves: Option | None, enters: Option | None, downtimes_s: Mapping[str, float]) -> float:
        down_s = downtimes_s.get(enters.workload, 0.0) if enters else 0.0
        return penalty(leaves, enters, down_s, self._rules.horizon_s) if enters else 0.0

    def _sampled(self, reading: Reading, options: list[Option], running: Work | None) -> tuple[Sample, ...]:
        """The samples with one of now where it is due: nets at smoothed prices, so that no odd minute flips a GPU."""
        kept = self._samples.get(reading.uuid, ())
        if due(kept, self._now, self._rules):
            calm: dict[str, Option] = {}
            for one in options:
                calm[one.workload] = self._at_calm_prices(reading, one, running, calm)
            kept = self._samples[reading.uuid] = sampled(kept, tuple(calm.values()), self._now, self._rules)
        return kept

    def _at_calm_prices(
        self, reading: Reading, shown: Option, running: Work | None, calm: Mapping[str, Option]
    ) -> Option:
        if self._calm is None:
            board = self._calm_board()
            site = self._metered(site_terms(self._settings, board, self._now, self._gpus), board)
            self._calm = site, self._all_terms(board)
        site, terms = self._calm
        name = shown.workload
        work = running if running is not None and running.workload == name else None
        settings = self._settings.workloads.get(name)
        if work is None:
            work = self._estimates.would(reading, name, settings, self._now)
        return option(self._own(terms.get(name, OffTerms()), reading, calm), work, site, shown.why_not)

    def pin(self, reading: Reading) -> str | None:
        """The only workload that the config lets this GPU run; None where it may run any."""
        return pin_of(self._settings, reading.uuid)


def _overheats(reading: Reading) -> bool:
    return any(reason in HEAT for reason in reading.throttle)


def _why_not(name: str, candidate: Candidate | None, reading: Reading, pin: str | None) -> str:
    if pin is not None and pin != name:
        return f"pinned to {pin} in the config"
    if candidate is not None and reading.mem_total_mib is not None and candidate.memory_mib > reading.mem_total_mib:
        return f"needs {candidate.memory_mib / 1024:.0f} GiB, the card has {reading.mem_total_mib / 1024:.0f}"
    return ""
