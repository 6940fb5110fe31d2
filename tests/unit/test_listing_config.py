"""What a config may say of machines that are let, and the sentence for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.config.listing_checks import in_the_clear
from console.config.loading import ConfigError, load
from console.config.settings import Settings

BASE = """\
[controllers.farm]
kind = "rental"
market = "vast"
key_file = "/etc/changeover/vast"

[workloads.let]
kind = "ai"
controller = "farm"
unit = "41007"
listing = { price_per_h = 0.36 }
"""
CLORE = BASE.replace('"vast"', '"clore"').replace('"41007"', '"rig-a"')


def loaded(text: str, folder: Path) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load(path).settings


def test_a_listing_and_its_market_are_accepted(tmp_path: Path) -> None:
    """Every key, a kind by the name of its table, and an address of this host for a trial."""
    every = "min_bid_per_h = 0.2, days = 30, min_gpus = 2, image = 'farm/miner', args = ['-a', 'x']"
    found = loaded(BASE.replace("0.36 }", f"0.36, {every} }}"), tmp_path).workloads["let"].listing
    assert found is not None and (found.days, found.min_gpus, found.args) == (30, 2, ("-a", "x"))
    named = BASE.replace("[controllers.farm]", "[controllers.rental]").replace('kind = "rental"\n', "")
    named = named.replace('"farm"', '"rental"').replace('"vast"\n', '"vast"\nurl = "http://127.0.0.1:8080"\n')
    assert loaded(named, tmp_path).controllers["rental"].url == "http://127.0.0.1:8080"


def test_a_server_at_clore_is_accepted(tmp_path: Path) -> None:
    """By its name, with a bid; the number of GPUs that is the default says nothing."""
    text = CLORE.replace("0.36 }", "0.36, min_bid_per_h = 0.2, min_gpus = 1 }")
    assert loaded(text, tmp_path).controllers["farm"].market == "clore"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'market = "vast"\n',
            "",
            'controllers.farm of kind rental has no market, expected market = "vast" or market =',
        ),
        ('"vast"\n', '"vats"\n', "controllers.farm.market"),
        (
            'key_file = "/etc/changeover/vast"\n',
            "",
            "controllers.farm of kind rental has no key_file, expected the path",
        ),
        ('"/etc/changeover/vast"', '"vast.key"', 'controllers.farm.key_file is "vast.key", expected an absolute path'),
        (
            "key_file",
            'url = "http://vast.example"\nkey_file',
            'controllers.farm.url is "http://vast.example", which would be sent a key in the clear: expected https://',
        ),
        ("key_file", 'url = "vast.example"\nkey_file', 'controllers.farm.url is "vast.example", expected http'),
        (
            "key_file",
            'url = "https://me:s3cret@vast.example/?k=s3cret"\nkey_file',
            'controllers.farm.url is "https://vast.example/?…", which holds a user or password',
        ),
        ("listing = { price_per_h = 0.36 }\n", "", "workloads.let has no listing, expected listing = { price_per_h ="),
        ("{ price_per_h = 0.36 }", "{ min_gpus = 1 }", "workloads.let.listing"),
        ("0.36 }", "0 }", "workloads.let.listing.price_per_h is 0.0, expected a number above 0"),
        ("0.36 }", "nan }", "workloads.let.listing.price_per_h is nan, expected a finite number"),
        (
            "0.36 }",
            "0.36, min_bid_per_h = 0.4 }",
            "workloads.let.listing.min_bid_per_h is 0.4, above price_per_h of 0.36: nobody would pay it",
        ),
        ("0.36 }", "0.36, args = ['x'] }", "workloads.let.listing.args belongs to an image, and this listing has none"),
        ('"41007"', '"rig-a"', 'workloads.let.unit is "rig-a", expected the number of a machine at Vast.ai'),
        ('"41007"', '"041007"', 'workloads.let.unit is "041007", expected the number of a machine'),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each with what was found and what was expected."""
    with pytest.raises(ConfigError) as caught:
        loaded(BASE.replace(old, new, 1), tmp_path)
    assert said in str(caught.value) and "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("days = 3", "days is no key of a listing at Clore.ai: Clore.ai knows no end of a listing"),
        ("min_gpus = 2", "min_gpus is no key of a listing at Clore.ai: Clore.ai lets servers whole"),
        ("image = 'x'", "image is no key of a listing at Clore.ai: Clore.ai takes a background job on its site alone"),
        (
            "image = 'x', args = ['y']",
            "args is no key of a listing at Clore.ai: Clore.ai takes a background job on its",
        ),
    ],
)
def test_what_clore_cannot_do_is_refused_by_name(tmp_path: Path, key: str, why: str) -> None:
    """Rather than forgotten."""
    with pytest.raises(ConfigError) as caught:
        loaded(CLORE.replace("0.36 }", f"0.36, {key} }}"), tmp_path)
    assert f"workloads.let.listing.{why}" in str(caught.value)


@pytest.mark.parametrize("key", ['market = "vast"', 'url = "https://vast.example"', 'key_file = "/k"'])
def test_keys_of_a_market_are_refused_elsewhere(tmp_path: Path, key: str) -> None:
    """On a controller of another kind they would do nothing."""
    text = f'[controllers.farm]\nkind = "systemd"\n{key}\n'
    with pytest.raises(ConfigError) as caught:
        loaded(text, tmp_path)
    name = key.partition(" ")[0]
    assert f"controllers.farm.{name} is a key of kind rental, and this controller is of another" in str(caught.value)


def test_a_listing_belongs_to_a_rental_workload(tmp_path: Path) -> None:
    """Neither one that systemd starts nor one that nobody starts is let."""
    text = BASE.replace(
        'kind = "rental"\nmarket = "vast"\nkey_file = "/etc/changeover/vast"', 'kind = "systemd"'
    ).replace('"41007"', '"let.service"')
    for faulty in (text, text.replace('controller = "farm"\nunit = "let.service"\n', "")):
        with pytest.raises(ConfigError) as caught:
            loaded(faulty, tmp_path)
        assert "workloads.let.listing belongs to a controller of kind rental" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "clear"),
    [
        ("https://console.vast.ai/api/v0", False),
        ("http://127.0.0.1:1", False),
        ("http://[::1]:1", False),
        ("http://localhost:1", False),
        ("http://localhost.example", True),
        ("http://127.0.0.1.example", True),
        ("http://0.0.0.0:1", True),
        ("http://192.0.2.1", True),
        ("ftp://192.0.2.1", True),
        ("http://", True),
    ],
)
def test_a_key_goes_over_https_or_nowhere(url: str, clear: bool) -> None:
    """This very host aside, by address or by its one name."""
    assert in_the_clear(url) is clear
