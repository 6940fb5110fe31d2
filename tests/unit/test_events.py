"""What the log says when something changes."""

from __future__ import annotations

import msgspec

from console.model import (
    Advice,
    GpuRow,
    GpuState,
    Holder,
    HostState,
    Instance,
    Kind,
    Money,
    Occupancy,
    Quote,
    Reading,
    Uuid,
)
from console.site.events import changes, host_change, quote_changes

NOTHING = Money(
    options=(),
    running=None,
    net_per_h=None,
    profit_per_hash=None,
    profit_per_ai_hour=None,
    advice=Advice(best=None, gain_per_h=None, acts=False, why=""),
)


def row(slot: int = 3, workload: str | None = "ergo", **reading: object) -> GpuRow:
    """A GPU that runs ``workload``, or nothing."""
    uuid = Uuid(f"GPU-{slot}")
    instance = workload and Instance(workload=workload, kind=Kind.MINE, uuids=(uuid,), pids=(1,), unit="m@3")
    base = Reading(slot=slot, uuid=uuid, pci="00000000:41:00.0", name="RTX 4090", at=1.0)
    return GpuRow(
        reading=msgspec.structs.replace(base, **reading),
        occupancy=Occupancy(uuid=uuid, holder=Holder.WORKLOAD if instance else Holder.NONE, instance=instance or None),
        output=None,
        money=NOTHING,
    )


def said(before: tuple[GpuRow, ...], after: tuple[GpuRow, ...], *, first: bool = False) -> list[str]:
    """The words of the lines."""
    return [line.text for line in changes(before, after, 2.0, first=first)]


def test_a_loss_is_told_once_with_its_cause_and_the_return_too() -> None:
    """Nothing is repeated while the state stays."""
    well, lost = row(), row(state=GpuState.LOST, reason="xid 79: fell off the bus")
    assert said((well,), (lost,)) == ["GPU 3 lost: xid 79: fell off the bus"]
    assert said((lost,), (lost,)) == []
    assert said((lost,), (well,)) == ["GPU 3 is back"]


def test_the_first_snapshot_tells_only_what_is_wrong() -> None:
    """Starting a console is not news."""
    assert said((), (row(0), row(1)), first=True) == []
    assert said((), (row(state=GpuState.GONE, reason="the driver no longer lists it"),), first=True) == [
        "GPU 3 gone: the driver no longer lists it"
    ]


def test_a_workload_that_changes_outside_a_flip_is_told() -> None:
    """Somebody started or stopped something by hand."""
    assert said((row(),), (row(workload=None),)) == ["GPU 3 ergo → off"]


def test_hosts_and_quotes() -> None:
    """NVML going away is harm; a quote going stale is told once."""
    assert list(host_change(None, HostState.OK, "", 1.0)) == []
    [line] = host_change(HostState.OK, HostState.NO_DRIVER, "driver not loaded", 1.0)
    assert (line.text, line.tone) == ("driver not loaded", "harm")
    old = Quote(name="ERG", kind="coin_price", value=1, unit="USD/ERG", source="config", at=0.0, max_age_s=10.0)
    assert [line.tone for line in quote_changes(frozenset(), (old,), 11.0)] == ["warn"]
    assert list(quote_changes(frozenset({("coin_price", "ERG", "config")}), (old,), 11.0)) == []
    assert [line.tone for line in quote_changes(frozenset({("coin_price", "ERG", "config")}), (old,), 5.0)] == ["label"]
