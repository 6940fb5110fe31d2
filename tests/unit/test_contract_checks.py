"""What a config may say of contracts and of how AI is paid, and the sentence for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config.contract_checks import read
from console.config.loading import ConfigError, load
from console.config.workload_settings import RevenueSettings

CONFIG = """\
[contracts.acme-7]
rate_per_gpu_h = 0.42
start = "2026-12-01"
end = "2027-11-30"
gpus = 2
uptime_target_pct = 99.5
credits = [{ below_pct = 99.5, credit_pct = 10 }, { below_pct = 99.0, credit_pct = 30 }]
notice_days = 30
early_exit = 50

[quotes.rent]
kind = "rental"
value = 0.40
unit = "USD/h"

[feeds.mine]
kind = "vast_machines"
machines = { rig-a = "41001" }
key_env = "VAST_KEY"

[coins.ERG]
algorithm = "autolykos2"
difficulty = 1.1e15
reward = 3.0

[workloads.ergo]
kind = "mine"
coin = "ERG"

[workloads.served]
kind = "ai"
gpus = [0, 1, 2]
revenue = { form = "contract", contract = "acme-7" }

[workloads.let]
kind = "ai"
revenue = { form = "marketplace", machine = "rig-a", vacant = "ergo", occupancy = 0.6 }
"""
SERVED = 'revenue = { form = "contract", contract = "acme-7" }'
LET = 'revenue = { form = "marketplace", machine = "rig-a", vacant = "ergo", occupancy = 0.6 }'


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(0o640)
    return path


def test_a_contract_and_what_names_it_load(tmp_path: Path) -> None:
    """Every key arrives typed, and a workload may be paid by a contract or by what a machine is listed at."""
    found = load(written(tmp_path, CONFIG)).settings
    acme = found.contracts["acme-7"]
    assert (acme.rate_per_gpu_h, acme.gpus, acme.notice_days, acme.early_exit) == (0.42, 2, 30.0, 50.0)
    assert [(tier.below_pct, tier.credit_pct) for tier in acme.credits] == [(99.5, 10.0), (99.0, 30.0)]
    assert found.workloads["served"].revenue == RevenueSettings(form="contract", contract="acme-7")
    let = found.workloads["let"].revenue
    assert let is not None and (let.machine, let.vacant, let.occupancy) == ("rig-a", "ergo", 0.6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('start = "2026-12-01"', 'start = "1 Dec"', 'acme-7.start is "1 Dec", expected a date such as "2026-12-01"'),
        ('end = "2027-11-30"', 'end = "9999-12-31"', 'acme-7.end is "9999-12-31", expected a date'),
        (
            'end = "2027-11-30"',
            'end = "2026-11-30"',
            'acme-7.end is "2026-11-30", which is before its start 2026-12-01',
        ),
        ("notice_days = 30", 'notice_given = "soon"', 'acme-7.notice_given is "soon", expected a date'),
        ('start = "2026-12-01"', "escalator_pct = 3", "acme-7.escalator_pct has no start"),
        (
            "below_pct = 99.0",
            "below_pct = 99.7",
            "credits[1].below_pct is 99.7 after 99.5, expected the highest uptime",
        ),
        ("below_pct = 99.0", "below_pct = 0", "credits[1].below_pct is 0, and no uptime lies below that"),
        ("below_pct = 99.0", "below_pct = 101", "credits[1].below_pct is 101.0, expected a number from 0 to 100"),
        ("credit_pct = 30", "credit_pct = 5", "credits[1].credit_pct is 5 after 10, expected no less"),
        (
            "uptime_target_pct = 99.5",
            "uptime_target_pct = 99",
            "uptime_target_pct is 99, and credits are due below 99.5",
        ),
        ("gpus = 2", "gpus = 4", "acme-7.gpus is 4, and the workloads under it may use 3 GPUs of this host"),
        ("gpus = 2", "gpus = 0", "acme-7.gpus is 0, expected a number from 1"),
        ("rate_per_gpu_h = 0.42", "rate_per_gpu_h = -1", "rate_per_gpu_h is -1.0, expected"),
        ("notice_days = 30", "notice_days = 4000", "notice_days is 4000.0, expected a number from 0 to 3650"),
        (
            'contract = "acme-7" }',
            'contract = "acme" }',
            'revenue.contract is "acme", but there is no [contracts.acme]',
        ),
        (
            SERVED,
            'revenue = { form = "contract" }',
            "form contract has none, expected one of rate_per_h, quote and con",
        ),
        (SERVED, SERVED[:-2] + ", rate_per_h = 1 }", "has rate_per_h and contract, expected one of"),
        (SERVED, SERVED[:-2] + ", occupancy = 0.5 }", "occupancy does not go with a contract of take-or-pay"),
        (
            SERVED,
            SERVED[:-2] + ', machine = "rig-a" }',
            "machine is for form marketplace, and this is of form contract",
        ),
        (LET, LET[:-2] + ', contract = "acme-7" }', "contract is for form contract, and this is of form marketplace"),
        (
            'machine = "rig-a"',
            'machine = "rig-b"',
            'machine is "rig-b", which is no machine of a feed of kind vast_mac',
        ),
        ('vacant = "ergo"', 'vacant = "let"', 'vacant is "let" itself, expected another workload'),
        ('vacant = "ergo"', 'vacant = "erg"', 'vacant is "erg", which is no workload; did you mean ergo?'),
        ('vacant = "ergo"', 'vacant = "served"', 'vacant is "served", which is of kind ai, expected one of kind mine'),
        ('machine = "rig-a", ', 'quote = "rig-b", ', 'quote is "rig-b", which is no quote of kind rental'),
        ('machine = "rig-a", ', "", "revenue of form marketplace needs rate_per_h or quote"),
        ('machine = "rig-a", ', 'rate_per_h = 1, quote = "rent", ', "needs rate_per_h or quote"),
        (
            SERVED,
            'revenue = { form = "tokens", quote = "rent" }',
            "quote is for form contract or marketplace, and this",
        ),
    ],
)
def test_a_fault_is_told_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    """What was found and what was expected, at the key that is wrong."""
    assert CONFIG.count(old) == 1
    path = written(tmp_path, CONFIG.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert said in str(caught.value)


def test_an_exit_that_nothing_makes_early_is_a_fault(tmp_path: Path) -> None:
    """Without an end and without notice nobody leaves early; either is enough."""
    endless = CONFIG.replace('end = "2027-11-30"\n', "")
    assert load(written(tmp_path, endless)).settings.contracts["acme-7"].end is None
    with pytest.raises(ConfigError, match="early_exit has neither end nor notice_days"):
        load(written(tmp_path, endless.replace("notice_days = 30\n", "")))


@pytest.mark.parametrize("name", ["rent", "rig-a"])
def test_a_rate_may_be_quoted_by_hand_or_by_a_feed(tmp_path: Path, name: str) -> None:
    """A rental of the config and one that a feed brings are both quotes that a workload may be paid by."""
    found = load(written(tmp_path, CONFIG.replace('machine = "rig-a", ', f'quote = "{name}", '))).settings
    revenue = found.workloads["let"].revenue
    assert revenue is not None and revenue.quote == name


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (b"rate_per_gpu_h = ", "is no TOML"),
        (b"\xff", "is no TOML"),
        (b"", "is no contract: has no rate_per_gpu_h, expected a number"),
        (b"rate_per_gpu_h = 1\nrate = 1", "is no contract: rate is not a key of this table"),
        (b"rate_per_gpu_h = 'x'", 'is no contract: rate_per_gpu_h is "x", expected a number'),
        (b"rate_per_gpu_h = nan", "is no contract: rate_per_gpu_h is nan, expected a finite number"),
        (b"rate_per_gpu_h = -1", "is no contract: rate_per_gpu_h is -1.0, expected a number of at least 0"),
        (b"rate_per_gpu_h = 1\nend = 'never'", 'is no contract: end is "never", expected a date'),
        (b"rate_per_gpu_h = 1\ncredits = [{below_pct = 120, credit_pct = 1}]", r"credits\[0\].below_pct is 120.0, exp"),
    ],
)
def test_a_bad_contract_of_its_own_is_refused_in_words(toml: bytes, sentence: str) -> None:
    """Syntax, keys, types, ranges and what they mean together each have their sentence, as in a site config."""
    with pytest.raises(ValueError, match=sentence):
        read(toml)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_contract_or_a_sentence(body: bytes) -> None:
    """Whatever a file holds, it is read or refused with a sentence, and nothing else comes out."""
    refused = ""
    try:
        read(body)
    except ValueError as error:
        refused = str(error)
    assert refused.startswith(("is no TOML", "is no contract")) or not refused
