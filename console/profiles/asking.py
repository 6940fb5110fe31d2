"""A profile asked for, as any operator may: root's unit is started through systemd, and polkit says whether it may be.

What became of it is read from the card like everything else: ``differs`` compares a reading with what was wanted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from console.config.errors import shown
from console.config.kinds import with_extra
from console.model import Reading
from console.profiles.values import FOLDER, NAME, Profile, ProfileError, read
from console.workloads.contract import UnknownUnitError, WorkloadError

if TYPE_CHECKING:
    from console.workloads.controllers.systemd import Systemd

SAME_W = 1.0
"""How far a limit may be from what is wanted and count as it: drivers count in whole watts."""
_INSTALL = "install packaging/systemd/changeover-profile@.service"
_WORD_S = 2.0


class NotAppliedError(WorkloadError):
    """A profile was not applied. ``str`` is a whole sentence that says so, ``reason`` why, to be put into another."""

    def __init__(self, profile: str, reason: str) -> None:
        super().__init__(f"{profile} not applied: {reason}")
        self.reason = reason


def unit_of(name: str, uuid: str) -> str:
    """The unit that sets this profile on this card. A dash in an instance is a dash: it names no path."""
    return f"changeover-profile@{name}:{uuid}.service"


def apply(name: str, uuid: str, timeout_s: float, bus: Literal["system", "user"] = "system") -> None:
    """Set a profile on a GPU and return when it is set and read back. Blocks ``timeout_s``, 2 s more to ask why not.

    Raises NotAppliedError: no such unit, not allowed, a value that the card does not take. ``bus`` is the user's own
    manager only where there is no other, in tests.
    """
    if not NAME.fullmatch(name):
        raise NotAppliedError("profile", f"{shown(name)} is no name of a profile")
    manager, unit = _manager(bus), unit_of(name, uuid)
    try:
        manager.start(unit, timeout_s)
    except UnknownUnitError:
        raise NotAppliedError("profile", _INSTALL) from None
    except WorkloadError as error:
        raise NotAppliedError(f"profile {name}", _word(manager, unit, error) or str(error)) from None
    finally:
        manager.close()


def expected(name: str, folder: Path = FOLDER) -> Profile | None:
    """What a profile says, read as root's unit reads it; None where it cannot be read, so that nothing is known."""
    try:
        return read(name, folder)
    except ProfileError:
        return None


def fault(name: str, folder: Path = FOLDER) -> str:
    """Why a profile cannot be read, as a sentence; "" when it can. What a plan may tell before anything is asked."""
    try:
        read(name, folder)
    except ProfileError as error:
        return str(error)
    return ""


def differs(profile: Profile, reading: Reading) -> str:
    """What of a profile does not stand on a GPU, as ``limit is 300 W, profile mine wants 250 W``; "" for nothing.

    A limit that cannot be read differs from nothing, nor does one that is to be the card's own, which no reading tells.
    """
    wanted_w, now_w = profile.power_limit_w, reading.power_limit_w
    if wanted_w is None or now_w is None or abs(now_w - wanted_w) <= SAME_W:
        return ""
    return f"limit is {now_w:g} W, profile {profile.name} wants {wanted_w:g} W"


def _manager(bus: str) -> Systemd:
    """A connection of its own, made when it is needed: who flips without profiles needs no D-Bus."""
    try:
        from console.workloads.controllers.systemd import Systemd
    except ImportError:
        raise NotAppliedError("profile", f"it needs dbus_fast: {with_extra('systemd')}") from None
    return Systemd(bus)


def _word(manager: Systemd, unit: str, error: WorkloadError) -> str:
    """The unit's own sentence where it ran and failed; "" where it said none, or never ran."""
    from console.workloads.controllers.systemd import JobError

    if not isinstance(error, JobError):
        return ""
    try:
        return manager.last_word(unit, _WORD_S)
    except WorkloadError:
        return ""
