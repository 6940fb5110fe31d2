"""A made-up host whose process lists, cgroups and units say who holds its GPUs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from console.config.settings import Settings
from console.model import Client, ClientKind, Occupancy, Reading, Uuid
from console.workloads.background import Background
from console.workloads.contract import Task
from console.workloads.detect import occupancy, pids_to_read
from console.workloads.expand import Placed, place
from console.workloads.proctable import ProcessTable
from tests.unit.fakeproc import BOOT_AT, FakeProc

ID = "3f2a9c1b4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"
U = [Uuid(f"GPU-{slot}") for slot in range(4)]
ROWS = [(slot, U[slot], f"00000000:0{slot}:00.0") for slot in range(4)]
NOW = BOOT_AT + 3600.0
CONFIG = {
    "controllers": {"systemd": {}, "mine": {"kind": "systemd", "bus": "user"}, "side": {"kind": "supervisor"}},
    "workloads": {
        "ergo": {"kind": "mine", "controller": "systemd", "unit": "miner@{slot}.service", "gpus": [0, 1, 2, 3]},
        "qwen": {"kind": "ai", "controller": "systemd", "unit": "ai@{slot}.service", "span": 2, "gpus": [1, 0]},
        "own": {"kind": "mine", "controller": "mine", "unit": "own@{slot}.service", "gpus": [0]},
        "llama": {"kind": "ai", "controller": "side", "unit": "llama-{slot}", "gpus": [2]},
        "cpu": {"kind": "mine", "controller": "systemd", "unit": "cpu.service", "gpus": [3]},
    },
}
PLACED, _ = place(msgspec.convert(CONFIG, Settings), ROWS)
MINER = "0::/system.slice/system-miner.slice/miner@{}.service"


def reading(slot: int, *clients: Client | int, **changes: object) -> Reading:
    """A GPU with these clients (a bare pid computes), and the memory of an empty card unless it has any."""
    known = tuple(one if isinstance(one, Client) else Client(pid=one, kind=ClientKind.COMPUTE) for one in clients)
    base = Reading(
        slot=slot, uuid=U[slot], pci=ROWS[slot][2], name="RTX 4090", at=NOW, clients=known, clients_at=NOW,
        mem_used_mib=6000.0 if known else 300.0, mem_reserved_mib=250.0,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def graphics(pid: int, mem_mib: float = 300.0) -> Client:
    return Client(pid=pid, kind=ClientKind.GRAPHICS, mem_mib=mem_mib)


def up(unit: str, *pids: int, state: str = "running", since: float = NOW - 600, controller: str = "systemd"):
    """What a controller says of one unit, under its key."""
    return {(controller, unit): Task(unit=unit, state=state, pids=pids, since=since)}


class Host:
    """A made-up /proc; ``look`` says who holds the GPUs."""

    def __init__(self, root: Path) -> None:
        self.proc = FakeProc(root)

    def look(
        self,
        *readings: Reading,
        tasks: Mapping[tuple[str, str], Task] | None = None,
        placed: Sequence[Placed] = PLACED,
        background: Sequence[str] = (),
        base: float | None = None,
        previous: Mapping[Uuid, Occupancy] | None = None,
    ) -> list[Occupancy]:
        table = ProcessTable.read(pids_to_read(readings, tasks or {}), self.proc.root)
        known = dict.fromkeys(U, base) if base is not None else {}
        return [*occupancy(
            readings, placed, tasks or {}, table, Background(background), base_mib=known, previous=previous
        )]  # fmt: skip
