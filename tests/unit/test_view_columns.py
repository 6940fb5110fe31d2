"""The columns: every cell as wide as its form whatever it says, unknown is a dash, points stand in line."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model import (
    Advice,
    Basis,
    GpuRow,
    Guard,
    Holder,
    Instance,
    Kind,
    Money,
    Occupancy,
    Option,
    Output,
    Profit,
    Reading,
    Uuid,
    WorkState,
)
from console.view import cells, tones
from console.view.columns import BY_KEY, COLUMNS, SORTS, Column, Form
from console.view.pieces import text_of, width
from tests.pilot import sample

FIGURE = st.none() | st.floats(-1e4, 1e4) | st.floats(0, 1) | st.sampled_from([0.0, -0.001, 1e9, float("nan")])
NAME = st.text(st.characters(blacklist_categories=["C"]), max_size=24)
FORMS = [(column, form) for column in COLUMNS for form in column.forms]
NAMES = [f"{column.key}-{form.width}" for column, form in FORMS]


@st.composite
def gpus(draw: st.DrawFn) -> GpuRow:
    """A row with anything that a reading, a meter or a price may say."""
    many = draw(st.integers(1, 12))
    uuid = Uuid("GPU-1")
    reading = Reading(
        slot=draw(st.integers(0, 999)),
        uuid=uuid,
        pci="00000000:01:00.0",
        name=draw(NAME),
        at=sample.NOW,
        util_pct=draw(st.none() | st.floats(0, 100)),
        mem_used_mib=draw(st.none() | st.floats(0, 300_000)),
        mem_total_mib=draw(st.none() | st.floats(0, 300_000)),
        temp_c=draw(st.none() | st.floats(-20, 130)),
        fan_pct=draw(st.none() | st.floats(0, 100)),
        power_w=draw(st.none() | st.floats(0, 2500)),
        power_limit_w=draw(st.none() | st.floats(0, 2500)),
        throttle=draw(st.sampled_from([(), ("hw thermal",)])),
    )
    basis, kind = draw(st.sampled_from(Basis)), draw(st.sampled_from(Kind))
    name = draw(NAME)
    option = Option(
        workload=name,
        kind=kind,
        basis=basis,
        gross_per_h=None,
        fees_per_h=None,
        power_per_h=None,
        net_per_h=draw(FIGURE),
        stale=draw(st.booleans()),
    )
    profit = Profit(value=draw(FIGURE), workload=draw(NAME), basis=basis, algorithm="x", stale=draw(st.booleans()))
    instance = Instance(
        workload=name,
        kind=kind,
        uuids=(uuid,) * many,
        pids=(),
        unit="u",
        state=draw(st.sampled_from(WorkState)),
    )
    return GpuRow(
        reading=reading,
        occupancy=Occupancy(
            uuid=uuid, holder=draw(st.sampled_from(Holder)), instance=draw(st.sampled_from([None, instance]))
        ),
        output=Output(at=0, unit=draw(st.sampled_from(["H/s", "tok/s"])), value=draw(st.none() | st.floats(0, 1e18))),
        money=Money(
            options=(option,),
            running=draw(st.sampled_from([None, name])),
            net_per_h=draw(FIGURE),
            profit_per_hash=draw(st.sampled_from([None, profit])),
            profit_per_ai_hour=draw(st.sampled_from([None, profit])),
            advice=Advice(
                best=draw(st.sampled_from([None, name])), gain_per_h=draw(FIGURE), acts=draw(st.booleans()), why=""
            ),
        ),
        guards=draw(st.sampled_from([(), (Guard(name="contract", sentence="s"),)])),
        fresh=draw(st.booleans()),
        trend_net=tuple(draw(st.lists(FIGURE, max_size=30))),
    )


@pytest.mark.parametrize(("column", "form"), FORMS, ids=NAMES)
@settings(max_examples=60, deadline=None)
@given(row=gpus(), currency=st.sampled_from(["USD", "JPY", "CHF"]))
def test_a_cell_is_exactly_as_wide_as_its_form(column: Column, form: Form, row: GpuRow, currency: str) -> None:
    """Whatever it says; a cell that grows moves every column behind it. Its tones are words that themes know."""
    line = form.cell(cells.Seen(row, cells.Scene(sample.NOW, currency)), form.width)
    assert width(line) == form.width, text_of(line)
    assert {piece.tone for piece in line} <= set(tones.TONES)
    assert "nan" not in text_of(line)


def seen(row: GpuRow) -> cells.Seen:
    """A row of the sample at its own instant."""
    return cells.Seen(row, cells.Scene(sample.NOW))


def text(key: str, row: GpuRow, form: int = 0) -> str:
    """What a column's cell says about a row."""
    chosen = BY_KEY[key].forms[form]
    return text_of(chosen.cell(seen(row), chosen.width))


def tone(key: str, row: GpuRow, word: str) -> str:
    """The tone in which a cell says something."""
    form = BY_KEY[key].forms[0]
    return next(piece.tone for piece in form.cell(seen(row), form.width) if word in piece.text)


ROWS = sample.rows()
AI, MINE, STALE, OFF = ROWS[0], ROWS[1], ROWS[5], ROWS[7]
NOTHING = msgspec.structs.replace(
    OFF,
    reading=Reading(slot=9, uuid=Uuid("GPU-9"), pci="", name="X", at=sample.NOW),
    output=None,
    money=Money(
        options=(), running=None, net_per_h=None, profit_per_hash=None, profit_per_ai_hour=None, advice=OFF.money.advice
    ),
    trend_net=(),
)


@pytest.mark.parametrize("key", ["util", "mem", "temp", "fan", "power", "output", "hash", "ai_h", "net"])
@pytest.mark.parametrize("form", [0, -1])
def test_unknown_is_a_dash_and_never_zero(key: str, form: int) -> None:
    """Every figure of a GPU of which nothing is known."""
    assert text(key, NOTHING, form).strip() == "–"


@pytest.mark.parametrize("key", ["hash", "ai_h", "net"])
@pytest.mark.parametrize("form", [0, -1])
def test_money_stands_on_its_decimal_point(key: str, form: int) -> None:
    """Points of all rows are in one column, marks and signs before them."""
    found = {line.index(".") for row in ROWS if "." in (line := text(key, row, form))}
    assert len(found) == 1


def test_a_measured_figure_has_no_mark_and_an_estimated_one_has() -> None:
    """The tilde says that nobody measured it."""
    assert text("net", MINE, -1).split() == ["+0.02"]
    assert text("ai_h", MINE, -1).split() == ["~+0.29"]
    assert text("hash", AI, -1).split()[0].startswith("~0.0")
    assert text("hash", MINE, -1).split()[0].startswith("0.0")


def test_a_profit_names_the_option_it_is_of_where_another_runs() -> None:
    """In the widest form; the running one needs no name."""
    assert "vllm-qwen" in text("ai_h", MINE)
    assert "ergo" in text("hash", AI)
    assert "ergo" not in text("hash", MINE)


def test_a_stale_price_is_dim_and_marked() -> None:
    """Also without colour: the mark stands beside the figure, the word where advice would."""
    assert text("net", STALE).rstrip().endswith("!")
    assert tone("net", STALE, "1.86") == "stale"
    assert text("best", STALE).strip() == "stale price"


def test_heat_warns_with_a_mark() -> None:
    """83 degrees warn, throttling for heat is harm."""
    assert text("temp", STALE).strip() == "83°!"
    assert tone("temp", STALE, "83") == "warn"
    hot = msgspec.structs.replace(STALE, reading=msgspec.structs.replace(STALE.reading, throttle=("hw thermal",)))
    assert tone("temp", hot, "83") == "harm"
    assert text("temp", AI) == " 61° "


def test_best_says_the_gain_or_why_the_gpu_stays() -> None:
    """Advice, a guard's name, an old reading."""
    assert text("best", MINE).split() == ["◆", "ai", "~+0.27"]
    assert text("best", ROWS[4]).strip() == "· contract"
    old = msgspec.structs.replace(MINE, fresh=False, reading=msgspec.structs.replace(MINE.reading, at=sample.NOW - 14))
    assert text("best", old).strip() == "14s old"


def test_advice_that_does_not_act_yet_is_quiet() -> None:
    """It is said, in the tones of labels."""
    waits = msgspec.structs.replace(
        MINE, money=msgspec.structs.replace(MINE.money, advice=msgspec.structs.replace(sample.TO_AI, acts=False))
    )
    assert tone("best", waits, "+0.27") == "label"
    assert tone("best", MINE, "+0.27") == "gain"


def test_next_to_nothing_calls_nobody() -> None:
    """A loss that two decimals show as zero keeps its sign and loses its red."""
    assert text("net", OFF).split()[0] == "−0.00"
    assert tone("net", OFF, "0.00") == "label"


def test_a_set_says_how_many_gpus_it_holds() -> None:
    """A flip moves all of them."""
    held = AI.occupancy.instance
    assert held is not None
    four = msgspec.structs.replace(
        AI,
        occupancy=msgspec.structs.replace(AI.occupancy, instance=msgspec.structs.replace(held, uuids=held.uuids * 4)),
    )
    assert text("workload", four).strip() == "◆ vllm-qwen ×4"


def test_a_workload_that_is_not_simply_running_says_so() -> None:
    """Warming warns; its name is cut before the word is."""
    held = AI.occupancy.instance
    assert held is not None
    warming = msgspec.structs.replace(
        AI,
        occupancy=msgspec.structs.replace(
            AI.occupancy, instance=msgspec.structs.replace(held, state=WorkState.WARMING)
        ),
    )
    assert text("workload", warming, -1).rstrip().endswith("warming")


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA H100 80GB HBM3", "H100 80G"),
        ("Tesla T4", "T4"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA", "NVIDIA"),
    ],
)
def test_models_are_named_as_people_name_them(name: str, short: str) -> None:
    """What all cards of a maker share is left out, never all of it."""
    assert cells.short_name(name) == short


def test_algorithms_have_prefixes_of_their_own() -> None:
    """Nine orders of magnitude apart, both read in three digits; a prefix that still reads well is kept."""
    other = Profit(value=1e-19, workload="pearl", basis=Basis.MEASURED, algorithm="pearlhash")
    row = msgspec.structs.replace(AI, money=msgspec.structs.replace(AI.money, profit_per_hash=other))
    found = cells.hash_prefixes([MINE, row], {})
    assert found["pearlhash"] != found["autolykos2"]
    assert cells.hash_prefixes([MINE], {"autolykos2": "P"})["autolykos2"] == "P"


def test_every_sort_is_a_column() -> None:
    """And the roster's order comes first."""
    assert set(SORTS) <= set(BY_KEY)
    assert SORTS[0] == "slot"


def test_forms_go_from_wide_to_narrow_and_columns_leave_one_by_one() -> None:
    """No two columns have the same place in the order of leaving."""
    assert all(list(c.forms) == sorted(c.forms, key=lambda f: -f.width) for c in COLUMNS)
    assert sorted(c.leaves for c in COLUMNS) == list(range(len(COLUMNS)))


def test_a_currency_without_a_sign_of_its_own_stands_in_no_cell() -> None:
    """Swiss francs and Canadian dollars cut to a letter would be the same ``C``; the header names them."""
    row = sample.rows()[0]
    for currency, sign in (("USD", "$"), ("EUR", "€"), ("CHF", ""), ("CAD", "")):
        seen = cells.Seen(row, cells.Scene(sample.NOW, currency))
        assert text_of(cells.net(seen, 11)).split() == (["+0.29", sign] if sign else ["+0.29"])
        assert f"{sign}/" in text_of(cells.per_hash(seen, 14)) and "C" not in text_of(cells.per_hash(seen, 14))
