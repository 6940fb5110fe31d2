"""What an XID means and what to do about it, in the words of a row.

Source: NVIDIA's XID catalogue (docs.nvidia.com/deploy/xid-errors) and the "immediate action" column of the
spreadsheet that comes with it.
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """What happened and the next step."""

    what: str
    action: str


_RESET = "reset the GPU when nothing uses it"
_APPLICATION = "mostly the application; when mining, suspect the overclock"

MEANINGS: dict[int, Meaning] = {
    13: Meaning("graphics engine exception", _APPLICATION),
    31: Meaning("GPU memory page fault", _APPLICATION),
    43: Meaning("GPU stopped processing", _APPLICATION),
    45: Meaning("channel preempted after an error", _APPLICATION),
    48: Meaning("double-bit ECC error", "drain and reset the GPU; a second one: take it out of service"),
    61: Meaning("internal micro-controller breakpoint", _RESET),
    62: Meaning("internal micro-controller halt", _RESET),
    63: Meaning("memory row remapped", "reset at the next idle time to make it effective"),
    64: Meaning("row remapping failed", "reset; no more AI jobs here, ask for replacement"),
    74: Meaning("NVLink error", "no multi-GPU jobs; check bridge and seat"),
    79: Meaning("fell off the bus", "reboot the host, check riser and power"),
    92: Meaning("many single-bit ECC errors", "watch it"),
    94: Meaning("contained memory error", "restart the application that used it"),
    95: Meaning("uncontained memory error", "drain and reset the GPU"),
    109: Meaning("context switch timeout", _APPLICATION),
    119: Meaning("GSP did not answer", _RESET),
    120: Meaning("GSP error", _RESET),
    140: Meaning("unrecovered ECC error", _RESET),
    143: Meaning("GPU initialisation failed", _RESET),
    154: Meaning("recovery action changed", "see nvidia-smi -q, GPU Recovery Action"),
}


def words(code: int) -> str:
    """``xid 79: fell off the bus; reboot the host, check riser and power``."""
    meaning = MEANINGS.get(code)
    if meaning is None:
        return f"xid {code}: see NVIDIA's XID catalogue and the kernel log"
    return f"xid {code}: {meaning.what}; {meaning.action}"
