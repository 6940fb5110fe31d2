"""A walk over every money cell that the screen of GPUs paints: each is a figure that stands behind `w`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
import pytest

from console.demo import FarmGround
from console.model import GpuRow, Snapshot
from console.site.state import State
from console.telemetry.simulated.farm import Farm
from console.view import actions, sources
from console.view.page import Frame, Page, page
from console.view.pieces import text_of
from console.view.sight import Sight
from tests.unit.test_site import START, HandTimer, ticked

MONEY = (
    re.compile(r"([+−]\d+\.\d+)"),  # a net or a gain; nothing else has a sign
    re.compile(r"(?:gross|fees|power) +(\d+\.\d+)"),
    re.compile(r"(?:worth|kWh|above) +(\d+\.\d+)"),
    re.compile(r"(\d+\.?\d*) \$?/([KMGTPE]?)H"),
)
"""What of a line is money: `~+0.31`, `gross 0.390`, `a kWh is worth 0.89`, `0.0341 $/TH`."""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A farm of eight that has run for a minute, and one of its prices is old."""
    farm = Farm(gpus=8, scenario="calm", start=START, timer=HandTimer())
    place = FarmGround(farm, tmp_path_factory.mktemp("farm"))
    state = State(place, "")
    state.begin_with(place.figures(), place.past())
    return ticked(place, state, 60)


def laid(snapshot: Snapshot, size: tuple[int, int], row: GpuRow) -> Page:
    sight = Sight(cursor=row.reading.uuid)
    return page(Frame(snapshot, sight, snapshot.at, size[0], size[1], actions.ACTIONS))


def amounts(lines: Iterable[str]) -> Iterator[tuple[float, int]]:
    """Value and decimals of every amount in these lines."""
    for line in lines:
        for one in MONEY:
            for found in one.finditer(line):
                yield float(found[1].replace("−", "-")), len(found[1].partition(".")[2])


def on_sheet(row: GpuRow, snapshot: Snapshot) -> list[float]:
    """Every figure that the sheet of a GPU says or that follows from two of them by a subtraction."""
    said = "\n".join(text_of(line) for line in sources.lines(row, snapshot, snapshot.at, 160))
    found = [float(text.replace("−", "-")) for text in re.findall(r"[+−]?\d+\.\d+", said)]
    nets = [option.net_per_h for option in row.money.options if option.net_per_h is not None]
    return [*found, *(a - b for a in nets for b in nets)]


def stands(value: float, decimals: int, known: Iterable[float]) -> bool:
    """A known figure reads as ``value`` at its decimals; a sheet's five decimals may round the other way."""
    return any(abs(value - one) <= 0.5 * 10**-decimals + 1e-5 for one in known)


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_amount_of_a_row_and_its_ladder_stands_behind_w(snapshot: Snapshot, size: tuple[int, int]) -> None:
    """Net now, per hash, per AI-hour, best, and gross, fees, power, net and worth of each option."""
    cells = 0
    for row in snapshot.rows:
        shown = laid(snapshot, size, row)
        known = on_sheet(row, snapshot)
        own = text_of(shown.line(shown.cursor))
        for value, decimals in amounts([own, *(text_of(line) for line in shown.ladder[1:])]):
            assert stands(value, decimals, known), (value, own, row.reading.slot)
            cells += 1
    assert cells >= 8 * (3 + 4 * 3)


def test_the_header_stands_on_every_sheet(snapshot: Snapshot) -> None:
    """Now, today and could be are on the sheet of whichever GPU is under the cursor."""
    row = snapshot.rows[0]
    first = text_of(laid(snapshot, (200, 50), row).still.head[0])
    found = list(amounts([first]))
    assert len(found) == 3, first
    known = on_sheet(row, snapshot)
    assert all(stands(value, decimals, known) for value, decimals in found)


def test_every_price_of_the_ticker_is_an_input_with_source_and_age(snapshot: Snapshot) -> None:
    """Of some GPU's sheet, with the source that the quote has; what no GPU here is paid by is on the market screen."""
    sheets = "\n".join(
        text_of(line) for row in snapshot.rows for line in sources.lines(row, snapshot, snapshot.at, 160)
    )
    named = [quote for quote in snapshot.quotes if f"{quote.value:.6g} {quote.unit}" in sheets]
    assert {"power_price", "coin_price", "rental"} <= {quote.kind for quote in named}
    for quote in named:
        figure = re.escape(f"{quote.value:.6g} {quote.unit}")
        assert re.search(rf"{figure} +{re.escape(quote.source)}.* \d+[smhd]", sheets), quote


def test_a_figure_that_is_not_on_the_sheet_is_found(snapshot: Snapshot) -> None:
    """The walk itself can fail: a row whose net is not its option's is told."""
    row = snapshot.rows[0]
    other = msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, net_per_h=7.77))
    bent = msgspec.structs.replace(snapshot, rows=(other, *snapshot.rows[1:]))
    own = text_of(laid(bent, (120, 40), other).line(0))
    assert "+7.77" in own
    known = on_sheet(other, bent)
    assert not all(stands(value, decimals, known) for value, decimals in amounts([own]))
