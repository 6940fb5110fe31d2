"""Why a GPU on which nobody is seen may still be held: by what a controller runs that cannot be asked just now.

A rented machine nobody is on, or a container that has not begun to compute, is known by its controller's word alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from console.model import Uuid
from console.workloads.expand import Placed

SEES_CONTAINERS = frozenset({"docker"})
"""Kinds of controller that are asked about strangers' containers, though no workload of ours may be theirs."""
LISTED_S = 60.0
"""How long the last word of a market counts that does not answer: nobody but us and the account's owner lists there,
and it turns away for seconds whoever asks it too often."""


class Doubts(NamedTuple):
    """Sentences on what cannot be told: of every GPU of the host, and of single ones."""

    everywhere: str = ""
    at: Mapping[Uuid, str] = {}

    def of(self, uuid: Uuid) -> str:
        """Why it cannot be told whether this GPU is free; "" where it can."""
        return "; ".join(filter(None, (self.everywhere, self.at.get(uuid, ""))))


SURE = Doubts()
"""Where every controller answers."""


def doubts(silent: Mapping[str, str], placed: Iterable[Placed], seers: Collection[str]) -> Doubts:
    """What the controllers in ``silent``, each with why it cannot be asked, leave open.

    One of ``seers``, which see containers, leaves open who was given any GPU; another one what its own instances hold.
    """
    said = {name: f"controllers.{name} cannot be asked: {why}" for name, why in silent.items()}
    at: dict[Uuid, dict[str, None]] = {}
    for one in placed:
        if one.controller in said and one.controller not in seers:
            for uuid in one.uuids:
                at.setdefault(uuid, {})[said[one.controller]] = None
    everywhere = "; ".join(said[name] for name in said if name in seers)
    return Doubts(everywhere, {uuid: "; ".join(sentences) for uuid, sentences in at.items()})


def lasting_s(name: str, placed: Iterable[Placed]) -> float:
    """How long the last word of one that does not answer leaves no doubt."""
    return LISTED_S if any(one.let and one.controller == name for one in placed) else 0.0
