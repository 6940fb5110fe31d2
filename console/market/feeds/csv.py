"""Any CSV table, from ``url`` or ``file``: each of ``values`` names a figure, its column and its unit.

The first line that is not empty names the columns. ``where`` picks rows by the text in columns; of several rows, and
without it of all, the last is taken, since tables are appended to. Numbers have a decimal point. A file that is read
while a line of it is being written would show half a figure: write it beside and rename it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from console.config.feed_checks import TAB
from console.config.feed_settings import FeedSettings, FeedValue
from console.market.contract import Answer, FeedError
from console.market.feeds._document import Body, Document, Found
from console.text import clean

_MARK = "\ufeff"
"""What some programs write before a table in UTF-8."""


def connect(name: str, settings: FeedSettings) -> Csv:
    """The feed; does no I/O."""
    return Csv(name, settings)


class Csv:
    """Figures out of one table. Implements console.market.contract.Feed."""

    def __init__(self, name: str, settings: FeedSettings) -> None:
        self._document = Document(name, settings)
        self.interval_s = self._document.interval_s
        self._values = settings.values
        self._encoding = settings.encoding or "utf-8"
        self._delimiter = "\t" if settings.delimiter == TAB else settings.delimiter or ","

    def read(self, now: float, timeout_s: float = 10.0) -> Answer:
        """See Feed.read."""
        body = self._document.read(now, timeout_s)
        rows = self._rows(body)
        return self._document.answer(body, lambda value: rows[value.kind, value.name])

    def close(self) -> None:
        """See Feed.close."""
        self._document.close()

    def _rows(self, body: Body) -> dict[tuple[str, str], Found]:
        """Cell and time of every value, out of the last row that it picks. Only these rows are kept."""
        lines = (line for line in self._lines(body) if any(cell.strip() for cell in line))
        columns = [cell.strip() for cell in next(lines, [])]
        try:
            picks = [_Pick(value, columns) for value in self._values]
        except LookupError as error:
            raise FeedError(f"{self._document.called} {error.args[0]}") from None
        for line in lines:
            for pick in picks:
                pick.offer(line)
        return {(pick.value.kind, pick.value.name): pick.found() for pick in picks}

    def _lines(self, body: Body) -> Iterator[list[str]]:
        try:
            text = body.data.decode(self._encoding).removeprefix(_MARK)
            yield from csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True)
        except UnicodeDecodeError as error:
            told = f"{self._document.called} is not {self._encoding} at byte {error.start}"
            raise FeedError(f"{told}, expected a table in that encoding") from None
        except csv.Error as error:
            raise FeedError(f"{self._document.called} is no table: {clean(error, 120)}") from None


class _Pick:
    """The row of one value, found while the table is read. A column that is not there is never filled."""

    def __init__(self, value: FeedValue, columns: list[str]) -> None:
        """Raises LookupError where a column that is asked for stands in ``columns`` twice."""
        self.value = value
        self._where = {_column(column, columns): text for column, text in value.where.items()}
        self._cell = _column(value.path, columns)
        self._time = None if value.at is None else _column(value.at, columns)
        self._row: list[str] = []

    def offer(self, line: list[str]) -> None:
        """Take ``line`` if it is the value's."""
        if all(_at(line, column) == text for column, text in self._where.items()):
            self._row = line

    def found(self) -> Found:
        """The cell and its time in the row that was offered last."""
        return _at(self._row, self._cell), _at(self._row, self._time)


def _column(name: str, columns: list[str]) -> int | None:
    if columns.count(name) > 1:
        raise LookupError(f"has the column {clean(name, 60)!r} twice, expected once")
    return columns.index(name) if name in columns else None


def _at(line: list[str], column: int | None) -> str | None:
    return line[column].strip() if column is not None and column < len(line) else None
