"""How the feeds fare and what the pools owe: one line each, the failing ones first."""

from __future__ import annotations

from console import units
from console.model import FeedState, Kept, PoolState, Snapshot
from console.view import clock
from console.view.pieces import Line, Piece, fit, left, on_point, together, width

NAME = 14
BRIEF = 100  # narrower than this a pool's line has fewer words


def title(snapshot: Snapshot) -> tuple[str, ...]:
    """``feeds``, and how many answer and fail."""
    feeds = snapshot.market.feeds
    failing = sum(1 for feed in feeds if feed.error and feed.failures)
    unasked = sum(1 for feed in feeds if _unasked(feed))
    answering = len(feeds) - failing - unasked
    said = [(answering, "answers" if answering == 1 else "answer"), (failing, "fails" if failing == 1 else "fail")]
    return ("feeds", *(f"{number} {word}" for number, word in (*said, (unasked, "not asked yet")) if number))


def lines(snapshot: Snapshot, now: float, room: int) -> list[Line]:
    """Every feed, then every pool, then what is counted of the hashes of workloads whose pool is not read."""
    market = snapshot.market
    if not market.feeds and not market.pools and not market.kept:
        text = "no feeds: every quote stands in the config; [feeds.NAME] asks a source for it"
        return [fit((Piece(f"   {text}", "label"),), room)]
    ordered = sorted(market.feeds, key=lambda feed: not feed.error)
    out: list[Line] = []
    for feed in ordered:
        line = _feed(feed, snapshot, now)
        if feed.error and width(line) > room:
            out += [fit(line[:-2], room), fit((Piece(f"     {feed.error}", "value"),), room)]
        elif width(line) > room:
            out.append(fit(_feed(feed, snapshot, now, brief=True), room))
        else:
            out.append(fit(line, room))
    out += [_pool(pool, now, room) for pool in market.pools]
    told = [kept for kept in market.kept if kept.shares or kept.pool]  # a meter without shares never tells
    by_pool = {kept.workload for pool in market.pools for kept in pool.kept}
    return [*out, *(fit(_alone(kept), room) for kept in told if kept.workload not in by_pool)]


def brief(snapshot: Snapshot, now: float, room: int) -> Line:
    """All of it in one line: what fails, else how many answer."""
    failing = [feed for feed in snapshot.market.feeds if feed.error]
    if failing:
        more = f"   +{len(failing) - 1} more" if len(failing) > 1 else ""
        return fit((*_feed(failing[0], snapshot, now), Piece(more, "label")), room)
    if not snapshot.market.feeds:
        return lines(snapshot, now, room)[0]
    last = max((feed.answered_at or 0.0 for feed in snapshot.market.feeds), default=0.0)
    said = " · ".join(title(snapshot))
    return fit((Piece(f"   {said}, the last {units.age(max(0.0, now - last))} ago", "label"),), room)


def _feed(feed: FeedState, snapshot: Snapshot, now: float, *, brief: bool = False) -> Line:
    """One feed: ``coins  answered 38s ago  next in 7s``, or since when it fails and when it is tried again.

    Where it said something the last two pieces are a gap and that.
    """
    failing = bool(feed.error and feed.failures)
    mark = Piece(" ✕ ", "harm") if failing else Piece(" ! ", "warn") if feed.error else Piece("   ")
    name = left(feed.name, NAME, "strong" if failing else "value")
    if _unasked(feed):
        return (mark, *name, Piece("not asked yet", "aside"))
    parts: list[Line] = []
    if failing:
        parts.append((Piece(_since(feed, snapshot.timezone).ljust(18), "harm"),))
        parts.append((Piece("try ", "label"), Piece(f"{feed.failures + 1}".rjust(2)), *_next(feed, now)))
    else:
        age = units.age(max(0.0, now - (feed.answered_at or 0.0))).split(" ")[0]
        parts.append((Piece("answered ", "label"), Piece(age.rjust(4)), Piece(" ago ", "label")))
        parts += [(Piece("next  ", "label"), *_next(feed, now))] if not brief else []
    text = feed.error or ", ".join(feed.notes)
    if text:
        parts.append((Piece(text, "value" if failing else "warn" if feed.error else "label"),))
    return (mark, *name, *together(parts, 2))


def _unasked(feed: FeedState) -> bool:
    return feed.asked_at is None and feed.answered_at is None


def _since(feed: FeedState, timezone: str) -> str:
    if feed.answered_at is None:
        return "never answered"
    return f"fails since {clock.local(feed.answered_at, timezone, '%H:%M')}"


def _next(feed: FeedState, now: float) -> Line:
    if feed.next_at is None:
        return (Piece(" now    ", "label"),)
    wait_s = feed.next_at - now
    text = "now" if wait_s < 1 else units.age(wait_s).split(" ")[0]
    return Piece(" in " if wait_s >= 1 else "    ", "label"), Piece(text.rjust(4))


def _pool(pool: PoolState, now: float, room: int) -> Line:
    """One pool in coins: what it owes, what is not ripe yet, when it pays, what it counts of what is reported.

    What has no room leaves, what is wrong and what it owes last.
    """
    mark = Piece(" ✕ ", "harm") if pool.error else Piece(" ▲ ", "mine")
    age = "" if pool.at is None else f"{units.age(max(0.0, now - pool.at)).split(' ')[0]} ago"
    parts: list[tuple[int, Line]] = [
        (0, _coins("unpaid", pool.unpaid, pool.coin)),
        (4, _coins("immature", pool.immature, "")),
        (3, _payout(pool)),
        *((2, _kept(one, brief=room < BRIEF)) for one in pool.kept[:1]),
        (1, (Piece(pool.error, "value"),)) if pool.error else (5, (Piece(age, "aside"),)),
    ]
    head = (mark, *left(pool.name, NAME, "value"))
    while len(parts) > 1 and width((*head, *together([line for _, line in parts], 2))) > room:
        if max(parts)[0] <= 1:
            break
        parts.remove(max(parts, key=lambda part: part[0]))
    return fit((*head, *together([line for _, line in parts], 2)), room)


def _alone(kept: Kept) -> Line:
    """What is counted of what a workload reports, where its pool is not read."""
    return (Piece(" ▲ ", "mine"), *left(kept.workload, NAME, "value"), *_kept(kept))


def _coins(label: str, value: float | None, coin: str) -> Line:
    text = units.UNKNOWN if value is None else f"{value:.3f}"
    return (
        Piece(f"{label} ", "label"),
        Piece(on_point(text, 5, 3), "aside" if value is None else "value"),
        Piece(f" {coin}" if coin else "", "label"),
    )


def _payout(pool: PoolState) -> Line:
    if pool.payout_min is None:
        return (Piece("payout –", "label"),)
    least = f"{pool.payout_min:g} {pool.coin}"
    if pool.payout_s is None:
        return Piece("payout at ", "label"), Piece(least)
    return Piece("payout in ", "label"), Piece(units.age(pool.payout_s)), Piece(f" at {least}", "label")


def _kept(kept: Kept, *, brief: bool = False) -> Line:
    """What is credited of what is reported; worded where it is much less."""
    if kept.ratio is None:
        return (Piece(f"credited – ({kept.shares} shares)", "aside"),)
    tone = "warn" if kept.flagged else "value"
    word = "! credited only " if kept.flagged else "credited "
    share = units.percent(kept.ratio * 100, 1).replace("%", " %")
    return (
        Piece(word, tone if kept.flagged else "label"),
        Piece(share, tone),
        Piece("" if brief else " of reported", "label"),
    )
