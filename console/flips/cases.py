"""What the guards' rules are asked of one GPU: one way to put it together, for the plan and inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console.config.settings import Settings
from console.economics.rules import named
from console.flips import reading
from console.flips.facts import Seen
from console.flips.guards import Case, standing, waived
from console.flips.journal import Journal, JournalError
from console.flips.records import Plan
from console.flips.standing import Over
from console.flips.world import OFF, Candidate, candidate
from console.model import Flipping, Guard, Occupancy, Option, Reading


def case_for(
    seen: Reading,
    occupancy: Occupancy,
    target: str,
    *,
    new: Candidate | None,
    held: Candidate | None,
    earns: Option | None,
    pin: str | None,
    stuck: str,
    fresh: bool,
    event: str,
    flipping: Flipping | None = None,
    failed_starts: int = 0,
) -> Case:
    """The case of one GPU. ``new`` is what would run there, ``held`` the configured workload that holds it now,
    ``earns`` the option of the latter on this GPU, None where there is none to tell.

    What is asked for without a default must be told by everybody: a rule that is left out guards nothing.
    """
    return Case(
        reading=seen,
        occupancy=occupancy,
        target=target,
        fresh=fresh,
        stuck=stuck,
        flipping=flipping,
        memory_mib=new.memory_mib if new else 0.0,
        pin=pin,
        terms=held.terms if held else "",
        contract=held.contract if held else "",
        unpaid=earns is not None and earns.bond is not None and earns.bond.unpaid,
        let=held.let if held else False,
        failed_starts=failed_starts,
        faults=(*(held.faults if held else ()), *(new.faults if new else ())),
        event=event,
    )


def still_standing(
    plan: Plan,
    seen: Seen,
    settings: Settings,
    *,
    stuck: str,
    fresh: bool,
    over: Over,
    others: Iterable[Guard],
) -> tuple[Guard, ...]:
    """The guards that stand on one GPU while ``plan`` is carried out, forced ones left out; ``others`` are locks,
    ``over`` is what stands over all flips.

    The restart budget is not among them: the transaction asks the journal for it (flips.acting). Whether a contract
    pays for a GPU is as it was when the plan was made: only the site that made it watches who serves. So are the power
    budget, which needs all cards of the site, and what automatic plans are asked beyond a person's.
    """
    uuid, instance = seen.reading.uuid, seen.occupancy.instance
    starts = (action.workload for move in plan.moves for action in move.starts if uuid in action.uuids)
    target = next(starts, OFF)
    case = case_for(
        seen.reading,
        seen.occupancy,
        target,
        new=_configured(settings, target),
        held=_configured(settings, instance.workload) if instance else None,
        earns=_planned(plan, seen.reading.slot, instance.workload) if instance else None,
        pin=pinned(settings, seen.reading),
        stuck=stuck,
        fresh=fresh,
        event=over.event,
    )
    outdated = over.halted_since is not None and over.halted_since >= plan.at
    case = msgspec.structs.replace(case, halted=over.halted, outdated=outdated, automatic=plan.automatic)
    return waived(standing(case, others), f"{plan.host}:{seen.reading.slot}" in plan.forced)


def pinned(settings: Settings, seen: Reading) -> str | None:
    """The only workload that the config lets this GPU run, None where it may run any."""
    names = (seen.uuid, seen.pci, str(seen.slot))
    return next((settings.gpus[name].pin for name in names if name in settings.gpus), None)


def marks(journal: Journal) -> dict[str, str]:
    """Marks of stuck GPUs. A journal that cannot be read stops the flip elsewhere, before its intent."""
    try:
        return reading.stuck(journal.path)
    except JournalError:
        return {}


def _planned(plan: Plan, slot: int, workload: str) -> Option | None:
    """The option of a workload on one GPU, as the plan was made on it."""
    advised = (one for move in plan.moves for one in move.advised if one.slot == slot)
    return next((named(one.grounds.options, workload) for one in advised), None)


def _configured(settings: Settings, workload: str) -> Candidate | None:
    found = settings.workloads.get(workload)
    if found is None:
        return None
    kind = settings.controllers[found.controller].kind or found.controller if found.controller else ""
    return candidate(workload, found, "", (), let=kind == "rental")
