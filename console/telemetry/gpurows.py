"""All rows of this host, fed by frames from however many samplers; who has a slot, and what the host as a whole is."""

from __future__ import annotations

from console.model import GpuState, HostState, Reading, Uuid
from console.pci import address
from console.telemetry import frames, layout
from console.telemetry.roster import Roster
from console.telemetry.rows import Row

NO_GPUS = "the driver runs but lists no GPU; check power and risers, then lspci -d 10de:"
ALL_HUNG = "the driver answers for no GPU; see dmesg for NVRM and Xid, then reboot the host"
_CODES = {layout.GPU_IS_LOST: "GPU is lost", layout.RESET_REQUIRED: "reset required", layout.NOT_SUPPORTED: "no UUID"}


class GpuRows:
    """Rows by UUID, one for each GPU of the roster (``only``: of these alone) and each newcomer."""

    def __init__(self, roster: Roster, only: tuple[Uuid, ...] | None) -> None:
        self._roster = roster
        self._only = only
        self._rows: dict[Uuid, Row] = {
            entry.uuid: Row(entry) for entry in roster.entries() if only is None or entry.uuid in only
        }
        self._listed: int | None = None
        self._unnamed: tuple[tuple[int, int], ...] = ()
        self.driver: str | None = None

    def __getitem__(self, uuid: Uuid) -> Row:
        return self._rows[uuid]

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._rows

    def addresses(self) -> tuple[tuple[Uuid, str], ...]:
        """(uuid, pci) of every row."""
        return tuple((uuid, row.reading.pci) for uuid, row in self._rows.items())

    def readings(self) -> tuple[Reading, ...]:
        """By slot."""
        return tuple(sorted((row.reading for row in self._rows.values()), key=lambda reading: reading.slot))

    def hello(self, told: frames.Hello, at: float, *, whole: bool) -> None:
        """Who is here. ``whole``: from the sampler that goes through the driver's list, not from a suspect's own."""
        if whole:
            self._listed, self._unnamed = told.listed, told.unnamed
        self.driver = told.driver or self.driver
        ours = [one for one in told.gpus if self._only is None or one.uuid in self._only]
        here = [(one.uuid, address(one.pci), one.name) for one in ours if one.nvml_index is not None]
        entries = {entry.uuid: entry for entry in self._roster.admit_all(here, at)}
        for one in ours:
            uuid = Uuid(one.uuid)
            if entry := entries.get(uuid):
                self._rows.setdefault(uuid, Row(entry)).named(entry, one.nvml_index)
            elif uuid in self._rows:
                self._rows[uuid].unlisted()

    def tick(self, table: tuple[frames.Identity, ...], told: frames.Tick, at: float, leave: frozenset[Uuid]) -> None:
        """Readings of one sweep; ``leave`` are GPUs that another sampler reads."""
        left = []
        for one, record in zip(table, told.records, strict=False):
            row = self._rows.get(Uuid(one.uuid))
            if row is None or one.uuid in leave:
                continue
            before = row.reading.state
            row.read(record, at)
            if before is GpuState.OK and row.reading.state is not GpuState.OK:
                left.append(one.uuid)
        if left:
            self._roster.saw(left, at)

    def clients(self, uuid: Uuid | None, told: frames.Clients) -> None:
        """Processes of one GPU."""
        if uuid in self._rows:
            self._rows[uuid].clients(told)

    def xid(self, told: frames.XidEvent) -> None:
        """An XID of one GPU."""
        if told.uuid in self._rows:
            self._rows[Uuid(told.uuid)].xid(told.code, told.at)

    def fail_all(self, state: GpuState, at: float, why: str) -> None:
        """No row can be read, for one reason."""
        for row in self._rows.values():
            row.fail(state, at, why=why)

    def at_index(self, index: int) -> Uuid | None:
        """The GPU that was last seen at NVML's ``index``."""
        return next((uuid for uuid, row in self._rows.items() if row.reading.index == index), None)

    def present(self) -> tuple[Uuid, ...]:
        """GPUs that can be read now."""
        return tuple(uuid for uuid, row in self._rows.items() if row.reading.state is GpuState.OK)

    def saw_present(self, at: float) -> None:
        """Note in the roster that these GPUs were here."""
        if present := self.present():
            self._roster.saw(present, at)

    def forget(self, uuid: Uuid) -> None:
        """Retire a GPU that is gone. Raises ValueError for any other, and for all before the driver has listed any."""
        if self._listed is None:
            raise ValueError("which GPUs are gone cannot be told yet: the driver has not listed them")
        row = self._rows.get(uuid)
        if row is None:
            raise ValueError(f"{uuid} is not in the roster")
        if row.reading.state is not GpuState.GONE:
            raise ValueError(f"GPU {row.reading.slot} is {row.reading.state}; only a GPU that is gone can be forgotten")
        self._roster.forget(uuid)
        del self._rows[uuid]

    def host(self) -> tuple[HostState, str]:
        """The host by what its rows and the driver's list say, with what else the operator should know."""
        states = {row.reading.state for row in self._rows.values()}
        if states == {GpuState.HUNG}:
            return HostState.HUNG, ALL_HUNG
        if self._listed == 0 and self._only is None:
            return HostState.NO_GPUS, NO_GPUS
        return HostState.OK, self._strangers()

    def _strangers(self) -> str:
        """GPUs that would not say who they are and can be none of those that are missing from the list."""
        missing = sum(
            row.reading.index is None and row.reading.state is not GpuState.GONE for row in self._rows.values()
        )
        strangers = self._unnamed[missing:]
        if not strangers:
            return ""
        places = ", ".join(f"{index} ({_code(code)})" for index, code in strangers)
        return f"{len(strangers)} GPU cannot be told apart, at NVML index {places}; reboot if it stays"


def _code(code: int) -> str:
    return _CODES.get(code, f"error {code}")
