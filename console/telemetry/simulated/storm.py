"""What goes wrong in a ``stormy`` farm, and when; a ``calm`` one has nothing of it."""

from __future__ import annotations

from console.model import Kind, Record
from console.telemetry.simulated.cards import RTX_3090
from console.telemetry.simulated.jobs import USUAL_DEMAND, WORK, power_share
from console.telemetry.simulated.layout import Layout
from console.telemetry.simulated.physics import USUAL_INLET_C, rise_per_w

TOO_HOT_C = 13.0  # above where the driver slows a card, if it did not
LOST_REASON = "xid 79: fell off the bus; reboot the host, check riser and power"
LOST_XID = 79
STRANGER = "python3 (pid {pid}, user mika)"


class Storm(Record):
    """Troubles by slot and simulated second; a slot of None never has that trouble."""

    lost_slot: int | None = None
    lost_s: float = 60.0
    hot_slot: int | None = None
    hot_s: float = 20.0
    hot_factor: float = 1.0  # on the thermal resistance, once its air is cut off
    failing_slot: int | None = None  # servers cannot start here, miners can
    foreign_slot: int | None = None
    foreign_s: float = 150.0
    foreign_until_s: float = 900.0
    stale_quote: str | None = None  # a coin whose price feed went silent so that it turns stale at ``stale_s``
    stale_s: float = 90.0
    stale_after_s: float = 900.0  # that price's age limit
    silent_feed: str | None = None  # a source that answers nothing from ``silent_s`` on
    silent_s: float = 20.0
    odd_quote: str | None = None  # a coin whose price is ``odd_factor`` too high for a while, which nobody believes
    odd_factor: float = 2.6
    odd_s: float = -200.0
    odd_until_s: float = 380.0  # before it has been said for so long that it would be believed

    def blocked(self, slot: int, t: float) -> float:
        """Factor on the thermal resistance of ``slot`` at ``t``: the fan runs down within half a minute."""
        if slot != self.hot_slot:
            return 1.0
        return 1.0 + (self.hot_factor - 1.0) * min(1.0, max(0.0, (t - self.hot_s) / 30.0))

    def usable_until(self, kind: str, name: str, source: str, now: float, start: float) -> float:
        """Until when (Unix seconds, at most ``now``) a figure's feed has brought anything that can be used."""
        if kind == "coin_price" and name == self.stale_quote:
            return min(now, start + self.stale_s - self.stale_after_s)
        if kind == "coin_price" and name == self.odd_quote and self.odd(now - start):
            return start + self.odd_s
        if source == self.silent_feed:
            return min(now, start + self.silent_s)
        return now

    def odd(self, t: float) -> bool:
        """Whether the odd price is being said at simulated second ``t``."""
        return self.odd_s <= t < self.odd_until_s


CALM = Storm()


def gather(layout: Layout) -> Storm:
    """A storm over ``layout``: each trouble on a GPU of its own while there are enough of them."""
    slots = range(len(layout.cards))
    lost = next((s for s in slots if layout.cards[s].model is RTX_3090), None)
    failing = next((s for s in slots if _runs(layout, s) is Kind.MINE and s != lost), None)
    hot = next((s for s in reversed(slots) if _runs(layout, s) is Kind.AI and s not in (lost, failing)), None)
    foreign = 0 if hot != 0 else None
    return Storm(
        lost_slot=lost,
        hot_slot=hot,
        hot_factor=1.0 if hot is None else _choking(layout, hot),
        failing_slot=failing,
        foreign_slot=foreign,
        stale_quote="RVN",
        silent_feed="grid-carbon",
        odd_quote="PRL",
    )


def _choking(layout: Layout, slot: int) -> float:
    """How much of its air a card must lose to throttle and yet not be slowed by the hardware, whatever its model."""
    card, unit = layout.cards[slot], layout.begin[slot]
    model = card.model
    power_w = WORK[layout.units[unit].workload].does[model.name].power_w if unit else model.limit_w
    clean_c = rise_per_w(card, 1.0) * power_w * power_share(USUAL_DEMAND)
    return (model.warm_c + TOO_HOT_C - USUAL_INLET_C) / clean_c


def _runs(layout: Layout, slot: int) -> Kind:
    unit = layout.begin[slot]
    return Kind.OFF if unit is None else WORK[layout.units[unit].workload].kind
