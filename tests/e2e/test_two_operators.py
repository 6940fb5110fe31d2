"""Two operators, one instant: one flips, the other is told who holds the GPU and since when; nothing is half done."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.host import CONSOLE, Host
from tests.e2e.test_runner import Console, planned, results

pytestmark = pytest.mark.nvml

ROUNDS = 10
WARM = {"warm_s": 0.6}  # long enough a flip for another to run into
SINCE = r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"
HELD = re.compile(rf"GPU \d is being flipped by \S+ \(command\) \(pid (\d+)\) {SINCE}")
MEANWHILE = re.compile(r"GPU \d is (now held by \w+|free now)")
"""What one is told who comes when all is over: his plan is not true any more."""


@pytest.fixture
def console() -> Iterator[Callable[[Host], Console]]:
    """Starts runners; those still there at the end are killed."""
    made: list[Console] = []

    def start(here: Host) -> Console:
        made.append(Console(here))
        return made[-1]

    yield start
    for one in made:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout, one.process.stderr):
            if pipe is not None:
                pipe.close()


def quick(here: Host) -> None:
    """Flips that take no longer than they must."""
    here.config.write_text(here.config.read_text().replace("settle_s = 0.2", "settle_s = 0"))


def of_operator(plan: dict[str, Any], slots: tuple[int, ...], name: str) -> dict[str, Any]:
    """The part of a plan that one operator asked for, as he would have planned it: with flips of his own."""
    moves = [{**move, "flip_id": f"{move['slots'][0]}-{name}"} for move in plan["moves"] if move["slots"][0] in slots]
    return {**plan, "plan_id": name, "moves": moves}


def race(runners: list[Console], plans: list[dict[str, Any]]) -> list[dict[str, dict[str, Any]]]:
    """Both prepared, both told to go at the same instant: how each of their moves ended, by flip."""
    for one, plan in zip(runners, plans, strict=True):
        one.prepare(*(uuid for move in plan["moves"] for uuid in move["uuids"]))
    for one, plan in zip(runners, plans, strict=True):
        one.go(plan)
    return [{line["flip_id"]: line for line in one.end() if line["kind"] in ("outcome", "refused")} for one in runners]


def all_have_one_outcome(here: Host) -> bool:
    """Every intent has exactly one outcome."""
    lines = here.journal()
    begun, ended = ([line["flip_id"] for line in lines if line["kind"] == kind] for kind in ("intent", "outcome"))
    return sorted(begun) == sorted(ended) and len(set(begun)) == len(begun)


def test_two_consoles_race(host: Callable[..., Host], console: Callable[[Host], Console]) -> None:
    """Ten rounds, for one GPU and for the sets 0,1 and 1,2 in turn: GPU 1 is flipped by exactly one of two runners that
    go at once, the other is told by whom it is held, and what runs then is what the journal says."""
    here = host({f"{name}-{slot}": WARM for name in ("miner", "ai") for slot in range(3)})
    quick(here)
    for slot in range(3):
        here.start(f"miner-{slot}")
    there = planned(here, "0,1,2", "qwen")
    plans = {"qwen": there, "ergo": swapped(there)}
    running, flips, held = dict.fromkeys(range(3), "ergo"), 0, 0
    for turn in range(ROUNDS):
        sets = ((1,), (1,)) if turn % 4 < 2 else ((0, 1), (1, 2))
        target = "qwen" if turn % 2 == 0 else "ergo"
        both = [of_operator(plans[target], slots, f"{turn}{name}") for slots, name in zip(sets, "ab", strict=True)]
        runners = [console(here), console(here)]
        ends = race(runners, both)
        first, second = ends[0][f"1-{turn}a"], ends[1][f"1-{turn}b"]
        assert sorted((first["result"], second["result"])) == ["done", "refused"], (first, second)
        winner = 0 if first["result"] == "done" else 1
        refused = (second, first)[winner]["text"]
        if found := HELD.match(refused):
            held += 1
            assert int(found[1]) == runners[winner].process.pid
        assert found or MEANWHILE.match(refused), refused
        others = [line["result"] for end in ends for line in end.values() if line["slots"] != [1]]
        assert others == ["done"] * (len({*sets[0], *sets[1]}) - 1), ends
        running |= dict.fromkeys({*sets[0], *sets[1]}, target)
        names = {"ergo": "miner", "qwen": "ai"}
        assert here.running() == {f"{names[name]}-{slot}" for slot, name in running.items()}
        flips += 1 + len(others)
    assert results(here) == ["done"] * flips and all_have_one_outcome(here)
    assert held, "no round was a race"


def swapped(plan: dict[str, Any]) -> dict[str, Any]:
    """The way back: what was stopped starts, what was started stops."""
    moves = [
        {
            **move,
            "before": move["after"],
            "after": move["before"],
            "stops": [{**one, "timeout_s": one["stop_timeout_s"]} for one in move["starts"]],
            "starts": [{**one, "timeout_s": one["start_timeout_s"]} for one in move["stops"]],
        }
        for move in plan["moves"]
    ]
    return {**plan, "target": "ergo", "moves": moves}


def test_two_commands_race(host: Callable[..., Host]) -> None:
    """`changeover flip` twice at once: one ends with 0, the other with 3 and the holder's name, and one flip was."""
    here = host({"ai-1": {"warm_s": 4.0}})
    quick(here)
    for slot in range(3):
        here.start(f"miner-{slot}")
    here.status()
    command = [*CONSOLE, "flip", "1", "qwen", "--yes", "--config", str(here.config)]
    both = [subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=60)[0] for one in both]
    assert sorted(one.returncode for one in both) == [0, 3], said
    refused = next(text for one, text in zip(both, said, strict=True) if one.returncode == 3)
    assert re.search(r"GPU 1 is being flipped (by \S+ \(command\) .*" + SINCE + "|to qwen by )", refused), refused
    assert here.running() == {"miner-0", "ai-1", "miner-2"}
    assert results(here) == ["done"] and all_have_one_outcome(here)
