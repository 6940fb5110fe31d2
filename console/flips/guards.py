"""Why a GPU may not be flipped: each reason one small rule with a name and a sentence.

The same rules make the plan's refusals and run again inside the transaction. Forcing waives what an owner may waive
for himself (a contract, a renter, a pin); nothing waives a foreign process, a technician's lock or a card in trouble.
Some rules stand only where nobody confirms: a person is warned of a short run and of stale quotes, and decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from console.flips.world import OFF
from console.model import Flipping, GpuState, Guard, Holder, Occupancy, Reading, Record

RESTART_BUDGET = 3
"""Failed starts on one GPU in RESTART_WINDOW_S after which nothing new is started there; a roll-back counts only those
of the unit that it brings back."""
RESTART_WINDOW_S = 600.0

HALT = "halt"
"""The name of the guard by which somebody has stopped everything that was planned before, or is planned by nobody."""
LOCK = "lock"
"""The name of a technician's guard, made in console.flips.technician."""

OF_TARGET = frozenset({"pin", "contract", "rental", "memory", "power", "event", "run", "quotes", "units"})
"""Rules about what a GPU would become; they do not hinder a roll-back to what ran there a moment ago."""


class Case(Record):
    """What a rule looks at: one GPU, who holds it and on what terms, and what it would become."""

    reading: Reading
    occupancy: Occupancy
    target: str = OFF
    fresh: bool = True
    stuck: str = ""
    flipping: Flipping | None = None
    memory_mib: float = 0.0
    pin: str | None = None
    terms: str = ""
    contract: str = ""
    unpaid: bool = False  # it serves beyond what the contract commits
    let: bool = False  # what holds it offers it on a rental market
    failed_starts: int = 0
    faults: tuple[str, ...] = ()  # of the units that would stop or start
    wall_w: float | None = None  # what the site would draw, this GPU and all moved before it included
    power_limit_w: float | None = None
    event: str = ""
    automatic: bool = False
    halted: str = ""
    outdated: bool = False  # everything was stopped after this was planned, so that a person's plan counts no more
    early: str = ""  # that what runs has not run as long as its start should be given
    stale: str = ""  # that quotes behind what the two options earn are stale

    @property
    def gpu(self) -> str:
        """The GPU as sentences name it."""
        return f"GPU {self.reading.slot}"

    @property
    def holder(self) -> str:
        """The workload that holds it, ``""`` for none."""
        return self.occupancy.instance.workload if self.occupancy.instance else ""


class Rule(NamedTuple):
    """A guard: the sentence it has to say of a case, ``""`` when it does not stand."""

    name: str
    says: Callable[[Case], str]
    forceable: bool = False


def _state(case: Case) -> str:
    reading = case.reading
    if reading.state is GpuState.OK:
        return ""
    return f"{case.gpu} is {reading.state.value.replace('_', ' ')}" + (f": {reading.reason}" if reading.reason else "")


def _fresh(case: Case) -> str:
    return "" if case.fresh else f"{case.gpu} has not been read for a while: what runs there is not known"


def _mig(case: Case) -> str:
    return f"{case.gpu} is split by MIG: shown, never flipped" if case.reading.mig else ""


def _flipping(case: Case) -> str:
    flip = case.flipping
    return f"{case.gpu} is being flipped to {flip.to} by {flip.by}" if flip else ""


def _foreign(case: Case) -> str:
    if case.occupancy.holder is not Holder.FOREIGN:
        return ""
    return f"{case.gpu} is held by {case.occupancy.who or 'a process'}, which no configured workload accounts for"


def _unknown(case: Case) -> str:
    if case.occupancy.holder is not Holder.UNKNOWN:
        return ""
    return f"who holds {case.gpu} cannot be read" + (f": {case.occupancy.who}" if case.occupancy.who else "")


def _stuck(case: Case) -> str:
    if not case.stuck or case.target == OFF:
        return ""
    slot = case.reading.slot
    return f"{case.gpu} is stuck: {case.stuck}; nothing starts there until changeover settle {slot} sees it free"


def _restarts(case: Case) -> str:
    if case.target == OFF or case.failed_starts < RESTART_BUDGET:
        return ""
    return f"{case.failed_starts} starts failed on {case.gpu} in {RESTART_WINDOW_S / 60:.0f} min: it stays as it is"


def _memory(case: Case) -> str:
    total_mib = case.reading.mem_total_mib
    if total_mib is None or case.memory_mib <= total_mib:
        return ""
    need, has = case.memory_mib / 1024, total_mib / 1024
    return f"{case.target} needs {need:.1f} GiB and {case.gpu} has {has:.1f}"


def _pin(case: Case) -> str:
    if case.pin is None or case.target in (case.pin, OFF):
        return ""
    return f"{case.gpu} is pinned to {case.pin} in the config"


def _contract(case: Case) -> str:
    if case.terms != "contract" or case.unpaid or case.holder in ("", case.target):
        return ""
    under = f"contract {case.contract}" if case.contract else "a contract"
    return f"{case.gpu} serves {case.holder} under {under}"


def _rental(case: Case) -> str:
    if not (case.let or case.terms == "marketplace") or case.holder in ("", case.target):
        return ""
    return f"{case.gpu} runs {case.holder} for a marketplace: a renter may be on it"


def _units(case: Case) -> str:
    return case.faults[0] if case.faults and case.target != OFF else ""


def _power(case: Case) -> str:
    if case.target == OFF or case.wall_w is None or case.power_limit_w is None or case.wall_w <= case.power_limit_w:
        return ""
    draws, may = case.wall_w / 1000, case.power_limit_w / 1000
    return f"with {case.target} on {case.gpu} the site would draw {draws:.2f} kW at the wall, its limit is {may:.2f}"


def _event(case: Case) -> str:
    return f"{case.event}: nothing is started until it is over" if case.event and case.target != OFF else ""


def _halt(case: Case) -> str:
    return case.halted if case.automatic or (case.outdated and case.target != OFF) else ""


def _early(case: Case) -> str:
    return case.early if case.automatic else ""


def _stale(case: Case) -> str:
    return case.stale if case.automatic else ""


RULES = (
    Rule("state", _state),
    Rule("reading", _fresh),
    Rule("mig", _mig),
    Rule("flipping", _flipping),
    Rule("foreign", _foreign),
    Rule("unknown", _unknown),
    Rule("stuck", _stuck),
    Rule("restarts", _restarts),
    Rule("units", _units),
    Rule("memory", _memory),
    Rule("power", _power),
    Rule("event", _event),
    Rule(HALT, _halt),
    Rule("run", _early),
    Rule("quotes", _stale),
    Rule("pin", _pin, forceable=True),
    Rule("contract", _contract, forceable=True),
    Rule("rental", _rental, forceable=True),
)


def standing(case: Case, others: Iterable[Guard] = (), rules: Iterable[Rule] = RULES) -> tuple[Guard, ...]:
    """The guards that stand on one GPU, most basic first, with those that ``others`` found (locks)."""
    found = ((rule, rule.says(case)) for rule in rules)
    own = tuple(Guard(name=rule.name, sentence=said, forceable=rule.forceable) for rule, said in found if said)
    named = {guard.name for guard in own}
    return own + tuple(guard for guard in others if guard.name not in named)


def waived(guards: Iterable[Guard], forced: bool) -> tuple[Guard, ...]:
    """Those of ``guards`` that still stand once the forceable ones are ``forced``."""
    return tuple(guard for guard in guards if not (forced and guard.forceable))
