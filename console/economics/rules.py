"""When a better option is enough better: the margins, the samples, the loss of switching and its repayment.

The rule compares nets and adds a margin. A percentage *multiplied* onto a net, as several miners' switchers do, turns
against the running workload as soon as its net is negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from console.model import Basis, Kind, Option, Record

SECONDS_PER_HOUR = 3600.0


class Rules(Record):
    """How much better, how often confirmed, how long run. Money is per GPU and hour."""

    margin: float = 0.10
    margin_per_h: float = 0.01
    samples: int = 3
    sample_gap_s: float = 300.0
    min_run_s: float = 1800.0
    horizon_s: float = 21600.0
    currency: str = "USD"


class Sample(Record):
    """Net per hour of every option that was known and fresh at one instant."""

    at: float
    nets: dict[str, float]


class Stretch(Record):
    """A known part of the future: until ``until_s`` seconds from now the flip gains ``gain_per_h``."""

    until_s: float
    gain_per_h: float


class Moment(Record):
    """What advice needs to know beside the ladder, as data.

    ``ran_s`` is how long the running workload has produced, ``load_s`` how long its model took to load.
    ``downtimes_s`` is, by target, how long neither workload will earn; ``transition_per_h`` is the power cost of that
    time, ``forfeited`` and ``penalty`` what leaving costs at once; None where a pool keeps what has no price.
    ``outlook`` holds known price steps and events; after its end the present gain is assumed to last. ``guards`` are
    sentences that forbid leaving, ``pinned`` says to what and by whom the GPU is pinned, ``locked`` who locked it.
    """

    at: float
    samples: tuple[Sample, ...] = ()
    ran_s: float | None = None
    load_s: float | None = None
    failing: bool = False  # failed or overheating: the minimum run is waived
    downtimes_s: dict[str, float] = msgspec.field(default_factory=dict)
    transition_per_h: float = 0.0
    forfeited: float | None = 0.0
    penalty: float = 0.0
    outlook: tuple[Stretch, ...] = ()
    pinned: str = ""
    locked: str = ""
    guards: tuple[str, ...] = ()


def best_of(options: Sequence[Option], running: str | None = None) -> Option | None:
    """The eligible option with the highest known net; the running one where two are equal."""
    known = [o for o in options if o.eligible and o.net_per_h is not None]
    return max(known, key=lambda o: (o.net_per_h or 0.0, o.workload == running), default=None)


def named(options: Sequence[Option], workload: str | None) -> Option | None:
    """The option of that workload."""
    for option in options:  # asked ten times per GPU and tick: a generator costs more than the search
        if option.workload == workload:
            return option
    return None


def net_now(option: Option | None) -> float | None:
    """What an option that runs nets at this moment; of a marketplace that is not what decisions are made of."""
    if option is None:
        return None
    return option.net_per_h if option.now_per_h is None else option.now_per_h


def needed_per_h(now: Option, new: Option, rules: Rules) -> float:
    """Gain per hour that ``new`` must exceed: the larger margin, doubled unless ``new`` was measured."""
    revenue = (now.gross_per_h or 0.0) - (now.fees_per_h or 0.0)
    margin = max(rules.margin * abs(revenue), rules.margin_per_h)
    return margin if new.basis is Basis.MEASURED else 2 * margin


def due(samples: Sequence[Sample], at: float, rules: Rules) -> bool:
    """True when the gap since the newest usable sample has passed, or there is none."""
    kept = [s.at for s in samples if 0 <= at - s.at <= _oldest_s(rules)]
    return not kept or at - kept[-1] >= rules.sample_gap_s


def sampled(samples: Sequence[Sample], options: Sequence[Option], at: float, rules: Rules) -> tuple[Sample, ...]:
    """``samples`` with one of now added once the gap has passed, and those too old to confirm anything left out."""
    kept = [s for s in samples if 0 <= at - s.at <= _oldest_s(rules)]
    if due(kept, at, rules):
        nets = {o.workload: o.net_per_h for o in options if o.net_per_h is not None and not o.stale}
        kept.append(Sample(at=at, nets=nets))
    return tuple(kept)


def confirmed(samples: Sequence[Sample], now: str, new: str, needed: float, at: float, rules: Rules) -> int:
    """How many samples in a row, counted back from the newest and a gap apart, show more than the needed gain."""
    count, last_at = 0, float("inf")
    for sample in sorted(samples, key=lambda s: s.at, reverse=True):
        if sample.at > at:
            continue
        if at - sample.at > _oldest_s(rules) or now not in sample.nets or new not in sample.nets:
            break
        if sample.nets[new] - sample.nets[now] <= needed:
            break
        if last_at - sample.at >= rules.sample_gap_s:
            count, last_at = count + 1, sample.at
    return count


def switching_loss(now_net_per_h: float, downtime_s: float, moment: Moment) -> float | None:
    """What the flip costs once: earnings and power of the time between, unpaid balance given up, and penalties.

    None where it is not known what the balance is worth.
    """
    if moment.forfeited is None:
        return None
    idle = downtime_s / SECONDS_PER_HOUR * (now_net_per_h + moment.transition_per_h)
    return idle + moment.forfeited + moment.penalty


def repaid_after_s(loss: float, gain_per_h: float, outlook: Sequence[Stretch], horizon_s: float) -> float | None:
    """Seconds until the gain has repaid ``loss`` for good within the horizon; None when it does not.

    For good: a gain that the known future takes back before the horizon repays nothing.
    """
    stretches = [*outlook, Stretch(until_s=max(horizon_s, *(s.until_s for s in outlook), 0.0), gain_per_h=gain_per_h)]
    begin, owed, repaid_at = 0.0, loss, 0.0 if loss <= 0 else None
    for stretch in stretches:
        end = min(stretch.until_s, horizon_s)
        if end <= begin:
            continue
        after = owed - stretch.gain_per_h * (end - begin) / SECONDS_PER_HOUR
        if owed > 0 >= after:
            repaid_at = begin + owed / stretch.gain_per_h * SECONDS_PER_HOUR
        begin, owed = end, after
    return repaid_at if owed <= 0 else None


def _oldest_s(rules: Rules) -> float:
    """Samples older than this confirm nothing: a console that slept may not act on what was true before."""
    return 2 * rules.samples * rules.sample_gap_s


LOADS_BEFORE_LEAVING = 10.0
"""An AI workload should have run ten of its own load times before it is worth leaving."""


def downtime_s(stop_s: Iterable[float], settle_s: Iterable[float], start_s: Iterable[float]) -> float:
    """Seconds in which neither side of a flip earns: the longest stop, settling and start of the units it moves.

    ``stop_s`` and ``settle_s`` are of what stops, ``start_s`` of what starts, to its output; each empty where nothing
    does. Settling follows a stop: what starts is not waited for twice.
    """
    return sum(max(seconds, default=0.0) for seconds in (stop_s, settle_s, start_s))


def least_run_s(kind: Kind, load_s: float | None, min_run_s: float) -> float:
    """Seconds that a workload of ``kind`` should have run before it is left; 0 for off.

    ``load_s`` is how long its model was measured to load here; unmeasured, ``min_run_s`` holds as for a miner.
    """
    if kind is Kind.OFF:
        return 0.0
    return LOADS_BEFORE_LEAVING * load_s if kind is Kind.AI and load_s is not None else min_run_s


def transition_per_h(new: Option | None, off: Option | None) -> float | None:
    """What the GPU's power costs per hour while it flips: as under ``new``, whose loading fills most of that time.

    As while ``off`` where the new draw is unknown or nothing starts; None where that is unknown, too.
    """
    if new is not None and new.power_per_h is not None:
        return new.power_per_h
    return off.power_per_h if off is not None else None
