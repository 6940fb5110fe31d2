"""`changeover flip`, `undo`, `settle`, `journal`, `lock` on a whole host: real processes, a real supervisord."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.host import CONSOLE, Host

pytestmark = pytest.mark.nvml


def flip(here: Host, *args: str) -> dict[str, Any]:
    """`flip --json` with these arguments; what it printed, with the exit code as ``rc``."""
    done = here.run("flip", *args, "--json", "--config", str(here.config))
    assert done.stdout, done.stderr
    return {**json.loads(done.stdout), "rc": done.returncode}


def test_mine_to_ai_and_undo(host: Callable[..., Host]) -> None:
    """A miner gives way to a server and comes back by undo; the journal has both with their reasons."""
    here = host()
    here.start("miner-0")
    said = flip(here, "0", "qwen", "--yes", "--reason", "price is up")
    assert (said["rc"], [ending["result"] for ending in said["endings"]]) == (0, ["done"]), said
    assert here.running() == {"ai-0"}
    done = here.run("undo", "0", "--yes", "--config", str(here.config))
    assert done.returncode == 0, done.stdout + done.stderr
    assert here.running() == {"miner-0"}
    outcomes = [line for line in here.journal() if line["kind"] == "outcome"]
    assert [line["body"]["after"] for line in outcomes] == ["ergo", "qwen"]
    intents = [line for line in here.journal() if line["kind"] == "intent"]
    assert intents[1]["body"]["reason"] == "price is up"
    assert intents[0]["body"]["undoes"] == intents[1]["flip_id"]
    verified = here.run("journal", "verify")
    assert verified.returncode == 0
    assert verified.stdout.startswith(f"{len(here.journal())} lines, consistent, and as its anchors have them")


def test_a_server_of_four_gives_way_to_nothing_in_part(host: Callable[..., Host]) -> None:
    """One of four GPUs is refused by name, all four go off together."""
    here = host()
    here.start("tp4")
    said = flip(here, "6", "off", "--yes")
    assert (said["rc"], said["plan"]["moves"]) == (3, [])
    assert said["plan"]["refusals"][0]["guard"]["sentence"] == "GPU 6 is held with 4,5,7 by tp4: name all four"
    assert here.running() == {"tp4"}
    assert flip(here, "4,5,6,7", "off", "--yes")["rc"] == 0
    assert here.running() == set()


def test_a_failing_start_rolls_back(host: Callable[..., Host]) -> None:
    """A server that ends at its start leaves the miner running again, and exit code 1."""
    here = host({"ai-0": {"refuse_start": True}})
    here.start("miner-0")
    said = flip(here, "0", "qwen", "--yes")
    assert (said["rc"], said["endings"][0]["result"]) == (1, "rolled_back"), said
    assert here.running() == {"miner-0"}


def test_what_holds_the_gpu_after_the_stop_is_stuck(host: Callable[..., Host]) -> None:
    """A child that outlives its miner keeps everything else away until it is gone."""
    here = host({"miner-0": {"leave_child": True}})
    here.start("miner-0")
    said = flip(here, "0", "qwen", "--yes")
    assert (said["rc"], said["endings"][0]["result"], said["endings"][0]["alarm"]) == (1, "stuck", True), said
    assert here.running() == set()
    again = flip(here, "0", "qwen", "--yes")
    assert again["rc"] == 3
    for path in here.gpus.hold_dir.glob("0-*"):
        path.unlink()
    settled = here.run("settle", "--config", str(here.config))
    assert (settled.returncode, "free again" in settled.stdout) == (0, True), settled.stdout + settled.stderr
    assert flip(here, "0", "qwen", "--yes")["rc"] == 0


def test_nobody_to_ask_is_refused_and_a_dry_run_does_nothing(host: Callable[..., Host]) -> None:
    """Without a terminal --yes is needed; --dry-run prints the plan; --read-only refuses; what is so is done."""
    here = host()
    here.start("miner-0")
    config = ("--config", str(here.config))
    asked = here.run("flip", "0", "qwen", *config)
    assert (asked.returncode, "add --yes" in asked.stderr) == (3, True)
    dry = here.run("flip", "0", "qwen", "--dry-run", *config)
    assert dry.returncode == 0
    assert "stops miner-0, starts ai-0" in dry.stdout
    assert here.run("flip", "0", "qwen", "--yes", "--read-only", *config).returncode == 3
    assert here.run("flip", "0", "ergo", *config).returncode == 0
    assert here.run("flip", "77", "ergo", *config).returncode == 2
    assert here.running() == {"miner-0"}
    assert here.journal() == []


def test_a_foreign_process_is_never_touched(host: Callable[..., Host]) -> None:
    """A GPU held by somebody else's process is refused, forced or not, and the process lives on."""
    here = host()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        here.gpus.hold(2, stranger.pid)
        for target in ("ergo", "off"):
            said = flip(here, "2", target, "--yes", "--force", f"{_name(here)}:2")
            assert (said["rc"], said["plan"]["refusals"][0]["guard"]["name"]) == (3, "foreign"), said
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_lock_is_honoured_and_lifted(host: Callable[..., Host]) -> None:
    """A locked GPU is refused with who, until when and why; unlocked it moves."""
    here = host()
    here.start("miner-0")
    here.status()  # the roster learns the slots
    assert here.run("lock", "0", "--until", "2h", "--reason", "riser").returncode == 0
    said = flip(here, "0", "off", "--yes")
    assert (said["rc"], said["plan"]["refusals"][0]["guard"]["name"]) == (3, "lock")
    assert ": riser" in said["plan"]["refusals"][0]["guard"]["sentence"]
    assert here.run("unlock", "0").stdout == "GPU 0 is unlocked\n"
    assert flip(here, "0", "off", "--yes")["rc"] == 0
    told = [line["text"] for line in here.journal() if line["kind"] == "lock"]
    assert [text.partition(",")[0] for text in told] == ["GPU 0 unlocked", "GPU 0 locked: riser"]


def test_ctrl_c_while_it_warms_ends_safely(host: Callable[..., Host]) -> None:
    """An interrupt after the stop does not leave the GPU half flipped: the flip goes on to its end."""
    here = host({"ai-0": {"warm_s": 1.5}})
    here.start("miner-0")
    command = [*CONSOLE, "flip", "0", "qwen", "--yes", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "started" in line:
                break
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        assert process.wait(30) == 0, out
    assert here.running() == {"ai-0"}


def test_ctrl_c_while_it_drains_cancels(host: Callable[..., Host]) -> None:
    """An interrupt before the stop cancels, in the journal too, and the server runs on."""
    here = host()
    text = here.config.read_text().replace("drain_timeout_s = 0\nstart", "drain_timeout_s = 30\nstart")
    here.config.write_text(text)
    here.start("ai-0")
    command = [*CONSOLE, "flip", "0", "ergo", "--yes", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        here.until(lambda: any(line["kind"] == "intent" for line in here.journal()), "the intent")
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 1
    assert here.running() == {"ai-0"}
    assert here.journal()[0]["body"]["result"] == "cancelled"


def test_a_reader_that_goes_does_not_leave_a_flip_half_done(host: Callable[..., Host]) -> None:
    """`flip --yes | head`: the pipe breaks once the intent is written, and the flip goes on to its end."""
    here = host({"ai-0": {"warm_s": 3}})
    here.start("miner-0")
    command = [*CONSOLE, "flip", "0", "qwen", "--yes", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        here.until(lambda: here.journal() != [] or process.poll() is not None, "the intent")
        assert process.poll() is None, process.stdout.read()
        process.stdout.close()
        assert process.wait(30) == 0
    assert (here.running(), here.journal()[0]["body"]["result"]) == ({"ai-0"}, "done")


def test_a_terminal_that_stalls_does_not_hold_a_flip_up(host: Callable[..., Host]) -> None:
    """Output that nobody takes any more is dropped: the outcome is written and the process ends, still unread."""
    here = host({"ai-0": {"warm_s": 3}})
    here.start("miner-0")
    ours, theirs = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
    # A description of its own, so that not blocking here does not make the other end's writes not block.
    filler = os.open(f"/proc/self/fd/{theirs}", os.O_WRONLY | os.O_NONBLOCK)
    command = [*CONSOLE, "flip", "0", "qwen", "--yes", "--config", str(here.config)]
    try:
        with subprocess.Popen(command, env=here.env, stdout=theirs) as process:
            try:
                here.until(lambda: here.journal() != [], "the intent")
                with contextlib.suppress(BlockingIOError):
                    while True:
                        os.write(filler, b".")
                assert process.wait(30) == 0
            finally:
                process.kill()
    finally:
        for fd in (ours, theirs, filler):
            os.close(fd)
    assert (here.running(), here.journal()[0]["body"]["result"]) == ({"ai-0"}, "done")


def _name(here: Host) -> str:
    import socket

    return socket.gethostname().partition(".")[0][:40]


def test_without_utf8_a_flip_and_what_is_kept_of_it_are_ascii(host: Callable[..., Host]) -> None:
    """The plan, its steps, the table and the journal, as a cron job's mail has them under LC_ALL=C."""
    here = host()
    here.env = {name: value for name, value in here.env.items() if name != "PYTHONIOENCODING"} | {"LC_ALL": "C"}
    here.start("miner-0")
    for argv in (["flip", "0", "qwen", "--dry-run"], ["flip", "0", "qwen", "--yes", "--reason", "größe → 5"]):
        done = here.run(*argv, "--config", str(here.config))
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout and (done.stdout + done.stderr).isascii()
    for argv in (["journal"], ["journal", "--flips"], ["status", "--config", str(here.config)]):
        done = here.run(*argv)
        assert done.stdout and (done.stdout + done.stderr).isascii()
    assert here.running() == {"ai-0"}
