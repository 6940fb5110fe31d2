"""Which card stands in which slot, what runs there when the demo opens, and the units that can run."""

from __future__ import annotations

from console.model import Record
from console.telemetry.simulated.cards import H100, L40S, RTX_3090, RTX_4090, Card, Model, card
from console.telemetry.simulated.jobs import WORK

SPAN = 4  # GPUs of the tensor-parallel server

_MIXED: tuple[tuple[Model, str], ...] = (
    (RTX_4090, "vllm-qwen"),
    (RTX_4090, "ergo"),
    (RTX_3090, "ergo"),
    (H100, "acme"),
    (L40S, "vllm-tp4"),
    (L40S, "vllm-tp4"),
    (L40S, "vllm-tp4"),
    (L40S, "vllm-tp4"),
)
_SINGLE: tuple[tuple[Model, str], ...] = (
    (RTX_4090, "ergo"),
    (RTX_4090, "off"),
    (RTX_4090, "vast"),
    (RTX_4090, "vllm-qwen"),
    (RTX_3090, "ravencoin"),
    (RTX_3090, "off"),
    (H100, "acme"),
    (H100, "pearl"),
)


class Unit(Record):
    """One thing the controller can start: a workload on the GPUs of its slots."""

    name: str
    workload: str
    slots: tuple[int, ...]


class Layout(Record):
    """The farm on paper: its cards by slot, its units by name, and which unit each slot begins with (None: off)."""

    cards: tuple[Card, ...]
    units: dict[str, Unit]
    begin: tuple[str | None, ...]
    allowed: dict[str, tuple[int, ...]]  # workload to the slots it may use, in the order its instances take them


def unit_name(workload: str, slot: int) -> str:
    """What the controller calls the instance of ``workload`` whose first GPU is in ``slot``."""
    return f"{workload}@{slot}.service"


def span(workload: str) -> int:
    """How many GPUs one instance holds."""
    return SPAN if workload == "vllm-tp4" else 1


def lay_out(gpus: int, seed: int) -> Layout:
    """A farm of 1 to 256 cards: blocks of eight, in turn mixed with a server over four L40S, and single cards."""
    posts = [(_MIXED, _SINGLE)[slot // 8 % 2][slot % 8] for slot in range(gpus)]
    cards = tuple(card(seed, slot, model) for slot, (model, _) in enumerate(posts))
    allowed = _allowed(posts)
    units = [
        Unit(name=unit_name(workload, slots[i]), workload=workload, slots=slots[i : i + span(workload)])
        for workload, slots in allowed.items()
        for i in range(0, len(slots), span(workload))
    ]
    return Layout(cards=cards, units={u.name: u for u in units}, begin=_begin(posts, allowed, units), allowed=allowed)


def _allowed(posts: list[tuple[Model, str]]) -> dict[str, tuple[int, ...]]:
    found = {
        workload: tuple(
            slot
            for slot, (model, post) in enumerate(posts)
            if model.name in work.does and (workload != "acme" or post == "acme")
        )
        for workload, work in WORK.items()
    }
    found["vllm-tp4"] = found["vllm-tp4"][: len(found["vllm-tp4"]) // SPAN * SPAN]
    return {workload: slots for workload, slots in found.items() if slots}


def _begin(
    posts: list[tuple[Model, str]], allowed: dict[str, tuple[int, ...]], units: list[Unit]
) -> tuple[str | None, ...]:
    by_place = {(unit.workload, slot): unit.name for unit in units for slot in unit.slots}
    # A block cut short has too few L40S for the server over four: those serve the small model alone.
    wanted = [
        "vllm-qwen" if post == "vllm-tp4" and slot not in allowed.get("vllm-tp4", ()) else post
        for slot, (_, post) in enumerate(posts)
    ]
    return tuple(by_place.get((workload, slot)) for slot, workload in enumerate(wanted))
