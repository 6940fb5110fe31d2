"""The written config: the console's own loader takes it whatever names a host has, and open lines can be filled in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.config.loading import load
from console.config.settings import Config
from console.finding.found import Stranger, Survey, Unit
from console.finding.overhead import PSU_EFFICIENCY, solved
from console.finding.toml import comment, commented, number, string
from console.finding.writing import Answers, written
from console.model import Uuid
from console.text import clean
from tests.unit.findings import card, miner, server, survey

ALL = Answers(acknowledged=frozenset({"supervisor"}))
MINERS = tuple(miner(f"miner-{slot}", slot, port=18080 + slot) for slot in range(4))


def loaded(text: str, folder: Path) -> Config:
    """What the console makes of it."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return load(path)


def uncommented(text: str, first: str, last: str) -> str:
    """The text without the # before the lines from the one that begins with ``first`` to that with ``last``."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"# {first}"))
    end = next(at for at, line in enumerate(lines) if at >= start and line.startswith(f"# {last}"))
    freed = [line.removeprefix("#").removeprefix(" ") for line in lines[start : end + 1]]
    return "\n".join([*lines[:start], *freed, *lines[end + 1 :]])


def test_everything_that_was_told_stands_there(tmp_path: Path) -> None:
    """Site, power, controller, workloads and slots, as settings; nothing is left to warn of but money."""
    answers = Answers(
        currency="JPY", price_per_kwh=31.5, overhead=solved(3000.0, 2400.0), acknowledged=frozenset({"supervisor"})
    )
    found = survey(*MINERS, server("tp4", 4, 5, 6, 7, port=8000))
    config = loaded(written(found, answers, "2026-06-01", "Asia/Tokyo"), tmp_path)
    site = config.settings.site
    assert (site.name, site.currency, site.timezone) == ("rig-07", "JPY", "Asia/Tokyo")
    assert (site.host_overhead_w, site.psu_efficiency) == (360.0, PSU_EFFICIENCY)
    assert config.settings.power.price_per_kwh == 31.5
    assert config.settings.controllers["supervisor"].acknowledged
    assert {*config.settings.workloads} == {"miner", "tp4"}
    assert config.settings.workloads["tp4"].span == 4
    assert [gpu.slot for gpu in config.settings.gpus.values()] == [*range(8)]
    assert config.warnings == ("workloads.miner names no coin: what it earns stays unknown",)


def test_what_nobody_answered_is_a_line_to_fill_in(tmp_path: Path) -> None:
    """No currency, price or watts: the defaults hold, and each commented line is valid once its # is gone."""
    text = written(survey(*MINERS), ALL, "2026-06-01")
    assert loaded(text, tmp_path).settings.power.price_per_kwh is None
    for key in ("currency", "timezone", "host_overhead_w", "psu_efficiency", "price_per_kwh"):
        text = uncommented(text, f"{key} = ", f"{key} = ")
    settings_ = loaded(text, tmp_path).settings
    assert (settings_.site.host_overhead_w, settings_.site.psu_efficiency) == (80, PSU_EFFICIENCY)
    assert settings_.power.price_per_kwh == 0.10


def test_a_coin_is_filled_in_by_taking_marks_away(tmp_path: Path) -> None:
    """What is missing for the money of a miner stands under it, with the algorithm that its API named."""
    text = written(survey(*MINERS), ALL, "2026-06-01", "UTC")
    assert "It mines kawpow." in text
    filled = uncommented(text, 'coin = "NAME"', "unit")
    config = loaded(filled, tmp_path)
    assert config.settings.workloads["miner"].coin == "NAME"
    assert config.settings.coins["NAME"].algorithm == "kawpow"
    price = config.settings.quotes["NAME"]
    assert (price.kind, price.unit) == ("coin_price", "USD/NAME"), "the sentence asks for a price"


def test_a_server_is_paid_by_taking_a_mark_away(tmp_path: Path) -> None:
    """The line for an AI workload's revenue is valid as it stands."""
    text = written(survey(server("qwen", 0, port=8000)), ALL, "2026-06-01", "UTC")
    config = loaded(uncommented(text, "revenue", "revenue"), tmp_path)
    revenue = config.settings.workloads["qwen"].revenue
    assert revenue is not None and revenue.form == "tokens"


def test_full_control_that_nobody_acknowledged_is_commented_out(tmp_path: Path) -> None:
    """The controller and its workloads do not count, the sentence says why, those of systemd stay; and taking one #
    from each line of the block gives the config that --acknowledge would have given."""
    unit = miner("miner@5.service", 5, controller="systemd")
    text = written(survey(*MINERS, unit), Answers(), "2026-06-01", "UTC")
    config = loaded(text, tmp_path)
    assert {*config.settings.controllers} == {"systemd"}
    assert [one.controller for one in config.settings.workloads.values()] == ["systemd"]
    assert "Not acknowledged" in text and "full control of all that it runs" in " ".join(text.split())
    freed = uncommented(uncommented(text, "[controllers.supervisor]", "acknowledged"), "[workloads.miner]", "meter")
    assert loaded(freed, tmp_path).settings.workloads["miner"].gpus == (0, 1, 2, 3)


def test_what_was_left_out_is_said(tmp_path: Path) -> None:
    """A lost card, a stranger, an idle unit and a controller that did not answer are sentences in the file."""
    found = survey(
        cards=0,
        strangers=(Stranger(slots=(2, 3), sentence="python3 (pid 7, user eve) belongs to no unit"),),
        idle=(Unit(controller="supervisor", name="ai-0", autostart=True),),
        notes=("supervisord's socket /x did not answer in 2 s",),
    )
    text = written(found, ALL, "2026-06-01", "UTC")
    assert "# GPUs 2, 3: python3 (pid 7, user eve) belongs to no unit; to the console it is foreign." in text
    assert "# ai-0 of supervisor, starts by itself" in text
    assert "# Supervisord's socket /x did not answer in 2 s." in text
    assert "Nothing that could be started and stopped held a GPU." in text
    assert loaded(text, tmp_path).settings.workloads == {}


def test_a_card_without_a_whole_uuid_gets_no_table(tmp_path: Path) -> None:
    """MIG instances and odd drivers have names that [gpus] refuses: they are left out of it, and told."""
    odd = msgspec.structs.replace(card(0, trouble="MIG is on: it is shown, never flipped"), uuid=Uuid("MIG-GPU-1/2/3"))
    text = written(Survey(host="", cards=(odd,)), ALL, "2026-06-01", "UTC")
    assert "# GPU 0 was left out: MIG is on" in text
    assert loaded(text, tmp_path).settings.gpus == {}


HOSTILE = st.text(st.characters() | st.sampled_from('"\\#[]=\n\r\x1b\u202e\u2028\x00{}'), max_size=40)
NAMES = HOSTILE.filter(lambda text: text != "" and clean(text) == text and not {*"{}"} & {*text})


@given(
    host=HOSTILE.map(lambda text: clean(text, 40)),
    unit=NAMES,
    process=HOSTILE,
    model=HOSTILE,
    sentence=HOSTILE,
    algorithm=HOSTILE,
    timezone=st.sampled_from(["", "UTC"]),
    acknowledged=st.booleans(),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_from_outside_breaks_the_file(
    tmp_path: Path,
    host: str,
    unit: str,
    process: str,
    model: str,
    sentence: str,
    algorithm: str,
    timezone: str,
    acknowledged: bool,
) -> None:
    """Whatever processes, units and cards are called, the file loads, says the unit as it is, and no name of theirs
    begins a line, a key or a table of its own."""
    one = miner(unit, 0, port=18080, who=(process,), notes=(sentence,))
    assert one.meter is not None
    one = msgspec.structs.replace(one, meter=msgspec.structs.replace(one.meter, algorithm=algorithm))
    found = survey(
        one,
        host=host,
        cards=1,
        strangers=(Stranger(slots=(0,), sentence=sentence),),
        idle=(Unit(controller="supervisor", name=unit),),
        notes=(process,),
    )
    found = msgspec.structs.replace(
        found, cards=(msgspec.structs.replace(found.cards[0], name=model, trouble=sentence),)
    )
    answers = ALL if acknowledged else Answers()
    text = written(found, answers, "2026-06-01", timezone)
    assert not re.search(r"[^\n\x20-\x7e\x80-\U0010ffff]", text)
    config = loaded(text, tmp_path).settings
    assert {*tomllib.loads(text)} <= {"site", "power", "controllers", "workloads", "gpus"}
    assert [one.unit for one in config.workloads.values()] == ([unit] if acknowledged else [])
    assert [gpu.slot for gpu in config.gpus.values()] == [0]


@given(st.text())
def test_strings_read_back_as_they_were(text: str) -> None:
    """All that TOML can hold; halves of surrogate pairs, which it cannot, become a question mark."""
    line = f"x = {string(text)}"
    assert "\n" not in line and "\r" not in line
    assert tomllib.loads(line) == {"x": "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text)}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_as_they_were(value: float) -> None:
    """Any finite one, negative prices and very small ones among them."""
    assert tomllib.loads(f"x = {number(value)}") == {"x": value}


@given(HOSTILE)
def test_a_comment_stays_a_comment(text: str) -> None:
    """Nothing in it counts, and nothing in it moves a cursor."""
    lines = list(commented(comment(text)))
    assert all(line.startswith("# #") and len(line) <= 120 for line in lines)
    assert tomllib.loads("\n".join(lines)) == {}


@pytest.mark.parametrize("answers", [Answers(), ALL])
def test_an_empty_host_is_a_config_all_the_same(answers: Answers, tmp_path: Path) -> None:
    """Nothing found at all: a site to be filled in."""
    text = written(Survey(host="", cards=()), answers, "2026-06-01")
    assert loaded(text, tmp_path).settings.workloads == {}
