"""JEPX's file of a year: days of 48 half hours, areas, fiscal years, columns, and its size."""

from datetime import date, datetime, timedelta

import pytest

from console.market.contract import Answer, FeedError
from console.market.feeds.jepx import AREAS, MOST_BYTES, fiscal_year
from tests.contract.hostile import answer, routes, serving
from tests.unit.feedread import AUTUMN, PLAIN, SPRING, TOKYO, at, midnight, read, slots, steps, whole

HEADING = (
    "年月日",
    "時刻コード",
    "システムプライス(円/kWh)",
    *(f"エリアプライス{area}(円/kWh)" for area in AREAS.values()),
)


def jepx_file(rows: list[tuple[object, ...]], heading: tuple[str, ...] = HEADING) -> bytes:
    return "".join(",".join(map(str, row)) + "\r\n" for row in [heading, *rows]).encode("cp932")


def jepx_day(day: date) -> list[tuple[object, ...]]:
    """Half hours whose system price is their code, and whose areas' prices are hundreds above that."""
    return [(f"{day:%Y/%m/%d}", code, code, *(100 * n + code for n in range(1, 10))) for code in range(1, 49)]


def jepx(now: str, files: dict[int, bytes], area: str = "system") -> tuple[Answer, list[str]]:
    paths = {f"/market/excel/spot_{year}.csv": answer(body) for year, body in files.items()}
    with serving(routes(paths)) as server:
        return read("jepx", at(now), server, area=area), [path for path, _ in server.seen]


@pytest.mark.parametrize("day", [SPRING, AUTUMN, PLAIN])
def test_a_day_in_japan_has_48_half_hours_all_year(day: date) -> None:
    """From midnight in Tokyo, which is 15:00 UTC; the days around are read, the others are not."""
    days = [day + timedelta(days=n) for n in (-30, -1, 0, 1, 2)]
    file = jepx_file([row for other in days for row in jepx_day(other)])
    found, paths = jepx(f"{day}T03:00Z", {fiscal_year(day): file})
    begins = [start for other in days[1:4] for start in slots(other, TOKYO, 1800)]
    told_ = [
        step for step in whole(begins, 1800, [*map(float, range(1, 49))] * 3) if step[1] > at(f"{day}T03:00Z") - 86400
    ]
    assert steps(found) == told_ and midnight(day, TOKYO) == at(f"{day - timedelta(days=1)}T15:00Z")
    assert (len(paths), found.curves[0].unit, found.curves[0].complete) == (1, "JPY/kWh", False)


@pytest.mark.parametrize(
    ("area", "hundreds"), [("system", 0), ("Tokyo", 3), ("東京", 3), ("hokkaido", 1), ("kyushu", 9)]
)
def test_an_area_is_named_in_english_or_as_the_file_does(area: str, hundreds: int) -> None:
    """Each name finds its own column."""
    found, _ = jepx("2026-11-23T00:10Z", {2026: jepx_file(jepx_day(PLAIN))}, area)
    quote = found.curves[0].at(at("2026-11-23T00:10Z"))
    assert quote is not None and quote.value == 100 * hundreds + 19


def test_an_area_that_japan_does_not_have_is_a_sentence() -> None:
    """The nine that it has stand in it."""
    with pytest.raises(FeedError, match=r"feeds\.x: area is 'okinawa', expected system or one of hokkaido, .*, kyushu"):
        jepx("2026-11-23T00:10Z", {2026: jepx_file([])}, "okinawa")


@pytest.mark.parametrize(
    ("now", "files", "asked", "noted"),
    [
        ("2027-03-30T23:00Z", {2026}, [2026, 2027], True),  # 08:00 on 31 March in Japan: the next file is not there yet
        ("2027-03-31T03:00Z", {2026, 2027}, [2026, 2027], False),
        ("2027-03-31T15:00Z", {2026, 2027}, [2027], False),  # midnight
        ("2026-12-31T16:00Z", {2026}, [2026], False),
    ],
)
def test_a_fiscal_year_begins_in_april(now: str, files: set[int], asked: list[int], noted: bool) -> None:
    """On its last day tomorrow stands in the next file, which is not missed before it is there."""
    today = datetime.fromtimestamp(at(now), TOKYO).date()
    days = [today + timedelta(days=n) for n in (-1, 0, 1)]
    bodies = {
        year: jepx_file([row for day in days if fiscal_year(day) == year for row in jepx_day(day)]) for year in files
    }
    found, paths = jepx(now, bodies)
    assert paths == [f"/market/excel/spot_{year}.csv" for year in asked]
    ahead = max(end for _, end, _ in steps(found))
    assert ahead == midnight(today + timedelta(days=1 if noted else 2), TOKYO)
    assert [note.partition(" yet")[0] for note in found.notes] == ["no prices of fiscal year 2027"] * noted


def test_columns_are_found_by_their_names_and_odd_rows_left_out() -> None:
    """Another order, the day's other name, full-width brackets, quotes, a missing price, codes and rows of nonsense."""
    heading = ("エリアプライス東京（円/kWh）", "時刻コード", "受渡日", "買い入札量(kWh)")
    rows: list[tuple[object, ...]] = [
        ('"11.5"', 1, "2026/11/23", '"1,000"'),
        ("12.5", "02", "2026/11/23", 1),
        ("", 3, "2026/11/23", 1),
        ("0.01", 4, "2026/11/23", 1),
        ("13", 49, "2026/11/23", 1),
        ("14", 0, "2026/11/23", 1),
        ("15", 5),
        ("nan", 6, "2026/11/23", 1),
        ("16", 7, "2026-11-23", 1),
    ]
    found, _ = jepx("2026-11-22T15:05Z", {2026: jepx_file(rows, heading)}, "tokyo")
    start = midnight(PLAIN, TOKYO)
    assert steps(found) == [(start, start + 1800, 11.5), (start + 5400, start + 7200, 0.01)]


def test_a_price_in_another_unit_is_no_column() -> None:
    """The unit stands in the heading, and a heading with another is another column."""
    with pytest.raises(FeedError, match="without the columns 年月日, 時刻コード and システムプライス"):
        jepx(
            "2026-11-23T00:10Z",
            {2026: jepx_file(jepx_day(PLAIN), ("年月日", "時刻コード", "システムプライス(円/MWh)"))},
        )


def test_the_file_of_a_whole_year_fits_and_an_endless_one_does_not() -> None:
    """17,520 rows of 290 bytes are more than other answers may have."""
    days = [date(2026, 4, 1) + timedelta(days=n) for n in range(365)]
    rows = [(*row, "x" * 220) for day in days for row in jepx_day(day)]
    file = jepx_file(rows, (*HEADING, "インバランス"))
    assert 4 << 20 < len(file) < MOST_BYTES
    found, _ = jepx("2026-11-23T00:10Z", {2026: file}, "kansai")
    assert len(steps(found)) == 48 * 3 - 18
    with pytest.raises(FeedError, match=r"spot_2026\.csv answers with more than 8 MiB"):
        jepx("2026-11-23T00:10Z", {2026: file + b"," * MOST_BYTES})
