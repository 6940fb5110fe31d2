"""What an intent's line holds before anything is touched: enough to settle, to undo and to ask who it was."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.flips import reading
from console.flips.facts import Seen
from console.flips.records import Who
from console.flips.telling import Teller
from tests.unit.flipstage import Stage
from tests.unit.flipworld import World, miner, server

WHO = Who(uid=1000, login="alice", loginuid=1000, claimed_ssh="192.0.2.7", claimed_sudo="bob", via="command")


def test_an_intent_holds_all_that_is_asked_of_it(tmp_path: Path) -> None:
    """Who with his claims, boot, config, host, controllers and units on both sides, pids, and the limits before."""
    stage = Stage(tmp_path, World(1, [miner(0), server(0)]).run("ergo@0"))
    plan = msgspec.structs.replace(stage.world.plan((0,), "vllm"), who=WHO, config_hash="c0ffee", reason="price")
    (move,) = plan.moves
    seen = stage.world.observe(move.uuids, 1.0) or ()
    limited = [
        Seen(reading=msgspec.structs.replace(one.reading, power_limit_w=320.0), occupancy=one.occupancy) for one in seen
    ]
    teller = Teller(move, plan, stage.world, stage.journal, stage.told.append)
    teller.former(limited)
    teller.intent({4711})
    [line] = reading.lines(stage.journal.path, kinds=("intent",))
    assert line.boot_id == "boot-1" and line.flip_id == move.flip_id and line.gpus == move.uuids
    assert line.who == msgspec.to_builtins(WHO)
    body = line.body
    assert (body["config_hash"], body["reason"], body["host"], body["pids"]) == ("c0ffee", "price", plan.host, [4711])
    assert body["former_limits_w"] == dict.fromkeys(move.uuids, 320.0)
    kept = body["move"]
    assert isinstance(kept, dict)
    for side, actions in (("stops", move.stops), ("starts", move.starts)):
        pairs = [(action["controller"], action["unit"]) for action in kept[side]]
        assert pairs == [(action.controller, action.unit) for action in actions] and pairs
