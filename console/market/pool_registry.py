"""Finds pools by the name of their file, and imports only those that a config asks for."""

from __future__ import annotations

from console.config.kinds import POOLS, kinds_in, member
from console.config.pool_settings import PoolSettings
from console.market.pool_contract import Pool, PoolError


def pool_kinds() -> tuple[str, ...]:
    """The kinds of pool that exist, sorted, none of them imported."""
    return kinds_in(POOLS)


def connect_pool(name: str, settings: PoolSettings) -> Pool:
    """The pool of ``[pools.NAME]``; does no I/O. Raises PoolError with a sentence where it cannot be."""
    try:
        made: Pool = member("pool", POOLS, settings.kind or name).connect(name, settings)
    except LookupError as error:
        raise PoolError(str(error.args[0])) from None
    return made
