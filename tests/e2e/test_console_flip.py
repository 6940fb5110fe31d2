"""From key to process: the console in a real terminal, real processes under a real supervisord, NVML as the proof."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from console.view import actions
from tests.e2e.host import CONSOLE, Host
from tests.rig.terminal import Terminal

pytestmark = pytest.mark.nvml
SIZE = (160, 45)
LEFT: dict[object, set[str]] = {
    "done": {"miner-3"},
    "rolled_back": {"ai-3"},
    "cancelled": {"ai-3"},
    "off": set(),
    "stuck": set(),
}
"""What runs on GPU 3 after each outcome of a flip from the server to the miner."""


def opened(here: Host, *flags: str) -> Terminal:
    """The console of this host, once its table stands."""
    terminal = Terminal([*CONSOLE, "--config", str(here.config), *flags], SIZE, here.env)
    terminal.wait_for("RTX 3080", 15)
    return terminal


def confirmed(terminal: Terminal, key: str, slot: int, dialog: str) -> None:
    """Go to a slot, press a key, and say y once the dialog has stood long enough to count."""
    terminal.send("home", *["down"] * slot)
    terminal.pump(0.3)
    terminal.send(key)
    terminal.wait_for("y flip", 10)
    assert dialog in terminal.text, terminal.text
    terminal.pump(0.6)
    terminal.send("y")


def lines_of(here: Host, kind: str) -> list[dict[str, object]]:
    """The journal's lines of one kind, oldest first."""
    return [line for line in reversed(here.journal()) if line["kind"] == kind]


def test_m_then_y_on_gpu_3_stops_the_one_process_and_starts_the_other(host: Callable[..., Host]) -> None:
    """The server goes, the miner comes, and the journal holds intent and outcome with who and what."""
    here = host()
    here.start("ai-3")
    with opened(here) as terminal:
        terminal.wait_for("1 ai", 10)
        confirmed(terminal, "m", 3, "ergo")
        here.until(lambda: here.running() == {"miner-3"}, "the miner alone runs")
        terminal.wait_for("qwen → ergo", 20)
        terminal.send("q")
        assert terminal.wait_exit() == 0
    [intent], [outcome] = lines_of(here, "intent"), lines_of(here, "outcome")
    assert intent["flip_id"] == outcome["flip_id"]
    assert intent["slots"] == [3]
    assert outcome["body"]["result"] == "done"
    assert here.running() == {"miner-3"}, "quitting changes nothing"


def test_undo_takes_it_back(host: Callable[..., Host]) -> None:
    """u brings the server back, as a flip of its own in the journal."""
    here = host()
    here.start("ai-3")
    with opened(here) as terminal:
        terminal.wait_for("1 ai", 10)
        confirmed(terminal, "m", 3, "ergo")
        here.until(lambda: bool(lines_of(here, "outcome")), "an outcome")
        terminal.pump(1.5)
        confirmed(terminal, "u", 3, "qwen")
        here.until(lambda: here.running() == {"ai-3"}, "the server alone runs")
        terminal.wait_for("ergo → qwen", 20)
    assert [line["body"]["result"] for line in lines_of(here, "outcome")] == ["done", "done"]


def test_a_workload_that_holds_four_gpus_is_moved_whole(host: Callable[..., Host]) -> None:
    """o on one of the four names all four and stops the one server; none of them is left behind."""
    here = host()
    here.start("tp4")
    with opened(here) as terminal:
        terminal.wait_for("4 ai", 10)
        confirmed(terminal, "o", 5, "GPUs 4–7")
        here.until(lambda: here.running() == set(), "nothing runs")
        terminal.wait_for("tp4 → off", 20)
    [intent] = lines_of(here, "intent")
    assert sorted(intent["slots"]) == [4, 5, 6, 7]


def test_a_start_that_fails_is_rolled_back_and_said(host: Callable[..., Host]) -> None:
    """The miner refuses to start: the server runs again, and the console says so."""
    here = host({"miner-3": {"refuse_start": True}}, start_timeout_s=6)
    here.start("ai-3")
    with opened(here) as terminal:
        terminal.wait_for("1 ai", 10)
        confirmed(terminal, "m", 3, "ergo")
        here.until(lambda: bool(lines_of(here, "outcome")), "an outcome")
        here.until(lambda: here.running() == {"ai-3"}, "the server runs again")
    [outcome] = lines_of(here, "outcome")
    assert outcome["body"]["result"] == "rolled_back"


def test_escape_changes_nothing(host: Callable[..., Host]) -> None:
    """Esc closes the dialog; no intent, no process touched, no runner left."""
    here = host()
    here.start("ai-3")
    with opened(here) as terminal:
        terminal.wait_for("1 ai", 10)
        terminal.send("home", "down", "down", "down", "m")
        terminal.wait_for("y flip", 10)
        terminal.pump(0.6)
        terminal.send("escape")
        terminal.pump(1.0)
        here.until(lambda: here.runners() == [], "the runner is gone")
    assert here.running() == {"ai-3"}
    assert here.journal() == []


def test_read_only_binds_no_acting_key(host: Callable[..., Host]) -> None:
    """Under --read-only no key acts, and the screen says why."""
    here = host()
    here.start("ai-3")
    with opened(here, "--read-only") as terminal:
        terminal.wait_for("READ-ONLY", 5)
        terminal.send("home", "down", "down", "down")
        for action in actions.ACTIONS:
            if action.dangerous:
                terminal.send(*action.keys)
                terminal.pump(0.2)
        terminal.send("y")
        terminal.pump(1.0)
        assert here.runners() == []
        terminal.send("?")
        terminal.wait_for("Leave; nothing that runs is touched", 5)
        assert "Flip to" not in terminal.text, "what cannot be done is not listed"
    assert here.running() == {"ai-3"}
    assert here.journal() == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("who", ["console", "runner"])
def test_cut_off_in_the_middle(host: Callable[..., Host], who: str, how: signal.Signals) -> None:
    """Console or runner gone while the server is stopping: one workload on the GPU, or none and an alarm, and a
    journal that settle brings to an outcome."""
    here = host({"ai-3": {"stop_s": 1.5}})
    here.start("ai-3")
    terminal = opened(here)
    try:
        terminal.wait_for("1 ai", 10)
        confirmed(terminal, "m", 3, "ergo")
        here.until(lambda: bool(lines_of(here, "intent")), "an intent")
        victim = terminal.pid if who == "console" else here.runners()[0]
        here.kill(victim, how)
        here.until(lambda: here.runners() == [], "the runner has ended", 60)
    finally:
        terminal.close()
    settled = here.run("settle", "--config", str(here.config))
    assert settled.returncode in (0, 1), settled.stderr
    intents, outcomes = lines_of(here, "intent"), lines_of(here, "outcome")
    assert {line["flip_id"] for line in intents} == {line["flip_id"] for line in outcomes}
    body = outcomes[-1]["body"]
    here.until(lambda: here.running() == LEFT[body["result"]], f"what {body['result']} leaves")
    assert body["alarm"] is (body["result"] in ("off", "stuck"))
    verified = here.run("journal", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
