"""How many lines each region of the market screen gets.

The table, the words of break-even and one line of feeds stay longest; then come the matrix, all rows, the feeds one by
one, the plot, the chart of power and at last more of the log. What ``w`` says goes before all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from console.view.layout import banner_room

LEAST_PLOT = 9
"""Lines below which a plot says nothing."""
SIDE_LINES = 15  # of the break-even region where the plot stands beside the words, hairline included
CHART_LINES = 10  # of the feeds' region with the chart of power in it, hairline included
MORE_PLOT = 6  # lines by which the plot may grow where there is nothing better to show


class Wants(NamedTuple):
    """What there is to show, in lines."""

    rows: int  # of the table, without titles
    banners: int
    about: int  # hairline included; 0 while it is closed
    words: int
    matrix: int  # of all models, titles included
    least_matrix: int  # of the model of the plot alone
    plot: bool
    side: bool  # the plot has room beside the words
    feeds: int
    curve: bool  # the price of power to come is known


class MarketRegions(NamedTuple):
    """Lines of each region from top to bottom, and 1 or 0 for the air above it."""

    head: int = 0
    banner: int = 0
    air_table: int = 0
    table: int = 0  # titles included
    air_about: int = 0
    about: int = 0  # hairline included
    air_evens: int = 0
    evens: int = 0  # hairline included
    air_feeds: int = 0
    feeds: int = 0  # hairline included; one line alone has none
    air_log: int = 0
    log: int = 0
    foot: int = 0


class _Share:
    """Lines that are left, and who has got how many."""

    def __init__(self, height: int) -> None:
        self.left = height
        self.got = dict.fromkeys(MarketRegions._fields, 0)

    def give(self, name: str, wanted: int, *, whole: bool = True) -> bool:
        """``wanted`` more lines, all or (not ``whole``) as many as there are; True where there were any."""
        lines = max(0, min(wanted, self.left))
        if whole and lines < wanted:
            return False
        self.got[name] += lines
        self.left -= lines
        return lines > 0

    def up_to(self, name: str, most: int) -> None:
        """As many lines as there are, up to ``most`` altogether."""
        self.give(name, most - self.got[name], whole=False)


def regions(height: int, wants: Wants) -> MarketRegions:
    """Share ``height`` lines."""
    share = _Share(height)
    share.give("head", 2 if height >= 10 else 1)
    share.give("foot", 1 if height >= 8 else 0)
    share.up_to("banner", min(wants.banners, banner_room(height), 4))
    share.up_to("table", min(wants.rows + 1, 7 if height >= 24 else 5) if wants.rows else 2)
    share.give("log", 1 if height >= 12 else 0)
    _least(share, height, wants)
    _more(share, height, wants)
    if share.got["evens"] and wants.plot:
        share.up_to("evens", share.got["evens"] + min(MORE_PLOT, share.left - 2))
    share.got["log"] += share.left if share.got["log"] else 0
    share.got["table"] += 0 if share.got["log"] else share.left
    return MarketRegions(**share.got)


def _least(share: _Share, height: int, wants: Wants) -> None:
    """What every screen of a usual size has."""
    if wants.about:
        share.up_to("about", min(wants.about, share.left - 1))
    if height > 30:
        share.give("air_table", 1)
    if share.give("evens", 1 + wants.words):
        share.give("feeds", 1)
        share.give("air_evens", 1)
        share.give("evens", wants.least_matrix)
    else:
        share.give("feeds", 1)
    if wants.about and height > 30:
        share.give("air_about", 1)
    share.up_to("table", min(wants.rows + 1, share.got["table"] + 5))


def _more(share: _Share, height: int, wants: Wants) -> None:
    """What larger screens have beside it."""
    if share.got["feeds"] and height > 24 and share.left > 3:
        share.give("air_feeds", 1)
        share.give("feeds", min(wants.feeds, share.left), whole=False)
    if share.got["evens"]:
        tall = 1 + wants.words + (1 + wants.matrix if wants.matrix else 0)
        if wants.plot:
            tall = max(tall, SIDE_LINES) if wants.side else tall + 1 + LEAST_PLOT + 2
        share.up_to("evens", tall)
    share.up_to("table", wants.rows + 1)
    if not share.got["air_table"]:
        share.give("air_table", 1)
    if share.got["feeds"] > 1 and wants.curve:
        share.up_to("feeds", CHART_LINES)
    if height > 30 and share.got["log"]:
        share.give("air_log", 1)
