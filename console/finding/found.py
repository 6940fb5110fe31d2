"""What was found on this host, as frozen records: cards, who starts what, what runs where and what it answers."""

from __future__ import annotations

from console.model import Record, Uuid


class Card(Record):
    """One GPU as it is now. ``trouble`` says in words why nothing can be told of its holders, "" when all is well."""

    slot: int
    uuid: Uuid
    pci: str
    name: str
    power_w: float | None = None
    trouble: str = ""


class Control(Record):
    """Who starts and stops units here, as its table of ``[controllers]`` would say it."""

    name: str
    kind: str
    socket: str = ""
    bus: str = ""

    @property
    def full_control(self) -> bool:
        """True where whoever opens its socket can run anything, which the owner has to acknowledge."""
        return self.kind in ("supervisor", "docker")


class Unit(Record):
    """Something that a controller of the config (its name there) starts and stops. ``pids`` are main processes.

    ``autostart`` is None where the controller does not say.
    """

    controller: str
    name: str
    pids: tuple[int, ...] = ()
    autostart: bool | None = None


class Heard(Record):
    """One kind of meter that understands what answers at ``url``.

    ``unit`` is H/s or tok/s, ``pcis`` the cards that it tells apart, ``weak`` an answer that others could give as well:
    a server that is still loading.
    """

    kind: str
    url: str
    unit: str
    algorithm: str = ""
    pcis: tuple[str, ...] = ()
    weak: bool = False


class Answer(Record):
    """What one address says: every kind that understands it, best first, or that it wants a token."""

    heard: tuple[Heard, ...] = ()
    wants_token: bool = False


class Instance(Record):
    """A unit that holds GPUs now. ``slots`` are in order; ``who`` its processes for people.

    ``meter`` is how its output is read, ``notes`` what a person should check of that, as sentences. ``unsure`` is True
    for a container without a label of ours: it may be anybody's, and only a person can say that it is not.
    """

    controller: str
    unit: str
    slots: tuple[int, ...]
    who: tuple[str, ...] = ()
    meter: Heard | None = None
    autostart: bool | None = None
    notes: tuple[str, ...] = ()
    unsure: bool = False


class Stranger(Record):
    """A holder that nothing here starts or stops; ``sentence`` says who it is and why it stays out of the config.

    ``contained`` is True for a container, which may hold a GPU without any process on it.
    """

    slots: tuple[int, ...]
    sentence: str
    contained: bool = False


class Survey(Record):
    """All that was found. ``idle`` are units that do not run and are named like ours; ``notes`` what could not be asked
    and what was left out, as sentences."""

    host: str
    cards: tuple[Card, ...]
    controls: tuple[Control, ...] = ()
    instances: tuple[Instance, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    idle: tuple[Unit, ...] = ()
    notes: tuple[str, ...] = ()
