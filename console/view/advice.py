"""What ``changeover doctor`` says: what stops the user most comes first, each finding with why and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console import units
from console.model import FeedState, GpuRow, GpuState, Holder, HostState, Option, Record, Snapshot, WorkState
from console.paths import ALONE
from console.text import parted
from console.workloads.detect import HIDDEN

OK, NOTE, WARN, FAULT = "ok", "note", "warn", "fault"
ORDER = (FAULT, WARN, NOTE, OK)
"""Of what is told; among equals what is more basic comes first."""
NAMED = 3
"""GPUs of strangers that are told with their holder; of more only how many and which."""
UNITS = "a unit of systemd or supervisord, or a container"


class Finding(Record):
    """One thing that was looked at. ``level`` is ok, note, warn or fault; ``why`` is why that matters, where ``what``
    does not say it already; ``do`` is the next step, with the command to type where there is one, "" for none."""

    level: str
    what: str
    why: str = ""
    do: str = ""


class Brings(Record):
    """What the feed called ``feed`` was set to bring, in the words in which money lacks it: ``price of ERG``."""

    feed: str
    words: frozenset[str]


class Facts(Record):
    """What the doctor was told beside the snapshot. Sentences where something is wrong, "" where all is well.

    ``controllers`` are warnings about units; ``silent`` says which controllers do not answer at all; ``cautions``
    are what the config itself leaves open; ``contained`` says that this runs in a container; ``brings`` has
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
    cautions: tuple[str, ...] = ()
    contained: bool = False
    brings: tuple[Brings, ...] = ()


def findings(snapshot: Snapshot, facts: Facts) -> list[Finding]:
    """Everything, what stops the user most first."""
    return _ordered(_found(snapshot, facts))


def unopened(trouble: str, driver: str | None) -> list[Finding]:
    """What can be said where no site opens: ``trouble`` has a sentence on each line, ``driver`` is NVML's, if any."""
    told = [_opened_by(line) for line in trouble.splitlines() if line.strip()]
    if driver:
        told.append(Finding(level=OK, what=f"NVML answers: driver {driver}"))
    return _ordered(told)


def _opened_by(sentence: str) -> Finding:
    """A sentence of the config's loader or of console.paths, which may end with what to type."""
    why, (what, step) = "no command opens this host until that is mended", parted(sentence)
    if step and not step.startswith("did you mean"):
        return Finding(level=FAULT, what=what, why=why, do=step)
    what, _, mode = sentence.partition(": chmod ")
    do = f"`chmod {mode}`" if mode else "mend that, then run `changeover doctor` again"
    return Finding(level=FAULT, what=what, why=why, do=do)


def _ordered(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda one: ORDER.index(one.level))


def _found(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    yield from _nvml(snapshot, facts)
    yield from _gpus(snapshot)
    yield from _state(facts)
    yield from _config(snapshot, facts)
    yield from _controllers(facts)
    yield from _holders(snapshot, facts)
    yield from _meters(snapshot)
    yield from _feeds(snapshot, facts)
    yield from _market(snapshot)
    if facts.workloads:  # whoever has none is told so, and nobody asks yet what they earn
        yield from _quotes(snapshot, facts)
    for banner in snapshot.banners:
        if banner != ALONE and banner not in facts.silent:  # told elsewhere, with what to do about it
            where = facts.config_path if facts.config_path and banner in facts.cautions else ""
            yield Finding(level=WARN, what=banner, do=f"set it in {where}" if where else "")


def _nvml(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    if snapshot.host_state is HostState.OK:
        driver = f"driver {facts.driver}, " if facts.driver else ""
        yield Finding(level=OK, what=f"NVML answers: {driver}{_count(len(snapshot.rows), 'GPU')}")
        return
    what, step = parted(snapshot.reason)
    why = "no GPU can be read; `changeover demo` shows the console on a simulated farm meanwhile"
    yield Finding(level=FAULT, what=what, why=why, do=step or "`sudo dmesg` has what the driver said, under NVRM")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _gpus(snapshot: Snapshot) -> Iterator[Finding]:
    for row in snapshot.rows:
        reading = row.reading
        name = f"GPU {reading.slot} ({reading.name}, {reading.pci})"
        if reading.state is GpuState.GONE:
            back = f"`changeover forget {reading.slot}` if it was removed, else see power and riser and reboot the host"
            yield Finding(level=FAULT, what=f"{name}: {parted(reading.reason)[0]}", do=back)
        elif reading.state is not GpuState.OK:
            what, step = parted(reading.reason)
            yield Finding(level=FAULT, what=f"{name}: {what}", why="nothing runs on it, nor is it flipped", do=step)
        elif reading.throttle:
            held = f"{name} is held back by {', '.join(reading.throttle)}"
            yield Finding(
                level=WARN, what=held, why="it produces less than it could", do="see cooling, power and limit"
            )
        if reading.remap_failed:
            what = f"{name}: a row could not be remapped"
            yield Finding(level=FAULT, what=what, why="its memory may give wrong results", do="replace the card")
        elif reading.remap_pending:
            yield Finding(level=WARN, what=f"{name}: a remapped row waits for a reset", do="reset it when it is idle")
        if row.stuck:
            settle = f"`changeover settle {reading.slot}`"
            yield Finding(level=FAULT, what=f"{name}: {row.stuck}", why="nothing starts there until then", do=settle)


def _config(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    seen = snapshot.host_state is HostState.OK
    if facts.config_path is None:
        init = "`changeover init` writes one from what runs here; with --dry-run it only shows it"
        yield Finding(
            level=NOTE,
            what="no config: GPUs are shown, money and flips are not",
            why="what they could do and what that earns is known from it alone",
            do=init if seen else f"once a GPU can be read, {init}",
        )
    elif not facts.workloads:
        yield Finding(
            level=NOTE,
            what=f"{facts.config_path} names no workload",
            why="there is nothing to flip to, and nothing that earns",
            do=f"start what these GPUs should do as {UNITS}; `changeover init --dry-run` then prints its tables",
        )
    else:
        yield Finding(level=OK, what=f"{facts.config_path}: {_count(facts.workloads, 'workload')}")


def _holders(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    well = [row for row in snapshot.rows if row.reading.state is GpuState.OK]
    strangers = [row for row in well if row.occupancy.holder is Holder.FOREIGN]
    unknown: dict[str, list[int]] = {}
    for row in well:
        if row.occupancy.holder is Holder.UNKNOWN:
            unknown.setdefault(row.occupancy.who, []).append(row.reading.slot)
    if strangers:
        yield Finding(
            level=NOTE,
            what=f"{_strangers(strangers)}, which no workload accounts for: never touched",
            why="whoever starts a process by hand expects that nobody ends it",
            do=f"if it is yours, run it as {UNITS}: `changeover init --dry-run` then prints its [workloads.NAME]; "
            "a system service goes to site.background",
        )
    inside = "start this container with `--pid=host`, so that it sees who holds a GPU" if facts.contained else ""
    for who, slots in unknown.items():
        do = inside if HIDDEN in who else ""
        yield Finding(level=NOTE, what=f"{units.gpus(slots)}: {who}; never touched while that is so", do=do)


def _strangers(rows: list[GpuRow]) -> str:
    """``GPU 0 is held by python (pid 7, user ann)``; of many which, and what holds the first few."""
    if len(rows) <= NAMED:
        return " and ".join(f"GPU {row.reading.slot} is held by {row.occupancy.who}" for row in rows)
    first = ", ".join(f"{row.reading.slot} by {row.occupancy.who}" for row in rows[:NAMED])
    return f"{units.gpus(row.reading.slot for row in rows)} are held, {first}, and so on"


def _meters(snapshot: Snapshot) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in snapshot.rows:
        instance, output = row.occupancy.instance, row.output
        if instance is None or output is None or instance.unit in seen:
            continue
        seen.add(instance.unit)
        if output.reason and instance.state is not WorkState.RUNNING:
            yield Finding(
                level=WARN,
                what=f"{instance.workload} ({instance.unit}): {output.reason}",
                why="what it earns cannot be measured",
                do=f"see that it runs well, and that workloads.{instance.workload}.meter is where it listens",
            )


def _feeds(snapshot: Snapshot, facts: Facts) -> Iterator[Finding]:
    feeds = snapshot.market.feeds
    for feed in feeds:
        needed = _needed(feed.name, snapshot, facts)
        where = f"see that [feeds.{feed.name}] has the right address and key, and that this host reaches it"
        if _fails(feed):
            what = f"feed {feed.name} fails, {_how_long(feed, snapshot.at)}: {feed.error}"
            why = f"the money hangs on its {', '.join(needed)}" if needed else ""
            yield Finding(level=FAULT if needed else WARN, what=what, why=why, do=where)
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
    lacking: dict[str, set[int]] = {}
    for row in snapshot.rows:
        for lack in (lack for option in row.money.options if option.eligible for lack in option.missing):
            lacking.setdefault(lack, set()).add(row.reading.slot)
    for lack, slots in sorted(lacking.items()):
        yield _lacks(lack.replace("this GPU", units.gpus(slots), 1), snapshot, facts)


def _lacks(lack: str, snapshot: Snapshot, facts: Facts) -> Finding:
    """A figure that is missing, with the feed that was to bring it where there is one: what fails before the rest."""
    bringing = {one.feed for one in facts.brings if _is_brought(lack, one)}
    feeds = [feed for feed in snapshot.market.feeds if feed.name in bringing]
    if not feeds:
        subject, _, step = lack.partition(": ")
        return Finding(level=NOTE, what=f"the money lacks {subject}", do=step)
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
        yield Finding(level=FAULT, what=facts.journal, do="`changeover journal verify` says which lines still hold")
    if not facts.shared:
        yield Finding(
            level=WARN if facts.workloads else NOTE,
            what=f"state is kept in {facts.state}: flips are coordinated for this user alone",
            why="another operator's console would not see that a GPU is being flipped",
            do="packaging/README.md has the lines that make the shared directories and the group gpu-operators",
        )
