"""What a config may say of pools, and the sentence for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config.loading import ConfigError, load
from console.config.settings import Settings

BASE = """\
[coins.ERG]
algorithm = "autolykos2"
reward = 3.0
difficulty = 1.1e15

[coins.KAWPOW]
algorithm = "kawpow"
nethash = 1e13
block_time_s = 60

[workloads.ergo]
kind = "mine"
coin = "ERG"
pool = "mine"

[pools.mine]
kind = "twominers"
coin = "ERG"
wallet = "9hX"
"""


def loaded(text: str, folder: Path) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load(path).settings


def test_a_pool_and_its_workload_are_accepted(tmp_path: Path) -> None:
    """Every key, and a kind by the name of its table."""
    more = "payout_min = 0.5\ninterval_s = 120\ntimeout_s = 4\nunits = 1e9\nshared = true\nforfeits = true\n"
    found = loaded(BASE + more, tmp_path).pools["mine"]
    assert (found.units, found.shared, found.forfeits, found.timeout_s) == (1e9, True, True, 4)
    named = BASE.replace('pool = "mine"', 'pool = "herominers"').replace("[pools.mine]", "[pools.herominers]")
    named = named.replace('kind = "twominers"\n', "")
    assert loaded(named, tmp_path).pools["herominers"].kind == ""


def test_a_market_pays_in_its_own_coin(tmp_path: Path) -> None:
    """What is mined at NiceHash is an algorithm, what it pays is BTC."""
    text = BASE.replace('coin = "ERG"\npool', 'coin = "KAWPOW"\npool').replace('"twominers"', '"nicehash"')
    text = text.replace('coin = "ERG"\nwallet = "9hX"', 'coin = "BTC"\nkey_file = "/etc/changeover/nicehash"')
    assert loaded(text, tmp_path).pools["mine"].coin == "BTC"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"twominers"', '"2miners"', 'pools.mine kind is "2miners", which is no kind of pool; did you mean twominers?'),
        ('wallet = "9hX"', "", "pools.mine has no wallet"),
        ('wallet = "9hX"', 'wallet = "9h X"', "pools.mine has a wallet that is no address"),
        ('wallet = "9hX"', 'wallet = "9hX"\nkey_env = "K"', "pools.mine.key_env is no key of a pool of kind twominers"),
        ('coin = "ERG"\nwallet', 'coin = "E/G"\nwallet', 'pools.mine.coin is "E/G", expected a coin such as "ERG"'),
        ('coin = "ERG"\nwallet', 'coin = "RVN"\nwallet', 'an account for "RVN", and it mines "ERG"'),
        ('coin = "ERG"\npool', "pool", 'is "mine", an account for "ERG", and it mines nothing that it names'),
        ('pool = "mine"', 'pool = "mien"', 'workloads.ergo.pool is "mien", but there is no [pools.mien]; did you mean'),
        (
            'kind = "mine"\ncoin = "ERG"',
            'kind = "ai"',
            "workloads.ergo.pool belongs to kind mine, and this",
        ),
        ('wallet = "9hX"', 'wallet = "9hX"\nurl = "ftp://a"', 'pools.mine.url is "ftp://a", expected http'),
        (
            'wallet = "9hX"',
            'wallet = "9hX"\ninterval_s = 5',
            "pools.mine.interval_s is 5.0, expected a number from 60",
        ),
        ('wallet = "9hX"', 'wallet = "9hX"\nunits = 0', "pools.mine.units is 0.0, expected a number above 0"),
        ("[pools.mine]", '[pools."../mine"]', "is no name for a pool, expected up to 40 of the characters"),
        (
            'kind = "twominers"\ncoin = "ERG"\nwallet = "9hX"',
            'kind = "nicehash"\ncoin = "BTC"',
            "pools.mine of kind nicehash has neither key_file nor key_env",
        ),
        (
            'kind = "twominers"\ncoin = "ERG"\nwallet = "9hX"',
            'kind = "nicehash"\ncoin = "ERG"\nkey_env = "K"',
            'pools.mine.coin is "ERG", and nicehash pays in BTC',
        ),
        (
            'kind = "twominers"\ncoin = "ERG"\nwallet = "9hX"',
            'kind = "nicehash"\ncoin = "BTC"\nkey_file = "k"\nkey_env = "K"\nwallet = "9hX"',
            "pools.mine has key_file and key_env, expected one of them",
        ),
        (
            'kind = "twominers"\ncoin = "ERG"\nwallet = "9hX"',
            'kind = "nicehash"\ncoin = "BTC"\nkey_file = "k"',
            'pools.mine.key_file is "k", expected an absolute path',
        ),
    ],
)
def test_what_is_wrong_is_a_sentence(old: str, new: str, said: str, tmp_path: Path) -> None:
    """With the place, what was found and what was expected."""
    assert old in BASE
    with pytest.raises(ConfigError) as caught:
        loaded(BASE.replace(old, new), tmp_path)
    assert said in str(caught.value)
