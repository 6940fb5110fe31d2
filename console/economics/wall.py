"""A meter's word on what the host draws, in place of the model's."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console.economics.terms import Price, SiteTerms

PLAUSIBLE = (0.5, 1.5)
"""A meter that reads less than half of what the cards and the config say, or half as much again, reads something else:
another host's draw with it, or one wall twice."""


def calibrated(site: SiteTerms, powers_w: Iterable[float | None], meter: Price) -> SiteTerms:
    """``site`` with every wall wattage scaled so that they sum to what the ``meter`` (W at the wall) reads.

    The model's own losses stay where they are; what it gets wrong (a worse supply, fans, disks) is spread in proportion
    over the GPUs. The factor has three digits, so that figures do not waver with each reading. A meter that is stale,
    reads less than the cards alone draw, or is not plausible otherwise, changes nothing and says so in ``site.wall``.
    """
    if meter.value is None:
        return site
    drawn = list(powers_w)
    cards = [power_w or 0.0 for power_w in drawn]
    modelled = [site.wall_w(power_w) for power_w in drawn]
    known = [watts for watts in modelled if watts is not None]
    if meter.stale or len(known) < len(modelled) or not known or sum(known) <= 0:
        return msgspec.structs.replace(site, wall=meter)
    factor = meter.value / sum(known)
    if not PLAUSIBLE[0] <= factor <= PLAUSIBLE[1] or meter.value < sum(cards):
        words = f"{meter.name}: {meter.value:g} W beside {sum(known):.0f} W reckoned, not used"
        unused = tuple(msgspec.structs.replace(one, name=f"not used: {one.name}") for one in meter.inputs)
        return msgspec.structs.replace(site, wall=msgspec.structs.replace(meter, lacks=(words,), inputs=unused))
    return msgspec.structs.replace(site, wall=meter, wall_factor=round(factor, 3))
