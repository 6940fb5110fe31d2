"""`changeover status` on a whole host: the schema, the money, and what a pipe gets."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.host import CONSOLE, Host

pytestmark = pytest.mark.nvml

TOP = {"schema", "at", "host", "host_state", "reason", "currency", "simulated", "totals", "quotes", "gpus", "alarms"}
TOTALS = {"wall_w", "net_per_h", "best_net_per_h", "today_accrued", "today_since"}
QUOTE = {"kind", "name", "value", "unit", "source", "at", "age_s", "stale"}
GPU = {
    *("slot", "uuid", "pci", "index", "name", "at", "state", "reason", "util_pct", "mem_used_mib", "mem_total_mib"),
    *("temp_c", "fan_pct", "power_w", "power_limit_w", "holder", "instance", "guards", "workload", "output"),
    *("profit_per_hash", "profit_per_hash_of", "profit_per_ai_hour", "profit_per_ai_hour_of", "net_per_h", "best"),
    "options",
}
OPTION = {
    *("workload", "kind", "basis", "gross_per_h", "fees_per_h", "power_per_h", "net_per_h", "value_per_kwh"),
    *("off_above_price", "stale"),
}


def test_eight_gpus_with_the_schema_and_their_money(host: Callable[..., Host]) -> None:
    """Every key of the schema, what really runs on which GPU, and sums that are the sums of the rows."""
    here = host()
    here.start("miner-0")
    here.start("ai-1")
    here.start("tp4")
    here.until(lambda: _running(here) == {0: "ergo", 1: "qwen", 4: "tp4", 5: "tp4", 6: "tp4", 7: "tp4"}, "all seen")
    said = here.status()
    assert set(said) == TOP
    assert set(said["totals"]) == TOTALS
    assert said["schema"] == 1 and said["host_state"] == "ok" and said["simulated"] is False
    assert all(set(quote) == QUOTE for quote in said["quotes"])
    assert [gpu["slot"] for gpu in said["gpus"]] == list(range(8))
    for gpu in said["gpus"]:
        assert set(gpu) == GPU
        assert all(set(option) == OPTION for option in gpu["options"])
    miner, server, idle, member = (said["gpus"][slot] for slot in (0, 1, 2, 5))
    assert miner["output"] == {"value": 1e8, "unit": "H/s"}
    assert miner["profit_per_hash_of"] == {"workload": "ergo", "algorithm": "autolykos2", "basis": "measured"}
    assert server["output"]["unit"] == "tok/s" and server["output"]["value"] == pytest.approx(1900, rel=0.25)
    assert server["profit_per_ai_hour_of"] == {"workload": "qwen", "basis": "measured"}
    assert (idle["holder"], idle["workload"], idle["instance"]) == ("none", None, [])
    assert len(member["instance"]) == 4 and member["workload"]["name"] == "tp4"
    nets = [gpu["net_per_h"] for gpu in said["gpus"] if gpu["net_per_h"] is not None]
    assert said["totals"]["net_per_h"] == pytest.approx(sum(nets))
    chosen = next(o for o in miner["options"] if o["workload"] == "ergo")
    assert chosen["gross_per_h"] - chosen["fees_per_h"] - chosen["power_per_h"] == pytest.approx(chosen["net_per_h"])


def test_fast_leaves_what_needs_two_samples_unknown(host: Callable[..., Host]) -> None:
    """One sample: GPUs and holders are there, rates and nets are null, not 0."""
    here = host()
    done = here.run("status", "--json", "--fast", "--config", str(here.config))
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert len(said["gpus"]) == 8
    assert all(gpu["net_per_h"] is None and gpu["output"] is None for gpu in said["gpus"])


def test_a_pipe_gets_one_snapshot_as_text(host: Callable[..., Host]) -> None:
    """Without a terminal and without a command: a line per GPU, no escape codes, exit 0."""
    here = host()
    done = here.run("--config", str(here.config))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert sum("RTX 4090" in line or "H100" in line for line in done.stdout.splitlines()) == 3


def test_watch_prints_one_object_a_line(host: Callable[..., Host]) -> None:
    """A stream: each line is whole JSON with a later time than the one before."""
    here = host()
    command = [*CONSOLE, "status", "--json", "--watch", "--interval", "0.2", "--config", str(here.config)]
    with subprocess.Popen(command, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.terminate()
    assert lines[0]["at"] < lines[1]["at"] < lines[2]["at"]


def test_a_host_without_a_driver_says_so_and_what_to_do(host: Callable[..., Host]) -> None:
    """Exit 1, the state, the reason; and no simulation by itself."""
    here = host()
    here.gpus.fault("driver")
    done = here.run("status", "--json", "--config", str(here.config))
    said = json.loads(done.stdout)
    assert done.returncode == 1
    assert (said["host_state"], said["simulated"], said["gpus"]) == ("no_driver", False, [])
    assert "modprobe nvidia" in said["reason"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sit]\nname = 'x'\n", ("sit", "site")),
        ("[site]\npsu_efficiency = 92\n", ("psu_efficiency", "92")),
        ("[workloads.a]\nkind = 'mien'\n", ("kind", "mien")),
        ("not toml at all", ("line 1",)),
    ],
)
def test_a_bad_config_is_one_sentence_and_exit_2(
    host: Callable[..., Host], tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    """The file, the key, what was found; never a traceback."""
    here = host()
    bad = tmp_path / "bad.toml"
    bad.write_text(text)
    bad.chmod(0o600)
    done = here.run("status", "--config", str(bad))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "bad.toml" in done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def _running(here: Host) -> dict[int, str]:
    return {gpu["slot"]: gpu["workload"]["name"] for gpu in here.status()["gpus"] if gpu["workload"]}
