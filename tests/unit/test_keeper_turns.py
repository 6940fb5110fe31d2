"""Keepers of several consoles on one cache: they ask in turn, as often as one, and hear of each other."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import time
from pathlib import Path

import pytest

from console.market.asking import Turn
from console.market.cache import Cache
from tests.contract.hostile import Handler, Hostile, answer, serving
from tests.unit.speaking import Speaker, keeper_of, settings_at, until


def test_a_console_that_runs_hears_of_another_ones_failure_and_of_its_end(
    speaker: tuple[Speaker, Hostile], tmp_path: Path
) -> None:
    """One is told to wait, so both do; one gets an answer again, so both have it, each also while it is failing."""
    said, server = speaker
    clock = [time.time()]
    settings = settings_at(server.url, 60.0)
    one, two = (keeper_of(settings, Cache(tmp_path), lambda: clock[0]) for _ in range(2))
    [first], [second] = one._askers.values(), two._askers.values()
    first.ask()
    second.look()
    assert two.news().quotes[0].value == 0.84
    clock[0] += 60.0
    said.manner = answer(b"", 429, Retry_After="600")
    first.ask()
    second.look()
    assert second.young_for_s() > 590 and two.news().feeds[0].failures == 1
    clock[0] += 900.0
    said.manner, said.price = None, 0.9
    second.ask()
    first.look()
    assert first.young_for_s() > 0 and one.news().feeds[0].error == ""
    assert one.news().quotes[0].value == 0.9 and len(server.seen) == 3
    one.close()
    two.close()


@pytest.mark.parametrize("interval_s", [30.0, 60.0])
def test_two_consoles_ask_as_often_as_one(interval_s: float, speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """An hour of two consoles by a clock of the test, never asks twice within the interval."""
    _, server = speaker
    clock, asked_at = [time.time()], []
    settings = settings_at(server.url, interval_s)
    keepers = [keeper_of(settings, Cache(tmp_path), lambda: clock[0]) for _ in range(2)]
    askers = [asker for keeper in keepers for asker in keeper._askers.values()]
    for asker in askers:  # as if neither could hear of the other
        asker.ask()
        (tmp_path / "gecko.json").unlink()
    wake_at, end = [clock[0] + 0.96 * interval_s, clock[0] + 0.98 * interval_s], clock[0] + 3600.0
    while min(wake_at) < end:
        turn = wake_at.index(min(wake_at))
        clock[0], asked = wake_at[turn], len(server.seen)
        askers[turn].look()
        wait_s = askers[turn].young_for_s() or askers[turn].ask()
        wake_at[turn] += max(wait_s, 0.001)
        if len(server.seen) > asked:
            asked_at.append(clock[0])
    assert len(asked_at) >= 3500 / (1.05 * interval_s)
    assert min(after - before for before, after in itertools.pairwise(asked_at)) > 0.949 * interval_s
    for keeper in keepers:
        keeper.close()


@pytest.mark.parametrize("status", [200, 503])
def test_consoles_that_start_together_ask_once(status: int, tmp_path: Path) -> None:
    """The others wait for who asks first, and take what it was told, be it an answer or a failure."""
    body = json.dumps({"ergo": {"usd": 0.84}}).encode()

    def slowly(handler: Handler) -> None:
        time.sleep(0.5)  # long enough that the others come meanwhile
        answer(body, status)(handler)

    with serving(slowly) as server:
        settings = settings_at(server.url, 60.0, timeout_s=60.0)
        keepers = [keeper_of(settings, Cache(tmp_path)) for _ in range(3)]
        for keeper in keepers:
            keeper.start()
        for keeper in keepers:
            news = until(keeper, lambda news: bool(news.feeds[0].next_at), 60.0)
            assert len(news.quotes) == (status == 200) and news.feeds[0].failures == (status != 200)
        assert len(server.seen) == 1
        for keeper in keepers:
            keeper.close()


def test_a_turn_that_never_comes_keeps_no_feed_from_being_asked(
    speaker: tuple[Speaker, Hostile], tmp_path: Path
) -> None:
    """Where a console holds it and hangs, the others ask after the time-out."""
    _, server = speaker
    with (tmp_path / "gecko.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        keeper = keeper_of(settings_at(server.url, 60.0, timeout_s=1.0), Cache(tmp_path))
        keeper.start()
        until(keeper, lambda news: bool(news.quotes), 60.0)
        keeper.close()


def test_closing_waits_for_no_turn(speaker: tuple[Speaker, Hostile], tmp_path: Path) -> None:
    """A console that quits while another asks leaves, and asks nobody on the way."""
    _, server = speaker
    with (tmp_path / "gecko.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        keeper = keeper_of(settings_at(server.url, 60.0, timeout_s=600.0), Cache(tmp_path))
        keeper.start()
        time.sleep(0.2)
        keeper.close()
        [asker] = keeper._askers.values()
        asker.join(60)
        assert not asker.is_alive() and not server.seen


@pytest.mark.parametrize("way", ["folder", "pipe", "no folder"])
def test_a_turn_that_cannot_be_had_is_as_good_as_none(
    way: str, speaker: tuple[Speaker, Hostile], tmp_path: Path
) -> None:
    """What stands in the place of the file, and a folder that cannot be made, cost nothing."""
    _, server = speaker
    folder = tmp_path / "quotes"
    if way == "no folder":
        folder.write_text("a file")
    else:
        folder.mkdir()
        (os.mkfifo if way == "pipe" else os.mkdir)(folder / "gecko.lock")
    keeper = keeper_of(settings_at(server.url, 60.0), Cache(folder))
    keeper.start()
    until(keeper, lambda news: bool(news.quotes))
    keeper.close()


def test_a_turn_is_one_consoles_alone_and_dies_with_it(tmp_path: Path) -> None:
    """Programs that a console starts do not inherit it, and the file stays for the next."""
    path = tmp_path / "quotes" / "gecko.lock"
    one, two = Turn(path), Turn(path)
    assert one.take() and not two.take()
    assert not os.get_inheritable(one._fd)
    one.give()
    assert path.exists() and two.take() and not one.take()
    two.give()
