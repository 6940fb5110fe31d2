"""The market screen as data: what stands in the table, what leaves first, what is said of quotes, feeds and pools."""

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import Disagreement, Market, Quote
from console.view import about, actions, clock, marketlayout, quotetable, schema
from console.view import market as view
from console.view.market import MarketFrame, MarketPage, MarketSight, page
from console.view.marketlayout import Wants
from console.view.pieces import Line, text_of, width
from console.view.quotes import Entry, change, entries, figure
from tests.pilot import market
from tests.pilot.market import NOW, quote

SIZES = [(200, 50), (160, 45), (120, 40), (100, 60), (100, 30), (80, 24), (60, 20), (40, 12), (24, 6), (12, 2)]


def laid(snapshot: object = None, size: tuple[int, int] = (200, 50), **sight: object) -> MarketPage:
    """The page of a snapshot, the sample's if none is given."""
    shown = market.snapshot() if snapshot is None else snapshot
    return page(MarketFrame(shown, MarketSight(**sight), NOW, *size, actions.allowed("", actions.MARKET)))


def texts(lines: object) -> str:
    """Lines as text."""
    return "\n".join(text_of(line) for line in lines)


def rows(found: MarketPage) -> list[str]:
    """The whole table as text."""
    return [text_of(found.line(i)) for i in range(len(found.entries))]


def row(found: MarketPage, name: str, source: str, *, held: bool = False) -> Line:
    """One row of the table."""
    keys = [(e.quote.name, e.quote.source, e.held is not None) for e in found.entries]
    return found.line(keys.index((name, source, held)))


def tones(line: Line) -> set[str]:
    """The tones of what is not blank."""
    return {piece.tone for piece in line if piece.text.strip()}


def test_quotes_are_grouped_by_kind_and_each_kind_is_named_once() -> None:
    """In the model's order; sources of one figure stand together, the one that the money is made of first."""
    found = [(e.word if e.first else "", e.quote.name, e.quote.source, e.used) for e in laid().entries]
    assert found[:6] == [
        ("power", "power", "grid", True),
        ("coin", "ERG", "exchange-b", True),
        ("", "ERG", "exchange-a", False),
        ("", "QUAI", "exchange-a", True),
        ("", "QUAI", "exchange-a", True),
        ("hash price", "NEOX", "pool-b", True),
    ]
    assert [word for word, *_ in found if word] == [
        "power", "coin", "hash price", "rental", "carbon", "exchange", "difficulty", "reward"
    ]  # fmt: skip


def test_only_what_the_money_is_made_of_wears_a_sign() -> None:
    """Mining's quotes the triangle, AI's the diamond; a second source none, told apart without colour too."""
    found = laid()
    assert "▲ ERG" in text_of(row(found, "ERG", "exchange-b"))
    assert "▲" not in text_of(row(found, "ERG", "exchange-a"))
    assert "◆ 4090 rent" in text_of(row(found, "4090 rent", "rentals"))
    assert "  power" in text_of(row(found, "power", "grid"))


def test_the_board_decides_which_source_is_in_use() -> None:
    """When the newest goes stale the other takes its place, as in the money."""
    old = tuple(
        msgspec.structs.replace(q, at=q.at - 2000) if (q.name, q.source) == ("ERG", "exchange-b") else q
        for q in market.quotes()
    )
    found = laid(market.snapshot(quotes=old))
    used = {e.quote.source for e in found.entries if e.used and e.quote.kind == "coin_price" and e.quote.name == "ERG"}
    assert used == {"exchange-a"}


def test_a_held_back_quote_is_a_sentence_behind_its_figure() -> None:
    """Why, and how often it was seen; the figure in use stands above it."""
    found = laid()
    line = text_of(row(found, "QUAI", "exchange-a", held=True))
    assert "! held back: rose 3.1-fold, from 0.0311 to 0.0964 USD/QUAI; seen 2 of 3" in line
    assert "0.0311" in text_of(row(found, "QUAI", "exchange-a"))
    narrow = text_of(row(laid(size=(80, 24)), "QUAI", "exchange-a", held=True))
    assert "! held back, seen 2 of 3: rose 3.1-fold" in narrow


def test_what_was_seen_often_enough_says_for_how_long_it_has_to_be_said() -> None:
    """It is believed after three times and ten minutes."""
    one = market.market(market.quotes()).held[0]
    assert quotetable.held_back(msgspec.structs.replace(one, seen=7), NOW).endswith("; seen 7 times, 1m of 10m")


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24)])
def test_disagreement_past_15_percent_warns_with_a_word_at_every_size(size: tuple[int, int]) -> None:
    """Below it the difference is named without one."""
    found = laid(size=size)
    for source in ("pool-a", "pool-b"):
        line = row(found, "NEOX", source)
        assert "warn" in tones(line)
        assert "!" in text_of(line)
    assert "warn" not in tones(row(found, "ERG", "exchange-a"))


def test_disagreement_is_told_from_both_sides() -> None:
    """19.7 % over the lower is 16.5 % under the higher."""
    found = laid()
    assert "! disagrees: 19.7 % over pool-b" in text_of(row(found, "NEOX", "pool-a"))
    assert "! disagrees: 16.5 % under pool-a" in text_of(row(found, "NEOX", "pool-b"))
    assert "3.1 % over exchange-b" in text_of(row(found, "ERG", "exchange-a"))
    assert "! +19.7 %" in text_of(row(laid(size=(120, 40)), "NEOX", "pool-a"))
    assert "! disagrees" in text_of(row(laid(size=(80, 24)), "NEOX", "pool-a"))


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24)])
def test_a_stale_quote_is_dimmed_and_says_so(size: tuple[int, int]) -> None:
    """With its age; a fresh one has neither."""
    found = laid(size=size)
    line = row(found, "H100 rent", "rentals")
    assert "stale 41m" in text_of(line)
    assert {"stale", "warn"} <= tones(line)
    fresh = row(found, "4090 rent", "rentals")
    assert "stale" not in tones(fresh) | set(text_of(fresh).split())


def test_ages_stand_beside_their_limits_where_there_is_room() -> None:
    """An interval's end in the site's time."""
    found = laid()
    assert "38s of 15m" in text_of(row(found, "ERG", "exchange-b"))
    assert "2m to 14:15" in text_of(row(found, "power", "grid"))
    assert "of 15m" not in text_of(row(laid(size=(80, 24)), "ERG", "exchange-b"))


def test_a_wholesale_price_says_that_it_is_not_the_whole_price() -> None:
    """Flagged incomplete."""
    made = tuple(msgspec.structs.replace(q, complete=q.kind != "power_price") for q in market.quotes())
    assert "! energy only" in text_of(row(laid(market.snapshot(quotes=made)), "power", "grid"))


@pytest.mark.parametrize(
    ("kind", "value", "unit", "said"),
    [
        ("power_price", 0.0713, "USD/kWh", ("0.0713", "$/kWh")),
        ("power_price", -0.021, "EUR/MWh", ("−0.0210", "€/MWh")),
        ("coin_price", 64231.2, "USD", ("64231", "$/X")),
        ("coin_price", 0.00041, "USD/X", ("0.00041", "$/X")),
        ("rental", 2.237, "USD/GPU/h", ("2.24", "$/h")),
        ("hash_price", 43.14, "USD/PH/day", ("43.1", "$/PH/day")),
        ("nethash", 2.35e12, "H/s", ("2.350", "TH/s")),
        ("difficulty", 2.31e15, "", ("2.31", "P")),
        ("carbon", 212.0, "g/kWh", ("212", "g/kWh")),
        ("occupancy", 0.82, "", ("82", "%")),
        ("wall_power", 3120.0, "W", ("3.12", "kW")),
        ("reward", 12.0, "X", ("12", "X")),
        ("reward", 2660.4, "X", ("2660", "X")),
        ("coin_price", 0.0, "USD", ("0.00", "$/X")),
    ],
)
def test_a_figure_stands_with_its_unit_in_the_sites_way(
    kind: str, value: float, unit: str, said: tuple[str, str]
) -> None:
    """Three digits, the currency's sign, a prefix where one is usual."""
    assert figure(quote(kind, "X", value, unit, "s", 0, 900), "USD") == said


@given(st.floats(1e-5, 9.9e4), st.sampled_from(["coin_price", "power_price", "rental", "hash_price", "fx"]))
def test_any_price_stands_on_its_point(value: float, kind: str) -> None:
    """No figure becomes an ellipsis."""
    made = quote(kind, "X", value, "USD/h", "s", 0, 900)
    seen = quotetable.Seen(Entry(made), NOW, "USD", "UTC")
    place = next(p for p in quotetable.columns(200) if p.column.key == "figure")
    line = quotetable._figure(seen, place.room)
    assert width(line) == place.room
    assert "…" not in text_of(line)


def test_the_change_of_a_day_is_told_and_of_less_only_where_that_can_be_said() -> None:
    """From the oldest that is known; a fall has its minus."""
    one = quote("coin_price", "X", 1.1, "USD", "s", 5, 900)
    whole = market.trail(one, size=0.0)
    assert change(Entry(one, trail=msgspec.structs.replace(whole, values=(1.0, *whole.values[1:])))) == pytest.approx(
        (0.1, 86400.0)
    )
    part = change(Entry(one, trail=msgspec.structs.replace(whole, values=(None,) * 90 + (2.2,) * 6)))
    assert part == pytest.approx((-0.5, 6 * 900.0))
    for values in ((None,) * 96, (0.0,) * 96, (None,) * 95 + (1.0,)):
        assert change(Entry(one, trail=msgspec.structs.replace(whole, values=values))) is None
    assert change(Entry(one)) is None
    assert "+2.9 %" in text_of(row(laid(), "ERG", "exchange-b"))
    assert "–" in text_of(row(laid(), "4090 rent", "rentals"))
    assert "in 6h" in text_of(row(laid(size=(240, 50)), "4090 rent", "rentals"))


def test_a_trend_shows_the_shape_and_leaves_out_what_is_not_known() -> None:
    """A rise is a rise; what wavers by less than three percent does not fill the height."""
    assert quotetable.bars((1.0, 1.1, 1.2, 1.3), 4)[0] == "▂"
    assert quotetable.bars((1.0, 1.1, 1.2, 1.3), 4)[-1] == "▇"
    assert len(set(quotetable.bars((1.0, 1.001, 1.0, 1.001), 4))) == 1
    assert quotetable.bars((None, None, 1.0, 2.0), 2)[0] == " "
    assert quotetable.bars((None, None), 3) == "   "


@pytest.mark.parametrize("room", range(12, 262))
def test_every_row_is_as_wide_as_its_columns_whatever_it_says(room: int) -> None:
    """At any width; nothing reaches beyond the screen."""
    placed = quotetable.columns(room)
    end = placed[-1].x + placed[-1].room
    assert end <= max(room - 1, 16)
    lines = [quotetable.line(quotetable.Seen(e, NOW, "USD", "UTC"), placed) for e in laid().entries]
    assert {width(line) for line in lines} == {end - 3}
    assert width(quotetable.titles(placed)) == end


def test_columns_leave_in_the_order_of_their_priority() -> None:
    """The name and the figure last."""
    gone: list[str] = []
    before = {p.column.key for p in quotetable.columns(200)}
    for room in range(199, 20, -1):
        keys = {p.column.key for p in quotetable.columns(room)}
        gone += sorted(before - keys)
        before = keys
    assert gone == ["beside", "kind", "trend", "change", "source", "age", "figure"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("expanded", [False, True])
def test_the_regions_fill_the_screen_and_no_line_is_too_wide(size: tuple[int, int], *, expanded: bool) -> None:
    """With what is said of a quote and without; at no size more lines than there are."""
    found = laid(size=size, expanded=expanded)
    assert sum(found.regions) <= size[1]
    if size[1] >= 6:
        assert sum(found.regions) == size[1]
    parts = (found.even_part, found.feed_part)
    lines = [
        *found.head,
        *found.banner,
        *found.about,
        *found.log,
        *(line for p in parts for line in (p.title, *p.lines)),
    ]
    assert max(width(line) for line in lines) <= size[0]
    assert len(found.about) == found.regions.about
    assert len(found.log) == found.regions.log


@given(
    st.integers(1, 90),
    st.builds(
        Wants,
        rows=st.integers(0, 80),
        banners=st.integers(0, 5),
        about=st.integers(0, 12),
        words=st.integers(1, 4),
        matrix=st.integers(0, 30),
        least_matrix=st.sampled_from([0, 2, 3]),
        plot=st.booleans(),
        side=st.booleans(),
        feeds=st.integers(1, 40),
        curve=st.booleans(),
    ),
)
def test_lines_are_shared_out_to_the_last_one_and_never_more(height: int, wants: Wants) -> None:
    """Whatever there is to show; no region is less than nothing."""
    found = marketlayout.regions(height, wants)
    assert sum(found) == height
    assert min(found) >= 0
    assert height < 4 or found.table >= 2


def test_regions_leave_in_the_order_of_their_priority() -> None:
    """The chart of power and the plot before the feeds one by one, the words of break-even last."""
    wanted = Wants(14, 0, 0, 4, 9, 3, plot=True, side=True, feeds=7, curve=True)
    tall = marketlayout.regions(60, wanted)
    assert (tall.table, tall.feeds) == (15, marketlayout.CHART_LINES)
    low = marketlayout.regions(24, wanted)
    assert (low.feeds, low.evens) == (1, 1 + 4 + 3)
    tiny = marketlayout.regions(12, wanted)
    assert (tiny.evens, tiny.table > 4, tiny.head) == (0, True, 2)


def test_a_key_takes_over_all_that_it_does_not_change() -> None:
    """Only the cursor moved: the same table, plot and feeds, not made again."""
    snapshot = market.snapshot()
    first = laid(snapshot)
    keys = [entry.key for entry in first.entries]
    frame = MarketFrame(
        snapshot, MarketSight(cursor=keys[3]), NOW + 0.4, 200, 50, actions.allowed("", actions.MARKET), before=first
    )
    second = page(frame)
    assert second.cursor == 3
    assert second.entries is first.entries
    assert second.even_part is first.even_part
    assert page(frame._replace(now=NOW + 1)).entries is not first.entries


def test_the_cursor_stays_on_its_quote() -> None:
    """In another order; where it has gone, the place it had."""
    found = laid().entries
    sight = MarketSight().moved(found, 2)
    fewer = market.snapshot(quotes=market.quotes()[3:])
    assert view.place_of(entries(fewer, NOW), sight) != 2
    assert entries(fewer, NOW)[view.place_of(entries(fewer, NOW), sight)].key == found[2].key
    gone = market.snapshot(quotes=tuple(q for q in market.quotes() if q.source != "exchange-a"), market=Market())
    assert view.place_of(entries(gone, NOW), sight) == 2
    assert view.place_of((), sight) == -1
    assert MarketSight().moved((), 4).cursor is None


def test_an_empty_market_says_what_it_lacks() -> None:
    """No quotes, no GPUs, no feeds: sentences, and nothing that breaks."""
    bare = market.snapshot(quotes=(), rows=(), market=Market())
    for size in SIZES:
        found = laid(bare, size)
        assert found.entries == ()
        assert found.line(0) == ()
    assert "no GPU, no break-even" in texts(laid(bare).even_part.lines)
    assert "no feeds" in texts(laid(bare).feed_part.lines)


def test_outside_text_cannot_break_a_row() -> None:
    """Long and wide names are cut; the columns stay."""
    wide: Quote = quote("coin_price", "コイン" * 20, 1.0, "USD/" + "Ω" * 40, "元" * 40, 5, 900)
    other = msgspec.structs.replace(wide, source="s" * 90, value=2.0)
    apart = Disagreement(kind=wide.kind, name=wide.name, low=wide, high=other, fraction=1.0, flagged=True)
    snapshot = market.snapshot(quotes=(wide, other), market=Market(disagreements=(apart,)))
    for size in SIZES:
        found = laid(snapshot, size, expanded=True)
        assert len({width(found.line(i)) for i in range(2)}) == 1
        assert all(width(line) <= size[0] for line in found.about)


def test_the_view_of_the_market_imports_no_textual() -> None:
    """Pure data."""
    loaded = "{name.split('.')[0] for name in sys.modules} & {'textual', 'rich', 'widgets'}"
    code = f"import sys, console.view.market; sys.exit(len({loaded}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("at", [-1e18, -1e12, 1e12, 1e18, float("inf"), float("nan")])
def test_a_time_that_no_calendar_has_is_unknown(at: float) -> None:
    """On a clock, in ``status --json`` and in the lines about a quote: nothing raises."""
    assert clock.local(at, "UTC") == "–"
    assert schema.iso(at) is None


@pytest.mark.parametrize("at", [-1e18, -1e12, 1e12, 1e18])
def test_a_quote_with_a_time_that_cannot_be_crashes_no_screen(at: float) -> None:
    """Its row, the lines about it and its object in ``status --json`` are there."""
    odd = tuple(
        msgspec.structs.replace(one, at=at) if one.interval_end is None else one for one in market.snapshot().quotes
    )
    shown = market.snapshot(quotes=odd)
    for entry in laid(shown).entries:
        assert "observed" in texts(about.lines(entry, shown, NOW, 120))
    assert None in {one["at"] for one in schema.status(shown)["quotes"]}


def test_about_says_that_a_quote_is_dated_ahead() -> None:
    """Why it is stale, and by how much its time is wrong."""
    entry = next(e for e in laid().entries if e.quote.name == "ERG" and e.held is None)
    ahead_of_us = msgspec.structs.replace(entry.quote, at=NOW + 7200)
    text = texts(about.lines(entry._replace(quote=ahead_of_us), market.snapshot(), NOW, 120))
    assert "2h ahead" in text and "its time lies ahead of this host's clock" in text and "ago" not in text
