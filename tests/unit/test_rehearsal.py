"""Flips on a simulated farm: under the same guards as on a host, each stop meant for what runs at that moment."""

import threading
from pathlib import Path

import msgspec
import pytest

from console import rehearsal
from console.config.settings import GpuSettings
from console.flips import reading
from console.flips.cases import still_standing
from console.flips.facts import Seen
from console.flips.journal import Journal
from console.flips.records import Action, Move, Plan, Progress
from console.flips.standing import Over
from console.paths import Places
from console.rehearsal import BOOT_ID, FarmFacts, FarmFlipper
from console.running import stage
from console.telemetry.simulated import Farm, HandTimer
from tests.unit.flipworld import WHO


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Where the farm's flips write."""
    (tmp_path / "run").mkdir()
    return Places(state=tmp_path, run=tmp_path / "run", shared=True)


def farm() -> Farm:
    """A calm farm that stands still until it is told."""
    return Farm(16, start=1_770_000_000.0, timer=HandTimer())


def plan(one: Farm, plan_id: str, *slots: int, after: str = "off") -> Plan:
    """A plan that stops what runs on each of these GPUs, and starts ``after`` there."""

    def action(slot: int, unit: str, kind: str) -> Action:
        uuids, workload = (one.cards[slot].uuid,), unit.partition("@")[0]
        return Action(
            workload=workload, kind=kind, controller="simulated", unit=unit, uuids=uuids, timeout_s=60.0, settle_s=0.1
        )

    moves = tuple(
        Move(
            flip_id=f"{plan_id}-{slot}",
            uuids=(one.cards[slot].uuid,),
            slots=(slot,),
            before=_unit(one, slot).partition("@")[0],
            after=after,
            stops=(action(slot, _unit(one, slot), "mine"),),
            starts=(action(slot, f"{after}@{slot}.service", "ai"),) if after != "off" else (),
            downtime_s=10.0,
        )
        for slot in slots
    )
    return Plan(plan_id=plan_id, at=one.now(), host=one.host, who=WHO, target=after, moves=moves)


def test_a_flip_after_a_stop_does_not_resume_what_was_stopped(places: Places) -> None:
    """Moves not begun when stop is pressed stay so, though another flip begins at once; that one is carried out."""
    one = farm()
    flipper = FarmFlipper(one, places)
    alone = [slot for slot in range(16) if _unit(one, slot)]
    first = plan(one, "first", *alone[:3])
    # One of them serves under a contract, which is not what this is about.
    second = msgspec.structs.replace(plan(one, "second", alone[3]), forced=(f"{one.host}:{alone[3]}",))
    results: dict[str, str] = {}
    all_told, pressed = threading.Event(), threading.Event()

    def heard(progress: Progress) -> None:
        if not pressed.is_set():
            pressed.set()
            flipper.stop()
            flipper.run(second, heard)
        if progress.result:
            results[progress.flip_id] = progress.text
            if len(results) == 4:
                all_told.set()

    flipper.run(first, heard)
    assert all_told.wait(30), results
    assert results[first.moves[2].flip_id] == "stopped before it began"
    assert results[second.moves[0].flip_id].endswith(" → off")


def test_what_a_flip_learnt_is_found_under_the_farms_own_boot(places: Places) -> None:
    """Base memory seen while a GPU was free is kept under the boot that the flipper names."""
    one = farm()
    flipper = FarmFlipper(one, places)
    slot = next(slot for slot in range(16) if _unit(one, slot))
    ended = threading.Event()
    flipper.run(plan(one, "p", slot), lambda progress: ended.set() if progress.result else None)
    assert ended.wait(30)
    assert flipper.boot_id == BOOT_ID
    assert set(reading.base_mib(places.journal, flipper.boot_id)) == {one.cards[slot].uuid}


def test_a_stuck_gpu_is_guarded_on_a_farm_too(places: Places) -> None:
    """A mark in the farm's journal refuses a start there, as it does on a host."""
    one = farm()
    uuid = one.cards[1].uuid
    journal = Journal(places, now=one.now, boot_id=BOOT_ID)
    facts = FarmFacts(one, journal, places)
    starts = plan(one, "p", 1, after="vllm-qwen")
    assert facts.guards(starts, (uuid,)) == ()
    journal.append("outcome", "f", (uuid,), {}, {"text": "stuck", "stuck": {uuid: "pid 7 holds it"}})
    (guard,) = facts.guards(starts, (uuid,))
    assert guard.name == "stuck" and "pid 7 holds it" in guard.sentence


def test_a_pin_in_the_config_holds_inside_a_transaction_unless_forced() -> None:
    """The case that host and farm make has the config's pin, which force waives for its GPU alone."""
    one = farm()
    (seen,) = one.read_now((one.cards[1].uuid,))
    settings = msgspec.structs.replace(one.settings, gpus={"1": GpuSettings(pin="ergo")})
    (occupancy,) = one.occupancy((seen,))
    starts = plan(one, "p", 1, after="vllm-qwen")

    def names(asked: Plan) -> list[str]:
        found = still_standing(
            asked, Seen(reading=seen, occupancy=occupancy), settings, stuck="", fresh=True, over=Over(), others=()
        )
        return [guard.name for guard in found]

    assert names(starts) == ["pin"]
    assert names(msgspec.structs.replace(starts, forced=(f"{one.host}:2",))) == ["pin"]
    assert names(msgspec.structs.replace(starts, forced=(f"{one.host}:1",))) == []


def _unit(one: Farm, slot: int) -> str:
    """The unit that has this GPU for itself, "" where nothing or a set is on it."""
    (held,) = one.occupancy(one.read_now((one.cards[slot].uuid,)))
    return held.instance.unit if held.instance and len(held.instance.uuids) == 1 else ""


@pytest.mark.parametrize("after", ["off", "vllm-qwen"])
def test_the_farms_flips_are_as_many_and_as_far_apart_as_its_config_says(
    places: Places, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """As on a host: what [flips] says reaches the moves, and standing down has no inrush."""
    one = farm()
    how = msgspec.structs.replace(one.settings.flips, at_once=5, stagger_s=7.5)
    one.config = msgspec.structs.replace(one.config, settings=msgspec.structs.replace(one.settings, flips=how))
    asked: dict[str, object] = {}
    begun = threading.Event()

    def noted(*_: object, **given: object) -> None:
        asked.update(given)
        begun.set()

    monkeypatch.setattr(rehearsal, "carry_out", noted)
    slot = next(slot for slot in range(16) if _unit(one, slot))
    FarmFlipper(one, places).run(plan(one, "p", slot, after=after), lambda _: None)
    assert begun.wait(30)
    assert (asked["at_once"], asked["stagger_s"]) == (stage.STOPS_AT_ONCE if after == "off" else 5, 7.5)
    assert rehearsal.STOPS_AT_ONCE == stage.STOPS_AT_ONCE
