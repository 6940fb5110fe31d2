"""A console whose feed is a real local server: followed live, stale when that dies, fresh when it returns."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.hostile import Hostile, answer
from tests.e2e.host import CONSOLE, Host
from tests.rig.terminal import Terminal

pytestmark = pytest.mark.nvml

BY_HAND = """[quotes.ERG]
kind = "coin_price"
value = 0.84
unit = "USD/ERG"
"""
FEEDS = """[feeds.gecko]
kind = "coingecko"
url = "{url}"
coins = {{ ERG = "ergo" }}
interval_s = 1
max_age_s = 3
"""


class Market:
    """A CoinGecko on one port that can die and come back there."""

    def __init__(self) -> None:
        self.price = 0.84
        self._server: Hostile | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Serve, on the same port as before if there was one."""
        self._server = Hostile(self._say, self.port)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Die: nothing listens any more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def _say(self, handler: Any) -> None:
        answer(json.dumps({"ergo": {"usd": self.price, "last_updated_at": time.time()}}).encode())(handler)


@pytest.fixture
def market() -> Iterator[Market]:
    made = Market()
    yield made
    made.close()


class Watching:
    """`status --watch --json`: the newest object, and a wait for one that is as wanted."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def until(self, wanted: Callable[[dict[str, Any]], bool], within_s: float = 40.0) -> dict[str, Any]:
        assert self._process.stdout is not None
        end, said = time.monotonic() + within_s, {}
        while time.monotonic() < end:
            said = json.loads(self._process.stdout.readline())
            if wanted(said):
                return said
        raise AssertionError(f"not within {within_s:g} s: {said.get('quotes')}")


@contextmanager
def watching(here: Host) -> Iterator[Watching]:
    command = [*CONSOLE, "status", "--watch", "--json", "--interval", "0.2", "--config", str(here.config)]
    with subprocess.Popen(
        command, env=here.env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Watching(process)
        finally:
            process.send_signal(signal.SIGINT)


@pytest.fixture
def here(host: Callable[..., Host], market: Market) -> Host:
    """A host whose price of ERG comes from the market, with a miner on GPU 0."""
    made = host()
    text = made.config.read_text()
    assert BY_HAND in text
    made.config.write_text(text.replace(BY_HAND, FEEDS.format(url=market.url)))
    made.start("miner-0")
    return made


def quote(said: dict[str, Any]) -> dict[str, Any]:
    """ERG's price, or nothing."""
    return next((one for one in said["quotes"] if (one["kind"], one["name"]) == ("coin_price", "ERG")), {})


def ergo(said: dict[str, Any]) -> dict[str, Any]:
    """GPU 0's option to mine."""
    return next(option for option in said["gpus"][0]["options"] if option["workload"] == "ergo")


def test_money_follows_a_feed_that_lives_dies_and_returns(here: Host, market: Market, tmp_path: Path) -> None:
    """The quote, the ladder and the row move with the price; nothing crashes, nothing is invented."""
    with watching(here) as screen:
        live = screen.until(lambda said: bool(quote(said)) and bool(ergo(said)["gross_per_h"]))
        assert quote(live)["source"] == "gecko" and quote(live)["unit"] == "USD/ERG" and quote(live)["age_s"] < 3
        gross = ergo(live)["gross_per_h"]
        market.price = 1.26
        dearer = screen.until(lambda said: quote(said)["value"] == 1.26)
        assert ergo(dearer)["gross_per_h"] == pytest.approx(1.5 * gross) and not ergo(dearer)["stale"]
        market.close()
        dead = screen.until(lambda said: quote(said)["stale"])
        assert quote(dead)["value"] == 1.26 and ergo(dead)["stale"] and ergo(dead)["gross_per_h"] is not None
        market.price = 1.30
        market.open()
        back = screen.until(lambda said: not quote(said)["stale"])
        assert quote(back)["value"] == 1.30 and not ergo(back)["stale"]
    market.close()
    known = here.status()
    assert quote(known)["value"] in (1.26, 1.30), "a restart without a network shows what is known"
    assert quote(known)["age_s"] > 0


def test_the_screen_follows_as_well(here: Host, market: Market) -> None:
    """Header, market screen and ladder show the price move, grow stale with a word, and come back."""
    with Terminal([*CONSOLE, "--config", str(here.config)], (160, 45), here.env) as terminal:
        terminal.wait_for("ERG 0.84 $/ERG", 20)
        terminal.wait_for("ergo", 10)
        terminal.send("2")
        terminal.wait_for("gecko", 10)
        market.price = 1.26
        terminal.wait_for("1.26", 15)
        market.close()
        terminal.wait_for("stale", 20)
        assert "1.26" in terminal.text
        terminal.wait_for("nothing listens at", 20)
        terminal.send("1", "w")
        terminal.wait_for("price of ERG", 10)
        terminal.send("escape")
        market.price = 1.30
        market.open()
        terminal.wait_for("ERG 1.30 $/ERG", 30)
        terminal.send("q")
        assert terminal.wait_exit() == 0
