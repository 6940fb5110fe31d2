"""What the types cannot say of how workloads are flipped: their drain commands, their profiles, renters' names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.config.errors import Problem, Where, shown
from console.config.settings import Settings
from console.config.templates import EXPECTED, wrong_place
from console.config.workload_settings import WorkloadSettings
from console.model import Kind

PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""A profile's name is a part of a unit's name and of a file's."""
MOST_WORDS = 64


def flip_problems(settings: Settings) -> Iterator[Problem]:
    """Faults in what ``[workloads]`` and ``[site]`` say of flips."""
    for name, workload in settings.workloads.items():
        where = ("workloads", name)
        for key in ("drain", "undrain"):
            yield from _command(getattr(workload, key), (*where, key))
        yield from _pair(workload, where)
        if workload.profile is not None and not PROFILE.fullmatch(workload.profile):
            text = f"is {shown(workload.profile)}, expected up to 32 of the characters A-Z a-z 0-9 _ -"
            yield Problem((*where, "profile"), text)
    for position, pattern in enumerate(settings.site.renters):
        if not pattern.strip("*? "):
            text = f'is {shown(pattern)}, which every container\'s name fits; expected one such as "C.[0-9]*"'
            yield Problem(("site", "renters", position), text)


def _command(words: tuple[str, ...], where: Where) -> Iterator[Problem]:
    if not words:
        return
    if not words[0].startswith("/"):
        yield Problem((*where, 0), f"is {shown(words[0])}, expected the absolute path of a program; no shell reads it")
    if len(words) > MOST_WORDS:
        yield Problem(where, f"has {len(words)} words, expected at most {MOST_WORDS}")
    for position, word in enumerate(words):
        if wrong := wrong_place(word.replace("{unit}", "")):
            yield Problem((*where, position), f"has {shown(wrong)} in it, {EXPECTED}, or {{unit}}")


def _pair(workload: WorkloadSettings, where: Where) -> Iterator[Problem]:
    if (workload.drain or workload.undrain) and workload.kind is not Kind.AI:
        key = "drain" if workload.drain else "undrain"
        yield Problem((*where, key), f"belongs to kind ai, and this workload is of kind {workload.kind}")
    elif workload.drain and not workload.undrain:
        text = "has no undrain beside it: a flip that is cancelled could not let requests come again"
        yield Problem((*where, "drain"), text)
    elif workload.drain and not workload.drain_timeout_s:
        yield Problem((*where, "drain"), "is never run, because drain_timeout_s is 0")
