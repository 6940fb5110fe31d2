"""One card told a profile over NVML, and everything read back. Used by root's unit alone.

What may be set is what NVML says this card can do: a figure outside is refused, never cut to fit, for then the card
would do something that nobody has written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pynvml

from console.profiles.values import Clocks, Profile, ProfileError
from console.text import clean

SAME_W = 1.0
"""How far a limit may be from what was asked: drivers count in whole watts."""
STEP_MHZ = 15
"""The distance of the clocks that ``nvidia-smi -q -d SUPPORTED_CLOCKS`` lists: the asked one is rounded to one."""
CLOCK_S = 2.0
"""How long a card may take to come down to a lock."""
_POLL_S = 0.05

_ABSENT = frozenset(
    {pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, pynvml.NVML_ERROR_DEPRECATED}
)
"""What NVML answers where card or driver has no such thing."""


class Domain(NamedTuple):
    """A clock that can be locked: what it is called, NVML's number of it, and the functions."""

    word: str
    clock: int
    lock: Callable[..., None]
    unlock: Callable[..., None]


_GPU = Domain("GPU", pynvml.NVML_CLOCK_SM, pynvml.nvmlDeviceSetGpuLockedClocks, pynvml.nvmlDeviceResetGpuLockedClocks)
_MEM = Domain(
    "memory", pynvml.NVML_CLOCK_MEM, pynvml.nvmlDeviceSetMemoryLockedClocks, pynvml.nvmlDeviceResetMemoryLockedClocks
)


def apply(handle: Any, profile: Profile) -> None:
    """Set all that the profile says on this card. Raises ProfileError with what could not be set, or did not stick.

    All is looked over before anything is set. What was set before a later fault stays: another start mends it.
    """
    domains = ((_GPU, profile.gpu_clocks_mhz), (_MEM, profile.mem_clocks_mhz))
    limit_w = _limit(handle, profile)
    for domain, clocks in domains:
        _check(handle, domain, clocks)
    faults = [*_set_limit(handle, limit_w)]
    for domain, clocks in domains:
        faults += _set_clocks(handle, domain, clocks)
    if faults:
        raise ProfileError("; ".join(faults))


def _limit(handle: Any, profile: Profile) -> float | None:
    """The watts that this card's limit is to be; None where it has no limit and none is asked for."""
    wanted_w = profile.power_limit_w
    try:
        if wanted_w is None:
            return float(pynvml.nvmlDeviceGetPowerManagementDefaultLimit(handle)) / 1000
        low_w, high_w = (float(mw) / 1000 for mw in pynvml.nvmlDeviceGetPowerManagementLimitConstraints(handle))
    except pynvml.NVMLError as error:
        if wanted_w is None and error.value in _ABSENT:
            return None
        raise ProfileError(f"this card does not tell what power limit it takes: {_said(error)}") from None
    if not low_w <= wanted_w <= high_w:
        raise ProfileError(f"the power limit is to be {wanted_w:g} W, and this card takes {low_w:g} to {high_w:g} W")
    return wanted_w


def _check(handle: Any, domain: Domain, wanted: Clocks | None) -> None:
    """Raise ProfileError for clocks that this card does not reach."""
    if wanted is None:
        return
    try:
        most = int(pynvml.nvmlDeviceGetMaxClockInfo(handle, domain.clock))
    except pynvml.NVMLError as error:
        raise ProfileError(f"this card does not tell its highest {domain.word} clock: {_said(error)}") from None
    if wanted[1] > most:
        raise ProfileError(f"the {domain.word} clock is to be {wanted[1]} MHz, and this card has {most} MHz at most")


def _set_limit(handle: Any, limit_w: float | None) -> Iterator[str]:
    """Set the limit and say what differs. Read back whatever the setter says: nvidia-ml-py's newer one hides errors."""
    if limit_w is None:
        return
    refused = _tried(pynvml.nvmlDeviceSetPowerManagementLimit, handle, round(limit_w * 1000))
    try:
        now_w = float(pynvml.nvmlDeviceGetPowerManagementLimit(handle)) / 1000
    except pynvml.NVMLError as error:
        yield f"the power limit cannot be read back: {_said(error)}"
        return
    if abs(now_w - limit_w) > SAME_W:
        yield f"the power limit is {now_w:g} W after it was set to {limit_w:g} W" + (f": {refused}" if refused else "")


def _set_clocks(handle: Any, domain: Domain, wanted: Clocks | None) -> Iterator[str]:
    """Lock or unlock, and say what went wrong. A card that cannot lock has nothing to unlock."""
    try:
        if wanted is None:
            domain.unlock(handle)
        else:
            domain.lock(handle, *wanted)
    except pynvml.NVMLError as error:
        if wanted is not None or error.value not in _ABSENT:
            yield f"the {domain.word} clocks could not be {'unlocked' if wanted is None else 'locked'}: {_said(error)}"
        return
    if wanted is not None:
        yield from _above(handle, domain, wanted[1])


def _above(handle: Any, domain: Domain, most_mhz: int) -> Iterator[str]:
    """NVML tells clocks and no locks: a clock that stays above the highest was not locked. Below it an idle or a hot
    card may be, whatever the lowest."""
    end = time.monotonic() + CLOCK_S
    while True:
        try:
            now_mhz = int(pynvml.nvmlDeviceGetClockInfo(handle, domain.clock))
        except pynvml.NVMLError as error:
            yield f"the {domain.word} clock cannot be read back: {_said(error)}"
            return
        if now_mhz <= most_mhz + STEP_MHZ:
            return
        if time.monotonic() > end:
            yield f"the {domain.word} clock is {now_mhz} MHz after it was locked to {most_mhz} MHz at most"
            return
        time.sleep(_POLL_S)


def _tried(function: Callable[..., None], *words: Any) -> str:
    """What NVML refuses with, "" where it does as told."""
    try:
        function(*words)
    except pynvml.NVMLError as error:
        return _said(error)
    return ""


def _said(error: Exception) -> str:
    return f"NVML says {clean(error, 80)}"
