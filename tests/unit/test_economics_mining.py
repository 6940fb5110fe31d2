"""The sums of mining against figures that somebody else published, and the laws they keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.economics import mining
from console.economics.table import lookup, model

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "formulas.json").read_text())["vectors"]
POSITIVE = st.floats(min_value=1e-6, max_value=1e18)
FEE = st.floats(min_value=0, max_value=0.499)


def _per_day(vector: dict[str, Any], block_hashes: float, coin_price: float) -> float:
    return 24 * mining.gross_per_h(vector["hashrate"], mining.hash_price(coin_price, vector["reward"], block_hashes))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["what"][:40])
def test_published_figures(vector: dict[str, Any]) -> None:
    """Nethash, coins and money per day agree with the source as closely as it prints them."""
    block = mining.hashes_per_block(
        difficulty=vector.get("difficulty"),
        k=vector.get("k", 1),
        nethash_h_per_s=vector.get("nethash"),
        block_time_s=vector.get("block_time_s"),
    )
    assert block is not None
    found = {
        # A coin that costs 1 earns as much money as it finds coins.
        "coins_per_day": _per_day(vector, block, 1.0),
        "money_per_day": _per_day(vector, block, vector.get("coin_price", 1)),
    }
    if "difficulty" in vector and "block_time_s" in vector:
        found["nethash"] = mining.nethash(vector["difficulty"], vector["k"], vector["block_time_s"])
    for name, expected in vector["expect"].items():
        if "published" in expected:
            assert found[name] == pytest.approx(expected["published"], rel=expected["within"])
        if "exact" in expected:
            assert found[name] == pytest.approx(expected["exact"], rel=1e-12)


@given(POSITIVE, POSITIVE, st.floats(min_value=1.1, max_value=1e6), POSITIVE)
def test_revenue_hangs_on_the_ratio_of_hashrate_and_difficulty(
    rate: float, difficulty: float, scale: float, reward: float
) -> None:
    """A network that grows as fast as the farm leaves it what it had."""
    before = mining.gross_per_h(rate, mining.hash_price(1.0, reward, difficulty))
    after = mining.gross_per_h(rate * scale, mining.hash_price(1.0, reward, difficulty * scale))
    assert after == pytest.approx(before, rel=1e-12)


@given(POSITIVE, POSITIVE, st.floats(min_value=1, max_value=1e4))
def test_difficulty_and_nethash_say_the_same(difficulty: float, k: float, block_time_s: float) -> None:
    """Both forms of a network's size give the same hashes per block."""
    rate = mining.nethash(difficulty, k, block_time_s)
    by_rate = mining.hashes_per_block(nethash_h_per_s=rate, block_time_s=block_time_s)
    assert by_rate == pytest.approx(mining.hashes_per_block(difficulty=difficulty, k=k), rel=1e-12)


def test_half_of_a_network_is_unknown_not_free() -> None:
    """A nethash without a block time, or a difficulty of 0, gives no figure rather than an infinite one."""
    assert mining.hashes_per_block(nethash_h_per_s=1e12) is None
    assert mining.hashes_per_block(difficulty=0.0, k=2**32) is None


def test_credited_share_replaces_what_it_already_holds() -> None:
    """Learned from shares it stands for developer fee and rejects; learned from the balance for the pool's as well."""
    fees = {"pool_fee": 0.01, "exchange_fee": 0.002, "dev_fee": 0.02, "reject": 0.03}
    assert mining.kept(**fees) == pytest.approx(0.98 * 0.97 * 0.99 * 0.998, rel=1e-15)
    assert mining.kept(**fees, credited=0.9) == pytest.approx(0.9 * 0.99 * 0.998, rel=1e-15)
    assert mining.kept(**fees, credited=0.9, credited_covers_pool=True) == pytest.approx(0.9 * 0.998, rel=1e-15)


@given(FEE, FEE, FEE, FEE)
def test_fees_never_take_more_than_all(pool: float, exchange: float, dev: float, reject: float) -> None:
    """Between nothing and everything reaches the miner, and each fee only lowers it."""
    kept = mining.kept(pool_fee=pool, exchange_fee=exchange, dev_fee=dev, reject=reject)
    assert 0 < kept <= min(1 - pool, 1 - exchange, 1 - dev, 1 - reject)


def test_table_knows_cards_by_their_nvml_names() -> None:
    """Maker and brand are read over; a laptop or a D is another card and has no figure."""
    assert model("NVIDIA GeForce RTX 4070 Ti SUPER") == "RTX 4070 Ti SUPER"
    assert model("NVIDIA H100 80GB HBM3") == "H100"
    for name in ("NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA GeForce RTX 4090 D", "NVIDIA A100-SXM4-80GB"):
        assert lookup(name, "autolykos2") is None


def test_table_names_the_source_of_rate_and_watts() -> None:
    """Rate and watts of one source where it has both, of two where not, and no watts where nobody prints them."""
    both = lookup("NVIDIA GeForce RTX 4090", "Autolykos v2")
    assert both is not None and (both.rate_h_per_s, both.power_w) == (330e6, 280)
    mixed = lookup("NVIDIA GeForce RTX 3090", "kHeavyHash")
    assert mixed is not None and (mixed.rate_h_per_s, mixed.power_w) == (1.2e9, 220)
    assert "2Miners" in mixed.source and "watts" in mixed.source
    rate = lookup("NVIDIA GeForce RTX 3060", "KawPow")
    assert rate is not None and (rate.rate_h_per_s, rate.power_w, rate.source[:7]) == (22.7e6, None, "2Miners")
    assert lookup("NVIDIA GeForce RTX 3060", "kheavyhash") is None
