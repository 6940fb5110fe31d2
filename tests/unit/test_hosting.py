"""Contracts on a whole site: who serves, what stands with the option, and what a plan says and charges of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.config.contract_settings import ContractSettings, CreditSettings
from console.config.workload_settings import RevenueSettings
from console.demo import FarmGround
from console.flips.cases import still_standing
from console.flips.facts import Seen
from console.flips.plan import plan
from console.flips.records import Plan, Who
from console.flips.standing import Over
from console.market.quotes import Board
from console.model import Bond, Flipping, GpuRow, GpuState, Guard, Holder, Option, Output, Snapshot, WorkState
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


QWEN = "vllm-qwen"
"""Of eight cards GPU 0 serves it, 1 and 2 mine and could, and so could 4 to 7, which serve another model together."""


def signed(folder: Path, committed: int | None = None, cards: int = 8, customer: str = "acme") -> FarmGround:
    """A simulated farm whose customer has a contract on paper; it moves only when told."""
    place = FarmGround(Farm(gpus=cards, scenario="calm", start=START, timer=HandTimer()), folder)
    settings = place.config.settings
    paid = RevenueSettings(form="contract", contract="acme-7")
    served_to = msgspec.structs.replace(settings.workloads[customer], revenue=paid)
    place.config = msgspec.structs.replace(
        place.config,
        settings=msgspec.structs.replace(
            settings,
            contracts={"acme-7": msgspec.structs.replace(PAPER, gpus=committed)},
            workloads={**settings.workloads, customer: served_to},
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
    assert spare.bond == Bond(contract="acme-7", unpaid=True), "nothing ties the one that is paid nothing"
    assert paid.bond is not None and not paid.bond.unpaid and paid.bond.early_exit == 40.0


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
    ("committed", "counted", "words"),
    [
        (1, {0}, "contract acme-7 commits 1, and as many serve"),
        (2, {0, 1}, "contract acme-7 commits 2, and what is free of it is counted for GPU 1"),
        (3, {0, 1, 2}, "contract acme-7 commits 3, and what is free of it is counted for GPUs 1, 2"),
        (9, {0, 1, 2, 4, 5, 6, 7}, ""),
    ],
)
def test_a_free_position_is_counted_for_one_gpu(tmp_path: Path, committed: int, counted: set[int], words: str) -> None:
    """What the site could earn holds a contract no more often than it commits, by slot and the same on every tick."""
    place = signed(tmp_path, committed, customer=QWEN)
    rate = {"acme-7": msgspec.structs.replace(PAPER, gpus=committed, rate_per_gpu_h=50.0)}
    settings = msgspec.structs.replace(place.config.settings, contracts=rate)
    place.config = msgspec.structs.replace(place.config, settings=settings)
    state = State(place, "")
    for _ in range(3):
        snapshot = ticked(place, state, 2)
        best = {row.reading.slot for row in snapshot.rows if (row.money.advice.best or row.money.running) == QWEN}
        assert best == counted
        others = [row for row in snapshot.rows if row.reading.slot not in {*counted, 3}]
        assert {option_of(row, QWEN).why_not for row in others} == ({words} if words else set())
        most = snapshot.totals.best_net_per_h
        assert most is not None and 40.0 * committed < most + 40.0 * max(0, committed - 7) < 50.0 * committed + 20.0


@pytest.mark.parametrize(
    ("changed", "turn"),
    [
        ({}, 1),
        ({"guards": (Guard(name="lock", sentence="bob locked it"),)}, 2),
        ({"stuck": "pid 99 is still there"}, 2),
        ({"holder": Holder.FOREIGN}, 2),
    ],
)
def test_a_position_is_not_counted_for_a_gpu_that_cannot_take_it(
    tmp_path: Path, changed: dict[str, object], turn: int
) -> None:
    """A lock, a mark or a stranger on the first GPU leaves the position to the second."""
    hosting, rows, now = asked(tmp_path, 1, changed)
    hosting.watch(rows, Board(), now)
    free = [row.reading.slot for row in rows[1:3] if not hosting.why_not(QWEN, row.reading.uuid, now)]
    assert free == [turn]


def test_a_gpu_that_is_about_to_serve_has_its_position(tmp_path: Path) -> None:
    """While it is flipped to the workload, or warms up, nobody else is sent there."""
    hosting, rows, now = asked(
        tmp_path, 2, {"flipping": Flipping(flip_id="x", to=QWEN, step="stop", since=0.0, by="b")}
    )
    hosting.watch(rows, Board(), now)
    free = [row.reading.slot for row in rows[1:3] if not hosting.why_not(QWEN, row.reading.uuid, now)]
    assert free == [2]
    said = hosting.why_not(QWEN, rows[1].reading.uuid, now)
    assert said == "contract acme-7 commits 2, and as many serve or are about to"


def asked(folder: Path, slot: int, changed: dict[str, object]) -> tuple[Hosting, list[GpuRow], float]:
    """A watch that was asked about GPUs 1 and 2 while one of two positions is free, and rows with one changed."""
    place = signed(folder, 2, customer=QWEN)
    snapshot, now = ticked(place, State(place, ""), 2), place.now()
    hosting, rows = Hosting(place.config.settings, None), list(snapshot.rows)
    for row in rows[1:3]:
        assert hosting.why_not(QWEN, row.reading.uuid, now) == ""
    holder = changed.pop("holder", None)
    if holder is not None:
        changed["occupancy"] = msgspec.structs.replace(rows[slot].occupancy, holder=holder, instance=None)
    rows[slot] = msgspec.structs.replace(rows[slot], **changed)
    return hosting, rows, now


def test_a_flip_that_the_contract_would_not_pay_says_so_and_can_be_taken_back(tmp_path: Path) -> None:
    """Before it no figure and the ladder's own sentence; after it nothing ties the GPU, also within the flip."""
    place = signed(tmp_path, 1, customer=QWEN)
    site = LiveSite(place)
    site._state = state = State(place, "")
    state.begin_with(place.figures(), place.past())
    ticked(place, state, 3)
    [move] = planned(site, place, 1, QWEN).moves
    assert "vllm-qwen is not for GPU 1: contract acme-7 commits 1, and as many serve" in move.warnings
    assert (move.net_after_per_h, move.gain_per_h, move.payback_s) == (None, None, None)
    assert move.net_before_per_h is not None

    place._farm.controller.stop("ergo@1.service", 10.0)
    place._farm.controller.start("vllm-qwen@1.service", 60.0)
    for seconds, doing in ((3, WorkState.WARMING), (240, WorkState.RUNNING)):
        snapshot = ticked(place, state, seconds)
        held = snapshot.rows[1].occupancy.instance
        assert held is not None and held.state is doing
        surplus_goes_free(site, place, snapshot)


def surplus_goes_free(site: LiveSite, place: FarmGround, snapshot: Snapshot) -> None:
    """GPU 0 is bound by its contract, and nothing holds GPU 1 to it."""
    paid, unpaid = snapshot.rows[:2]
    assert [option_of(row, QWEN).gross_per_h for row in (paid, unpaid)] == [2.2, 0.0]
    assert ([guard.name for guard in paid.guards], unpaid.guards) == (["contract"], ())
    assert planned(site, place, 0, "ergo").refusals[0].guard.name == "contract"
    back = planned(site, place, 1, "ergo")
    assert back.refusals == () and [one.after for one in back.moves] == ["ergo"]
    assert standing(back, unpaid, place) == []
    assert standing(msgspec.structs.replace(back, moves=()), unpaid, place) == ["contract"], "told by nobody it stands"
    assert standing(back, paid, place) == ["contract"]


def planned(site: LiveSite, place: FarmGround, slot: int, target: str) -> Plan:
    """A plan of one GPU on what the site knows now."""
    return plan(site._plannable(), (slot,), target, whole=False, who=_WHO, at=place.now())


def standing(made: Plan, row: GpuRow, place: FarmGround) -> list[str]:
    """The names of the guards that the flip itself would meet."""
    seen = Seen(reading=row.reading, occupancy=row.occupancy)
    found = still_standing(made, seen, place.config.settings, stuck="", fresh=True, over=Over(), others=())
    return [guard.name for guard in found]


def option_of(row: GpuRow, workload: str) -> Option:
    return next(one for one in row.money.options if one.workload == workload)


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
