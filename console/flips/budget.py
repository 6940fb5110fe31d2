"""The power budget of a site while a plan is made: what its moves add at the wall, one after the other."""

from __future__ import annotations

from console.flips.closing import Group
from console.flips.pricing import left, option
from console.flips.world import PlanWorld


class PowerBudget:
    """What the site would draw once the moves so far are done."""

    def __init__(self, world: PlanWorld) -> None:
        self._world = world
        self._drawn_w = world.wall_w

    def after_w(self, group: Group) -> float | None:
        """W at the wall with this group moved as well; None where it saves power, or a figure of it is unknown."""
        change_w = self.change_w(group)
        if self._drawn_w is None or change_w is None or change_w <= 0:
            return None
        return self._drawn_w + change_w

    def unknown(self, group: Group) -> bool:
        """True where there is a limit and it cannot be told whether this group stays within it."""
        return self._world.power_limit_w is not None and (self._drawn_w is None or self.change_w(group) is None)

    def take(self, group: Group) -> None:
        """This group is moved."""
        change_w = self.change_w(group)
        if self._drawn_w is not None and change_w is not None:
            self._drawn_w += change_w

    def change_w(self, group: Group) -> float | None:
        """What moving this group adds at the wall, in W, by its options; None where one does not know its power."""
        total = 0.0
        for row in filter(None, map(self._world.row, group.uuids)):
            now, new = left(self._world, row), option(row, group.targets[row.reading.uuid])
            if now is None or new is None or now.wall_w is None or new.wall_w is None:
                return None
            total += new.wall_w - now.wall_w
        return total
