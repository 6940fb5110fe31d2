"""Tells of a move as it goes: to the journal, and to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from console import units
from console.flips import systemlog
from console.flips.facts import Facts, Seen
from console.flips.journal import Journal, JournalError
from console.flips.reading import ADVISED
from console.flips.records import Action, Ending, Move, Plan, Progress

CLOSES = "closes"
"""The key of a step's body that names the unit whose front is closed."""
Report = Callable[[Progress], None]
"""Called with everything that happens to a move, by the thread that carries it out: what blocks here holds the flip up
(``running.outlet`` does not). ``batch.carry_out`` catches what it raises."""


class Teller:
    """The voice of one transaction. Until ``intent`` nothing goes to the journal, after it everything does."""

    def __init__(self, move: Move, plan: Plan, facts: Facts, journal: Journal, report: Report) -> None:
        self._move, self._plan, self._facts = move, plan, facts
        self._journal, self._report = journal, report
        self._who = msgspec.to_builtins(plan.who)
        self._step = ""
        self._before_intent: dict[str, float] = {}
        self._former_limits_w: dict[str, float | None] = {}
        self._between_s = 0.0
        self.written = False
        self._lost: list[str] = []
        self._lost_why = ""
        self.extra: dict[str, object] = {}

    @property
    def gpus(self) -> str:
        """The GPUs of the move as sentences name them."""
        return units.gpus(self._move.slots)

    def named(self, uuids: Iterable[str]) -> str:
        """Some of its GPUs as sentences name them."""
        wanted = frozenset(uuids)
        pairs = zip(self._move.uuids, self._move.slots, strict=True)
        return units.gpus(slot for uuid, slot in pairs if uuid in wanted)

    def begins(self, step: str) -> None:
        """A step begins; told once, however many states it has."""
        if step != self._step:
            self._step = step
            self._say("step", step, self._beginning(step))

    def closes(self, action: Action) -> None:
        """A server is being closed to requests; journalled before it is, so that settling knows what to open."""
        text = f"closing {action.workload} to requests"
        self._try("step", {"step": "drain", "state": "closing", "text": text, CLOSES: action.unit})

    def goes_on(self, step: str, said: str) -> None:
        """How far a long step has come; told and not journalled."""
        self._say("step", step, said)

    def former(self, seen: Iterable[Seen]) -> None:
        """How the GPUs were before anything was touched: the intent keeps the power limits that they had, in W."""
        self._former_limits_w = {one.reading.uuid: one.reading.power_limit_w for one in seen}

    def intent(self, own_pids: Iterable[int]) -> None:
        """Write down what will be done; nothing may be touched before this returns. Raises JournalError.

        What it was advised on follows in a note of its own: it is long, and whoever reads intents has no use for it.
        """
        body = {
            "text": f"{self.gpus}: {self._move.before} → {self._move.after}",
            "before": self._move.before,
            "after": self._move.after,
            "move": msgspec.to_builtins(self._move.as_intended()),
            "pids": sorted(own_pids),
            "former_limits_w": self._former_limits_w,
            "took_s": self._before_intent,
            **{key: getattr(self._plan, key) for key in ("plan_id", "host", "target", "reason", "config_hash")},
            "forced": list(self._plan.forced),
            "undoes": self._plan.undoes,
        }
        self._write("intent", body)
        self.written = True
        self._say("intent", "intent", str(body["text"]))
        self._keep_advice()

    def passed(self, state: str, step: str, said: str, took_s: float, *, ok: bool) -> None:
        """A state has been passed. Silent ones only add their time to the next line."""
        extra, self.extra = self.extra, {}
        if not self.written:
            self._before_intent[state] = took_s
        elif said:
            body = {"step": step, "state": state, "text": said, "took_s": took_s, "ok": ok, **extra}
            self._try("step", body | {"between_s": self._between_s})
            self._between_s = 0.0
        elif state != "intent":  # whose time is the disk's
            self._between_s += took_s
        if said:
            self._say("step", step, said, took_s=took_s)

    def claimed(self, took_s: float) -> None:
        """The claim was had."""
        self._before_intent["claim"] = took_s

    def ended(self, ending: Ending) -> Ending:
        """The move has come to its end, told with an alarm where the journal has not all of it; the ending as told.

        A refusal before the intent leaves no line, because nothing was done.
        """
        said = ending.text
        ending = self._with_losses(ending, said)
        if self.written:
            body = {key: value for key, value in msgspec.to_builtins(ending).items() if value not in ({}, ())}
            body |= {"step": "outcome", "before": self._move.before, "after": self._move.after}
            self._try("outcome", body)
            ending = self._with_losses(ending, said)
        kind = "outcome" if self.written else "refused"
        self._say(kind, "outcome", ending.text, result=ending.result)
        return ending

    def _keep_advice(self) -> None:
        if advised := self._move.advised:
            text = f"advice kept: {units.gpus(one.slot for one in advised)}"
            self._try("note", {"step": "advice", "text": text, ADVISED: msgspec.to_builtins(advised)})

    def _with_losses(self, ending: Ending, said: str) -> Ending:
        """The ending with the lines that could not be written, which are then on the system log alone."""
        if not self._lost:
            return ending
        missing = f"the journal lacks its {' and '.join(dict.fromkeys(self._lost))}: {self._lost_why}"
        return msgspec.structs.replace(ending, alarm=True, text=f"{said}; {missing}")

    def _try(self, kind: str, body: dict[str, object]) -> None:
        """A line after the intent: when it cannot be written the move still goes to a safe end, on the system log.

        Without its outcome the intent stays open, so nothing else is flipped there until it can be settled.
        """
        try:
            self._write(kind, body)
        except JournalError as error:
            systemlog.tell(f"flip {self._move.flip_id} {kind} {body.get('text')}: {error}", systemlog.ALERT)
            self._lost.append(str(body["step"]))
            self._lost_why = str(error)
            self._say("step", str(body["step"]), str(error))

    def _write(self, kind: str, body: dict[str, object]) -> None:
        marks = {"slots": list(self._move.slots), "clock_s": self._facts.clock()}
        self._journal.append(kind, self._move.flip_id, self._move.uuids, self._who, body | marks)

    def _say(self, kind: str, step: str, text: str, *, result: str = "", took_s: float | None = None) -> None:
        self._report(
            Progress(
                flip_id=self._move.flip_id,
                at=self._facts.now(),
                kind=kind,
                step=step,
                slots=self._move.slots,
                text=text,
                result=result,
                took_s=took_s,
            )
        )

    def _beginning(self, step: str) -> str:
        before, after = self._move.before, self._move.after
        return {
            "claim": f"claiming {self.gpus}",
            "replan": f"looking at {self.gpus} again",
            "intent": "writing the intent",
            "drain": f"waiting for requests of {before} to end",
            "turn": "waiting for its turn",
            "safe": "setting safe clocks and power limits",
            "stop": f"stopping {before}",
            "free": f"waiting until {self.gpus} {'is' if len(self._move.slots) == 1 else 'are'} free",
            "start": f"starting {after}",
            "warm": f"waiting for output of {after}",
            "profile": f"setting clocks and power limits of {after}",
            "rollback": f"going back to {before}",
        }[step]
