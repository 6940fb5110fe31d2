"""The console's own log of contracts: up, down and not watched, per position and calendar month, across restarts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.economics.contract import Contract
from console.history.accrued import MAX_GAP_S
from console.history.uptime import MONTHS, OUTAGES, Book, Uptime, month_of

UTC = ZoneInfo("UTC")
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
NOON = NOVEMBER + 22.5 * 86400
TWO = Contract(name="acme", rate_per_gpu_h=0.5, gpus=2)
OPEN = Contract(name="acme", rate_per_gpu_h=0.5)


def log(contract: Contract = OPEN, path: Path | None = None, zone: str = "UTC", *, keeps: bool = True) -> Uptime:
    return Uptime(path, (contract,), zone, keeps=keeps)


def watched(uptime: Uptime, begin: float, *looks: str, step_s: float = 10.0) -> float:
    """One look a step, of GPUs a, b, c in order: S serves, - does not, ? cannot be told. Returns the last instant."""
    at = begin
    for number, look in enumerate(looks):
        at = begin + number * step_s
        seen = {"S": "acme", "-": "", "?": None}
        uptime.watch(at, {chr(ord("a") + n): seen[state] for n, state in enumerate(look)})
    return at


def seats(uptime: Uptime, month: str = "2026-11") -> list[tuple[str, float, float]]:
    """Holder, seconds up and seconds down of each position."""
    found = [book for book in uptime.books("acme") if book.month == month]
    return [(one.uuid, one.up_s, one.down_s) for book in found for one in book.positions]


def test_up_down_and_neither() -> None:
    """A stretch counts as what was seen at its beginning; one at whose end nothing can be told counts as neither."""
    uptime = log()
    watched(uptime, NOON, "S", "S", "-", "-", "-", "?", "?", "S", "S")
    assert seats(uptime) == [("a", 30.0, 20.0)]


def test_time_that_was_not_watched_is_neither() -> None:
    """A gap, a clock set back, and the time before the first look are in no sum."""
    uptime = log()
    uptime.watch(NOON, {"a": "acme"})
    uptime.watch(NOON + MAX_GAP_S + 1, {"a": "acme"})
    uptime.watch(NOON - 5000, {"a": ""})
    assert seats(uptime) == [("a", 0.0, 0.0)]
    months = uptime.place("acme", "a", NOON).months
    assert months[0].unwatched_s(NOON) == NOON - NOVEMBER and months[0].uptime is None


def test_a_month_is_the_sites_own() -> None:
    """At midnight in Tokyo a new month begins, and the stretch over it is parted there."""
    midnight = datetime(2026, 12, 1, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()
    uptime = log(zone="Asia/Tokyo")
    watched(uptime, midnight - 15, "S", "S", "-", "-")
    assert seats(uptime, "2026-11") == [("a", 15.0, 0.0)]
    assert seats(uptime, "2026-12") == [("a", 5.0, 10.0)]


@pytest.mark.parametrize(
    ("year", "month", "zone", "hours"),
    [(2026, 10, "Europe/Berlin", 745), (2026, 3, "Europe/Berlin", 743), (2026, 2, "Asia/Tokyo", 672)],
)
def test_a_month_is_as_long_as_it_is(year: int, month: int, zone: str, hours: int) -> None:
    """Both changes of the clocks lie in a month that is an hour longer or shorter."""
    name, start, end = month_of(datetime(year, month, 15, tzinfo=ZoneInfo(zone)).timestamp(), ZoneInfo(zone))
    assert (name, end - start) == (f"{year}-{month:02d}", hours * 3600.0)


def test_a_month_is_cut_to_the_term() -> None:
    """Uptime of the first and the last month is a share of the days that the contract was in force."""
    begun = msgspec.structs.replace(OPEN, starts_at=NOON - 3600, ends_at=DECEMBER + 3600)
    uptime = log(begun)
    watched(uptime, NOON, "S", "S")
    this, after = uptime.place("acme", "a", NOON + 10).months
    assert (this.starts_at, this.ends_at) == (NOON - 3600, DECEMBER)
    assert (after.starts_at, after.ends_at) == (DECEMBER, DECEMBER + 3600)


def test_outside_its_term_nothing_is_watched() -> None:
    """Before the start and after the end no second is up or down, and no place is told."""
    over = msgspec.structs.replace(OPEN, starts_at=NOON + 20, ends_at=NOON + 40)
    uptime = log(over)
    at = watched(uptime, NOON, "S", "S", "S", "S", "S", "S")
    assert seats(uptime) == [("a", 10.0, 0.0)]
    assert uptime.place("acme", "a", at).months == ()


def test_a_position_that_nobody_fills_is_down() -> None:
    """Two are committed and one serves: the other is down, unless a GPU cannot be told, which may be it."""
    uptime = log(TWO)
    watched(uptime, NOON, "S-", "S-", "S?", "S?", "SS", "SS")
    assert sorted(seats(uptime)) == [("a", 50.0, 0.0), ("b", 10.0, 20.0)]


def test_a_spare_takes_the_place_of_one_that_is_down() -> None:
    """Its position goes on with the downtime until then; the third while two serve is spare and paid nothing."""
    uptime = log(TWO)
    at = watched(uptime, NOON, "SSS", "SSS")
    assert uptime.place("acme", "c", at) == ((), True, True)
    at = watched(uptime, at + 10, "S--", "S--", "S-S", "S-S", "SSS")
    assert sorted(seats(uptime)) == [("a", 60.0, 0.0), ("c", 40.0, 20.0)]
    assert uptime.place("acme", "b", at).spare and uptime.place("acme", "c", at).months


def test_nobody_takes_the_place_of_one_that_cannot_be_told() -> None:
    """It may serve still: the third is a spare, and the position waits unwatched."""
    uptime = log(TWO)
    at = watched(uptime, NOON, "SS-", "S?S", "S?S", "SSS", "SSS")
    assert sorted(seats(uptime)) == [("a", 40.0, 0.0), ("b", 10.0, 0.0)]
    assert uptime.place("acme", "c", at).spare


def test_a_gpu_beyond_what_is_committed_is_told_so_before_it_serves() -> None:
    """While as many serve as are committed, another would be paid nothing; with one down it would."""
    uptime = log(TWO)
    at = watched(uptime, NOON, "SS-")
    assert uptime.place("acme", "c", at) == ((), False, True)
    at = watched(uptime, at + 10, "S--")
    assert not uptime.place("acme", "c", at).full
    assert not log(OPEN).place("acme", "c", at).full, "without a number any GPU is paid"


def test_without_a_number_each_that_served_at_once_has_a_position() -> None:
    """Two at once are two; one that moves to another card is still one."""
    uptime = log(OPEN)
    watched(uptime, NOON, "SS", "SS")
    assert [uuid for uuid, _, _ in seats(uptime)] == ["a", "b"]
    moved = log(OPEN)
    watched(moved, NOON, "S-", "--", "-S", "-S")
    assert seats(moved) == [("b", 20.0, 10.0)]


def test_what_a_whole_month_left_empty_is_committed_no_more() -> None:
    """Without a number of GPUs, a position that did not serve at all in a month is gone in the next."""
    uptime = log(OPEN)
    watched(uptime, NOON, "SS", "SS")
    watched(uptime, DECEMBER + 60, "S-", "S-", "S-")
    watched(uptime, DECEMBER + 32 * 86400, "S-", "S-")
    assert seats(uptime, "2026-12") == [("a", 20.0, 0.0), ("b", 0.0, 20.0)]
    assert seats(uptime, "2027-01") == [("a", 10.0, 0.0)]


def test_fewer_committed_keeps_those_that_serve(tmp_path: Path) -> None:
    """A config that commits one GPU less lets go of the position that is down."""
    first = log(TWO, tmp_path / "uptime.json")
    watched(first, NOON, "SS", "-S")
    first.save()
    again = log(msgspec.structs.replace(TWO, gpus=1), tmp_path / "uptime.json")
    watched(again, NOON + 60, "-S")
    assert seats(again) == [("b", 10.0, 0.0)]


def test_a_restart_goes_on(tmp_path: Path) -> None:
    """The log is on disk within a minute and at the end; the pause between is not watched."""
    path = tmp_path / "uptime.json"
    first = log(OPEN, path)
    at = watched(first, NOON, *["S"] * 8)
    assert path.exists(), "kept after a minute"
    first.save()
    second = log(OPEN, path)
    watched(second, at + 20, "S", "-", "S")
    assert seats(second) == [("a", 80.0, 10.0)]


def test_one_that_only_looks_writes_nothing(tmp_path: Path) -> None:
    """It reads what another console keeps, and leaves it alone."""
    path = tmp_path / "uptime.json"
    keeper = log(OPEN, path)
    watched(keeper, NOON, "S", "S")
    keeper.save()
    before = path.read_bytes()
    looker = log(OPEN, path, keeps=False)
    watched(looker, NOON + 60, *["-"] * 20)
    looker.save()
    assert path.read_bytes() == before
    assert seats(looker)[0][1] == 10.0
    log(OPEN, tmp_path / "none.json", keeps=False).save()
    assert not (tmp_path / "none.json").exists()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"books": 3}',
        b'{"books": {"acme": [{"month": "2026-11", "positions": [{"uuid": "a", "up_s": "x"}]}]}}',
    ],
)
def test_a_file_that_cannot_be_read_is_moved_aside(tmp_path: Path, body: bytes) -> None:
    """The log begins anew, and what was there is kept for whoever wants to look."""
    path = tmp_path / "uptime.json"
    path.write_bytes(body)
    uptime = log(OPEN, path)
    watched(uptime, NOON, "S", "S")
    assert seats(uptime) == [("a", 10.0, 0.0)]
    assert (tmp_path / "uptime.json.bad").read_bytes() == body


def test_impossible_figures_of_a_file_are_left_out(tmp_path: Path) -> None:
    """A month of negative or too many seconds is no log of anybody's."""
    path = tmp_path / "uptime.json"
    months = [
        {"month": f"2026-{number:02d}", "positions": [{"uuid": "a", "up_s": up_s, "down_s": down_s}]}
        for number, (up_s, down_s) in enumerate([(-1.0, 0.0), (0.0, 1e12), (5.0, 6.0)], start=8)
    ]
    months.append({"month": "never", "positions": []})
    path.write_text(json.dumps({"books": {"acme": months}}))
    assert [book.month for book in log(OPEN, path).books("acme")] == ["2026-10"]


def test_outages_have_their_times_and_are_bounded() -> None:
    """From when to when who was down; the latest are kept, and the sum is of all."""
    uptime = log()
    watched(uptime, NOON, "S", "-", "-", "S", "-", "S")
    [book] = uptime.books("acme")
    spans = [(one.uuid, one.since - NOON, one.until - NOON) for one in book.outages]
    assert spans == [("a", 10.0, 30.0), ("a", 40.0, 50.0)]
    many = log()
    watched(many, NOON, *["S", "-"] * (OUTAGES + 50))
    [book] = many.books("acme")
    assert len(book.outages) == OUTAGES
    assert book.positions[0].down_s == pytest.approx(10.0 * (OUTAGES + 49))


def test_months_are_bounded() -> None:
    """The oldest month leaves."""
    uptime = log()
    for number in range(MONTHS + 6):
        watched(uptime, NOVEMBER + number * 31 * 86400, "S", "S")
    books = uptime.books("acme")
    assert len(books) == MONTHS and books[0].month > "2026-11"
    assert [book.month for book in books] == sorted(book.month for book in books)


def test_a_clock_set_to_another_month_and_back_loses_nothing() -> None:
    """What was counted in November is there when it is November again."""
    uptime = log()
    at = watched(uptime, NOON, "S", "S")
    watched(uptime, NOON - 60 * 86400, "S", "S")
    watched(uptime, at + 20, "S", "S")
    assert seats(uptime) == [("a", 20.0, 0.0)]


@given(
    st.lists(st.tuples(st.floats(0.1, 60.0), st.text("S-?", min_size=3, max_size=3)), min_size=1, max_size=40),
    st.sampled_from([None, 1, 2, 3]),
    st.floats(-600, 0),
)
def test_every_second_is_up_down_or_not_watched(
    steps: list[tuple[float, str]], gpus: int | None, before: float
) -> None:
    """No position counts more than what passed; with a number of GPUs there are that many; no GPU holds two."""
    uptime = log(msgspec.structs.replace(OPEN, gpus=gpus))
    at = begin = DECEMBER + before
    for wait_s, look in steps:
        at += wait_s
        watched(uptime, at, look)
    for book in uptime.books("acme"):
        holders = [one.uuid for one in book.positions if one.uuid]
        assert len(holders) == len(set(holders))
        assert gpus is None or len(book.positions) == gpus
        for one in book.positions:
            assert one.up_s >= 0 and one.down_s >= 0
    for number in range(3 if gpus is None else gpus):
        spent = _spent(uptime.books("acme"), number)
        assert spent <= at - begin + 1e-6


def _spent(books: Sequence[Book], number: int) -> float:
    return sum(one.up_s + one.down_s for book in books for n, one in enumerate(book.positions) if n == number)
