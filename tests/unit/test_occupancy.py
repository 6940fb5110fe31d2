"""How often a machine is rented, learned from whether it is: over watched time, across restarts and bad files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.history.accrued import MAX_GAP_S
from console.history.occupancy import DAYS, ENOUGH_S, SOURCE, Rentals

START = 1_795_435_200.0  # 2026-11-23T12:00:00Z
HOUR, DAY = 3600.0, 86400.0


def rentals(path: Path | None = None, *, keeps: bool = True) -> Rentals:
    return Rentals(path, ["rig-a"], keeps=keeps)


def taught(found: Rentals, begin: float, *parts: tuple[float, float | None]) -> float:
    """Watch for so many hours at a fraction (None: nobody says), in steps of 20 s. The last instant."""
    at = begin
    for hours, fraction in parts:
        for _ in range(int(hours * 180)):
            at += 20.0
            found.watch(at, {} if fraction is None else {"rig-a": fraction})
    return at


def test_a_day_of_watching_teaches_how_often_it_is_rented() -> None:
    """Eighteen of twenty-four hours rented is 0.75; before a day was watched nothing is said."""
    found = rentals()
    at = taught(found, START, (18, 1.0), (5.5, 0.0))
    assert found.quotes == ()
    taught(found, at, (0.6, 0.0))
    [said] = found.quotes
    assert (said.kind, said.name, said.unit, said.source) == ("occupancy", "rig-a", "", SOURCE)
    assert said.value == pytest.approx(18 / 24.1, abs=0.01)


def test_hours_in_which_nobody_says_teach_nothing() -> None:
    """A feed that is down for a day changes no occupancy; half a machine rented counts half."""
    found = rentals()
    taught(found, START, (13, 1.0), (24, None), (13, 0.5))
    assert found.quotes[0].value == pytest.approx(0.75, abs=0.01)


def test_a_pause_longer_than_the_limit_is_not_watched() -> None:
    """What was before a suspend says nothing of the hours of it."""
    found = rentals()
    at = taught(found, START, (25, 1.0))
    found.watch(at + MAX_GAP_S + 10 * HOUR, {"rig-a": 0.0})
    taught(found, at + 11 * HOUR, (0.1, 0.0))
    assert found.quotes[0].value > 0.99


def test_only_the_last_month_counts() -> None:
    """A season ago it was rented all the time; of that nothing is left, and the file stays small."""
    found = rentals()
    at = taught(found, START, (25, 1.0))
    at = taught(found, at + (DAYS + 2) * DAY, (25, 0.0))
    assert found.quotes[0].value == pytest.approx(0.0, abs=1e-9)


def test_what_is_learned_survives_a_restart(tmp_path: Path) -> None:
    """Two half days make a day; one that only looks reads it and writes nothing."""
    path = tmp_path / "occupancy.json"
    first = rentals(path)
    at = taught(first, START, (13, 1.0))
    first.save()
    before = path.read_bytes()
    looker = rentals(path, keeps=False)
    taught(looker, at, (13, 0.0))
    assert looker.quotes[0].value == pytest.approx(0.5, abs=0.01) and path.read_bytes() == before
    second = rentals(path)
    taught(second, at, (13, 1.0))
    assert second.quotes[0].value == pytest.approx(1.0)


@pytest.mark.parametrize(
    "days",
    [
        [{"day": 20780, "rented_s": 5.0, "watched_s": 1.0}],
        [{"day": 20780, "rented_s": -5.0, "watched_s": 1.0}],
        [{"day": 20780, "rented_s": 1e9, "watched_s": 1e9}],
        [{"day": 99999, "rented_s": 80000.0, "watched_s": 86400.0}, {"day": 20780, "rented_s": 9.0, "watched_s": 1.0}],
    ],
)
def test_impossible_days_of_a_file_teach_nothing(tmp_path: Path, days: list[dict[str, float]]) -> None:
    """More rented than watched, negative, too long, or of a day that has not come."""
    path = tmp_path / "occupancy.json"
    path.write_text(json.dumps({"machines": {"rig-a": days}}))
    found = rentals(path)
    taught(found, START, (0.1, 1.0))
    assert found.quotes == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_occupancy_is_a_fraction(fractions: list[float]) -> None:
    """Whatever was watched, it lies between the least and the most that was."""
    found = rentals()
    taught(found, START, *((ENOUGH_S / HOUR / len(fractions) + 0.1, fraction) for fraction in fractions))
    for said in found.quotes:
        assert min(fractions) - 1e-9 <= said.value <= max(fractions) + 1e-9
