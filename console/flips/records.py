"""What a flip is on paper: who asks, what stops, what starts, what it costs, and why it may not be."""

from __future__ import annotations

import msgspec

from console.economics.replay import Grounds
from console.model import Guard, Record, Uuid


class Who(Record):
    """Who acts. uid, login and loginuid are the kernel's word; the rest is claimed by the environment."""

    uid: int
    login: str
    loginuid: int | None = None
    claimed_ssh: str = ""
    claimed_sudo: str = ""
    via: str = "console"  # console, command, undo, settle


class Action(Record):
    """One unit to stop or start, with the GPUs it holds in UUID order and the limits of its workload.

    ``timeout_s`` is the limit of what the action is for; both limits of the workload stand beside it, because a
    roll-back starts what was stopped and stops what was started.
    """

    workload: str
    kind: str
    controller: str
    unit: str
    uuids: tuple[Uuid, ...]
    timeout_s: float
    settle_s: float = 2.0
    drain_timeout_s: float = 0.0
    start_timeout_s: float = 180.0
    stop_timeout_s: float = 30.0
    metered: bool = False  # it has a meter, so warmth needs output as well as NVML's evidence
    profile: str | None = None  # of power limit and clocks, while it runs
    routed: bool = False  # the config has commands that close it to requests and open it again
    let: bool = False  # offered on a rental market: it runs while it is listed, with or without a process

    def to_start(self) -> Action:
        """The same unit with the limit of a start."""
        return msgspec.structs.replace(self, timeout_s=self.start_timeout_s)

    def to_stop(self) -> Action:
        """The same unit with the limit of a stop."""
        return msgspec.structs.replace(self, timeout_s=self.stop_timeout_s)


class Advised(Record):
    """What was advised on one GPU when a move was planned, and all that the advice was made of."""

    slot: int
    why: str
    acts: bool
    grounds: Grounds


class Move(Record):
    """One transaction: a set of GPUs closed under the instances on both sides, what stops there and what starts.

    ``starts`` is empty for *off*. ``before``/``after`` are workload names (``off`` when nothing runs). Money is per
    hour for the whole set; ``None`` where a price is missing.
    """

    flip_id: str
    uuids: tuple[Uuid, ...]
    slots: tuple[int, ...]
    before: str
    after: str
    stops: tuple[Action, ...]
    starts: tuple[Action, ...]
    downtime_s: float
    downtime_cost: float | None = None
    net_before_per_h: float | None = None
    net_after_per_h: float | None = None
    payback_s: float | None = None
    estimated: bool = True
    warnings: tuple[str, ...] = ()
    advised: tuple[Advised, ...] = ()  # per GPU, in uuids order where there was something to advise
    wall_change_w: float | None = None  # what it adds at the wall, as the options have it
    base_mib: tuple[float | None, ...] = ()  # least memory seen in use on each GPU while free, in uuids order

    def as_intended(self) -> Move:
        """The same without what it was advised on, as the journal's intent holds it."""
        return msgspec.structs.replace(self, advised=())

    @property
    def gain_per_h(self) -> float | None:
        """What the move is worth per hour, or None while a side of it is unknown."""
        if self.net_before_per_h is None or self.net_after_per_h is None:
            return None
        return self.net_after_per_h - self.net_before_per_h


class Refusal(Record):
    """GPUs that will not be moved, and the guard that says so."""

    slots: tuple[int, ...]
    guard: Guard


class Plan(Record):
    """What will happen if it is confirmed. Nothing has happened yet; a plan without moves does nothing."""

    plan_id: str
    at: float
    host: str
    who: Who
    target: str  # as asked: a workload's name, "mine", "ai", "off", "best", "undo"
    moves: tuple[Move, ...]
    refusals: tuple[Refusal, ...] = ()
    done: tuple[int, ...] = ()  # slots that already are what was asked
    forced: tuple[str, ...] = ()  # "rig-07:3"
    reason: str = ""
    config_hash: str = ""
    undoes: str | None = None  # flip_id
    automatic: bool = False  # nobody confirms it: every guard counts that only warns a person
    abort_requests: bool = False  # at the drain's limit stop all the same, requests and all


class Progress(Record):
    """One thing that happened to a move; also the shape of a journal line on the runner's stdout.

    ``kind`` is intent, step, outcome, refused or error. ``step`` is one of claim, replan, intent, drain, turn, safe,
    stop, free, start, warm, profile, outcome, rollback. A step is told when it begins, ``took_s`` None, perhaps while
    it goes on, and when it has ended; ``error`` is a move of which nothing more will be told. ``result`` of an outcome
    is done, rolled_back, cancelled, off or stuck; of a refusal ``refused``.
    """

    flip_id: str
    at: float
    kind: str
    step: str
    slots: tuple[int, ...]
    text: str
    result: str = ""
    took_s: float | None = None


class Ending(Record):
    """How a move ended. ``stuck`` are GPUs newly marked stuck, with the sentence; ``cleared`` such marks taken away."""

    flip_id: str
    result: str
    text: str
    alarm: bool = False
    stuck: dict[str, str] = msgspec.field(default_factory=dict)
    cleared: tuple[str, ...] = ()
