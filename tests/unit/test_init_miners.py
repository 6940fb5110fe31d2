"""Which meter understands what answers: real stand-ins, hostile servers, and whose API it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from console.finding import metering, miners
from console.finding.found import Answer, Heard, Instance
from console.finding.holders import Held
from console.finding.sockets import Address, listening
from console.model import Output, Reading, Uuid, WorkState
from console.workloads.registry import meter_kinds
from tests.contract.hostile import WAYS, answer, routes, serving
from tests.rig.ports import free_port
from tests.rig.processes import Running

WORKLOAD = Callable[..., Running]
XMRIG = Heard(kind="xmrig", url="http://127.0.0.1:18080", unit="H/s", algorithm="kawpow")


def at(running: Running) -> Address:
    """Where a workload listens."""
    return Address("127.0.0.1", running.port)


def reading(slot: int) -> Reading:
    """A GPU whose bus is its slot and one."""
    return Reading(slot=slot, uuid=Uuid(f"GPU-{slot}"), pci=f"00000000:{slot + 1:02X}:00.0", name="", at=1.0)


def held(unit: str, *slots: int, pids: tuple[int, ...] = ()) -> Held:
    """A unit with these processes."""
    return Held(controller="supervisor", unit=unit, slots=slots, pids=pids, roots=(), who=("python3",))


def test_every_kind_is_asked_but_those_by_hand() -> None:
    """The registry decides which there are; known ones stand in a fixed order, others behind them by name."""
    kinds = miners.kinds()
    assert {*kinds} == {*meter_kinds()} - miners.BY_HAND
    assert kinds == tuple(sorted(kinds, key=lambda kind: ([*miners.ORDER, kind].index(kind), kind)))


def test_a_miner_and_a_server_are_told_apart(workload: WORKLOAD, tmp_path: Path) -> None:
    """Each by its own kind, with what it mines and on which cards; at once, whatever else is asked of them."""
    mine = workload("mine", "3,4", tmp_path, warm_s=0)
    serve = workload("ai", "5", tmp_path, warm_s=0)
    said = miners.asked([at(mine), at(serve)])
    miner, server = (miners.taken(said[at(one)]) for one in (mine, serve))
    assert miner is not None and server is not None
    assert (miner.kind, miner.unit, miner.algorithm, miner.url) == ("xmrig", "H/s", "kawpow", mine.url)
    assert miner.pcis == ("00000000:04:00.0", "00000000:05:00.0")
    assert (server.kind, server.unit, server.weak, server.url) == ("vllm", "tok/s", False, serve.url)


def test_an_api_that_wants_a_token_is_told_as_that(workload: WORKLOAD, tmp_path: Path) -> None:
    """No kind can be known, and the note says what to write."""
    mine = workload("mine", "3", tmp_path, token="secret")
    assert miners.asked([at(mine)]) == {at(mine): Answer(wants_token=True)}
    [one], notes = metering.metered([held("miner-3", 3, pids=(mine.pid,))], [reading(3)], listening())
    assert one.meter is None and notes == ()
    assert one.notes == (f'{mine.url} wants a token: meter = {{ kind = "…", url = "{mine.url}", token_file = "/…" }}',)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "401"])
def test_whatever_answers_is_understood_by_none(way: str) -> None:
    """Silence, floods, drips and nonsense: no kind takes it for sure, none fails, and each second is bounded."""
    with serving(WAYS[way]) as server:
        address = Address("127.0.0.1", server.server_address[1])
        before = time.monotonic()
        said = miners.asked([address])
        took_s = time.monotonic() - before
        assert all(path.startswith("/") for path, _ in server.seen)
    assert [one for one in said[address].heard if not one.weak] == []
    assert took_s < miners.ALL_S


def test_nothing_is_ever_posted() -> None:
    """The server answers everything and notes the method: only GET comes."""
    methods: list[str] = []

    def noted(handler: object) -> None:
        methods.append(handler.command)  # type: ignore[attr-defined]
        answer(b"{}")(handler)  # type: ignore[arg-type]

    with serving(noted) as server:
        miners.asked([Address("127.0.0.1", server.server_address[1])])
    assert methods and {*methods} == {"GET"}


@pytest.mark.parametrize(
    ("unit", "state", "algorithm", "expected"),
    [
        ("H/s", WorkState.RUNNING, "kawpow", True),
        ("H/s", WorkState.WARMING, "kawpow", True),
        ("H/s", WorkState.FAILING, "kawpow", True),  # its pool is gone, and it is that miner all the same
        ("H/s", WorkState.RUNNING, None, False),
        ("tok/s", WorkState.RUNNING, None, True),
        ("tok/s", WorkState.FAILING, None, False),
        ("W", WorkState.RUNNING, "kawpow", False),
    ],
)
def test_what_counts_as_understood(unit: str, state: WorkState, algorithm: str | None, expected: bool) -> None:
    """A miner names what it mines; a server answers with figures of its own."""
    output = Output(at=1.0, unit=unit, value=None, state=state, algorithm=algorithm)
    assert isinstance(miners._understood("x", "http://127.0.0.1:1", output), Heard) is expected


def test_metrics_of_something_else_are_weak() -> None:
    """A page of metrics that is not a model server's may be one that is still loading: taken last, and marked."""
    page = answer(b"go_goroutines 7\n", Content_Type="text/plain")
    with serving(routes({"/metrics": page})) as server:
        address = Address("127.0.0.1", server.server_address[1])
        said = miners.asked([address])[address]
    assert all(one.weak for one in said.heard)


def test_many_silent_addresses_end_together() -> None:
    """The bound is on everything, not on each."""
    with serving(WAYS["silence"]) as server:
        addresses = [
            Address("127.0.0.1", server.server_address[1]),
            *(Address("127.0.0.1", free_port()) for _ in "123"),
        ]
        before = time.monotonic()
        said = miners.asked(addresses, all_s=0.5)
        assert time.monotonic() - before < 10
    assert {*said} == {*addresses}
    assert all(one == Answer() for one in said.values())


def test_own_sockets_go_first(workload: WORKLOAD, tmp_path: Path) -> None:
    """Each process's own API is its meter, and nothing is left over to be told."""
    one, two = (workload("mine", str(slot), tmp_path, warm_s=0) for slot in (0, 1))
    units = [held("a", 0, pids=(two.pid,)), held("b", 1, pids=(one.pid,))]
    found, notes = metering.metered(units, [reading(0), reading(1)], listening())
    assert [(each.unit, each.meter and each.meter.url) for each in found] == [("a", two.url), ("b", one.url)]
    assert notes == ()


def test_what_has_no_meter_is_told_why() -> None:
    """It listens to nothing; what answers is understood by none; it may be loading. Each has its own next step."""
    quiet = held("quiet", 0, pids=(1 << 30,))
    assert metered(quiet).notes == ("no address was found at which it tells what it produces: turn its API on",)
    with serving(answer(b"oops", 500)) as server:
        odd = metered(held("odd", 0, pids=(os.getpid(),)), server.server_address[1])
    assert odd.notes == (f"it listens at {server.url}, and no kind of meter understands what answers there",)
    with serving(answer(b"soon", 503)) as server:
        loading = metered(held("job", 0, pids=(os.getpid(),)), server.server_address[1])
    assert loading.notes == (
        f"{server.url} answers as a server would that is still loading: run init again once it serves",
    )
    assert [one.meter for one in (odd, loading)] == [None, None]


def test_a_server_that_is_loading_is_known_by_its_name() -> None:
    """503 says little; a unit that is called after one kind says which, and the note that it is a guess."""
    with serving(answer(b"soon", 503)) as server:
        unit, port = held("sglang-0", 0, pids=(os.getpid(),)), server.server_address[1]
        tries = (metered(unit, port) for _ in range(5))  # on a busy machine one kind may not get its answer in time
        one = next((found for found in tries if found.meter), metered(unit, port))
    assert one.meter is not None and (one.meter.kind, one.meter.weak) == ("sglang", True)
    assert "it was still loading, so that it is sglang is a guess" in one.notes


def metered(one: Held, port: int = 0) -> Instance:
    """One unit on GPU 0, of whose sockets only that with this port is looked at."""
    table = {inode: address for inode, address in listening().items() if address.port == port}
    [found], _ = metering.metered([one], [reading(0)], table)
    return found


def usual(
    *instances: tuple[str, int], said: Mapping[int, Heard], cards: int = 4
) -> tuple[dict[str, Heard | None], tuple[str, ...]]:
    """What becomes of answers at usual ports, for units that listen to nothing of their own."""
    lacking = [Instance(controller="supervisor", unit=unit, slots=(slot,)) for unit, slot in instances]
    answers = {Address("127.0.0.1", port): Answer(heard=(heard,)) for port, heard in said.items()}
    pcis = {reading(slot).pci: slot for slot in range(cards)}
    found, notes = metering._by_usual(lacking, lacking, answers, pcis)
    return {one.unit: one.meter for one in found}, notes


def on(heard: Heard, port: int, *slots: int) -> Heard:
    """The same answer of another port, with the cards it names."""
    pcis = tuple(reading(slot).pci for slot in slots)
    return msgspec.structs.replace(heard, url=f"http://127.0.0.1:{port}", pcis=pcis)


def test_an_answer_at_a_usual_port_belongs_to_whose_cards_it_names() -> None:
    """By PCI address, whatever the order; an answer on another's cards is nobody's."""
    said = {18080: on(XMRIG, 18080, 1), 18081: on(XMRIG, 18081, 0), 18082: on(XMRIG, 18082, 3)}
    found, notes = usual(("miner-0", 0), ("miner-1", 1), said=said)
    assert {unit: one and one.url for unit, one in found.items()} == {
        "miner-0": "http://127.0.0.1:18081",
        "miner-1": "http://127.0.0.1:18080",
    }
    assert notes == ("xmrig answers at http://127.0.0.1:18082, and it could not be told whose it is",)


def test_the_only_answer_and_the_only_unit_belong_together() -> None:
    """Where no card is named; with two units nothing is guessed."""
    alone, notes = usual(("miner-0", 0), said={18080: XMRIG})
    assert alone == {"miner-0": XMRIG} and notes == ()
    two, notes = usual(("miner-0", 0), ("miner-1", 1), said={18080: XMRIG})
    assert two == {"miner-0": None, "miner-1": None}
    assert notes == ("xmrig answers at http://127.0.0.1:18080, and it could not be told whose it is",)


def test_of_two_kinds_the_first_is_taken_and_the_other_named() -> None:
    """A sure answer goes before one that may be; the note says what else it could be."""
    other = on(XMRIG, 18080)
    wild = msgspec.structs.replace(other, kind="wildrig")
    weak = msgspec.structs.replace(other, kind="ollama", weak=True)
    both = Answer(heard=(other, wild, weak))
    assert miners.taken(both) == other
    assert metering._doubts(other, both) == ["what answers may also be wildrig; xmrig comes first and was taken"]
    assert miners.taken(Answer(heard=(weak,))) is None
    assert miners.taken(Answer(heard=(weak,)), "Ollama-3") == weak
    assert miners.taken(Answer(heard=(weak, wild)), "ollama") == wild


def test_cards_of_others_match_nothing() -> None:
    """An answer that names a card which is not here is not about this host's cards alone."""
    pcis = {reading(0).pci: 0, reading(1).pci: 1}
    assert miners.matching(on(XMRIG, 1, 1, 0), pcis) == (0, 1)
    assert miners.matching(on(XMRIG, 1, 1, 5), pcis) == ()
    assert miners.matching(XMRIG, pcis) == ()
