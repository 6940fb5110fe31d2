"""Who holds a GPU that draws a display or is shared: what excuses a process, and what does not."""

from pathlib import Path

import msgspec
import pytest

from console.flips.facts import Seen
from console.flips.watching import not_free
from console.model import Client, ClientKind, Holder
from tests.unit.detecting import ID, MINER, Host, graphics, reading


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_display_and_daemons_are_background(host: Host) -> None:
    """Display managers, DCGM, the persistence daemon and named users or slices are aside, drawing or computing."""
    host.proc.add(70, "0::/system.slice/lightdm.service", comm="Xorg", uid=0)
    host.proc.add(71, "0::/system.slice/nvidia-dcgm.service", comm="nv-hostengine", uid=0)
    host.proc.add(72, "0::/batch.slice/probe.service", uid=0, comm="probe")
    host.proc.add(73, uid=4242, comm="watch")
    clients = (graphics(70), 71, 72, 73)
    (found,) = host.look(reading(3, *clients, mem_used_mib=600.0), background=("cgroup:/batch.slice", "uid:4242"))
    assert found.holder is Holder.NONE
    assert [who.split(" ")[0] for who in found.background] == ["Xorg", "nv-hostengine", "probe", "watch"]
    (found,) = host.look(reading(3, *clients), background=("cgroup:/batch", "uid:nobody-such"))
    assert found.holder is Holder.FOREIGN and "probe (pid 72" in found.who and "watch (pid 73" in found.who


def test_name_alone_excuses_nobody(host: Host) -> None:
    """A compute process that calls itself Xorg or nv-hostengine is a stranger."""
    host.proc.add(60, comm="nv-hostengine")
    host.proc.add(61, "0::/user.slice/nvidia-dcgm.service", comm="Xorg")
    assert [one.holder for one in host.look(reading(2, 60), reading(3, 61))] == [Holder.FOREIGN] * 2


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/user.slice/user-1000.slice/session-2.scope", "cgroup:/user.slice/user-1000.slice"),
        ("/user.slice/user-9.slice/user@9.service/session.slice/sway.service", None),
        ("/", "uid:54321"),
    ],
)
def test_drawing_alone_excuses_nobody(host: Host, path: str, entry: str | None) -> None:
    """A user's rendering job is a graphics client like his desktop: foreign, until the config names it as told."""
    entry = entry or f"cgroup:{path}"
    host.proc.add(60, f"0::{path}", comm="blender")
    (found,) = host.look(reading(3, graphics(60), mem_used_mib=600.0))
    assert (found.holder, found.background) == (Holder.FOREIGN, ())
    how = f'if this is the display, write "{entry}" into site.background'
    assert found.who == f"blender (pid 60, user 54321), drawing: {how}"
    (found,) = host.look(reading(3, graphics(60), mem_used_mib=600.0), background=(entry,))
    assert (found.holder, found.background_mib) == (Holder.NONE, 300.0)


def test_graphics_in_a_container_is_a_stranger(host: Host) -> None:
    """Rendering for rent is no display server, whatever its uid inside, and no word says how to make it one."""
    host.proc.add(60, f"0::/docker/{ID}", uid=4242)
    (found,) = host.look(reading(3, graphics(60)), background=("uid:4242",))
    assert found.holder is Holder.FOREIGN and found.who.endswith(f"in docker {ID[:12]})")


def test_memory_of_the_display_is_allowed_for(host: Host) -> None:
    """What the background uses is not unexplained, and is told; what goes beyond is."""
    host.proc.add(70, "0::/system.slice/gdm.service", comm="Xorg")
    fine, much = host.look(reading(2, graphics(70, 900.0), mem_used_mib=1600.0), reading(3, graphics(70, 900.0)))
    assert (fine.holder, much.holder) == (Holder.NONE, Holder.UNKNOWN)
    assert fine.background == much.background != () and fine.background_mib == much.background_mib == 900.0


@pytest.mark.parametrize(("used", "base", "why"), [
    (1162.0, None, ""),  # reserved 250 + 512 + 400 of the display
    (1163.0, None, "has 1163 MiB in use, free it has at most 1162"),
    (764.0, 300.0, ""),  # the least seen + 64 + 400
    (765.0, 300.0, "has 765 MiB in use, free it has at most 764"),
])  # fmt: skip
def test_a_card_with_a_display_becomes_free(host: Host, used: float, base: float | None, why: str) -> None:
    """A flip waits for the same memory that says nobody holds the card: its base, and what its background uses."""
    host.proc.add(70, "0::/system.slice/gdm.service", comm="Xorg")
    seen = reading(3, graphics(70, 400.0), mem_used_mib=used)
    (alone,) = host.look(seen, base=base)
    assert (alone.holder is Holder.NONE) == (not why)
    judged = msgspec.structs.replace(alone, holder=Holder.NONE)
    assert not_free(Seen(reading=seen, occupancy=judged), base) == why


def test_mps_clients_are_holders(host: Host) -> None:
    """A client of MPS holds the card like any other: the workload's for it, a stranger's against it."""
    host.proc.add(50, MINER.format(2))
    host.proc.add(60)
    readings = [reading(slot, Client(pid=pid, kind=ClientKind.MPS)) for slot, pid in ((2, 50), (3, 60))]
    assert [one.holder for one in host.look(*readings)] == [Holder.WORKLOAD, Holder.FOREIGN]
