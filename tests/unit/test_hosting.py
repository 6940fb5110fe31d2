"""Contracts on a whole site: who serves, what stands with the option, and what a plan says and charges of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.config.contract_settings import ContractSettings, CreditSettings
from console.config.settings import RevenueSettings
from console.demo import FarmGround
from console.flips.plan import plan
from console.flips.records import Who
from console.market.quotes import Board
from console.model import Bond, GpuRow, GpuState, Holder, Option, Output, Snapshot, WorkState
from console.site.hosting import Hosting
from console.site.live import LiveSite
from console.site.state import State
from console.telemetry.simulated import Farm, HandTimer

_WHO = Who(uid=1000, login="alice")
START = 1_795_435_200.0  # 2026-11-23T12:00:00Z
PAPER = ContractSettings(
    rate_per_gpu_h=2.2,
    end="2027-03-31",
    early_exit=40.0,
    notice_days=30.0,
    credits=(CreditSettings(below_pct=99.5, credit_pct=10.0),),
)


def signed(folder: Path, committed: int | None = None, cards: int = 8) -> FarmGround:
    """A simulated farm whose customer acme has a contract on paper; it moves only when told."""
    place = FarmGround(Farm(gpus=cards, scenario="calm", start=START, timer=HandTimer()), folder)
    settings = place.config.settings
    paid = RevenueSettings(form="contract", contract="acme-7")
    acme = msgspec.structs.replace(settings.workloads["acme"], revenue=paid)
    place.config = msgspec.structs.replace(
        place.config,
        settings=msgspec.structs.replace(
            settings,
            contracts={"acme-7": msgspec.structs.replace(PAPER, gpus=committed)},
            workloads={**settings.workloads, "acme": acme},
        ),
    )
    return place


def ticked(place: FarmGround, state: State, seconds: int) -> Snapshot:
    for _ in range(seconds):
        place._farm.sleep(1.0)
        snapshot = state.apply(place._farm.batch())
    return snapshot


def serving(snapshot: Snapshot) -> GpuRow:
    [row] = [row for row in snapshot.rows if row.money.running == "acme"]
    return row


def served(row: GpuRow) -> Option:
    return next(one for one in row.money.options if one.workload == "acme")


def test_a_contract_stands_with_its_option(tmp_path: Path) -> None:
    """Rate, what was seen, minutes left to the tier and the cost of leaving, all with the option that it is of."""
    place = signed(tmp_path)
    own = served(serving(ticked(place, State(place, ""), 12)))
    assert own.gross_per_h == 2.2
    tier, seen, leaving = own.clauses
    assert tier == "contract acme-7: 3h 36m of downtime left this month to the 10 % tier (158.40 $)"
    assert seen == "contract acme-7: up 100 % of 10s watched this month; 22d not watched count as neither"
    assert leaving == (
        "contract acme-7: leaving costs 158.40 $ of credits within 6h and 40.00 $ for ending it before 2027-03-31"
    )
    assert isinstance(own.bond, Bond) and own.bond.early_exit == 40.0


def test_a_forced_plan_shows_and_charges_what_leaving_costs(tmp_path: Path) -> None:
    """In the dialog before anything happens: the sentences as warnings, the sum within the cost."""
    place = signed(tmp_path)
    site = LiveSite(place)
    site._state = State(place, "")
    site._state.begin_with(place.figures(), place.past())
    row = serving(ticked(place, site._state, 12))
    slot = row.reading.slot
    made = plan(
        site._plannable(), (slot,), "off", whole=True, who=_WHO, at=place.now(), force=(f"{place.host}:{slot}",)
    )
    grounds = site._state.pricing.grounds(row.reading.uuid)
    assert grounds is not None and grounds.moment.penalty == pytest.approx(198.4), "advice reckons with the same"
    [move] = made.moves
    assert [warning for warning in move.warnings if warning.startswith("contract acme-7")] == list(served(row).clauses)
    assert move.downtime_cost == pytest.approx(198.4, abs=0.1)
    assert "under contract acme-7" in "; ".join(move.warnings)


def test_a_committed_number_that_is_served_makes_others_spare(tmp_path: Path) -> None:
    """Of two cards that serve where one is committed, one is paid nothing, says so, and leaves for nothing."""
    place = signed(tmp_path, committed=1, cards=16)
    snapshot = ticked(place, State(place, ""), 3)
    paid, spare = sorted(
        (served(row) for row in snapshot.rows if row.money.running == "acme"), key=lambda one: -(one.gross_per_h or 0.0)
    )
    assert (paid.gross_per_h, spare.gross_per_h) == (2.2, 0.0)
    assert spare.clauses == ("contract acme-7: commits 1 and as many serve without this GPU, which is paid nothing",)
    assert spare.bond == Bond(contract="acme-7") and paid.bond != spare.bond


def test_no_card_is_sent_to_a_contract_that_has_what_it_commits(tmp_path: Path) -> None:
    """It would pay no further one; while one of its GPUs is down it would."""
    place = signed(tmp_path, committed=1)
    hosting, row = Hosting(place.config.settings, None), serving(ticked(place, State(place, ""), 1))
    hosting.watch((row,), Board(), place.now())
    assert hosting.why_not("acme", "GPU-other", place.now()) == "contract acme-7 commits 1, and as many serve"
    assert hosting.why_not("acme", row.reading.uuid, place.now()) == ""
    assert hosting.why_not("ergo", "GPU-other", place.now()) == ""
    down = msgspec.structs.replace(row, reading=msgspec.structs.replace(row.reading, state=GpuState.LOST))
    hosting.watch((down,), Board(), place.now())
    assert hosting.why_not("acme", "GPU-other", place.now()) == ""


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({}, "up 100 % of 9m watched"),
        ({"state": GpuState.LOST}, "9 min down"),
        ({"state": GpuState.HUNG}, "up 100 % of 20s watched"),
        ({"at": 0.0}, "up 100 % of 20s watched"),
        ({"holder": Holder.UNKNOWN}, "up 100 % of 20s watched"),
        ({"holder": Holder.NONE, "instance": None}, "9 min down"),
        ({"working": WorkState.FAILING}, "9 min down"),
        ({"working": WorkState.WARMING}, "9 min down"),
        ({"output": None}, "up 100 % of 20s watched"),
        ({"metered_at": 0.0}, "up 100 % of 20s watched"),
    ],
)
def test_serving_is_a_running_instance_with_a_live_meter(tmp_path: Path, changed: dict[str, object], seen: str) -> None:
    """Known not to serve is down; a GPU, a holder or a meter that does not tell is not watched."""
    place = signed(tmp_path)
    state = State(place, "")
    snapshot = ticked(place, state, 1)
    hosting = Hosting(place.config.settings, None)
    now = place.now()
    for number in range(60):
        row = _changed(serving(snapshot), now, changed if number > 2 else {})
        hosting.watch((row,), Board(), now)
        now += 10.0
    said = hosting.bound(served(row), row.reading.uuid, now - 10.0, runs=True).clauses[1]
    assert seen in said, said


def _changed(row: GpuRow, now: float, changed: dict[str, object]) -> GpuRow:
    """The row as if read at ``now``, with some of it otherwise."""
    replace = msgspec.structs.replace
    reading = replace(row.reading, at=changed.get("at", now), state=changed.get("state", GpuState.OK))
    held = row.occupancy.instance
    assert held is not None and row.output is not None
    instance = replace(held, state=changed.get("working", WorkState.RUNNING))
    occupancy = replace(
        row.occupancy, holder=changed.get("holder", Holder.WORKLOAD), instance=changed.get("instance", instance)
    )
    output: Output | None = replace(row.output, at=changed.get("metered_at", now))
    return replace(row, reading=reading, occupancy=occupancy, output=changed.get("output", output))
