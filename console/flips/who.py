"""Who acts: what the kernel says of this process, and what its environment claims."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from console.flips.records import Who
from console.text import clean

NO_LOGINUID = 2**32 - 1
MAX_CLAIM = 64


def whoami(via: str, environ: Mapping[str, str] | None = None, loginuid: Path = Path("/proc/self/loginuid")) -> Who:
    """The caller of this process. uid, login and loginuid are the kernel's word, SSH origin and sudo user claims."""
    env = os.environ if environ is None else environ
    uid = os.getuid()
    return Who(
        uid=uid,
        login=_login(uid),
        loginuid=_loginuid(loginuid),
        claimed_ssh=clean(env.get("SSH_CONNECTION", "").partition(" ")[0], MAX_CLAIM),
        claimed_sudo=clean(env.get("SUDO_USER", ""), MAX_CLAIM),
        via=via,
    )


def _login(uid: int) -> str:
    import pwd

    try:
        return clean(pwd.getpwuid(uid).pw_name, MAX_CLAIM)
    except KeyError:
        return str(uid)


def _loginuid(path: Path) -> int | None:
    try:
        found = int(path.read_text())
    except (OSError, ValueError):
        return None
    return None if found == NO_LOGINUID else found
