"""What stands in the table's place when there is nothing to list, and the banners above it."""

from __future__ import annotations

from console.model import GpuState, HostState, Kind, Snapshot
from console.paths import ALONE
from console.text import parted
from console.view.layout import NEEDED
from console.view.pieces import Line, Piece, fit, wrap

_HOST = {
    HostState.NO_DRIVER: ("no NVIDIA driver on this host", "install one, then come back: nothing else is needed"),
    HostState.MISMATCH: ("the NVIDIA driver and its library do not match", "reboot, or reload the kernel module"),
    HostState.NO_GPUS: ("no GPUs", "the driver answers and lists none: check power, risers and lspci"),
    HostState.HUNG: (
        "the driver does not answer",
        "what stands below is the last it said; see the kernel log for XIDs",
    ),
}
NO_CONFIG = "no config, so no money and no flips: `changeover init` writes one for this host"
NO_WORKLOAD = "no workload is configured, so no flips: `changeover doctor` says how to add one"
ROOM = 9
"""Lines that an empty table takes: what is missing, what to do, and what else there is."""
_NOTHING_HERE = (HostState.NO_DRIVER, HostState.MISMATCH, HostState.NO_GPUS)
DEMO = "`changeover demo` shows the console on a simulated farm meanwhile"


def banners(snapshot: Snapshot, room: int, height: int, rows: int, kept: int, filter_text: str) -> list[Line]:
    """Lines above the table, the gravest first: too small, the driver, the site's own, the one next thing to do."""
    out: list[Line] = []
    if room < NEEDED[0] or height < NEEDED[1]:
        least, here = f"{NEEDED[0]}x{NEEDED[1]}", f"{room}x{height}"
        need = f"{least} needed, this is {here}: rows only" if room >= 40 else f"{here}, needs {least}"
        out.append((Piece(f" {need}", "warn"),))
    if snapshot.host_state is not HostState.OK and (rows or snapshot.host_state is HostState.HUNG):
        word, do = _HOST[snapshot.host_state]
        out.append((Piece(f" ✕ {word}", "harm"), Piece(f": {snapshot.reason or do}", "value")))
    if snapshot.read_only:
        out.append((Piece(f" ! no key acts: {snapshot.read_only}", "warn"),))
    hint = _next(snapshot)
    alone = ALONE if hint or not snapshot.configured else ""  # nothing can be flipped, so nobody has to be warned of it
    out += [(Piece(f" ! {text}", "warn"),) for text in snapshot.banners if text != alone]
    if hint:
        out.append((Piece(f" {hint}", "warn"),))
    if filter_text and not kept and rows:
        out.append((Piece(f" no row has {filter_text!r}; esc shows all {rows}", "warn"),))
    return [fit(line, room) for line in out]


def _next(snapshot: Snapshot) -> str:
    """The one next thing to do where no GPU has anything to do, in 79 columns; "" elsewhere."""
    if not _pays_nothing(snapshot):
        return ""
    return NO_WORKLOAD if snapshot.configured else NO_CONFIG


def _pays_nothing(snapshot: Snapshot) -> bool:
    """True where GPUs are well and none of them could earn; a lost one has no options either way. Mostly the first
    says so: this is asked at each key."""
    well = False
    for row in snapshot.rows:
        if row.reading.state is GpuState.OK:
            well = True
            if any(option.kind is not Kind.OFF for option in row.money.options):
                return False
    return well


def empty(snapshot: Snapshot, room: int) -> list[Line]:
    """The table of a host without rows: what is being waited for, or what is missing and what to do about it."""
    if snapshot.host_state is HostState.OK:
        word, do = "reading the GPUs", snapshot.reason or "the first figures come in a moment"
        tone = "value"
    else:
        (word, do), tone = _HOST[snapshot.host_state], "harm"
        do = snapshot.reason or do
    out: list[Line] = [(), (Piece(f"   {'✕ ' if tone == 'harm' else ''}{word}", tone),)]
    what, step = parted(do)
    out += [(Piece(f"   {part}", "label"),) for part in wrap(what, room - 6, 3)]
    for number, part in enumerate(wrap(step, room - 8, 2) if step else ()):
        out.append((Piece("   → " if number == 0 else "     ", "key"), Piece(part, "strong")))
    if snapshot.host_state in _NOTHING_HERE and not snapshot.simulated:
        # Offered, never done: a host without a driver must not look like a farm that earns.
        out += [(), (Piece(f"   {DEMO}", "aside"),)]
    return [fit(line, room) for line in out]
