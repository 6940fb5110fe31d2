"""JEPX: the day-ahead prices of Japan's power exchange in JPY/kWh, out of the one CSV file of a fiscal year.

``area`` is one of its nine areas, in English (``tokyo``) or as the file writes it (東京), or ``system`` for the price
before congestion. The file is Shift-JIS as Windows has it (cp932), with one row for each half hour: the day in Japan,
which knows no summer time, and a code from 1 to 48. It is named after the year in which its fiscal year begins, on the
first of April. Wholesale prices, without grid fees and taxes.

JEPX describes no interface for programs: the address is the one that public programs read, and may move.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, timezone

from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._api import Api, Deadline, number
from console.market.feeds._curves import NO_NOTES, Span, answer, unless_late
from console.model import Curve
from console.text import clean

PUBLIC = "https://www.jepx.jp"
EVERY_S = 3 * 3600.0
"""Tomorrow's prices come once a day, about 10:00 JST; a request fetches the whole year."""
MOST_BYTES = 8 << 20
"""A year has 17,568 rows at most. With the columns of prices, avoidable costs, blocks and FIP references that the file
has had since 2022, a row is 230 to 290 bytes: 4 to 5 MB by the end of March."""

JST = timezone(timedelta(hours=9), "JST")
SLOT_S = 1800.0
AREAS = {
    "hokkaido": "北海道",
    "tohoku": "東北",
    "tokyo": "東京",
    "chubu": "中部",
    "hokuriku": "北陸",
    "kansai": "関西",
    "chugoku": "中国",
    "shikoku": "四国",
    "kyushu": "九州",
}
SYSTEM = "system"
_DAYS = ("年月日", "受渡日")  # the same file has had both names for its first column
_CODE = "時刻コード"
_CODES = frozenset(str(code) for code in range(1, 49))


def connect(name: str, settings: FeedSettings) -> Jepx:
    """The feed; does no I/O."""
    return Jepx(name, settings)


class Jepx:
    """Prices of yesterday, today and tomorrow. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self.interval_s = settings.interval_s or EVERY_S
        self._api = Api(name, settings, PUBLIC, most_bytes=MOST_BYTES)
        self._area = settings.area or SYSTEM
        self._curve = Curve(name=name, kind="power_price", unit="JPY/kWh", source=name, steps=(), complete=False)

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        deadline = Deadline(timeout_s)
        today = datetime.fromtimestamp(now, JST).date()
        days = [today + timedelta(days=n) for n in (-1, 0, 1)]
        year, next_year = fiscal_year(today), fiscal_year(days[-1])
        spans, notes = self._year(year, days, deadline), NO_NOTES
        if next_year != year:
            later, notes = unless_late(
                lambda: self._year(next_year, days, deadline), f"prices of fiscal year {next_year}"
            )
            spans += later
        return answer(self._api, self._curve, spans, now, notes)

    def close(self) -> None:
        """See Feed.close."""
        self._api.close()

    def _year(self, year: int, days: Sequence[date], deadline: Deadline) -> list[Span]:
        column = self._column()
        body = self._api.get(f"/market/excel/spot_{year}.csv", deadline.left_s)
        rows = csv.reader(io.StringIO(body.decode("cp932", "replace"), newline=""))
        try:
            head = {_plain(heading): place for place, heading in enumerate(next(rows, []))}
            places = [head[heading] for heading in (*_DAYS, _CODE, column) if heading in head]
            if len(places) != 3:
                raise self._api.lacking(f"the columns {_DAYS[0]}, {_CODE} and {column}")
            return list(_spans(rows, places, days))
        except csv.Error as error:
            raise FeedError(f"{self._api.url} answers with what is no CSV: {clean(error, 80)}") from None

    def _column(self) -> str:
        """The heading of the area's prices; its unit stands in it and is held to it."""
        if self._area.lower() == SYSTEM:
            return "システムプライス(円/kWh)"
        area = AREAS.get(self._area.lower(), self._area)
        if area not in AREAS.values():
            known = ", ".join(AREAS)
            raise FeedError(
                f"feeds.{self._api.name}: area is {clean(self._area, 40)!r}, expected {SYSTEM} or one of {known}"
            )
        return f"エリアプライス{area}(円/kWh)"


def fiscal_year(day: date) -> int:
    """The year in which the fiscal year of ``day`` began, on 1 April."""
    return day.year if day.month >= 4 else day.year - 1


def _spans(rows: Iterable[list[str]], places: Sequence[int], days: Sequence[date]) -> Iterator[Span]:
    """The half hours of ``days``. ``places`` are the columns of day, code and price."""
    wanted = {written: _midnight(day) for day in days for written in _written(day)}
    for row in rows:
        if len(row) <= max(places):
            continue
        day, code, price = (row[place].strip() for place in places)
        if day in wanted and code in _CODES:
            start = wanted[day] + (int(code) - 1) * SLOT_S
            yield Span(start, start + SLOT_S, number(price))


def _written(day: date) -> tuple[str, str]:
    return f"{day:%Y/%m/%d}", f"{day.year}/{day.month}/{day.day}"


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), JST).timestamp()


def _plain(heading: str) -> str:
    """A heading without what differs between two writings of it: width of letters, spaces, quotes."""
    return unicodedata.normalize("NFKC", heading).replace(" ", "").strip('"')
