"""Behind `w` stands every figure of the money: a walk over all cells of the screen and of `status --json`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.demo import FarmGround
from console.model import GpuRow, Input, Kind, Option, Snapshot
from console.site.state import State
from console.telemetry.simulated.farm import Farm
from console.view import schema, sources
from console.view.pieces import text_of, width
from tests.unit.test_site import START, HandTimer, ticked

NEEDS = {
    "gross_per_h": {Kind.MINE: {"hashrate"}, Kind.AI: set(), Kind.OFF: set()},
    "power_per_h": {kind: {"price of power"} for kind in Kind},
}


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """A farm of eight that has run for a minute."""
    farm = Farm(gpus=8, scenario="calm", start=START, timer=HandTimer())
    place = FarmGround(farm, tmp_path)
    state = State(place, "")
    state.begin_with(place.figures(), place.past())
    return ticked(place, state, 60)


def sheet(row: GpuRow, snapshot: Snapshot, room: int = 120) -> list[str]:
    return [text_of(line).rstrip() for line in sources.lines(row, snapshot, snapshot.at, room)]


def options(snapshot: Snapshot) -> Iterator[tuple[GpuRow, Option]]:
    for row in snapshot.rows:
        for option in row.money.options:
            yield row, option


def test_every_option_names_all_that_its_money_hangs_on(snapshot: Snapshot) -> None:
    """A known figure has its inputs, each with a source; what has an age has a time."""
    seen = 0
    for _, option in options(snapshot):
        named = {one.name for one in option.inputs}
        for figure, needs in NEEDS.items():
            if getattr(option, figure) is not None:
                assert needs[option.kind] <= named, (option.workload, figure, named)
        assert all(one.source for one in option.inputs), option
        assert all(one.at is not None for one in option.inputs if one.source in ("meter", "NVML")), option
        seen += 1
    assert seen >= 16


def remade(option: Option) -> float:
    """Power per hour by hand, from the inputs alone."""
    by_name = {one.name: one for one in option.inputs}
    card = by_name.get("power at the card") or by_name["idle power of the card"]
    value = {name: one.value or 0.0 for name, one in by_name.items()}
    wall_w = ((card.value or 0.0) + value["host overhead per GPU"]) / value["efficiency of the power supply"]
    return wall_w * value["PUE"] / 1000 * value["price of power"]


def test_power_can_be_reckoned_by_hand_from_what_is_shown(snapshot: Snapshot) -> None:
    """For everything that draws the same all the time; what is rented now and then draws a mean."""
    checked = 0
    for _, option in options(snapshot):
        if option.power_per_h is not None and "occupancy" not in {one.name for one in option.inputs}:
            assert remade(option) == pytest.approx(option.power_per_h, rel=1e-9), option.workload
            checked += 1
    assert checked >= 12


def test_mining_can_be_reckoned_by_hand_from_what_is_shown(snapshot: Snapshot) -> None:
    """Gross = hashrate x 3600 x price x reward / (network hashrate x block time), block times as in the config."""
    farm = {"ERG": 120.0, "RVN": 60.0, "PRL": 194.0}
    checked = 0
    for _, option in options(snapshot):
        if option.kind is not Kind.MINE or option.gross_per_h is None:
            continue
        value = {one.name: one.value or 0.0 for one in option.inputs}
        coin = next(name.removeprefix("price of ") for name in value if name.removeprefix("price of ") in farm)
        blocks = value[f"network hashrate of {coin}"] * farm[coin]
        gross = value["hashrate"] * 3600 * value[f"price of {coin}"] * value[f"block reward of {coin}"] / blocks
        assert gross == pytest.approx(option.gross_per_h, rel=1e-9)
        checked += 1
    assert checked


@pytest.mark.parametrize("room", [74, 114, 160])
def test_the_sheet_shows_each_sum_and_each_input_with_source_and_age(snapshot: Snapshot, room: int) -> None:
    """In every width: the net that the row shows, and a line per input; no line is longer than its room."""
    for row in snapshot.rows:
        drawn = sources.lines(row, snapshot, snapshot.at, room)
        assert max(width(line) for line in drawn) <= room
        said = sheet(row, snapshot, room)
        for option in row.money.options:
            if option.net_per_h is not None:
                net = f"{abs(option.net_per_h):.5f} $/h"
                assert any(net in line and "gross" in line for line in said), (net, said)
            for one in option.inputs:
                assert any(_line_of(one, line) for line in said), (one, room)


def _line_of(one: Input, line: str) -> bool:
    name = one.name[:20]
    return line.strip().startswith(name) and one.source[:6] in line


MONEY = ("gross_per_h", "fees_per_h", "power_per_h", "net_per_h", "value_per_kwh", "off_above_price")


def walk(gpu: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Every known money figure of one GPU of `status --json`: whose it is, what, how much."""
    for key in ("profit_per_hash", "profit_per_ai_hour"):
        if gpu[key] is not None:
            yield gpu[f"{key}_of"]["workload"], key, gpu[key]
    if gpu["net_per_h"] is not None:
        yield (gpu["workload"] or {"name": "off"})["name"], "net_per_h", gpu["net_per_h"]
    for option in gpu["options"]:
        for key in MONEY:
            if option[key] is not None:
                yield option["workload"], key, option[key]


def test_every_money_cell_of_the_status_has_its_sum_and_inputs_behind_w(snapshot: Snapshot) -> None:
    """Each figure belongs to an option of the sheet, and follows from that option's own figures."""
    said = schema.status(snapshot)
    cells = 0
    for gpu, row in zip(said["gpus"], snapshot.rows, strict=True):
        by_name = {option.workload: option for option in row.money.options}
        for workload, key, value in walk(gpu):
            option = by_name[workload]
            assert option.inputs, (workload, key)
            assert value == pytest.approx(_own(option, key)), (workload, key)
            cells += 1
    assert cells > 100
    stale = [quote["name"] for quote in said["quotes"] if quote["stale"]]
    assert stale == []


def _own(option: Option, key: str) -> float | None:
    if key == "profit_per_hash":
        return (option.net_per_h or 0.0) / (option.hashes_per_h or 1.0)
    return option.net_per_h if key == "profit_per_ai_hour" else getattr(option, key)


def test_every_quote_of_the_header_is_an_input_of_somebody(snapshot: Snapshot) -> None:
    """Nothing stands in the ticker that no option of any GPU names, but what nothing here is paid by."""
    used = {(one.value, one.source) for _, option in options(snapshot) for one in option.inputs}
    prices = [quote for quote in snapshot.quotes if quote.kind == "power_price"]
    assert prices and all((quote.value, quote.source) in used for quote in prices)


def test_the_header_is_told_as_the_sum_that_it_is(snapshot: Snapshot) -> None:
    """Now, could be and today, unrounded, with how many rows they are of."""
    said = " ".join(sheet(snapshot.rows[0], snapshot))
    found = re.search(r"now ([+−][\d.]+) \$/h: the nets of (\d+) rows", said)
    assert found is not None
    nets = [row.money.net_per_h for row in snapshot.rows if row.money.net_per_h is not None]
    assert float(found[1].replace("−", "-")) == pytest.approx(sum(nets), abs=5e-6) and int(found[2]) == len(nets)
    assert "accrued" in said and "none of it is credited or paid" in said


def test_a_stale_input_shows_its_whole_age(snapshot: Snapshot) -> None:
    """Minutes of two digits, hours, days: the word and the age stand in full in every width."""
    row = snapshot.rows[0]
    old = [
        Input(name=f"price {n}", value=1.0, unit="USD", source="gecko", at=snapshot.at - age_s, stale=True)
        for n, age_s in enumerate((720.0, 7260.0, 30 * 86400.0))
    ]
    option = msgspec.structs.replace(row.money.options[0], inputs=tuple(old))
    aged = msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, options=(option,)))
    for room in (74, 114, 160):
        said = "\n".join(sheet(aged, snapshot, room))
        assert "stale 12m" in said and "stale 2h" in said and "stale 30d" in said, said


def test_a_wholesale_price_alone_is_told_on_the_sheet(snapshot: Snapshot) -> None:
    """The demo's price is whole; the same price without fees and taxes is not."""
    row = snapshot.rows[0]
    assert not any("energy only" in line for line in sheet(row, snapshot))
    quotes = tuple(msgspec.structs.replace(quote, complete=quote.kind != "power_price") for quote in snapshot.quotes)
    bare = msgspec.structs.replace(snapshot, quotes=quotes)
    assert any("energy only: no grid fees or taxes" in line for line in sheet(row, bare))
