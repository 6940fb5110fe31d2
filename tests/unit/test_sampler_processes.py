"""Process lists as drivers give them: longer than expected, missing by kind, refused. The library itself is faked."""

import ctypes
from collections.abc import Callable

import pytest

from console.telemetry import layout
from console.telemetry.nvml_abi import ProcessInfo
from console.telemetry.processes import ProcessLists


class OneGpu:
    """A library whose lists hold these pids by kind, or answer with a return code."""

    def __init__(self, **lists: list[int] | int) -> None:
        self.lists = lists
        self.calls: list[str] = []

    def find(self, name: str, *_: str) -> Callable[..., int]:
        kind = name.removeprefix("DeviceGet").removesuffix("RunningProcesses_v3").lower()
        held = self.lists.get(kind, [])

        def call(_: object, number: object, room: object) -> int:
            self.calls.append(kind)
            if isinstance(held, int):
                return held
            count = number._obj  # type: ignore[attr-defined]  # what ctypes.byref points to
            if count.value < len(held):
                count.value = len(held)
                return layout.INSUFFICIENT_SIZE
            for place, pid in enumerate(held):
                entries: ctypes.Array[ProcessInfo] = room._obj  # type: ignore[attr-defined]
                entries[place] = ProcessInfo(pid=pid, used_bytes=1 << 20)
            count.value = len(held)
            return layout.SUCCESS

        return call


def read(library: OneGpu) -> tuple[bool, list[tuple[int, int]]]:
    readable, number, packed = ProcessLists(library).read(1)  # type: ignore[arg-type]
    entries = [layout.CLIENT.unpack_from(packed, place * layout.CLIENT.size) for place in range(number)]
    return readable, [(pid, kind) for pid, kind, _ in entries]


def test_all_three_lists_become_one() -> None:
    """With the kind of each process."""
    found = read(OneGpu(compute=[10, 11], graphics=[12], mpscompute=[13]))
    assert found == (True, [(10, 0), (11, 0), (12, 1), (13, 2)])


def test_a_card_without_graphics_or_mps_has_no_such_processes() -> None:
    """Not supported there means none; a function an old driver lacks as well."""
    library = OneGpu(compute=[10], graphics=layout.NOT_SUPPORTED, mpscompute=layout.FUNCTION_NOT_FOUND)
    assert read(library) == (True, [(10, 0)])


@pytest.mark.parametrize("refusal", [layout.NOT_SUPPORTED, layout.NO_PERMISSION, layout.UNKNOWN])
def test_without_the_compute_list_nobody_knows_who_is_there(refusal: int) -> None:
    """Whatever the reason."""
    assert read(OneGpu(compute=refusal)) == (False, [])


def test_a_refused_graphics_list_hides_a_holder_too() -> None:
    """Only its absence is harmless."""
    assert read(OneGpu(compute=[10], graphics=layout.NO_PERMISSION)) == (False, [])


def test_a_list_longer_than_the_buffer_is_asked_again_with_room() -> None:
    """Once; the next reading has the room from the start."""
    library = OneGpu(compute=[*range(1, 301)])
    readable, found = read(library)
    assert readable and [pid for pid, _ in found] == [*range(1, 301)]
    assert library.calls.count("compute") == 2


def test_a_list_beyond_reason_counts_as_unreadable() -> None:
    """A cut list would hide who holds the GPU."""
    assert read(OneGpu(compute=[1] * (layout.MAX_CLIENTS + 1))) == (False, [])
    assert read(OneGpu(compute=[1] * layout.MAX_CLIENTS, graphics=[2])) == (False, [])
