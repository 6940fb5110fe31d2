"""The benchmarks measure a load that is known, and know a broken budget when they see one."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import hosts
from benchmarks.budgets import spread
from benchmarks.commands import COMMANDS, Command, imports
from benchmarks.programs import OURS, THEIRS
from benchmarks.report import Results, Watched, failures, markdown
from benchmarks.rows import rows
from benchmarks.summary import BEGIN, END, summary, written
from benchmarks.terminal import TimedTerminal
from benchmarks.tree import cpu_s, own_cpu_s, pss_mb, tree
from benchmarks.visit import Pace, Sample, percentile
from tests.rig.processes import runs

# Burns 0.3 s in the main thread, 0.2 s in a thread that ends, 0.2 s in a child that ends and 0.2 s in one that lives on
# in a session of its own; holds 30 MB; then says what the kernel charged for that.
LOAD = """
import os, resource, subprocess, sys, threading, time
BURN = "import time, sys\\nwhile time.process_time() < 0.2: pass\\nprint(flush=True); time.sleep(float(sys.argv[1]))"
def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: pass
held = os.urandom(30_000_000)
burn(0.3)
thread = threading.Thread(target=burn, args=(0.2,)); thread.start(); thread.join()
subprocess.run([sys.executable, "-c", BURN, "0"], stdout=subprocess.DEVNULL)
child = subprocess.Popen([sys.executable, "-c", BURN, "60"], stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.process_time(), sum(one.ru_utime + one.ru_stime for one in used), flush=True)
time.sleep(60)
"""

# Asks what terminal it has, draws 4 KiB, and answers each key after 30 ms with 100 bytes in ten pieces.
ANSWERING = """
import os, time, tty
tty.setraw(0)
os.write(1, b"\\x1b[?1h\\x1b[c")
os.write(1, os.read(0, 64).hex().encode().rjust(4096))
while True:
    key = os.read(0, 64)
    time.sleep(0.03)
    for _ in range(10): os.write(1, key.hex().encode().ljust(10)); time.sleep(0.001)
"""

# Lives on in two processes, of which the second is in a session of its own and deaf to SIGTERM.
STUBBORN = """
import subprocess, sys, time
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
print("up", flush=True)
time.sleep(60)
"""


def test_cpu_counts_threads_that_ended_and_children_that_live_or_are_gone() -> None:
    """A tree's CPU is what the kernel charged to it, to a few hundredths."""
    with subprocess.Popen([sys.executable, "-c", LOAD], stdout=subprocess.PIPE, text=True) as load:
        assert load.stdout is not None
        own_s, with_gone_s = map(float, load.stdout.readline().split())
        lives = [pid for pid in tree(load.pid) if pid != load.pid]
        try:
            assert len(lives) == 1
            assert own_cpu_s(load.pid) == pytest.approx(own_s, abs=0.02) and own_s > 0.5
            assert own_cpu_s(lives[0]) >= 0.2
            assert cpu_s(load.pid) == pytest.approx(with_gone_s + own_cpu_s(lives[0]), abs=0.03)
            assert 30 < pss_mb(load.pid) < 70
        finally:
            subprocess.run(["kill", *map(str, [*lives, load.pid])], check=True)


def test_a_process_that_is_gone_costs_nothing() -> None:
    """No clock, no memory, and no error."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert (cpu_s(gone.pid), own_cpu_s(gone.pid), pss_mb(gone.pid)) == (0.0, 0.0, 0.0)


def test_a_key_is_timed_to_the_last_byte_of_its_frame() -> None:
    """Queries are answered, keys sent as the program's mode wants them, and a frame in pieces is one frame."""
    with TimedTerminal([sys.executable, "-c", ANSWERING], {}) as terminal:
        first = terminal.frame(10, at_least=2048)
        assert first is not None and first.size >= 4096
        assert terminal.tail.endswith(b"\x1b[?62;22c".hex().encode()), "its query was answered"
        for key, code in (("down", b"1b4f42"), ("pagedown", b"1b5b367e")):
            before = terminal.received
            answer = terminal.press(key, 5)
            assert answer is not None and 0.039 <= answer.took_s < 0.5
            assert answer.size == terminal.received - before == 100
            assert terminal.tail.rstrip().endswith(code)


def test_a_key_that_leads_to_nothing_has_no_time() -> None:
    """None, after the patience given."""
    deaf = "import os, time, tty; tty.setraw(0); os.write(1, b'up'); time.sleep(60)"
    with TimedTerminal([sys.executable, "-c", deaf], {}) as terminal:
        assert terminal.frame(10) is not None
        assert terminal.press("up", 0.1) is None


def test_a_program_that_ends_says_why() -> None:
    """EOFError carries its last words without what they were dressed in."""
    words = "import sys; sys.exit('\\x1b[1mno driver\\x1b[m')"
    with (
        TimedTerminal([sys.executable, "-c", words], {}) as terminal,
        pytest.raises(EOFError, match="saying: no driver"),
    ):
        terminal.pump(10)


def test_closing_ends_everything_the_program_started() -> None:
    """A child in another session that ignores SIGTERM goes too."""
    with TimedTerminal([sys.executable, "-c", STUBBORN], {}) as terminal:
        assert terminal.frame(10) is not None
        family = tree(terminal.pid)
    assert len(family) == 2
    end = time.monotonic() + 5
    while any(runs(pid) for pid in family):
        assert time.monotonic() < end, "still there"
        time.sleep(0.01)


def test_percentiles_are_values_that_were_measured() -> None:
    """Nearest rank: of twenty the nineteenth, of one the one."""
    assert percentile([float(n) for n in range(20, 0, -1)], 0.95) == 19
    assert percentile([3.0], 0.95) == 3 and percentile([1.0, 2.0, 9.0], 0.5) == 2


def test_a_median_leaves_out_runs_without_an_answer() -> None:
    """A key nobody answered is not a key answered at once; and no runs make no figure."""
    samples: list[Sample] = [{"key_ms": 5.0}, {"key_ms": None}, {"key_ms": 2.0}, {"key_ms": 3.0}]
    assert spread(samples, "key_ms") == (3.0, 2.0, 5.0)
    assert spread([{"key_ms": None}], "key_ms") is None


def results(ours: Sample, theirs: Sample) -> Results:
    """One run on eight GPUs."""
    return Results(1, [Watched("a host", 8, {OURS.name: [ours], THEIRS.name: [theirs]})], [], [])


def test_bytes_fail_a_run_and_times_are_told() -> None:
    """Only what no noise can break makes the exit code 1; a budget relative to nvitop follows nvitop's figure."""
    well = {"bytes_per_s": 1000.0, "cpu_pct": 0.8, "first_paint_ms": 501.0}
    assert failures(results(well, {})) == []
    assert failures(results({**well, "bytes_per_s": 1001.0}, {})) == ["a host: bytes_per_s is 1001.0, not ≤ 1000"]
    assert failures(results({}, {})) == ["a host: bytes_per_s is unknown, not ≤ 1000"]
    text = markdown(results(well, {"cpu_pct": 0.7}))
    assert "| first paint, ms | 501 | – | – | ≤ 500 | missed |" in text
    assert "| CPU at rest, all processes, % of a core | 0.80 | 0.70 | 1.14 | ≤ nvitop | missed |" in text
    assert "| to the terminal at rest, B/s | 1,000 | – | – | **≤ 1000** | met |" in text


def test_what_was_not_measured_has_missed_nothing() -> None:
    """A quick run flips nothing and its hosts lack figures; a key that nobody answered was measured, and missed."""
    text = markdown(results({"key_ms": None, "cpu_pct": 0.5}, {}))
    assert "| added from go to stop and from free to start, ms | – | ≤ 50 | not measured |" in text
    assert "| page key to paint, median, ms | – | – | – | ≤ 12 | not measured |" in text
    assert "| CPU at rest, all processes, % of a core | 0.50 | – | – | ≤ nvitop | not measured |" in text
    assert "| cursor key to paint, median, ms | – | – | – | ≤ 5 | missed |" in text
    flipped = results({}, {})._replace(flipped=[{"flip_own_ms": 51.0}])
    assert "| added from go to stop and from free to start, ms | 51 | ≤ 50 | missed |" in markdown(flipped)


def test_a_range_is_told_where_runs_differ() -> None:
    """Median, least and most."""
    one = Watched("a host", 8, {OURS.name: [{"key_ms": value} for value in (3.0, 1.0, 2.0)], THEIRS.name: []})
    assert "| 2.0 (1.0–3.0) | – |" in markdown(Results(3, [one], [], []))


@pytest.mark.nvml
def test_no_command_imports_more_than_was_decided() -> None:
    """The exact budgets that also fail a run of the benchmarks, on the same host."""
    with hosts.bare(2) as host:
        found = {command.title: imports(command, host) for command in COMMANDS}
    assert [fault for one in found.values() for fault in one.faults] == []
    assert len(found) == len(COMMANDS) and all(one.modules > 0 for one in found.values())


def test_a_page_that_grows_with_the_rows_has_missed_its_budget() -> None:
    """1.3 times what it takes among 1,000, and no more."""
    grown = results({}, {})._replace(tables={1_000: [{"page_ms": 5.0}], 40_000: [{"page_ms": 6.6}]})
    assert "| a page among 40,000 over one among 1,000, ≤ 1.3 | missed | 1.32 |" in markdown(grown)
    kept = results({}, {})._replace(tables={1_000: [{"page_ms": 5.0}], 40_000: [{"page_ms": 6.4}]})
    assert "| met | 1.28 |" in markdown(kept)
    assert "≤ 1.3 | not measured | – |" in markdown(results({}, {}))


def test_the_readme_gets_the_figures_and_which_of_them_were_missed() -> None:
    """Between its marks, the rest as it was; without the marks a sentence."""
    ours, theirs = {"cpu_pct": 0.6, "key_ms": 5.4}, {"cpu_pct": 1.2}
    one = Watched("8 GPUs, no config", 8, {OURS.name: [ours], THEIRS.name: [theirs]})
    text = summary(Results(1, [one], [], []))
    assert "| CPU at rest, all processes, % of a core | 0.60 (0.50×) | ≤ nvitop |" in text
    assert "| cursor key to paint, median, ms | 5.4 **missed** | ≤ 5 |" in text
    assert "| page key to paint, median, ms | – **not measured** | ≤ 12 |" in text
    alone = Watched("8 GPUs, no config", 8, {OURS.name: [ours], THEIRS.name: [{}]})
    told = summary(Results(1, [alone], [], []))
    assert "| 0.60 **not measured** | ≤ nvitop |" in told, "there is nothing it could be half of"
    assert written(f"a\n{BEGIN}\nold\n{END}\nz", text) == f"a\n{text}\nz"
    with pytest.raises(ValueError, match="the README has no"):
        written("nothing", text)


def test_the_table_alone_answers_its_keys() -> None:
    """The program that is measured runs, and each kind of key leads to a frame."""
    found = rows(8, Pace(settle_s=1, steady_s=0, presses=0, page_presses=2, hung_presses=0, stall_s=0))
    assert all(found[f"{what}_{end}"] for what in ("key", "page", "filter") for end in ("ms", "bytes", "cpu_ms"))
    assert found["key_bytes"] < found["page_bytes"] < found["first_paint_bytes"], "a key paints what it changes"


@pytest.mark.nvml
def test_the_working_host_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight workloads run, are recognised, metered and priced, whatever the caller's environment says."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("CHANGEOVER_STATE", "/nowhere")
    with hosts.working(16) as host:
        assert "NO_COLOR" not in host.env
        done = subprocess.run(
            OURS.on(host, "status", "--json"), env=host.env, stdout=subprocess.PIPE, check=True, timeout=60
        )
        gpus = json.loads(done.stdout)["gpus"]
        status = Command("status", ("status", "--config", str(host.config)), (), 100, None, ("psutil", "rich"))
        found = imports(status, host)
    assert len(gpus) == 16 and len({gpu["instance"][0] for gpu in gpus}) == hosts.INSTANCES
    assert {gpu["workload"]["kind"] for gpu in gpus} == {"mine", "ai"}
    assert all(gpu["output"]["value"] > 0 and gpu["net_per_h"] is not None for gpu in gpus)
    assert found.faults == ("status imports httpx", f"status imports {found.modules} modules, more than 100")


ENDED = """
import sys, time
from benchmarks import hosts
from benchmarks.__main__ import end_tidily
from benchmarks.terminal import TimedTerminal
end_tidily()
with hosts.bare(1) as host, TimedTerminal(["sleep", "60"], host.env) as terminal:
    print(host.env["CHANGEOVER_STATE"], terminal.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.nvml
def test_a_run_that_is_ended_leaves_nothing_behind() -> None:
    """SIGTERM takes the programs that are measured and the hosts' folders with it."""
    with subprocess.Popen([sys.executable, "-c", ENDED], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        state, pid = run.stdout.readline().split()
        assert Path(state).exists() and runs(int(pid))
        run.terminate()
        assert run.wait(10) == 128 + signal.SIGTERM
    assert not Path(state).parent.exists() and not runs(int(pid))
