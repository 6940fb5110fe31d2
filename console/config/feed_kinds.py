"""Which keys of ``[feeds.NAME]`` each kind of feed takes and needs, as data: one row per kind."""

from __future__ import annotations

from typing import NamedTuple

COMMON = frozenset({"kind", "url", "interval_s", "max_age_s", "timeout_s"})
"""Keys that every kind takes."""
KEY = frozenset({"key_file", "key_env"})


class Keys(NamedTuple):
    """The keys of one kind beside the common ones; of ``key_file`` and ``key_env`` one, if any, is given.

    ``needs_key`` says that there is no answer without one.
    """

    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    needs_key: bool = False

    @property
    def known(self) -> frozenset[str]:
        """Every key that this kind understands."""
        return COMMON | self.needs | self.takes | (KEY if self.needs_key else frozenset())


def _keys(needs: str = "", takes: str = "", *, key: bool | None = None) -> Keys:
    """``key``: True needs one, False takes one, None knows of none."""
    more = KEY if key is False else frozenset()
    return Keys(frozenset(needs.split()), frozenset(takes.split()) | more, key is True)


KINDS: dict[str, Keys] = {
    "whattomine": _keys("coins"),
    "whattomine_v1": _keys("coins", key=True),
    "coingecko": _keys("coins", "currency", key=False),
    "mempool": _keys("", "coins currency"),
    "nicehash": _keys("coins"),
    "vast": _keys("gpus", "statistic", key=False),
    "vast_machines": _keys("machines", key=True),
    "runpod": _keys("gpus", "statistic", key=False),
    "clore": _keys("gpus", "statistic", key=False),
    "energy_charts": _keys("area"),
    "energy_charts_carbon": _keys("area"),
    "octopus": _keys("product tariff"),
    "jepx": _keys("area"),
    "nordpool": _keys("area", "currency"),
    "carbon_gb": _keys("", "area"),
    "frankfurter": _keys("currency currencies"),
    "wall": _keys("", "file values headers", key=False),
    "json": _keys("values", "file headers", key=False),
    "csv": _keys("values", "file headers encoding delimiter", key=False),
}
