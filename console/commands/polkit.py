"""``changeover doctor --install-polkit``: the rule that lets operators flip, made from the units of the config.

The rule is shown; with ``--yes`` and as root it is written too. It lets the group start and stop these units and start
the profiles that are configured, and nothing else of systemd's. A file that somebody else has written, or changed
since, is never overwritten: the first line has a hash of the rest.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import sys
from argparse import Namespace
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from console.config.errors import shown
from console.config.settings import Settings
from console.profiles.values import DEFAULT, NAME

RULES = Path("/etc/polkit-1/rules.d/50-changeover.rules")
MODE = 0o644
GROUP = "gpu-operators"
REFUSED = 3

_MARK = "// Written by changeover doctor --install-polkit; SHA-256 of the lines below: "
_MOST_BYTES = 1 << 20
_SUFFIXES = (".service", ".scope", ".target", ".slice")
_PLACE = re.compile(r"\{(uuid|pci|slot)(?:\+([0-9]{1,6}))?\}")
_LITERAL = re.compile(r"[A-Za-z0-9:_.\\@-]*")
"""What systemd.unit(5) lets a unit's name consist of: no quote, no slash, no bracket and no space is among it."""
_MOST_SLOT = 99
"""Slots of two digits, as the shipped rule has it."""
_UUID = r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PCI = r"[0-9A-Fa-f]{8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9]"

_RULE = """\
// Members of %s may start and stop the units of this host's workloads: these units and verbs, and nothing
// else of systemd's. Make it anew when the units of the config have changed; edited by hand, it is never overwritten.
polkit.addRule(function (action, subject) {
    if (action.id !== "org.freedesktop.systemd1.manage-units" || !subject.isInGroup("%s")) {
        return polkit.Result.NOT_HANDLED;
    }
    var unit = String(action.lookup("unit")), verb = String(action.lookup("verb"));
    var workload = %s;
    var profile = %s;
    if ((workload && (verb === "start" || verb === "stop")) || (profile && verb === "start")) {
        return polkit.Result.YES;
    }
    return polkit.Result.NOT_HANDLED;
});
"""


class RuleError(Exception):
    """No rule can be made or written; ``str`` is one sentence."""


def install(args: Namespace) -> int:
    """Show the rule, and write it with ``--yes``: 0 done or already so, 1 no rule, 2 no or a bad config, 3 refused."""
    from console.config.loading import ConfigError, find, load

    try:
        config = load(find(args.config))
    except ConfigError as error:
        return _said(str(error), 2)
    if config.path is None:
        return _said("there is no config, so there are no units to allow: write /etc/changeover/config.toml first", 2)
    try:
        text = rule(config.settings)
    except RuleError as error:
        return _said(str(error), 1)
    if not args.yes:
        _show(args, text, written=False)
        return 0
    refused = _refused(args)
    if refused:
        return _said(refused, REFUSED)
    try:
        return _install(args, text)
    except OSError as error:
        where = error.filename or RULES
        return _said(f"{RULES} cannot be written: {error.strerror} ({where}); is polkit 0.106 or newer installed?", 1)


def rule(settings: Settings) -> str:
    """The file that lets GROUP flip what this config names. Raises RuleError for names that no unit has."""
    units = sorted({_full(unit) for unit in _units(settings)})
    profiles = sorted({workload.profile for workload in settings.workloads.values() if workload.profile})
    for name in profiles:
        if not NAME.fullmatch(name):
            raise RuleError(f"profile {shown(name)} is no name of a profile, expected up to 32 of A-Z a-z 0-9 _ -")
    if not units and not profiles:
        raise RuleError("no workload of this config is a unit of the system's manager: no rule is needed")
    names = "|".join(sorted({*profiles, DEFAULT}))
    asked = [rf"/^changeover-profile@(?:{names}):{_UUID}\.service$/.test(unit)"] if profiles else []
    body = _RULE % (GROUP, GROUP, _any(_test(unit) for unit in units), _any(asked))
    return f"{_MARK}{sha256(body.encode()).hexdigest()}\n{body}"


def ours(text: str) -> bool:
    """True for what this command has written and nobody has changed since."""
    first, _, rest = text.partition("\n")
    return first == _MARK + sha256(rest.encode()).hexdigest()


def _units(settings: Settings) -> Iterable[str]:
    """Templates of the units that the system's manager starts. A user's own manager asks no polkit."""
    for workload in settings.workloads.values():
        controller = settings.controllers.get(workload.controller)
        if controller is None or not workload.unit:
            continue
        if (controller.kind or workload.controller) == "systemd" and controller.bus == "system":
            yield workload.unit


def _full(unit: str) -> str:
    return unit if unit.endswith(_SUFFIXES) else f"{unit}.service"


def _test(unit: str) -> str:
    """JavaScript that is true for this unit on whatever card: a string compared, or a pattern for a template."""
    if not _PLACE.search(unit):
        return f"unit === {json.dumps(_literal(unit, unit))}"
    made, end = "", 0
    for place in _PLACE.finditer(unit):
        made += _escaped(_literal(unit[end : place.start()], unit)) + _expands(place[1], int(place[2] or 0))
        end = place.end()
    return f"/^{made}{_escaped(_literal(unit[end:], unit))}$/.test(unit)"


def _literal(part: str, unit: str) -> str:
    if not _LITERAL.fullmatch(part):
        raise RuleError(f"{shown(unit)} is no name of a systemd unit: expected A-Z a-z 0-9 : _ . \\ @ - in it")
    return part


def _escaped(part: str) -> str:
    """As it stands in a pattern: of what a name may hold, only these two mean something else there."""
    return part.replace("\\", r"\\").replace(".", r"\.")


def _expands(place: str, more: int) -> str:
    if place != "slot":
        return _UUID if place == "uuid" else _PCI
    return f"[0-9]{{{len(str(more))},{len(str(more + _MOST_SLOT))}}}"


def _any(tests: Iterable[str]) -> str:
    return " ||\n        ".join(tests) or "false"


def _refused(args: Namespace) -> str:
    if args.read_only:
        return "refused, --read-only"
    return "" if os.geteuid() == 0 else f"only root may write {RULES}: run it as root"


def _install(args: Namespace, text: str) -> int:
    there = _found()
    if there == text:
        _show(args, text, written=False, so_far="already so")
        return 0
    if there is not None and not ours(there):
        return _said(f"{RULES} was not written by this command, or was changed since: move it away first", REFUSED)
    _write(text, fresh=there is None)
    _show(args, text, written=True)
    return 0


def _found() -> str | None:
    """What stands there now, None for nothing; "" for what is no plain text file, which is nobody's to overwrite."""
    try:
        handle = os.open(RULES, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError:
        return ""
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return ""
        body = file.read(_MOST_BYTES + 1)
    return body.decode("utf-8", "replace") if len(body) <= _MOST_BYTES else ""


def _write(text: str, *, fresh: bool) -> None:
    """Whole or not at all; polkit reads only names that end in ``.rules``. Raises OSError."""
    partial = RULES.with_name(f".{RULES.name}.{os.getpid()}.new")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, MODE)
            file.write(text)
            file.flush()
            os.fsync(handle)
        if fresh:
            os.link(partial, RULES)  # not over what has come there meanwhile
        else:
            partial.replace(RULES)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def _show(args: Namespace, text: str, *, written: bool, so_far: str = "") -> None:
    mode = f"{MODE:04o}"
    if args.json:
        print(json.dumps({"path": str(RULES), "mode": mode, "text": text, "written": written}, indent=2))
        return
    if written or so_far:
        print(f"{RULES} is {so_far or f'written, mode {mode}'}")
        return
    print(f"{text}\n→ this would be {RULES}, mode {mode}, owned by root: --yes, as root, writes it")
    there = _found()
    if there is not None and not ours(there):
        print(f"! {RULES} is there, and not as this command has written it: it would be left as it is")


def _said(sentence: str, code: int) -> int:
    sys.stderr.write(f"changeover doctor: {sentence}\n")
    return code
