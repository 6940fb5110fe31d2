"""What stands on the screen of one GPU at a given size: how many plots and how high, and the lines of each section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

TWO_PLOTS, TWO_SIDES = 100, 150  # columns from which two plots stand side by side, and two columns of sections
FOUR_PLOTS = 44  # lines from which two rows of plots stand
LEAST_ROOM, LEAST_HEIGHT = 40, 18  # smaller has no plots
LEAST_PLOT, MOST_PLOT = 7, 16  # lines of a plot, its title and its times included
GAP = 3  # columns between two plots


class Frame(NamedTuple):
    """Lines of the regions from top to bottom."""

    head: int
    banner: int
    about: int  # hairline included
    plots: int  # hairline included, 0 where there is no room
    rest: int
    log: int
    foot: int
    air: int  # above about, plots and rest each


class Grid(NamedTuple):
    """How plots stand: rows of so many, each so wide and high."""

    across: int
    rows: int
    width: int
    height: int

    @property
    def shown(self) -> int:
        """How many there are."""
        return self.across * self.rows


def frame(width: int, height: int, banners: int) -> Frame:
    """Share ``height`` lines: of what is over the plots get a half, the sections the rest."""
    head, foot = (2 if height >= 18 else 1), (1 if height >= 8 else 0)
    banner = min(banners, max(height - 12, 1 if height >= 4 else 0), 3)
    about = 5 if height >= 24 else 4 if height >= 12 else 2
    air = 1 if height >= 34 else 0
    log = 1 if height >= 20 else 0
    left = max(0, height - head - foot - banner - about - log - 3 * air)
    rows = 2 if height >= FOUR_PLOTS else 1
    plots = 0
    if width >= LEAST_ROOM and height >= LEAST_HEIGHT and left >= LEAST_PLOT + 5:
        most = left * (55 if rows > 1 else 40) // 100 // rows  # one row of plots needs no more to be read
        each = min(MOST_PLOT, max(LEAST_PLOT, most))
        plots = 1 + rows * each
    return Frame(head, banner, about, plots, max(0, left - plots), log, foot, air)


def grid(width: int, height: int, plots: int) -> Grid:
    """How plots stand in so many lines, the hairline among them."""
    if not plots:
        return Grid(0, 0, 0, 0)
    across = 2 if width >= TWO_PLOTS else 1
    rows = 2 if height >= FOUR_PLOTS else 1
    return Grid(across, rows, (width - 1 - GAP * (across - 1)) // across, (plots - 1) // rows)


class Wish(NamedTuple):
    """A section that would like ``lines`` under its title, and is no use with fewer than ``least``."""

    name: str
    lines: int
    least: int = 1


def share(wishes: Sequence[Wish], room: int) -> dict[str, int]:
    """Lines of each section, its title not included, 0 for those that have to stay out.

    Earlier wishes come before later ones: first each gets its least, then in the same order what it would like.
    """
    given = dict.fromkeys((wish.name for wish in wishes), 0)
    left = room
    for wish in wishes:
        least = min(wish.least, wish.lines)
        if left >= least + 1:
            given[wish.name] = least
            left -= least + 1
    for wish in wishes:
        if given[wish.name]:
            more = min(left, wish.lines - given[wish.name])
            given[wish.name] += more
            left -= more
    return given
