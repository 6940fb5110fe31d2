"""Carries out a plan: its moves a few at a time, with a key that begins no more."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

from console.flips.facts import Facts, Hands
from console.flips.journal import Journal
from console.flips.locks import Claims
from console.flips.records import Ending, Move, Plan, Progress
from console.flips.telling import Report
from console.flips.transaction import Transaction
from console.flips.turns import Turns

AT_ONCE = 2
"""Moves under way together where no config says: two keep one slow or failing move from holding up the rest."""


def carry_out(
    plan: Plan,
    facts: Facts,
    hands: Hands,
    journal: Journal,
    claims: Claims,
    report: Report,
    *,
    at_once: int = AT_ONCE,
    stagger_s: float = 0.0,
    stop: threading.Event | None = None,
) -> tuple[Ending, ...]:
    """Run every move of ``plan`` and return their endings, in the plan's order.

    Moves stop and start things at least ``stagger_s`` apart. Setting ``stop`` cancels what has not stopped anything
    yet, lets the rest finish and refuses what has not begun. ``report`` is called from several threads,
    one call at a time; what it raises is lost, because no flip may fall with its audience. Facts and hands must bear
    threads when ``at_once`` is more than one.
    """
    one_at_a_time = threading.Lock()
    order = Turns(stagger_s, stop.is_set if stop is not None else lambda: False)

    def told(progress: Progress) -> None:
        with one_at_a_time, contextlib.suppress(Exception):
            report(progress)

    def move(one: Move) -> Ending:
        if stop is not None and stop.is_set():
            return _not_begun(one, facts, told)
        return Transaction(one, plan, facts, hands, journal, claims, told, order).run()

    with ThreadPoolExecutor(max(1, at_once), thread_name_prefix="flip") as pool:
        return tuple(pool.map(move, plan.moves))


def _not_begun(move: Move, facts: Facts, told: Report) -> Ending:
    ending = Ending(flip_id=move.flip_id, result="refused", text="stopped before it began")
    told(
        Progress(
            flip_id=move.flip_id,
            at=facts.now(),
            kind="refused",
            step="outcome",
            slots=move.slots,
            text=ending.text,
            result=ending.result,
        )
    )
    return ending
