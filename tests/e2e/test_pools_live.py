"""A console whose pool is a real local server: asked once, remembered, and asked by no second console too soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.hostile import Handler, answer, serving
from tests.e2e.host import Host
from tests.e2e.test_feeds_live import watching

pytestmark = pytest.mark.nvml

POOL = """
[pools.main]
kind = "twominers"
coin = "ERG"
wallet = "9hX"
url = "{url}"

[pools.nowhere]
kind = "twominers"
coin = "NEW"
wallet = "9hX"
"""


def test_a_pool_is_asked_once_for_all_consoles(host: Callable[..., Host], tmp_path: Path) -> None:
    """What it said is kept in the state directory; what cannot be asked is said and costs nothing else."""
    asked: list[str] = []

    def say(handler: Handler) -> None:
        asked.append(handler.path)
        answer(json.dumps({"stats": {"balance": 1_500_000_000, "paid": 0}}).encode())(handler)

    here, kept = host(), tmp_path / "state" / "pools" / "main.json"
    with serving(say) as server:
        here.config.write_text(here.config.read_text() + POOL.format(url=server.url))
        with watching(here) as screen:
            screen.until(lambda _: kept.exists())
        assert json.loads(kept.read_text())["balance"]["unpaid"] == 1.5
        with watching(here) as screen:
            begun = time.monotonic()
            screen.until(lambda _: time.monotonic() - begun > 2)
    assert asked == ["/api/accounts/9hX"]
