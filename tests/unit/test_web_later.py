"""Requests that wait for the screen, and for no longer than they have to."""

import threading
import time

import pytest

from console.web import later
from console.web.client import Client
from tests.contract.hostile import answer, serving
from tests.pilot import sample
from tests.pilot.wired import console, until


def test_a_request_waits_until_it_may_be_made() -> None:
    """Held it reaches no server; released it does, and its time-out has not run meanwhile."""
    asked: list[float] = []

    def ask() -> None:
        client = Client(server.url)
        client.get("/", 1.0)
        asked.append(time.monotonic())
        client.close()

    with serving(answer(b"{}")) as server:
        with later.held():
            thread = threading.Thread(target=ask)
            thread.start()
            thread.join(1.5)
            assert asked == [] and thread.is_alive()
            later.release()
            thread.join(30)
        assert len(asked) == 1


def test_a_block_that_is_left_holds_nobody() -> None:
    """Also where no screen ever stood."""
    with pytest.raises(KeyError), later.held():
        raise KeyError
    began = time.monotonic()
    later.wait()
    assert time.monotonic() - began < later.LONGEST_S


def test_whoever_is_held_for_too_long_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A screen that does not come keeps no meter from being read."""
    monkeypatch.setattr(later, "LONGEST_S", 0.05)
    with later.held():
        later.wait()
        assert not later._MAY.is_set()


async def test_a_screen_that_stands_lets_requests_go() -> None:
    """All of them, once its first frame is painted."""
    with later.held():
        assert not later._MAY.is_set()
        async with console(sample.StillSite()).run_test() as pilot:
            await until(pilot, later._MAY.is_set)
