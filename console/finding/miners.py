"""What answers at an address: every kind of meter is asked whether it understands. Only reads, never a POST."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from console.config.addresses import SCHEMES
from console.config.workload_settings import MeterSettings
from console.finding.found import Answer, Heard
from console.finding.sockets import Address
from console.model import Output, WorkState
from console.workloads.contract import WorkloadError
from console.workloads.registry import connect_meter, meter_kinds

USUAL = (18080, 5000, 21550, 8020, 4014, 4000, 10050, 4067, 22333, 3001, 4028, 8000, 30000, 8080, 8002, 11434)
"""As their documentation starts them: XMRig, Rigel, SRBMiner, lolMiner, BzMiner, WildRig, GMiner, T-Rex, NBMiner,
OneZeroMiner, TeamRedMiner;
vLLM, SGLang, llama.cpp, Triton, Ollama."""
ORDER = (
    *(
        "xmrig",
        "rigel",
        "srbminer",
        "lolminer",
        "bzminer",
        "wildrig",
        "gminer",
        "trex",
        "nbminer",
        "onezero",
        "cgminer",
    ),
    *("vllm", "sglang", "llamacpp", "triton", "ollama"),
)
"""Which of several kinds that understand the same answer is taken; those that stand here first, then by their names."""
BY_HAND = frozenset({"json"})
"""Kinds that understand nothing before a config says where in the answer to look."""
ASK_S = 1.0
ALL_S = 20.0
_AT_ONCE = 8
_REFUSED = (401, 403)


def kinds() -> tuple[str, ...]:
    """The kinds to ask, in the order in which they are preferred."""
    known = [kind for kind in meter_kinds() if kind not in BY_HAND]
    return tuple(sorted(known, key=lambda kind: (ORDER.index(kind) if kind in ORDER else len(ORDER), kind)))


def asked(addresses: Iterable[Address], all_s: float = ALL_S) -> dict[Address, Answer]:
    """What each address says, by all kinds at once: ASK_S for a question, ``all_s`` for everything together.

    A kind whose module or library is missing understands nothing. What nobody has understood is asked once more: on a
    busy host an answer may come late.
    """
    import httpx  # noqa: F401 - once and first: importing it would take most of the time of the first questions

    end = time.monotonic() + all_s
    said = _round(tuple(dict.fromkeys(addresses)), end)
    return said | _round(tuple(address for address, answer in said.items() if answer == Answer()), end)


def _round(wanted: tuple[Address, ...], end: float) -> dict[Address, Answer]:
    """Each address asked by every kind; those for which no time is left have said nothing."""
    order = kinds()
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="finding")
    try:
        asking = {(address, kind): pool.submit(_ask, kind, address, end) for address in wanted for kind in order}
        wait(asking.values(), timeout=max(0.0, end - time.monotonic()) + ASK_S)
        said = {key: one.result() for key, one in asking.items() if one.done() and not one.cancelled()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return {address: _answer([said.get((address, kind)) for kind in order]) for address in wanted}


def taken(answer: Answer, names: str = "") -> Heard | None:
    """The kind that a config should name: the first that is sure. One that may be, only where the unit or its processes
    (``names``) are called like it: a server that is still loading says nothing that others do not say as well."""
    sure = next((one for one in answer.heard if not one.weak), None)
    return sure or next((one for one in answer.heard if one.kind in names.lower()), None)


def matching(heard: Heard, pcis: Mapping[str, int]) -> tuple[int, ...]:
    """The slots of the cards that an answer tells apart, by PCI address; empty where it names none or another's."""
    slots = tuple(sorted(pcis[pci] for pci in heard.pcis if pci in pcis))
    return slots if len(slots) == len(heard.pcis) else ()


def _ask(kind: str, address: Address, end: float) -> Heard | bool:
    """What one kind makes of an address; True where it is refused for want of a token, False where it means nothing."""
    left_s = end - time.monotonic()
    if left_s <= 0:
        return False
    schemes = SCHEMES.get(kind, ("http",))
    url = address.url("http" if "http" in schemes else schemes[0])
    try:
        meter = connect_meter(MeterSettings(kind=kind, url=url))
    except Exception:  # a member that another person writes may fail in any way before it can be asked
        return False
    try:
        return _understood(kind, url, meter.read(min(ASK_S, left_s)))
    except WorkloadError as error:
        return getattr(error, "status", 0) in _REFUSED
    except Exception:  # nor does what answers have to be anything that its author has thought of
        return False
    finally:
        with suppress(Exception):
            meter.close()


def _understood(kind: str, url: str, output: Output) -> Heard | bool:
    """A miner is known by the algorithm that it names; a server by metrics of its own, or less surely while loading."""
    mines = output.unit == "H/s"
    if output.unit not in ("H/s", "tok/s") or (mines and not output.algorithm):
        return False
    if not mines and output.state not in (WorkState.RUNNING, WorkState.WARMING):
        return False
    return Heard(
        kind=kind,
        url=url,
        unit=output.unit,
        algorithm=output.algorithm or "",
        pcis=tuple(pci for pci, _ in output.per_gpu),
        weak=not mines and output.state is WorkState.WARMING,
    )


def _answer(said: list[Heard | bool | None]) -> Answer:
    heard = [one for one in said if isinstance(one, Heard)]
    return Answer(heard=tuple(sorted(heard, key=lambda one: one.weak)), wants_token=not heard and True in said)
