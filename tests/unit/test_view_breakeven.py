"""Where mining, AI and off change places: crossings make nets equal, words say what the lines show."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.economics.margins import option
from console.economics.terms import (
    ContractTerms,
    MarketplaceTerms,
    MiningTerms,
    OffTerms,
    Price,
    SiteTerms,
    Terms,
    TokenTerms,
    Work,
)
from console.model import Basis, GpuState, Kind, Market, Option, Snapshot, Step
from console.view import breakeven, evens
from console.view.breakeven import Model, Range, Stand
from console.view.pieces import text_of, width
from tests.pilot import market, sample
from tests.pilot.market import NOW

TODAY = 0.1


def site(power: float | None = TODAY) -> SiteTerms:
    """A meter with losses, at a power price."""
    return SiteTerms(power=Price(name="price of power", value=power), psu_efficiency=0.92, pue=1.08)


def mining(per_h: float) -> MiningTerms:
    """A coin that pays ``per_h`` for the hashes of an hour at 1 H/s."""
    return MiningTerms(workload="ergo", coin="ERG", algorithm="x", per_hash=Price(name="p", value=per_h / 3600))


def work(workload: str, power_w: float, basis: Basis = Basis.MEASURED) -> Work:
    """A GPU at 1 H/s or 1 tok/s, 20 W when idle."""
    return Work(workload=workload, basis=basis, rate=1.0, input_rate=2.0, power_w=power_w, idle_power_w=20.0)


def model(*options: Option, name: str = "X") -> Model:
    """A model that these options stand for."""
    stands = sorted((Stand(o, 0) for o in options), key=lambda s: -(s.option.net_per_h or 0.0))
    return Model(name, (0,), tuple(stands))


def three(mine_per_h: float, mine_w: float, rate: float, ai_w: float, today: float = TODAY) -> Model:
    """Mining, a contract and off as the economics make them."""
    at = site(today)
    return model(
        option(mining(mine_per_h), work("ergo", mine_w), at),
        option(ContractTerms(workload="vllm", rate=Price(name="r", value=rate)), work("vllm", ai_w), at),
        option(OffTerms(), work("off", 0.0), at),
    )


def said(found: Model, today: float = TODAY) -> list[str]:
    """The words on every pair."""
    crossings = breakeven.crossings(found, today)
    shown = breakeven.price_range(crossings, today)
    return [text_of(evens._verdict(breakeven.verdict(one, shown, today), "$")).strip() for one in crossings]


MONEY, WATTS, PRICES = st.floats(0.001, 5), st.floats(30, 900), st.floats(0.01, 2)


@given(MONEY, WATTS, MONEY, WATTS, PRICES)
def test_at_a_crossing_both_net_the_same(mine: float, mine_w: float, rate: float, ai_w: float, today: float) -> None:
    """As the economics themselves price both at that power price, not only as straight lines."""
    found = three(mine, mine_w, rate, ai_w, today)
    for one in breakeven.crossings(found, today):
        if one.price is None:
            assert one.steep.kwh_per_h == one.flat.kwh_per_h
            continue
        again = three(mine, mine_w, rate, ai_w, one.price)
        nets = {s.option.workload: s.option.net_per_h for s in again.stands}
        size = max(abs(one.price), 1.0)
        assert nets[one.steep.option.workload] == pytest.approx(nets[one.flat.option.workload], abs=1e-6 * size)
        assert one.steep.net(one.price, today) == pytest.approx(nets[one.steep.option.workload], abs=1e-6 * size)


@given(MONEY, WATTS, MONEY, WATTS, PRICES)
def test_the_plot_shows_today_and_every_crossing_that_is_near(
    mine: float, mine_w: float, rate: float, ai_w: float, today: float
) -> None:
    """And what it leaves out is far from any price of power."""
    crossings = breakeven.crossings(three(mine, mine_w, rate, ai_w, today), today)
    shown = breakeven.price_range(crossings, today, (0.5 * today, 1.5 * today))
    assert shown.holds(today)
    assert shown.holds(1.5 * today)
    for one in crossings:
        if one.price is not None and not shown.holds(one.price):
            assert one.price < -1.5 * today or one.price > breakeven.FAR * 1.5 * today


@given(MONEY, WATTS, MONEY, WATTS, PRICES, st.floats(0.01, 0.99))
def test_the_band_names_the_best_at_every_price(
    mine: float, mine_w: float, rate: float, ai_w: float, today: float, at: float
) -> None:
    """From edge to edge without a hole."""
    found = three(mine, mine_w, rate, ai_w, today)
    shown = breakeven.price_range(breakeven.crossings(found, today), today)
    bands = breakeven.winners(found, shown, today)
    assert (bands[0].low, bands[-1].high) == (shown.low, shown.high)
    assert all(a.high == b.low for a, b in pairwise(bands))
    price = shown.low + (shown.high - shown.low) * at
    band = next(b for b in bands if b.low <= price <= b.high)
    nets = sorted((s.net(price, today) for s in found.stands), reverse=True)
    assume(nets[0] - nets[1] > 1e-9)
    assert band.stand.net(price, today) == pytest.approx(nets[0])


def test_words_say_who_beats_whom_and_where() -> None:
    """Below a price, at any price here, above a price; the far meeting with its figure."""
    assert said(three(0.05, 220, 0.4, 330)) == [
        "▲ mining beats off below 0.213 $/kWh",
        "◆ AI beats off below 1.10 $/kWh",
        "◆ AI beats mining at any price here (to 2.71 $/kWh)",
    ]
    assert said(three(0.5, 220, 0.1, 330))[2] == "▲ mining beats AI at any price here"
    assert said(three(0.01, 500, 0.4, 330))[2] == "◆ AI beats mining at any price here"
    assert said(three(0.06, 200, 0.07, 340))[2] == "▲ mining beats AI above 0.061 $/kWh"
    assert said(three(1e-6, 220, 900.0, 330))[1] == "◆ AI beats off at any price here", "nobody will ever pay that"


def test_equal_watts_never_cross() -> None:
    """The better one is better at any price."""
    assert said(three(0.5, 300, 0.4, 300))[2] == "▲ mining beats AI at any price here"


def test_what_was_not_measured_is_marked_and_what_is_stale_is_worded() -> None:
    """Either of the two is enough."""
    at = site()
    guessed = option(mining(0.05), work("ergo", 220, Basis.TABLE), at)
    off = option(OffTerms(), work("off", 0.0), at)
    assert said(model(guessed, off)) == ["▲ mining beats off below ~0.213 $/kWh"]
    old = msgspec.structs.replace(guessed, basis=Basis.MEASURED, stale=True)
    assert said(model(old, off)) == ["▲ mining beats off below 0.213 $/kWh  stale"]


def test_negative_prices_are_prices() -> None:
    """Where power is paid for being used, the plot begins below zero."""
    found = three(0.05, 220, 0.4, 330, today=-0.03)
    shown = breakeven.price_range(breakeven.crossings(found, -0.03), -0.03)
    assert shown.low < -0.03 < 0 < shown.high
    assert evens.evens(_snapshot(found, -0.03), None).plot is not None


def _snapshot(found: Model, today: float) -> Snapshot:
    options = tuple(s.option for s in found.stands)
    return sample.snapshot(rows=(sample.row(0, sample.rows()[0].reading.name, options, "off"),))


def test_without_a_price_nothing_is_compared() -> None:
    """A sentence says what is missing."""
    found = three(0.05, 220, 0.4, 330)
    bare = _snapshot(found, TODAY)
    lines = evens.evens(bare, None)
    assert lines.plot is not None
    unpriced = model(
        option(mining(0.05), work("ergo", 220), site(None)), option(OffTerms(), work("off", 0.0), site(None))
    )
    missing = msgspec.structs.replace(_snapshot(unpriced, TODAY), quotes=())
    assert "price of power is not known" in text_of(evens.evens(missing, None).words[0])
    undrawn = sample.snapshot()
    assert "draws at the wall is not known" in text_of(evens.evens(undrawn, None).words[0])
    assert evens.evens(undrawn, None).plot is None


def test_a_model_stands_for_its_gpus_by_the_median_one() -> None:
    """Real options of real GPUs; the lower of two; lost cards and options that may not run there do not count."""
    rows = market.rows(market.quotes())
    nets = (0.02, 0.05, 0.03)
    cards = []
    for index, net in enumerate(nets):
        options = tuple(
            msgspec.structs.replace(o, net_per_h=net) if o.workload == "ergo" else o for o in rows[1].money.options
        )
        cards.append(
            msgspec.structs.replace(
                rows[1],
                reading=msgspec.structs.replace(rows[1].reading, slot=index),
                money=msgspec.structs.replace(rows[1].money, options=options),
            )
        )
    [found] = breakeven.models(sample.snapshot(rows=tuple(cards)))
    assert found.slots == (0, 1, 2)
    assert (found.best(Kind.MINE).slot, found.best(Kind.MINE).option.net_per_h) == (2, 0.03)
    [pair] = breakeven.models(sample.snapshot(rows=tuple(cards[:2])))
    assert pair.best(Kind.MINE).option.net_per_h == 0.02
    lost = msgspec.structs.replace(cards[0], reading=msgspec.structs.replace(cards[0].reading, state=GpuState.LOST))
    assert breakeven.models(sample.snapshot(rows=(lost,))) == ()
    options = tuple(
        msgspec.structs.replace(o, eligible=o.kind is not Kind.AI, why_not="pinned") for o in cards[0].money.options
    )
    pinned = msgspec.structs.replace(cards[0], money=msgspec.structs.replace(cards[0].money, options=options))
    [only] = breakeven.models(sample.snapshot(rows=(pinned,)))
    assert only.best(Kind.AI) is None
    assert said(only, market.POWER)[0].startswith("▲ mining beats off")


RENTED = MarketplaceTerms(
    workload="vast",
    rate=Price(name="r", value=0.5),
    occupancy=0.8,
    platform_fee=0.15,
    storage_per_h=0.01,
    bandwidth_per_h=0.002,
    wear_per_h=0.003,
)
CONTRACT = ContractTerms(workload="acme", rate=Price(name="r", value=0.5), platform_fee=0.1, wear_per_h=0.01)


@pytest.mark.parametrize("terms", [RENTED, CONTRACT], ids=["marketplace", "contract"])
@given(mine=st.floats(0.05, 2), price=st.floats(0.01, 0.6))
def test_at_the_even_rent_ai_nets_what_mining_does(
    terms: MarketplaceTerms | ContractTerms, mine: float, price: float
) -> None:
    """Priced again by the economics at that very rent: fee, occupancy, wear, storage and bandwidth are all in it."""
    at = site(price)
    mined = option(mining(mine), work("ergo", 250), at)
    found = breakeven.rent(model(mined, option(terms, work(terms.workload, 330), at)))
    assert found is not None
    assert (found.form, found.now) == ("rent", pytest.approx(0.5))
    again = msgspec.structs.replace(terms, rate=Price(name="r", value=found.even))
    assert option(again, work(terms.workload, 330), at).net_per_h == pytest.approx(mined.net_per_h)


def test_sold_tokens_have_to_bring_so_much_an_hour() -> None:
    """Before the platform's fee."""
    at = site()
    terms = TokenTerms(
        workload="qwen", price_in_per_tok=1e-6, price_out_per_tok=1e-5, billed_share=0.5, platform_fee=0.2
    )
    mined, sold = option(mining(0.3), work("ergo", 250), at), option(terms, work("qwen", 330), at)
    found = breakeven.rent(model(mined, sold))
    assert found is not None
    assert found.form == "sales"
    assert found.even * (1 - 0.2) - (sold.power_per_h or 0) == pytest.approx(mined.net_per_h)


def test_no_rent_is_told_where_what_it_rests_on_is_not_known() -> None:
    """No mining, no AI, or an option that does not say its fee."""
    at = site()
    mined = option(mining(0.3), work("ergo", 250), at)
    hosted: Terms = CONTRACT
    ai = option(hosted, work("acme", 330), at)
    assert breakeven.rent(model(mined)) is None
    assert breakeven.rent(model(ai)) is None
    assert breakeven.rent(model(mined, msgspec.structs.replace(ai, inputs=()))) is None


@pytest.mark.parametrize("room", [60, 64, 78, 100, 197])
def test_the_matrix_has_a_row_for_mining_and_ai_of_every_model(room: int) -> None:
    """With ``~`` before what was not measured; where there are not enough lines, the model of the plot stays."""
    found = evens.evens(market.snapshot(), "H100 80G")
    lines = evens.matrix(found, room, 20)
    assert len(lines) == evens.wanted(found) == 5
    assert {width(line) for line in lines} == {room}
    text = [text_of(line) for line in lines]
    assert "~0.893" in text[1]
    assert "0.139" in text[2]
    assert text[3].startswith("▸ H100 80G")
    assert "tab" not in text[0]
    [_, row, _] = evens.matrix(found, room, 3)
    assert "H100 80G" in text_of(row)
    assert evens.matrix(found, room, 1) == []


@pytest.mark.parametrize("room", [60, 64, 78, 197])
def test_models_without_room_are_counted_in_the_titles_of_the_matrix(room: int) -> None:
    """Nothing is cut without a sign, and the titles of the figures stay where they are."""
    found = evens.evens(market.snapshot(), None)
    whole, cut = (text_of(evens.matrix(found, room, count)[0]) for count in (5, 4))
    assert cut.startswith("  model  +1, tab to show ")
    assert cut[26:] == whole[26:]
    three = found._replace(models=(*found.models, found.models[1]._replace(name="L40S")))
    assert "+2, tab to show" in text_of(evens.matrix(three, room, 4)[0])
    assert "tab" not in text_of(evens.matrix(found._replace(models=found.models[:1]), room, 3)[0])


def test_the_plot_reaches_as_far_as_the_power_price_of_the_day() -> None:
    """As the site pays it, in its own currency, however the feed's own curve is written."""
    dear = (Step(start=NOW, end=NOW + 3600, value=0.07), Step(start=NOW + 3600, end=NOW + 7200, value=9.0))
    plots = [evens.evens(market.snapshot(market=Market(power_ahead=ahead)), None).plot for ahead in (dear[:1], dear)]
    assert plots[0] is not None and plots[1] is not None
    assert plots[0].right < 9.0 < plots[1].right


def test_a_stale_price_is_marked_in_the_matrix() -> None:
    """The H100's rent is old: its figures have their exclamation mark."""
    rows = tuple(r for r in market.rows(market.quotes()) if r.reading.slot == 5)
    found = evens.evens(market.snapshot(rows=rows), None)
    assert "!" in text_of(evens.matrix(found, 78, 5)[1])


def test_models_turn_round() -> None:
    """Forward and backward, from whichever is shown; where there is none, none."""
    found = breakeven.models(market.snapshot())
    names = [m.name for m in found]
    assert evens.cycle(found, names[0], 1) == names[1]
    assert evens.cycle(found, names[-1], 1) == names[0]
    assert evens.cycle(found, names[0], -1) == names[-1]
    assert evens.cycle(found, "gone", 1) == names[1]
    assert evens.cycle((), None, 1) is None


def test_the_plot_does_not_move_while_a_net_wavers() -> None:
    """A tenth of a percent changes neither its prices nor its axis."""
    plots = [evens.evens(_snapshot(three(0.05 * f, 220, 0.4 * f, 330), TODAY), None).plot for f in (1.0, 1.001, 0.999)]
    assert len({(p.left, p.right, p.low, p.high, p.ticks) for p in plots if p}) == 1


def test_a_range_holds_its_ends() -> None:
    """Both of them."""
    assert Range(0.0, 1.0).holds(0.0) and Range(0.0, 1.0).holds(1.0) and not Range(0.0, 1.0).holds(1.01)
