"""The rules: what of a snapshot calls an operator, and what does not."""

from __future__ import annotations

import msgspec
import pytest

from console.attention.alarms import LONGEST, Ended, Facts, Sign, standing
from console.model import GpuState, HostState, Snapshot, WorkState
from tests.pilot import sample

CALM = sample.fleet(4, power_limit_w=None)


def signs(snapshot: Snapshot = CALM, **more: object) -> dict[str, Sign]:
    """What calls, by key."""
    return {one.key: one for one in standing(Facts(snapshot, **more))}  # type: ignore[arg-type]


def with_row(**reading: object) -> Snapshot:
    """The calm host with another reading of its first GPU."""
    row = CALM.rows[0]
    changed = msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, **reading))
    return msgspec.structs.replace(CALM, rows=(changed, *CALM.rows[1:]))


def in_state(state: WorkState, **more: object) -> Snapshot:
    """The calm host, its first instance in a state."""
    row = CALM.rows[0]
    assert row.occupancy.instance is not None
    instance = msgspec.structs.replace(row.occupancy.instance, state=state)
    changed = msgspec.structs.replace(row, occupancy=msgspec.structs.replace(row.occupancy, instance=instance), **more)
    return msgspec.structs.replace(CALM, rows=(changed, *CALM.rows[1:]))


def test_a_host_that_is_well_calls_nobody() -> None:
    """An alarm that always stands is none."""
    assert signs() == {}


@pytest.mark.parametrize("state", [GpuState.LOST, GpuState.GONE, GpuState.HUNG, GpuState.RESET_REQUIRED])
def test_a_card_that_is_not_there_calls_by_its_uuid(state: GpuState) -> None:
    """With its slot, why, and what to do; one alarm, whatever else its old figures say."""
    found = signs(with_row(state=state, reason="xid 79", throttle=("hw thermal",)))
    [(key, one)] = found.items()
    assert key == f"{state.value}:{sample.uuid_of(0)}"
    assert one.severity == "harm" and one.slots == (0,)
    assert one.sentence == f"GPU 0 {state.value.replace('_', ' ')}: xid 79" and one.do


def test_a_card_that_cannot_be_read_at_all_is_no_alarm() -> None:
    """It never could."""
    assert signs(with_row(state=GpuState.UNSUPPORTED)) == {}


def test_stuck_and_failing_call_and_warming_does_not() -> None:
    """Failing is what the site says after the start time-out; a flip under way has its own words."""
    assert list(signs(in_state(WorkState.STUCK))) == [f"stuck:{sample.uuid_of(0)}"]
    assert list(signs(in_state(WorkState.FAILING))) == [f"failing:{sample.uuid_of(0)}"]
    assert signs(in_state(WorkState.WARMING)) == {}
    flipping = next(row.flipping for row in sample.rows() if row.flipping is not None)
    assert signs(in_state(WorkState.FAILING, flipping=flipping)) == {}
    durable = signs(in_state(WorkState.RUNNING, stuck="held by miner (pid 77)"))
    assert durable[f"stuck:{sample.uuid_of(0)}"].sentence == "GPU 0 stuck: held by miner (pid 77)"


@pytest.mark.parametrize(("word", "calls"), [("hw thermal", True), ("hw slowdown", True), ("power cap", False)])
def test_only_heat_that_slows_a_card_calls(word: str, calls: bool) -> None:
    """A power limit at work does what it was set for."""
    assert (f"hot:{sample.uuid_of(0)}" in signs(with_row(throttle=(word,)))) is calls


def test_a_spent_restart_budget_calls_and_two_failures_do_not() -> None:
    """Three within the window, as the guards count."""
    assert signs(failed_starts={sample.uuid_of(1): 2}) == {}
    assert signs(failed_starts={sample.uuid_of(1): 3})[f"starts:{sample.uuid_of(1)}"].slots == (1,)


def test_a_site_over_its_limit_calls_and_at_it_does_not() -> None:
    """No limit, no alarm; an unknown sum is not 0."""

    def at(wall_w: float | None, limit: float | None) -> dict[str, Sign]:
        totals = msgspec.structs.replace(CALM.totals, wall_w=wall_w)
        return signs(msgspec.structs.replace(CALM, totals=totals, power_limit_w=limit))

    assert "power" in at(3201.0, 3200.0)
    assert at(3200.0, 3200.0) == at(None, 3200.0) == at(9000.0, None) == {}


def test_one_stale_row_is_the_headers_to_tell_and_all_of_them_call() -> None:
    """Where no money is fresh nobody knows what anything earns."""

    def old(rows: int) -> dict[str, Sign]:
        return signs(msgspec.structs.replace(CALM, totals=msgspec.structs.replace(CALM.totals, stale_rows=rows)))

    known = sum(row.money.net_per_h is not None for row in CALM.rows)
    assert known > 1 and old(known - 1) == {}
    assert list(old(known)) == ["stale"]


def test_nobody_is_called_for_the_age_of_prices_before_any_feed_was_asked() -> None:
    """A console that is opened in the morning knows those of the evening, for a moment."""
    rows = sum(row.money.net_per_h is not None for row in CALM.rows)
    old = msgspec.structs.replace(CALM, totals=msgspec.structs.replace(CALM.totals, stale_rows=rows))
    assert signs(old, priced=False) == {} and list(signs(old)) == ["stale"]


@pytest.mark.parametrize("state", [HostState.HUNG, HostState.MISMATCH, HostState.NO_DRIVER, HostState.NO_GPUS])
def test_a_driver_that_is_gone_calls(state: HostState) -> None:
    """With its reason; a host that never had a GPU to tell of calls nobody, but for a driver that hangs."""
    gone = msgspec.structs.replace(CALM, host_state=state, reason="NVML: driver/library version mismatch")
    assert signs(gone)["host"].sentence == "NVML: driver/library version mismatch"
    assert ("host" in signs(msgspec.structs.replace(gone, rows=()))) is (state is HostState.HUNG)


def test_what_is_silent_or_cannot_be_written_or_ended_badly_calls() -> None:
    """A controller, the journal's disk, a flip; the flip's is of when it ended."""
    ended = Ended(flip_id="ab12", at=sample.NOW - 60, slots=(2,), text="roll-back failed, off")
    found = signs(silent={"x": "controllers.x: no answer"}, journal="disk full", ended=(ended,))
    assert found["controller:x"].severity == "warn"
    assert found["journal"].sentence == "disk full"
    flip = found["flip:ab12"]
    assert (flip.at, flip.sentence) == (sample.NOW - 60, "GPU 2: roll-back failed, off")


def test_hostile_reasons_are_one_harmless_line() -> None:
    """Escapes, bidi and length end at this boundary."""
    found = signs(with_row(state=GpuState.LOST, reason="\x1b[2J\u202egnp\n" + "x" * 4000))
    [one] = found.values()
    assert one.sentence.isprintable() and len(one.sentence) <= LONGEST
