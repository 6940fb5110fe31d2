"""What is remembered between ticks, and how a batch of readings becomes a snapshot. One thread owns it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from console.economics.replay import Grounds
from console.economics.rules import named
from console.economics.totals import counts, fresh_net_per_h, totals
from console.flips.guards import RULES, Case, standing
from console.flips.standing import Standing
from console.flips.world import Candidate, candidate
from console.history.accrued import Accrued
from console.history.measured import Figure, Measured
from console.history.trend import Trend
from console.market.quotes import Board
from console.model import (
    Batch,
    GpuRow,
    GpuState,
    Guard,
    HostState,
    LogLine,
    Market,
    Money,
    Occupancy,
    Option,
    Output,
    Quote,
    Reading,
    Snapshot,
    Uuid,
    WorkState,
)
from console.profiles.asking import fault
from console.site.alarmview import AlarmView
from console.site.backfill import Past, backfill
from console.site.credit import CreditView
from console.site.detailview import DetailView
from console.site.events import QuoteKey, changes, host_change, quote_changes, stale_keys
from console.site.ground import Ground
from console.site.hosting import Hosting
from console.site.marketview import MarketView, composed
from console.site.pricing import Pricing, Seen
from console.site.record import JournalView
from console.store import Writer
from console.workloads.expand import Placed, place

LOG_LINES = 200
FRESH_PERIODS = 3.0
FEEDS_S = 5.0
"""How long the chart of net waits at the start for feeds that have not answered: a sum without them is a dip in it."""
PROFILES_S = 60.0
"""How long it is believed of a profile that it can be applied, or why not."""
SHOWN = tuple(rule for rule in RULES if rule.name in ("pin", "contract", "rental"))
"""What a row says of itself whatever it might be flipped to."""


class State:
    """Turns batches into snapshots."""

    def __init__(self, ground: Ground, read_only: str, *, keeps: bool = True) -> None:
        """Without ``keeps`` the host's files are read and never written: one that looks on has only older figures."""
        settings = ground.config.settings
        kept = not ground.simulated
        self._writer = Writer(ground.places.state) if kept and keeps else None
        self._ground = ground
        self._currency = settings.site.currency
        self._read_only = read_only
        self._measured = Measured(ground.places.state / "measured.json" if kept else None, keeps=keeps)
        today = ground.places.state / "today.json" if kept else None
        self._accrued = Accrued(today, settings.site.timezone, keeps=keeps)
        self._hosting = Hosting(settings, ground.places.state if kept else None, keeps=keeps)
        self.pricing = Pricing(ground.config, self._measured, self._hosting)
        self.journal = JournalView(ground)
        self.alarms = AlarmView(ground, keeps=keeps, acts=not read_only)
        self.standing = Standing(ground.places)
        self.trouble = ""  # that not everything automatic could be stopped, as another thread has found
        self._profiles: dict[str, tuple[float, str]] = {}
        self.market = MarketView(settings)
        self._credit = CreditView(ground, keeps=keeps)
        self.details = DetailView(ground, keeps=keeps)
        self.placed: tuple[Placed, ...] = ()
        self._misplaced: tuple[str, ...] = ()
        self._roster: tuple[tuple[int, Uuid, str], ...] | None = None
        self._log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self._rows: tuple[GpuRow, ...] = ()
        self._host_state: HostState | None = None
        self._stale: frozenset[QuoteKey] = frozenset()
        self._net: dict[str, Trend] = {}
        self._power: dict[str, Trend] = {}
        self._candidates: dict[Uuid, dict[str, Candidate]] = {}
        self._was: dict[Uuid, Option] = {}
        self._period_s = 1.0
        self._began_at: float | None = None

    def begin_with(self, figures: Iterable[Figure], past: Past) -> None:
        """Know this before the first tick."""
        self._measured.know(figures)
        ground, seen = self._ground, self.details.seen
        backfill(past, ground.config.settings, ground.quotes, self._net, self._power, seen)

    def apply(self, batch: Batch) -> Snapshot:
        """The snapshot of one tick; also learns, accrues and logs."""
        news = self._ground.news()  # once a tick, and before its instant: nothing in it is of later
        now = self._ground.now()
        self._place(batch, now)
        self.journal.refresh()
        learned = self._hosting.quotes
        quotes = (*news.quotes, *learned)
        board = Board().put(quotes)
        self.pricing.begin(
            board,
            lambda: Board().put((*self._ground.smoothed(now), *learned)),
            now,
            batch.readings,
            self._credit.now,
            news.curves,
        )
        quotes = (*composed(self.pricing.site.power, self._currency, now), *quotes)
        occupancies = self._ground.occupancies(batch, self.placed)
        rows = tuple(self._row(r, o, now) for r, o in zip(batch.readings, occupancies, strict=True))
        self._credit.watch(rows, board, news.pools, now)
        self._hosting.watch(rows, board, now)
        market = self._credit.within(self.market.at(board, news, now))
        market = msgspec.structs.replace(market, power_ahead=self.pricing.ahead.day)
        self._tell(batch, rows, quotes, now)
        if said := self.alarms.trouble():
            self.tell(said)
        self._rows = rows
        return self.alarms.within(self._snapshot(batch, quotes, market, now), self.journal)

    def close(self) -> None:
        """Keep what was learnt, on disk when this returns unless that hangs."""
        self._measured.save()
        self._accrued.save()
        self._hosting.close()
        self._credit.close()
        self.details.close()
        if self._writer is not None:
            self._writer.close()

    def _profile_fault(self, name: str | None) -> str:
        """Why a profile cannot be applied, as known PROFILES_S ago at most: whoever mends it needs no restart."""
        if name is None:
            return ""
        now = self._ground.clock()
        looked_at, said = self._profiles.get(name, (None, ""))
        if looked_at is None or now - looked_at >= PROFILES_S:
            said = fault(name)
            self._profiles[name] = (now, said)
        return said

    def tell(self, text: str) -> None:
        """Say that something did not go as it should."""
        self._log.appendleft(LogLine(at=self._ground.now(), text=text, tone="warn"))

    def over_all(self, now: float) -> tuple[str, ...]:
        """What stands over all flips: a grid event in progress, and that everything automatic is stopped."""
        return tuple(filter(None, (self.trouble, self.standing.event(now), self.standing.halted())))

    def candidates(self) -> tuple[Candidate, ...]:
        """Every instance that could run here, with its controller's last word and this host's usual times."""
        usual, faults = self.journal.usual_s, self._ground.faults()
        return tuple(
            msgspec.structs.replace(
                candidate(
                    p.workload,
                    p.settings,
                    p.unit,
                    p.uuids,
                    self._ground.unit_state(p.controller, p.unit),
                    let=p.let,
                    faults=faults.get((p.controller, p.unit), ()),
                    profile_fault=self._profile_fault(p.settings.profile),
                ),
                usual_start_s=usual.get(("warm", p.workload)),
                usual_stop_s=usual.get(("stop", p.workload)),
            )
            for p in self.placed
        )

    def plannable(self) -> Iterator[GpuRow]:
        """The rows as a plan judges them: their guards are the locks alone, the others depend on the target."""
        for row in self._rows:
            yield msgspec.structs.replace(row, guards=self.journal.locks(row.reading.uuid))

    def grounds(self) -> dict[str, Grounds]:
        """What the newest advice on each GPU was made of."""
        found = ((row.reading.uuid, self.pricing.grounds(row.reading.uuid)) for row in self._rows)
        return {uuid: grounds for uuid, grounds in found if grounds is not None}

    def pins(self) -> dict[str, str]:
        """The only workload that a GPU may run, by UUID, where the config says so."""
        found = ((row.reading.uuid, self.pricing.pin(row.reading)) for row in self._rows)
        return {uuid: pin for uuid, pin in found if pin is not None}

    def _place(self, batch: Batch, now: float) -> None:
        roster = tuple((r.slot, r.uuid, r.pci) for r in batch.readings)
        if roster != self._roster:
            self._roster = roster
            self.placed, warnings = place(self._ground.config.settings, roster)
            self._ground.watch(self.placed)
            # Without any GPU the host's own trouble is the news, not that each of them is missing.
            self._misplaced = warnings if roster else ()
            for warning in warnings:
                self._log.appendleft(LogLine(at=now, text=warning, tone="warn"))
        by_gpu: dict[Uuid, dict[str, Candidate]] = {r.uuid: {} for r in batch.readings}
        for one in self.candidates():
            for uuid in one.uuids:
                by_gpu[uuid][one.workload] = one
        self._candidates = by_gpu

    def _row(self, reading: Reading, occupancy: Occupancy, now: float) -> GpuRow:
        candidates = self._candidates[reading.uuid]
        output = self._ground.output(occupancy.instance.unit) if occupancy.instance else None
        occupancy = _metered(occupancy, output, candidates, now)
        guards = self._guards(reading, occupancy, candidates, now)
        by_hand = self.journal.pinned(reading.uuid)
        money = self.pricing.price(Seen(reading, occupancy, output, candidates, guards, by_hand))
        alive = reading.state is GpuState.OK
        net = self._net.setdefault(reading.uuid, Trend())
        power = self._power.setdefault(reading.uuid, Trend())
        net.add(now, money.net_per_h if alive else None)
        power.add(now, reading.power_w if alive else None)
        row = GpuRow(
            reading=reading,
            occupancy=occupancy,
            output=output,
            money=money,
            guards=guards,
            flipping=self.journal.flipping.get(reading.uuid),
            stuck=self.journal.stuck.get(reading.uuid, ""),
            was=self._last_known(reading, money),
            fresh=now - reading.at <= FRESH_PERIODS * self._period_s,
            trend_net=net.values,
            trend_power_w=power.values,
        )
        return self.details.watch(row, now)

    def _last_known(self, reading: Reading, money: Money) -> Option | None:
        """What ran here when the card was last well; None while it is."""
        if reading.state is not GpuState.OK:
            return self._was.get(reading.uuid)
        running = named(money.options, money.running)
        if running is not None:
            self._was[reading.uuid] = running
        else:
            self._was.pop(reading.uuid, None)
        return None

    def _guards(
        self, reading: Reading, occupancy: Occupancy, candidates: dict[str, Candidate], now: float
    ) -> tuple[Guard, ...]:
        locks = self.journal.locks(reading.uuid)
        held = candidates.get(occupancy.instance.workload) if occupancy.instance else None
        terms, contract = (held.terms, held.contract) if held else ("", "")
        unpaid = held is not None and self._hosting.unpaid(held.workload, reading.uuid, now)
        let = held is not None and held.let
        case = Case(reading=reading, occupancy=occupancy, terms=terms, contract=contract, unpaid=unpaid, let=let)
        return standing(case, rules=SHOWN) + locks

    def _tell(self, batch: Batch, rows: tuple[GpuRow, ...], quotes: tuple[Quote, ...], now: float) -> None:
        first = self._host_state is None
        for line in (
            *host_change(self._host_state, batch.host_state, batch.reason, now),
            *changes(self._rows, rows, now, first=first),
            *quote_changes(self._stale, quotes, now),
            *self.market.changes(now),
            *self._credit.changes(now),
            *self.journal.news(first=first),
        ):
            self._log.appendleft(line)
        self._host_state = batch.host_state
        self._stale = stale_keys(quotes, now)

    def _whole(self, now: float) -> bool:
        """While meters have not been asked a sum lacks some of its rows: as a point of the chart it would be a dip."""
        self._began_at = now if self._began_at is None else self._began_at
        return self._ground.ready() and (self._ground.priced() or abs(now - self._began_at) >= FEEDS_S)

    def _snapshot(self, batch: Batch, quotes: tuple[Quote, ...], market: Market, now: float) -> Snapshot:
        ground, settings = self._ground, self._ground.config.settings
        alive = tuple(row for row in self._rows if row.reading.state is GpuState.OK)
        sums = totals(alive, self.pricing.site)
        day = self._accrued.add(now, fresh_net_per_h(alive))
        sums = msgspec.structs.replace(
            sums,
            today_accrued=day.accrued if day.known else None,
            today_since=day.since if day.known else None,
            counts=counts(self._rows),
        )
        net = self._net.setdefault("", Trend())
        power = self._power.setdefault("", Trend())
        net.add(now, sums.net_per_h if self._whole(now) else None)
        power.add(now, sums.wall_w)
        return Snapshot(
            seq=batch.seq,
            at=now,
            host=ground.host,
            site=settings.site.name,
            currency=settings.site.currency,
            timezone=settings.site.timezone,
            host_state=batch.host_state,
            reason=batch.reason,
            simulated=ground.simulated,
            read_only=self._read_only or ground.obstacle,
            rows=self._rows,
            quotes=quotes,
            totals=sums,
            host_reading=batch.host,
            power_limit_w=settings.site.power_limit_w,
            market=market,
            log=tuple(self._log)[:50],
            banners=(*ground.banners, *self.over_all(now), *self._misplaced),
            trend_net=net.values,
            trend_power_w=power.values,
            trend_step_s=net.step_s,
            configured=ground.simulated or ground.config.path is not None,
        )


def _metered(occupancy: Occupancy, output: Output | None, candidates: dict[str, Candidate], now: float) -> Occupancy:
    """A process that holds its GPU runs; only its meter knows whether it earns. Within its start time-out a silent
    one is still warming."""
    instance = occupancy.instance
    if instance is None or output is None or output.state is WorkState.RUNNING:
        return occupancy
    state = output.state
    candidate = candidates.get(instance.workload)
    if state is WorkState.FAILING and candidate is not None and instance.since is not None:
        young = now - instance.since < candidate.start_timeout_s
        state = WorkState.WARMING if young else state
    return msgspec.structs.replace(occupancy, instance=msgspec.structs.replace(instance, state=state))
