"""Numbers to text and back: what is rounded, what is refused, and that nothing unknown reads as a number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import units

FINITE = st.floats(min_value=-1e18, max_value=1e18, allow_nan=False)
SIZES = st.floats(min_value=1e-3, max_value=9.99e20)
PRINTABLE = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x3000), max_size=30)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (178.4e6, "H/s", "178.4 MH/s"),
        (999.96e6, "H/s", "1.000 GH/s"),
        (0, "H/s", "0 H/s"),
        (0.5, "H/s", "0.500 H/s"),
        (221.4, "W", "221 W"),
        (3204, "W", "3.20 kW"),
        (1940, "tok/s", "1.94k tok/s"),
        (87.0, "tok/s", "87.0 tok/s"),
        (3.3e15, "", "3.30 P"),
        (5e21, "H/s", "5000 EH/s"),
        (None, "W", "–"),
        (math.nan, "W", "–"),
        (math.inf, "W", "–"),
    ],
)
def test_si_scales_and_keeps_its_digits(value: float | None, unit: str, text: str) -> None:
    """A prefix is chosen after rounding, and a word keeps the prefix off."""
    assert units.si(value, unit) == text


@given(SIZES)
def test_si_of_a_hashrate_reads_back(value: float) -> None:
    """What is shown of a hashrate parses to it within its four digits."""
    assert units.hashrate(units.si(value, "H/s")) == pytest.approx(value, rel=5.01e-4, abs=5.01e-4)


@given(SIZES)
def test_si_of_watts_reads_back(value: float) -> None:
    """What is shown of a power parses to it within its three digits."""
    assert units.power_w(units.si(value, "W")) == pytest.approx(value, rel=5.01e-3, abs=5.01e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.314, "+0.31"),
        (-0.02, "−0.02"),
        (-0.002, "−0.00"),
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_money_is_signed_and_never_invents_a_zero(value: float | None, text: str) -> None:
    """Gains carry +, losses a true minus even below their decimals, unknown a dash."""
    assert units.money(value) == text


def test_money_takes_the_minus_of_the_terminal() -> None:
    """An ASCII screen gets an ASCII minus, and costs no plus."""
    assert units.money(-1.5, minus="-") == "-1.50"
    assert units.money(1.5, 3, sign=False) == "1.500"


@given(FINITE)
def test_money_reads_back_within_half_a_cent(value: float) -> None:
    """price() understands what money() prints, whichever minus was used."""
    for minus in (units.MINUS, "-"):
        assert units.price(units.money(value, minus=minus)) == pytest.approx(value, abs=0.005001, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.27, "0.27"),
        (12.4, "12.40"),
        (0.0123, "0.012"),
        (0.00023, "0.00023"),
        (0.0996, "0.10"),
        (0.02, "0.02"),
        (0.0, "0.00"),
        (-0.004, "−0.004"),
        (1e-30, "0.00"),
        (None, "–"),
    ],
)
def test_cost_shows_two_digits_of_small_sums(value: float | None, text: str) -> None:
    """Two decimals are enough for a rent, not for forty seconds of downtime."""
    assert units.cost(value) == text


def test_per_hash_reads_in_three_digits() -> None:
    """The unit scales with the value, so that three digits stand before the eye."""
    assert units.per_hash(3.412e-14) == ("0.0341", "$/TH")
    assert units.per_hash(-2e-9, "EUR") == ("−2.00", "€/GH")
    assert units.per_hash(0.0) == ("0", "$/TH")
    assert units.per_hash(None, prefix="G") == ("–", "$/GH")
    assert units.per_hash(1e-30) == ("1.00e-12", "$/EH")


@given(st.floats(min_value=1e-19, max_value=999.0))
def test_per_hash_of_one_value_reads_between_a_hundredth_and_a_thousand(value: float) -> None:
    """Whatever a hash pays, a prefix from H to EH brings it into readable range."""
    text, unit = units.per_hash(value)
    assert 0.00995 <= float(text) <= 999.5
    assert float(text) == pytest.approx(units.hash_price(f"{value:e}/H") * _hashes(unit), rel=5.01e-3)


def _hashes(unit: str) -> float:
    prefix = unit.removeprefix("$/").removesuffix("H")
    return 10.0 ** (3 * "kMGTPE".index(prefix) + 3) if prefix else 1.0


def test_a_column_shares_one_prefix() -> None:
    """The smallest cell decides, unless the largest would leave the column."""
    assert units.hash_prefix([3.4e-14, 2.1e-14, None]) == "T"
    assert units.hash_prefix([1e-14, 1e-8]) == "G"
    assert units.hash_prefix([None, 0.0]) == "T"
    assert units.hash_prefix([], keep="G") == "G"


def test_a_column_keeps_its_prefix_while_it_reads() -> None:
    """A price that wanders over a limit does not make the unit jump; one that leaves for good does."""
    assert units.hash_prefix([9.0e-15]) == "P"
    assert units.hash_prefix([9.0e-15], keep="T") == "T"
    assert units.hash_prefix([9.0e-17], keep="T") == "P"
    assert units.hash_prefix([2e-8], keep="T") == "M"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59.99, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (7800, "2h 10m"),
        (86399, "23h 59m"),
        (86400, "1d"),
        (3e5, "3d"),
        (-5, "0s"),
        (None, "–"),
        (math.inf, "–"),
    ],
)
def test_age_is_never_rounded_up(seconds: float | None, text: str) -> None:
    """A quote may not look older or younger than it is by a rounding."""
    assert units.age(seconds) == text


def test_small_words() -> None:
    """Percentages, shares, memory and temperatures as the screen writes them."""
    assert [units.percent(87.4), units.percent(None)] == ["87%", "–"]
    assert [units.share(0.1), units.share(0.025), units.share(1.0), units.share(None)] == [
        "10 %",
        "2.5 %",
        "100 %",
        "–",
    ]
    assert [units.gib(21606), units.gib(None)] == ["21.1G", "–"]
    assert [units.temp(60.6), units.temp(None)] == ["61°", "–"]
    assert [units.symbol("USD"), units.symbol("EUR"), units.symbol("CHF")] == ["$", "€", "CHF"]


@given(st.one_of(st.none(), st.floats()), st.integers(2, 8), st.integers(0, 4), st.booleans())
def test_fixed_never_changes_its_width(value: float | None, whole: int, decimals: int, sign: bool) -> None:
    """A cell is as wide as its column whatever comes, nan and infinity included."""
    assert len(units.fixed(value, whole, decimals, sign=sign)) == whole + (1 + decimals if decimals else 0)


def test_fixed_stands_on_the_decimal_point() -> None:
    """Points are under one another, unknown stands in the units place, and what does not fit says so."""
    cells = [units.fixed(v, 4, 2, sign=True) for v in (0.31, -12.5, 0.0)]
    assert cells == ["  +0.31", " −12.50", "   0.00"]
    assert units.fixed(None, 4, 2) == "   –   "
    assert units.fixed(99999, 4, 2, sign=True) == " +99999"
    assert units.fixed(1e9, 4, 2) == "  1.00G"
    assert units.fixed(1e25, 4, 2) == "#######"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("178MH", 178e6),
        ("178 MH/s", 178e6),
        ("178 Mh/s", 178e6),
        ("1.5 kH", 1500.0),
        ("1.5K", 1500.0),
        ("2e8", 2e8),
        ("0", 0.0),
        ("60 Sol/s", 60.0),
        ("2EH", 2e18),
        (" 7 ", 7.0),
        (".5", 0.5),
        ("1.005k", 1005.0),
    ],
)
def test_hashrate(text: str, value: float) -> None:
    """Suffixes, spaces and units as people write them; a bare number is H/s."""
    assert units.hashrate(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (units.hashrate, "178mh", "found '178mh', where m would be milli; write M for mega"),
        (units.hashrate, "-3MH", "expected a hashrate such as 178MH"),
        (units.hashrate, "nan", "found 'nan'"),
        (units.hashrate, "inf", "found 'inf'"),
        (units.hashrate, "1e400", "too large"),
        (units.hashrate, "1e300E", "expected a hashrate"),
        (units.hashrate, "", "found ''"),
        (units.hashrate, "1_000", "found '1_000'"),
        (units.hashrate, "١٢", "expected a hashrate"),
        (units.hashrate, "9" * 500, "too large"),
        (units.fraction, "1", "write 1%"),
        (units.fraction, "0.5", "expected a fraction below 0.5"),
        (units.fraction, "60%", "expected a fraction below 0.5"),
        (units.fraction, "-1%", "expected a fraction below 0.5"),
        (units.fraction, "1%%", "expected a fraction below 0.5"),
        (units.portion, "90", "or 85%"),
        (units.portion, "101%", "from 0 to 1"),
        (units.power_w, "-1", "expected a power such as 221"),
        (units.power_w, "221V", "found '221V'"),
        (units.price, "free", "expected a price"),
        (units.positive, "0", "above 0"),
        (units.count, "-1", "0 or more"),
        (units.hash_price, "43.1", "such as 0.7/EH or 43.1/PH/day"),
        (units.hash_price, "-1/EH", "such as 0.7/EH"),
        (units.hash_price, "0.7/EH/s", "without a time; write /day after it"),
        (units.hash_price, "1/EH/fortnight", "expected a price per hashes"),
    ],
)
def test_refusals_say_what_was_found_and_expected(parse: Callable[[str], float], text: str, sentence: str) -> None:
    """Every parser refuses with one sentence that a person can act on."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize(
    ("text", "value"), [("1%", 0.01), ("0.01", 0.01), ("2.3%", 0.023), ("0", 0.0), ("49.9%", 0.499)]
)
def test_fraction(text: str, value: float) -> None:
    """A fee is a fraction or a percentage, exactly the number that was typed."""
    assert units.fraction(text) == value


def test_other_parsers() -> None:
    """Shares of time may be 1, powers scale, prices may be negative with either minus."""
    assert [units.portion("1"), units.portion("85%")] == [1.0, 0.85]
    assert [units.power_w("221"), units.power_w("0.2kW"), units.power_w("0 W")] == [221.0, 200.0, 0.0]
    assert [units.price("-0.02"), units.price("−0.02"), units.price("1.6k")] == [-0.02, -0.02, 1600.0]


def test_hash_price_with_and_without_a_time() -> None:
    """Per hashrate and day it is divided by the seconds of a day; per hashes it is not."""
    assert units.hash_price("43.1/PH/day") == pytest.approx(43.1 / (1e15 * 86400), rel=1e-15)
    assert units.hash_price("43.1 USD/PH/s/day") == units.hash_price("43.1/PH/day")
    assert units.hash_price("0.7/EH") == pytest.approx(0.7e-18, rel=1e-15)
    assert units.hash_price("0.000286/GH/d") == pytest.approx(units.hash_price("286/PH/day"), rel=1e-15)
    assert units.hash_price("0/H") == 0.0


PARSERS = (units.number, units.count, units.positive, units.price, units.hashrate, units.power_w, units.fraction)


@given(PRINTABLE)
def test_parsers_answer_a_finite_number_or_a_sentence(text: str) -> None:
    """No text makes a parser crash or answer nan or infinity."""
    for parse in (*PARSERS, units.portion, units.hash_price):
        assert math.isfinite(_read(parse, text))


def _read(parse: Callable[[str], float], text: str) -> float:
    try:
        return parse(text)
    except ValueError as refused:
        return float("nan") if "found" not in str(refused) else 0.0


@given(FINITE)
def test_every_number_reads_back_as_itself(value: float) -> None:
    """repr() of a number parses to exactly that number."""
    assert units.number(repr(value)) == value
