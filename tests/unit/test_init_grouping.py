"""Which units become one workload: those that a template gives back exactly, and no others."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.settings import Settings
from console.config.workload_settings import ControllerSettings
from console.finding.found import Instance
from console.finding.grouping import Workload, _gives_back, workloads
from console.model import Kind
from console.workloads.expand import place
from tests.unit.findings import SUPERVISOR, SYSTEMD, card, miner, server

CARDS = tuple(card(slot) for slot in range(8))
CONTROLS = (SUPERVISOR, SYSTEMD)


def grouped(*instances: Instance) -> tuple[Workload, ...]:
    """The workloads of a host with eight cards."""
    return workloads(instances, CARDS, CONTROLS)


def given_back(found: Sequence[Workload]) -> set[tuple[str, str, tuple[int, ...], str]]:
    """What the console makes of these: controller, unit, slots and meter address of every instance."""
    controllers = {one.name: ControllerSettings(kind=one.kind) for one in CONTROLS}
    known = Settings(workloads={one.name: one.settings() for one in found}, controllers=controllers)
    placed, warnings = place(known, [(one.slot, one.uuid, one.pci) for one in CARDS])
    assert warnings == ()
    slots = {one.uuid: one.slot for one in CARDS}
    return {(one.controller, one.unit, tuple(slots[uuid] for uuid in one.uuids), one.meter_url) for one in placed}


def test_miners_that_count_with_their_slots_are_one_workload() -> None:
    """A name with the slot in it and a port that counts on become {slot} and {slot+18080}."""
    [one] = grouped(*(miner(f"miner-{slot}", slot, port=18080 + slot) for slot in (2, 0, 1)))
    assert (one.name, one.kind, one.unit, one.gpus) == ("miner", Kind.MINE, "miner-{slot}", (0, 1, 2))
    assert (one.meter_kind, one.meter_url) == ("xmrig", "http://127.0.0.1:{slot+18080}")
    assert (one.span, one.guess, one.algorithms) == (1, "", ("kawpow",))


def test_names_that_count_from_one_are_a_sum() -> None:
    """gpu1 on slot 0 and gpu2 on slot 1 are gpu{slot+1}; a fixed number before it stays what it is."""
    [one] = grouped(miner("rig7-gpu1", 0, port=4000), miner("rig7-gpu2", 1, port=4001))
    assert (one.unit, one.meter_url) == ("rig7-gpu{slot+1}", "http://127.0.0.1:{slot+4000}")


def test_template_units_of_systemd_are_one_workload() -> None:
    """miner@0.service and miner@3.service, of the slots 0 and 3 alone."""
    [one] = grouped(*(miner(f"miner@{slot}.service", slot, controller="systemd") for slot in (0, 3)))
    assert (one.name, one.unit, one.gpus, one.meter_kind) == ("miner", "miner@{slot}.service", (0, 3), "")
    assert one.guess == "kind is a guess, made from the names of unit and process"


def test_servers_of_several_cards_keep_their_span() -> None:
    """tp-0 on the slots 0 and 1, tp-2 on 2 and 3: one workload of span 2."""
    [one] = grouped(server("tp-0", 0, 1, port=8000), server("tp-2", 2, 3, port=8002))
    assert (one.unit, one.gpus, one.span, one.kind) == ("tp-{slot}", (0, 1, 2, 3), 2, Kind.AI)


@pytest.mark.parametrize(
    "instances",
    [
        (miner("miner-1", 0, port=18080), miner("miner-0", 1, port=18081)),  # crossed
        (miner("miner-00", 0, port=18080), miner("miner-01", 1, port=18081)),  # with a nought in front
        (miner("miner-0", 0, port=18080), miner("miner-1", 1, port=19999)),  # ports by no rule
        (miner("a-0", 0, port=1), miner("a-5", 5, port=0)),  # a port below its slot
        (miner("job-0", 0, port=18080), server("job-1", 1, port=18081)),  # of two businesses
        (miner("miner-0", 0), miner("miner-0", 1, controller="systemd")),  # of two controllers
        (miner("tp4", 4, 5, 6, 7), miner("tp5", 5)),  # of two spans
    ],
)
def test_what_no_template_gives_back_stays_apart(instances: tuple[Instance, ...]) -> None:
    """Each of them is a workload of its own, with its own name, unit and address, and no place to expand."""
    found = grouped(*instances)
    assert len(found) == len(instances)
    assert len({one.name for one in found}) == len(found)
    assert {one.unit for one in found} == {one.unit for one in instances}
    assert {one.gpus for one in found} == {one.slots for one in instances}


def test_one_that_does_not_answer_joins_its_like() -> None:
    """A miner whose API is off is still one of them, and is named in the note."""
    quiet = miner("miner-1", 1, notes=("turn its API on",))
    [one] = grouped(miner("miner-0", 0, port=18080), quiet, miner("miner-2", 2, port=18082))
    assert (one.gpus, one.meter_url) == ((0, 1, 2), "http://127.0.0.1:{slot+18080}")
    assert one.notes == ("miner-1: turn its API on",)


def test_words_of_the_command_line_are_no_names() -> None:
    """ai-0 cannot be called ai: it is called after its meter; and no name is given twice."""
    found = grouped(
        server("ai-0", 0, port=8000), server("ai-1", 1, port=8001), server("vllm", 2, port=9), miner("off", 3)
    )
    assert [one.name for one in found] == ["vllm", "vllm-2", "off-jobs"]


def test_what_nothing_tells_is_handled_with_care() -> None:
    """Neither a meter nor a name says what it does: ai, which is drained before it is stopped, and marked."""
    [one] = grouped(miner("job", 0, who=("xyz",)))
    assert one.kind is Kind.AI
    assert "write mine if it mines" in one.guess


def test_one_template_is_one_workload() -> None:
    """Servers of one card and of two that share a template: the config may say it once, the others stand alone."""
    small = [server(f"tp-{slot}", slot, port=8000 + slot) for slot in (0, 1, 2)]
    large = [server(f"tp-{slot}", slot, slot + 1, port=8000 + slot) for slot in (3, 5)]
    assert [one.unit for one in grouped(*small, *large)] == ["tp-{slot}", "tp-3", "tp-5"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit": "miner-{slot+1}"},
        {"gpus": (0, 1, 2)},
        {"span": 2},
        {"meter_url": "http://127.0.0.1:{slot+18081}"},
        {"meter_url": "http://127.0.0.1:{slot+99999}"},
        {"unit": "miner-{slots}"},
        {"controller": "nobody"},
    ],
)
def test_a_template_that_gives_back_anything_else_is_seen(wrong: dict[str, object]) -> None:
    """The check on every template by itself: other units, cards, addresses, or a controller that is not there."""
    members = [miner("miner-0", 0, port=18080), miner("miner-1", 1, port=18081)]
    [right] = grouped(*members)
    assert _gives_back(right, members, CARDS, CONTROLS)
    assert not _gives_back(msgspec.structs.replace(right, **wrong), members, CARDS, CONTROLS)


UNITS = st.lists(
    st.text(st.sampled_from("mine-0123@:. ü"), min_size=1, max_size=9).filter(lambda text: text == text.strip()),
    min_size=8,
    max_size=8,
    unique=True,
)
ORDERS = st.permutations(range(8))
SPANS = st.lists(st.integers(1, 3), min_size=1, max_size=8)
PORTS = st.lists(st.none() | st.integers(1, 40), min_size=8, max_size=8)


def dealt(order: list[int], spans: list[int]) -> list[tuple[int, ...]]:
    """The slots of each instance, as many of ``order`` as its span asks for, until they are used up."""
    ends = [sum(spans[: count + 1]) for count in range(len(spans))]
    pieces = [order[end - span : end] for span, end in zip(spans, ends, strict=True) if end <= len(order)]
    return [tuple(sorted(piece)) for piece in pieces]


@given(units=UNITS, order=ORDERS, spans=SPANS, ports=PORTS)
@settings(max_examples=300, deadline=None)
def test_whatever_was_found_is_given_back(
    units: list[str], order: list[int], spans: list[int], ports: list[int | None]
) -> None:
    """For any names, slots, spans and ports the console sees exactly the instances that were found, at their addresses,
    and no template is said twice."""
    pairs = zip(units, dealt(order, spans), ports, strict=False)
    instances = [miner(unit, *slots, port=port) for unit, slots, port in pairs]
    metered = {(one.controller, one.unit, one.slots, one.meter.url) for one in instances if one.meter}
    found = grouped(*instances)
    made = given_back(found)
    assert {entry[:3] for entry in made} == {(one.controller, one.unit, one.slots) for one in instances}
    assert metered <= made
    assert len({(one.controller, one.unit) for one in found}) == len(found)
