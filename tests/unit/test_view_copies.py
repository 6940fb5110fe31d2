"""What is copied of a row: the full figures with their units, marks of what is estimated or stale, and no formula."""

from __future__ import annotations

import math

import msgspec
import pytest

from console.model import Basis, GpuRow, GpuState, Holder, Kind, Occupancy, Profit
from console.text import FORMULA
from console.view import cells, copies, layout, rows
from console.view.columns import COLUMNS
from tests.pilot import market, sample

SCENE = cells.Scene(sample.NOW, "USD", cells.hash_prefixes(sample.rows(), {}))
ROW = sample.rows()[0]


def seen(row: GpuRow = ROW, **reading: object) -> cells.Seen:
    """A row as a cell gets it, with another reading."""
    return cells.Seen(msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, **reading)), SCENE)


@pytest.mark.parametrize("column", [column for column in COLUMNS if column.copy is not None], ids=lambda c: c.key)
@pytest.mark.parametrize("row", [*sample.rows(), *market.snapshot().rows], ids=lambda row: str(row.reading.slot))
def test_every_cell_of_every_row_is_one_harmless_line(column: object, row: GpuRow) -> None:
    """Of every state a card can be in."""
    said = column.copy(cells.Seen(row, SCENE))  # type: ignore[attr-defined]
    assert said.isprintable()
    assert not said.startswith(FORMULA) or said.lstrip("-").isdigit()


@pytest.mark.parametrize(
    ("reading", "made", "said"),
    [
        ({"slot": 31}, copies.slot, "31"),
        ({"name": "NVIDIA GeForce RTX 4090 Laptop GPU"}, copies.gpu, "NVIDIA GeForce RTX 4090 Laptop GPU"),
        ({"name": "=1+1"}, copies.gpu, "'=1+1"),
        ({"name": "-1"}, copies.gpu, "-1"),
        ({"util_pct": 7.25}, copies.util, "7.25 %"),
        ({"util_pct": None}, copies.util, "–"),
        ({"util_pct": math.nan}, copies.util, "–"),
        ({"mem_used_mib": 1024.0, "mem_total_mib": 24564.0}, copies.memory, "1024 MiB of 24564 MiB"),
        ({"mem_used_mib": 1024.0, "mem_total_mib": None}, copies.memory, "1024 MiB of –"),
        ({"mem_used_mib": None, "mem_total_mib": 24564.0}, copies.memory, "–"),
        ({"temp_c": 61.0}, copies.temp, "61 °C"),
        ({"temp_c": -3.5}, copies.temp, "−3.5 °C"),
        ({"temp_c": -0.0}, copies.temp, "0 °C"),
        ({"fan_pct": None}, copies.fan, "–"),
        ({"power_w": 221.375, "power_limit_w": 450.0}, copies.power, "221.375 W of 450 W"),
        ({"power_w": math.inf, "power_limit_w": 450.0}, copies.power, "– of 450 W"),
    ],
)
def test_a_figure_is_whole_and_unknown_is_a_dash(reading: dict[str, object], made: object, said: str) -> None:
    """With its unit; what is no number is not known."""
    assert made(seen(**reading)) == said  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "1.5 USD/h ergo"),
        ({"value": -0.25}, "−0.25 USD/h ergo"),
        ({"basis": Basis.ESTIMATED}, "~1.5 USD/h ergo"),
        ({"stale": True}, "1.5 USD/h (stale) ergo"),
        ({"workload": "=cmd"}, "1.5 USD/h '=cmd"),
        ({"value": None}, "–"),
    ],
)
def test_a_profit_says_how_well_it_is_known_and_of_what_it_is(changes: dict[str, object], said: str) -> None:
    """``~`` for an estimate, stale in a word, the workload that would earn it."""
    profit = Profit(value=1.5, workload="ergo", basis=Basis.MEASURED)
    money = msgspec.structs.replace(ROW.money, profit_per_ai_hour=msgspec.structs.replace(profit, **changes))
    assert copies.per_ai_hour(seen(msgspec.structs.replace(ROW, money=money))) == said
    assert copies.per_ai_hour(seen(msgspec.structs.replace(ROW, money=msgspec.structs.replace(
        money, profit_per_ai_hour=None)))) == "–"  # fmt: skip


def test_per_hash_is_for_10_to_the_12_whatever_the_cell_shows() -> None:
    """A prefix belongs to the screen; the copy has one unit for all rows."""
    profit = Profit(value=2e-12, workload="ergo", basis=Basis.MEASURED, algorithm="autolykos2")
    row = msgspec.structs.replace(ROW, money=msgspec.structs.replace(ROW.money, profit_per_hash=profit))
    assert copies.per_hash(seen(row)) == "2 USD/TH ergo"


def test_whose_it_is() -> None:
    """The business of a workload, else who holds it."""

    def held(holder: Holder) -> GpuRow:
        return msgspec.structs.replace(ROW, occupancy=Occupancy(uuid=ROW.reading.uuid, holder=holder, who="x"))

    assert ROW.occupancy.instance is not None
    assert copies.business(ROW) == ROW.occupancy.instance.kind.value
    assert copies.business(held(Holder.NONE)) == Kind.OFF.value
    assert copies.business(held(Holder.FOREIGN)) == "foreign"
    assert copies.business(held(Holder.UNKNOWN)) == "unknown"


def test_a_copy_is_bounded_and_never_cut_within_a_character() -> None:
    """Terminals drop longer ones without a word."""
    text = copies.joined(["横" * 399] * 40)
    assert copies.MOST_BYTES - 3 < len(text.encode()) <= copies.MOST_BYTES
    assert set(text) == {"横", "\t"}
    assert copies.joined(["x" * 1000]) == "x" * 399 + "…"


def test_a_cell_cannot_make_another_cell_or_line() -> None:
    """Tabs and line breaks of a name are blanks, so that columns stay under each other in a sheet."""
    assert copies.joined(["a\tb", "c\r\nd", "=e", "-1", "-1 W"]) == "a b\tc  d\t'=e\t-1\t'-1 W"


@pytest.mark.parametrize("row", sample.rows(), ids=lambda row: str(row.reading.slot))
def test_a_row_has_a_cell_for_each_column_unless_a_sentence_stands_there(row: GpuRow) -> None:
    """Of a card that is not well only slot and model are of now, and the sentence says why."""
    placed = layout.columns(200)
    said = rows.copied(row, placed, SCENE).split("\t")
    whole = sum(one.column.copy is not None for one in placed)
    assert said[0] == str(row.reading.slot) and said[1] == row.reading.name
    if row.reading.state is GpuState.OK:
        assert whole <= len(said) <= whole + 1
    else:
        assert len(said) < whole and row.reading.reason[:20] in said[-1]
