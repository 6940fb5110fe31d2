"""What ``changeover doctor`` says: findings in the order a colleague would look, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console import units
from console.model import FeedState, GpuState, Holder, HostState, Option, Record, Snapshot, WorkState
from console.paths import ALONE

OK, NOTE, WARN, FAULT = "ok", "note", "warn", "fault"


class Finding(Record):
    """One thing that was looked at. ``level`` is ok, note, warn or fault; ``do`` is the next step, "" for none."""

    level: str
    what: str
    do: str = ""


class Brings(Record):
    """What the feed called ``feed`` was set to bring, in the words in which money lacks it: ``price of ERG``."""

    feed: str
    words: frozenset[str]


class Facts(Record):
    """What the doctor was told beside the snapshot. Sentences where something is wrong, "" where all is well.

    ``controllers`` are warnings about units; ``silent`` says which controllers do not answer at all; ``brings`` has
    every feed of the config.
    """

    config_path: str | None
    driver: str | None
    workloads: int
    controllers: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    disks: str = ""
    journal: str = ""
    shared: bool = True
    state: str = ""
    brings: tuple[Brings, ...] = ()


def findings(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    """Everything, most basic first."""
    yield from _nvml(snapshot, facts)
    yield from _gpus(snapshot)
    yield from _config(facts)
    yield from _holders(snapshot)
    yield from _meters(snapshot)
    yield from _feeds(snapshot, facts)
    yield from _market(snapshot)
    yield from _quotes(snapshot, facts)
    yield from _controllers(facts)
    for banner in snapshot.banners:
        if banner != ALONE and banner not in facts.silent:  # told elsewhere, with what to do about it
            yield Finding(level=WARN, what=banner)
    yield from _state(facts)


def _nvml(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    if snapshot.host_state is HostState.OK:
        driver = f"driver {facts.driver}, " if facts.driver else ""
        yield Finding(level=OK, what=f"NVML answers: {driver}{len(snapshot.rows)} GPUs")
    else:
        yield Finding(level=FAULT, what=snapshot.reason, do="changeover demo shows the console on a simulated farm")


def _gpus(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.rows:
        reading = row.reading
        name = f"GPU {reading.slot} ({reading.name}, {reading.pci})"
        if reading.state is GpuState.GONE:
            yield Finding(
                level=FAULT, what=f"{name}: {reading.reason}", do=f"changeover forget {reading.slot} if it was removed"
            )
        elif reading.state is not GpuState.OK:
            yield Finding(level=FAULT, what=f"{name}: {reading.reason}")
        elif reading.throttle:
            yield Finding(level=WARN, what=f"{name} is held back by {', '.join(reading.throttle)}")
        if reading.remap_failed:
            yield Finding(level=FAULT, what=f"{name}: a row could not be remapped", do="replace the card")
        elif reading.remap_pending:
            yield Finding(level=WARN, what=f"{name}: a remapped row waits for a reset", do="reset it when it is idle")
        if row.stuck:
            yield Finding(level=FAULT, what=f"{name}: {row.stuck}", do=f"changeover settle {reading.slot}")


def _config(facts: Facts) -> Iterator[Finding]:
    if facts.config_path is None:
        yield Finding(
            level=NOTE,
            what="no config: GPUs are shown, money and flips are not",
            do="write /etc/changeover/config.toml; the README has one to begin with",
        )
    elif not facts.workloads:
        yield Finding(level=NOTE, what=f"{facts.config_path} names no workload", do="add [workloads.NAME] to it")
    else:
        yield Finding(level=OK, what=f"{facts.config_path}: {facts.workloads} workloads")


def _holders(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.rows:
        held = row.occupancy
        if row.reading.state is not GpuState.OK:
            continue
        if held.holder is Holder.FOREIGN:
            yield Finding(
                level=NOTE,
                what=f"GPU {row.reading.slot} is held by {held.who}, which no workload accounts for: never touched",
                do="if it is yours, give it a unit and a [workloads.NAME]; a system service goes to site.background",
            )
        elif held.holder is Holder.UNKNOWN:
            yield Finding(level=NOTE, what=f"GPU {row.reading.slot}: {held.who}; never touched while that is so")


def _meters(snapshot: Snapshot) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in snapshot.rows:
        instance, output = row.occupancy.instance, row.output
        if instance is None or output is None or instance.unit in seen:
            continue
        seen.add(instance.unit)
        if output.reason and instance.state is not WorkState.RUNNING:
            yield Finding(level=WARN, what=f"{instance.workload} ({instance.unit}): {output.reason}")


def _feeds(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    feeds = snapshot.market.feeds
    for feed in feeds:
        needed = _needed(feed.name, snapshot, facts)
        where = f"see that [feeds.{feed.name}] has the right address and key, and that this host reaches it"
        if _fails(feed):
            what = f"feed {feed.name} fails, {_how_long(feed, snapshot.at)}: {feed.error}"
            hurts = f"the money hangs on its {', '.join(needed)}: " if needed else ""
            yield Finding(level=FAULT if needed else WARN, what=what, do=f"{hurts}{where}")
        elif feed.error:
            yield Finding(level=WARN, what=f"feed {feed.name} answers, and in part what cannot be: {feed.error}")
        elif _unanswered(feed):
            what = f"feed {feed.name} has not answered yet"
            yield Finding(level=WARN if needed else NOTE, what=what, do=f"run this again; if it stays so, {where}")
        for note in feed.notes:
            yield Finding(level=NOTE, what=f"feed {feed.name}: {note}")
    if feeds and not any(feed.error or _unanswered(feed) for feed in feeds):
        yield Finding(level=OK, what=f"{len(feeds)} {'feed answers' if len(feeds) == 1 else 'feeds answer'}")


def _market(snapshot: Snapshot) -> Iterator[Finding]:
    """What is said and not believed, what sources do not agree on, and pools that cannot be read."""
    for held in snapshot.market.held:
        quote, seen = held.quote, "once" if held.seen == 1 else f"{held.seen} times"
        since = f"seen {seen} in {units.age(max(0.0, snapshot.at - held.since))}"
        yield Finding(
            level=WARN,
            what=f"{_figure(quote.kind, quote.name)} from {quote.source} {held.reason}: held back, not used; {since}",
            do="look at its source: a figure that stays is believed after ten minutes",
        )
    for two in snapshot.market.disagreements:
        if two.flagged:
            apart = f"{two.high.source} is {units.share(two.fraction)} above {two.low.source}"
            yield Finding(
                level=WARN,
                what=f"sources of {_figure(two.kind, two.name)} disagree: {apart}",
                do="one is wrong or means another thing: take it out of the config",
            )
    for pool in snapshot.market.pools:
        if pool.error:
            age = "never" if pool.at is None else f"{units.age(max(0.0, snapshot.at - pool.at))} ago"
            yield Finding(
                level=WARN,
                what=f"pool {pool.name} cannot be read, last answered {age}: {pool.error}",
                do=f"see that [pools.{pool.name}] has the right address, account and key",
            )


def _quotes(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    failing = {feed.name for feed in snapshot.market.feeds if _fails(feed)}
    for quote in snapshot.quotes:
        if quote.stale(snapshot.at):
            where = "set a new value in the config" if quote.source == "config" else "look at its feed"
            where = f"feeds.{quote.source} fails: it has to answer again" if quote.source in failing else where
            yield Finding(level=WARN, what=f"the quote {quote.name} from {quote.source} is stale", do=where)
    for lack in sorted({lack for option in _options(snapshot) for lack in option.missing}):
        yield _lacks(lack, snapshot, facts)


def _lacks(lack: str, snapshot: Snapshot, facts: Facts) -> Finding:
    """A figure that is missing, with the feed that was to bring it where there is one: what fails before the rest."""
    bringing = {one.feed for one in facts.brings if _is_brought(lack, one)}
    feeds = [feed for feed in snapshot.market.feeds if feed.name in bringing]
    if not feeds:
        return Finding(level=NOTE, what=f"the money lacks {lack}")
    subject = _subject(lack)
    bad = [feed for feed in feeds if _fails(feed)] or [feed for feed in feeds if _unanswered(feed)]
    names = " and ".join(f"feeds.{feed.name}" for feed in bad or feeds)
    if not bad:
        what = f"the money lacks {subject}, and {names} answered without it"
        return Finding(level=NOTE, what=what, do=f"see that {names} has the name that its source gives it")
    why, do = ("fails", f"mend {names}") if _fails(bad[0]) else ("has not answered yet", "run this again")
    return Finding(level=NOTE, what=f"the money lacks {subject}: to come from {names}, which {why}", do=do)


def _needed(feed: str, snapshot: Snapshot, facts: Facts) -> list[str]:
    """What money on this host lacks, or has too old, for want of this feed: words without advice, sorted."""
    own = [one for one in facts.brings if one.feed == feed]
    found: set[str] = set()
    for option in _options(snapshot):
        found |= {_subject(lack) for lack in option.missing if any(_is_brought(lack, one) for one in own)}
        found |= {one.name for one in option.inputs if one.source == feed and one.stale}
    return sorted(found)


def _is_brought(lack: str, by: Brings) -> bool:
    return _subject(lack) in by.words or f"feeds.{by.feed} has not said one yet" in lack


def _subject(lack: str) -> str:
    """``price of ERG`` of ``price of ERG: set [quotes.ERG]``; a name may have a colon in it, and no blank after."""
    return lack.partition(": ")[0]


def _options(snapshot: Snapshot) -> Iterable[Option]:
    return (option for row in snapshot.rows for option in row.money.options if option.eligible)


def _fails(feed: FeedState) -> bool:
    return bool(feed.error and feed.failures)


def _unanswered(feed: FeedState) -> bool:
    return feed.asked_at is None and feed.answered_at is None


def _how_long(feed: FeedState, now: float) -> str:
    times = "once" if feed.failures == 1 else f"{feed.failures} times in a row"
    if feed.answered_at is None:
        return f"{times}, and has never answered"
    return f"{times}, and last answered {units.age(max(0.0, now - feed.answered_at))} ago"


def _figure(kind: str, name: str) -> str:
    word = kind.replace("_", " ")
    return word if name == word else f"{word} of {name}"


def _controllers(facts: Facts) -> Iterator[Finding]:
    for sentence in facts.silent:
        yield Finding(level=FAULT, what=sentence, do="see that it runs, and that its socket is the one in the config")
    for sentence in facts.controllers:
        yield Finding(level=WARN, what=sentence)


def _state(facts: Facts) -> Iterator[Finding]:
    if facts.disks:
        yield Finding(level=FAULT, what=f"no flip can begin: {facts.disks}")
    if facts.journal:
        yield Finding(level=FAULT, what=facts.journal)
    if not facts.shared:
        yield Finding(
            level=WARN,
            what=f"state is kept in {facts.state}: flips are coordinated for this user alone",
            do="packaging/README.md has the lines that make the shared directories and the group gpu-operators",
        )
