"""Signals of a runner: each is told, and none comes at a moment at which the program then waits for itself."""

import os
import signal
import subprocess
import sys
import threading
import time

from console.running import signals

STORM = r"""
import os, signal, subprocess, sys, threading
from console.running import signals

SEND = "import os, signal, time\nwhile os.getppid() == {0}: os.kill({0}, signal.SIGUSR1); time.sleep(0.0001)"
stop, seen = threading.Event(), []

def end(number):
    seen.append(number)
    stop.set()

with signals.told((signal.SIGUSR1,), end):
    sender = subprocess.Popen([sys.executable, "-c", SEND.format(os.getpid())])
    for _ in range(20000):
        stop.wait(0.00001)
        stop.clear()
    sender.kill()
    sender.wait()
print("ended" if seen else "no signal came")
"""


def test_a_storm_of_signals_finds_no_moment_at_which_it_stops_the_program() -> None:
    """The main thread waits for the event that they set, all the time: an Event set by a handler locks up here."""
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=100, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("ended\n", "", 0)


def test_each_signal_is_told_and_what_was_there_before_comes_back() -> None:
    """From a thread; after the block the old handlers stand again."""
    before = signal.getsignal(signal.SIGUSR1)
    told: list[tuple[int, bool]] = []
    with signals.told(
        (signal.SIGUSR1,), lambda number: told.append((number, threading.current_thread() is threading.main_thread()))
    ):
        os.kill(os.getpid(), signal.SIGUSR1)
        end = time.monotonic() + 30
        while not told and time.monotonic() < end:
            time.sleep(0.01)
    assert told == [(signal.SIGUSR1, False)]
    assert signal.getsignal(signal.SIGUSR1) is before
    while any(thread.name == "signals" for thread in threading.enumerate()):
        assert time.monotonic() < end, "the thread outlives its block"
        time.sleep(0.01)
