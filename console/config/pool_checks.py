"""What the types cannot say of ``[pools]``: that a kind exists and has what it needs, and who mines to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.config.addresses import url_fault, without_secrets
from console.config.errors import Problem, Where, nearest, shown
from console.config.kinds import POOLS, kinds_in
from console.config.pool_settings import PoolSettings
from console.config.settings import Settings
from console.config.workload_settings import WorkloadSettings
from console.model import Kind

SIGNED = frozenset({"nicehash"})
"""Kinds that are asked with a key, and not by a wallet."""
PAYS_IN = {"nicehash": "BTC"}
"""Kinds that pay in one coin whatever is mined."""
_WALLET = re.compile(r"[!-~]{1,200}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def pool_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in ``[pools]``, and in what workloads say of them."""
    known = kinds_in(POOLS)
    for name, pool in settings.pools.items():
        where, kind = ("pools", name), pool.kind or name
        if not _NAME.fullmatch(name):  # it names a file
            yield Problem(where, "is no name for a pool, expected up to 40 of the characters A-Z a-z 0-9 . _ -")
        if kind not in known:
            said = "kind is" if pool.kind else "stands for the kind"
            yield Problem(where, f"{said} {shown(kind)}, which is no kind of pool{nearest(kind, known)}")
            continue
        yield from _account(pool, kind, where)
        yield from _addresses(pool, where)
    for name, workload in settings.workloads.items():
        if workload.pool is not None:
            yield from _mined_to(settings, workload, workload.pool, ("workloads", name))


def _account(pool: PoolSettings, kind: str, where: Where) -> Iterator[Problem]:
    keys = [key for key in ("key_file", "key_env") if getattr(pool, key) is not None]
    if kind in SIGNED:
        if not keys:
            yield Problem(where, f"of kind {kind} has neither key_file nor key_env")
        if pool.wallet:
            yield Problem((*where, "wallet"), f"is no key of a pool of kind {kind}, which goes by its key")
    else:
        if not _WALLET.fullmatch(pool.wallet):
            text = "has no wallet" if not pool.wallet else "has a wallet that is no address: blank or other characters"
            yield Problem(where, text)
        for key in keys:
            yield Problem((*where, key), f"is no key of a pool of kind {kind}, which asks for none")
    if len(keys) > 1:
        yield Problem(where, "has key_file and key_env, expected one of them")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", pool.coin):
        yield Problem((*where, "coin"), f'is {shown(pool.coin)}, expected a coin such as "ERG"')
    elif kind in PAYS_IN and pool.coin != PAYS_IN[kind]:
        yield Problem((*where, "coin"), f"is {shown(pool.coin)}, and {kind} pays in {PAYS_IN[kind]}")


def _addresses(pool: PoolSettings, where: Where) -> Iterator[Problem]:
    if pool.url is not None and (fault := url_fault(pool.url)):
        yield Problem((*where, "url"), f"is {shown(without_secrets(pool.url))}, {fault}")
    if pool.key_file is not None and not pool.key_file.startswith("/"):
        yield Problem((*where, "key_file"), f"is {shown(pool.key_file)}, expected an absolute path")


def _mined_to(settings: Settings, workload: WorkloadSettings, name: str, where: Where) -> Iterator[Problem]:
    if workload.kind is not Kind.MINE:
        yield Problem((*where, "pool"), f"belongs to kind mine, and this workload is of kind {workload.kind}")
        return
    pool = settings.pools.get(name)
    if pool is None:
        text = f"is {shown(name)}, but there is no [pools.{name}]{nearest(name, settings.pools)}"
        yield Problem((*where, "pool"), text)
    elif (pool.kind or name) not in PAYS_IN and pool.coin != workload.coin:
        mined = shown(workload.coin) if workload.coin else "nothing that it names"
        yield Problem((*where, "pool"), f"is {shown(name)}, an account for {shown(pool.coin)}, and it mines {mined}")
