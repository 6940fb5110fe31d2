"""Findings made by hand, for tests of what becomes of them."""

from __future__ import annotations

from console.finding.found import Card, Control, Heard, Instance, Survey
from console.model import Uuid

SUPERVISOR = Control(name="supervisor", kind="supervisor", socket="/run/supervisor.sock")
SYSTEMD = Control(name="systemd", kind="systemd", bus="system")


def card(slot: int, name: str = "NVIDIA GeForce RTX 4090", trouble: str = "") -> Card:
    """The card of one slot."""
    uuid = Uuid(f"GPU-{slot:08x}-1111-2222-3333-444444444444")
    return Card(slot=slot, uuid=uuid, pci=f"00000000:{slot + 1:02X}:00.0", name=name, power_w=300.0, trouble=trouble)


def miner(unit: str, *slots: int, port: int | None = None, **more: object) -> Instance:
    """A unit that mines on these slots, with an XMRig where it has a port."""
    url = f"http://127.0.0.1:{port}"
    meter = Heard(kind="xmrig", url=url, unit="H/s", algorithm="kawpow") if port is not None else None
    given = {"controller": "supervisor", "who": ("xmrig",), "meter": meter, **more}
    return Instance(unit=unit, slots=slots, **given)  # type: ignore[arg-type]


def server(unit: str, *slots: int, port: int, **more: object) -> Instance:
    """A unit that serves a model on these slots."""
    meter = Heard(kind="vllm", url=f"http://127.0.0.1:{port}", unit="tok/s")
    given = {"controller": "supervisor", "who": ("python3",), "meter": meter, **more}
    return Instance(unit=unit, slots=slots, **given)  # type: ignore[arg-type]


def survey(*instances: Instance, cards: int = 8, **more: object) -> Survey:
    """A host with so many cards and a supervisord."""
    given = {"host": "rig-07", "controls": (SUPERVISOR, SYSTEMD), **more}
    given.setdefault("cards", tuple(card(slot) for slot in range(cards)))
    return Survey(instances=instances, **given)  # type: ignore[arg-type]
