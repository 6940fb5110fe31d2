"""What a config is warned of though nothing is wrong with it."""

from pathlib import Path

import pytest

from console.config.loading import load

MINER = """
[power]
price_per_kwh = 0.07
[controllers.systemd]
[coins.ERG]
algorithm = "autolykos2"
difficulty = 1e15
[workloads.ergo]
kind = "mine"
controller = "systemd"
unit = "miner@{slot}"
coin = "ERG"
meter = { kind = "xmrig", url = "%s" }
"""
GPU = '[gpus."GPU-11111111-2222-3333-4444-555555555555"]\n'


def warnings(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o640)
    return load(path).warnings


def test_curtailable_is_said_to_do_nothing_yet(tmp_path: Path) -> None:
    """It is accepted, so that a config may hold it, and told of in one sentence: nothing acts on it."""
    said = "[gpus] marks GPUs as curtailable, and nothing reads that yet: it changes nothing"
    assert warnings(tmp_path, GPU + "curtailable = true") == (said,)
    assert warnings(tmp_path, GPU + "curtailable = false") == ()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://miner.farm:4040", "miner.farm"),
        ("http://rig-{slot}:4040/x", "rig-0"),
        ("http://localhost:404{slot}", ""),
        ("http://10.0.0.{slot}:4040", ""),
        ("https://[::1]:4040", ""),
    ],
)
def test_meter_at_a_name_is_told_of(tmp_path: Path, url: str, host: str) -> None:
    """A name has to be looked up, which nothing bounds; an address and localhost have not."""
    said = f"workloads.ergo.meter.url names {host}, and no look-up of a name is bounded: write its address"
    assert warnings(tmp_path, MINER % url) == ((said,) if host else ())
