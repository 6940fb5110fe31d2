"""Machines are listed, let go and told of at markets that keep state; what is done is what they show afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.config.workload_settings import ControllerSettings, ListingSettings
from console.workloads.contract import TakesListings, UnknownUnitError, WorkloadError
from console.workloads.controllers._rental_vast import Vast as VastMarket
from console.workloads.controllers.rental import KEPT_S, Rental
from console.workloads.registry import connect_controller
from tests.contract.rental_server import KEY, Reply, Vast, refused, running

MAKE = Callable[..., Rental]
AT = ListingSettings(price_per_h=0.36)


@pytest.fixture
def vast() -> Iterator[Vast]:
    market = Vast()
    with running(market):
        yield market


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def make(vast: Vast, key_file: Path) -> Iterator[MAKE]:
    """A controller of the market, quick between its requests, with a listing for each of some units."""
    made: list[Rental] = []

    def rental(pace_s: float = 0.01, **listings: ListingSettings) -> Rental:
        made.append(Rental(VastMarket(), str(key_file), vast.url, pace_s))
        made[-1].configure({name.removeprefix("m"): listing for name, listing in listings.items()})
        return made[-1]

    yield rental
    for each in made:
        each.close()


def state(controller: Rental, unit: str) -> tuple[str, str]:
    (task,) = controller.observe((unit,))
    return task.state, task.reason


def test_a_machine_is_listed_at_its_price_and_let_go(vast: Vast, make: MAKE) -> None:
    """With bid, end, smallest part and background job; what else an ask says is kept as it was."""
    machine = vast.machine(41007)
    listing = ListingSettings(
        price_per_h=0.36, min_bid_per_h=0.2, days=2, min_gpus=2, image="farm/miner:3", args=("-a", "kawpow")
    )
    controller = make(m41007=listing)
    begun = time.time()
    controller.start("41007", 10.0)
    ask, job = (request.body for request in vast.writes)
    assert 2 * 86400 <= ask.pop("end_date") - begun + 1 < 2 * 86400 + 60
    assert ask == {
        "machine": 41007, "price_gpu": 0.36, "price_min_bid": 0.2, "min_chunk": 2,
        "price_disk": 0.15, "price_inetu": 0.01, "price_inetd": 0.012,
    }  # fmt: skip
    assert job == {
        "machine": 41007, "price_gpu": 0.2, "price_inetu": 0.0, "price_inetd": 0.0,
        "image": "farm/miner:3", "args": ["-a", "kawpow"],
    }  # fmt: skip
    assert state(controller, "41007") == ("running", "")
    controller.stop("41007", 10.0)
    assert [(each.method, each.path) for each in vast.writes[2:]] == [
        ("DELETE", "/machines/41007/asks/"),
        ("DELETE", "/machines/41007/defjob/"),
    ]
    assert not machine["listed"] and machine["bid_image"] is None
    assert state(controller, "41007") == ("stopped", "")


def test_what_is_already_so_is_done(vast: Vast, make: MAKE) -> None:
    """Nothing is sent for a machine that is listed as asked, nor for one that is let go; a new price is sent."""
    vast.machine(1, listed=True, listed_gpu_cost=0.36, min_bid_price=0.1, end_date=time.time() + 900)
    vast.machine(2)
    controller = make(m1=AT)
    controller.start("1", 5.0)
    controller.stop("2", 5.0)
    assert vast.writes == []
    controller.configure({"1": ListingSettings(price_per_h=0.4)})
    controller.start("1", 5.0)
    assert [request.body["price_gpu"] for request in vast.writes] == [0.4]


def test_a_listing_that_is_over_is_made_anew(vast: Vast, make: MAKE) -> None:
    """A machine that is still called listed after its end is listed once more, and ``check`` tells of it."""
    vast.machine(1, listed=True, listed_gpu_cost=0.36, end_date=1700000000.0)
    controller = make(m1=AT)
    said = [fault.sentence for fault in controller.check(("1",))]
    assert "the listing of 1 at Vast.ai ended at 2023-11-14T22:13Z: start its workload anew" in said
    controller.start("1", 5.0)
    assert len(vast.writes) == 1


@pytest.mark.parametrize(
    ("rental", "ending"),
    [
        ({"current_rentals_running": 1}, "it ends when its renter leaves"),
        ({"current_rentals_resident": 1}, "it ends when its renter leaves"),
        ({"gpu_occupancy": "D x x x x x x x"}, "it ends when its renter leaves"),
        ({"current_rentals_running": 2, "client_end_date": 4102444800.0}, "it ends at 2100-01-01T00:00Z by its contr"),
        ({"current_rentals_running": 2, "client_end_date": 1700000000.0}, "it ends when its renter leaves"),
    ],
)
def test_a_rental_cannot_be_recalled(vast: Vast, make: MAKE, rental: dict[str, object], ending: str) -> None:
    """A stop takes the listing back and no more, says so, and the machine is seen to be stopping until its end."""
    machine = vast.machine(1, listed=True, listed_gpu_cost=0.36, **rental)
    controller = make()
    assert state(controller, "1") == ("running", "")
    with pytest.raises(WorkloadError, match="1 is not listed but rented; a rental cannot be recalled, " + ending):
        controller.stop("1", 5.0)
    assert [request.path for request in vast.writes] == ["/machines/1/asks/"]
    found, reason = state(controller, "1")
    assert found == "stopping" and ending in reason
    machine.update(current_rentals_running=0, current_rentals_resident=0, gpu_occupancy="x x x x x x x x")
    controller.stop("1", 5.0)
    assert state(controller, "1") == ("stopped", "")


def test_what_is_not_told_is_not_taken_for_vacant(vast: Vast, make: MAKE) -> None:
    """Without counts and codes nobody can say that a machine is free."""
    vast.machine(1, current_rentals_running=None, gpu_occupancy=None)
    assert state(make(), "1") == ("stopping", "1 is not listed; Vast.ai has not told whether somebody rents it still")


def test_a_background_job_that_stays_is_told(vast: Vast, make: MAKE) -> None:
    """A machine whose job is left has something on its GPUs, and a stop removes that."""
    vast.machine(1, bid_image="farm/miner:3")
    controller = make()
    found, reason = state(controller, "1")
    assert found == "stopping" and "farm/miner:3" in reason
    controller.stop("1", 5.0)
    assert state(controller, "1") == ("stopped", "")


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (ListingSettings(price_per_h=0.0), "listing.price_per_h is 0, expected USD per GPU and hour above 0"),
        (ListingSettings(price_per_h=-1.0), "listing.price_per_h is -1, expected"),
        (ListingSettings(price_per_h=float("nan")), "listing.price_per_h is nan, expected"),
        (ListingSettings(price_per_h=float("inf")), "listing.price_per_h is inf, expected"),
        (ListingSettings(price_per_h=0.4, min_bid_per_h=0.0), "listing.min_bid_per_h is 0, expected"),
        (ListingSettings(price_per_h=0.4, min_bid_per_h=0.5), "listing.min_bid_per_h is 0.5, above its price of 0.4"),
        (
            ListingSettings(price_per_h=36.0),
            "1: listing.price_per_h is 36 USD per GPU and hour and Vast.ai has it at 0.36, more than 10 times apart",
        ),
        (ListingSettings(price_per_h=0.035), "is 0.035 USD per GPU and hour and Vast.ai has it at 0.36, more than 10"),
        (ListingSettings(price_per_h=0.3, min_bid_per_h=0.01), "listing.min_bid_per_h is 0.01 USD per GPU and hour"),
        (ListingSettings(price_per_h=0.36, min_gpus=9), "1 has 8 GPUs and listing.min_gpus is 9: write less"),
    ],
)
def test_a_price_that_cannot_be_meant_is_not_sent(vast: Vast, make: MAKE, listing: ListingSettings, said: str) -> None:
    """No change is sent for a price that is none, that leaps, or that stands below its own bid."""
    vast.machine(1, listed=True, listed_gpu_cost=0.36, min_bid_price=0.2)
    with pytest.raises(WorkloadError, match=said):
        make(m1=listing).start("1", 5.0)
    assert vast.writes == []


def test_a_start_without_a_price_says_what_to_write(vast: Vast, make: MAKE) -> None:
    """Nothing is asked of the market for it."""
    with pytest.raises(WorkloadError, match=r"1 has no price: write listing = \{ price_per_h = … \} into its workload"):
        make().start("1", 5.0)
    assert vast.seen == []


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_an_unknown_machine_is_an_error_of_its_own(vast: Vast, make: MAKE, verb: str) -> None:
    """Observing tells of it as of a stopped one, in the order asked, and ``check`` too."""
    vast.machine(1)
    controller = make(m9=AT)
    with pytest.raises(UnknownUnitError, match=r"Vast.ai knows no machine 9 of this account"):
        getattr(controller, verb)("9", 5.0)
    tasks = controller.observe(("9", "1"))
    assert [(task.unit, task.state, task.pids) for task in tasks] == [("9", "stopped", ()), ("1", "stopped", ())]
    assert "knows no machine 9" in tasks[0].reason and tasks[1].reason == ""
    faults = controller.check(("9", "1"))
    assert any("knows no machine 9" in fault.sentence for fault in faults)
    assert faults[0].sentence.startswith("a rental cannot be recalled") and not any(fault.refuses for fault in faults)


def test_an_offer_at_another_price_is_taken_back(vast: Vast, make: MAKE) -> None:
    """A market that makes cents of dollars must not sell the night for nothing."""
    machine = vast.machine(1)
    vast.factor = 0.01
    with pytest.raises(WorkloadError, match=r"on offer at 0.0036 USD .* where 0.36 was asked, and its listing was tak"):
        make(m1=AT).start("1", 3.0)
    assert not machine["listed"]


def test_a_start_that_fails_half_way_leaves_nothing_on_offer(vast: Vast, make: MAKE) -> None:
    """Where the background job is refused the listing goes too; where it was there before, it stays."""
    vast.machine(1)
    before = vast.machine(2, listed=True, listed_gpu_cost=0.36)
    controller = make(m1=ListingSettings(price_per_h=0.36, image="i"), m2=ListingSettings(price_per_h=0.36, image="i"))
    done = vast.done
    vast.done = lambda sent: refused(400, "bad_image", "no") if "bids" in sent.path else done(sent)  # type: ignore[method-assign]
    with pytest.raises(WorkloadError, match=r"could not give it a background job: .*: no; it was on offer at 0.36"):
        controller.start("1", 5.0)
    with pytest.raises(WorkloadError, match="2: could not give it a background job"):
        controller.start("2", 5.0)
    assert not vast.machines[0]["listed"] and before["listed"]


def test_a_job_that_was_there_before_outlives_a_failed_start(vast: Vast, make: MAKE) -> None:
    """What a start has not made it does not undo."""
    machine = vast.machine(1, bid_image="by-hand")
    vast.factor = 2.0
    with pytest.raises(WorkloadError, match="its listing was taken back"):
        make(m1=AT).start("1", 3.0)
    assert not machine["listed"] and machine["bid_image"] == "by-hand"


def test_a_success_that_is_none_is_a_failure(vast: Vast, make: MAKE) -> None:
    """An answer of success does not list a machine."""
    vast.machine(1)
    vast.deaf = True
    with pytest.raises(WorkloadError, match=r"1: Vast.ai was asked to list it and does not show it so by the time-out"):
        make(m1=AT).start("1", 2.0)


def test_a_failure_that_is_none_is_a_success(vast: Vast, make: MAKE) -> None:
    """A change whose answer was lost, or that shows late, is sent once and seen to be made."""
    vast.machine(1)
    vast.silent_writes, vast.lag = 1, 3
    controller = make(m1=AT)
    controller.start("1", 10.0)
    controller.stop("1", 10.0)
    assert [request.method for request in vast.writes] == ["PUT", "DELETE"]


def test_the_market_says_no_in_its_own_words_without_the_key(vast: Vast, make: MAKE) -> None:
    """A refusal is told with its reason; a market that repeats the key does not spread it."""
    vast.machine(1)
    done = vast.done
    vast.done = lambda sent: refused(403, "not_authorized", f"{KEY} may \x1b[31mnot") if sent else done(sent)  # type: ignore[method-assign]
    with pytest.raises(WorkloadError) as caught:
        make(m1=AT).start("1", 3.0)
    assert "could not list it" in str(caught.value) and KEY not in str(caught.value) and "\x1b" not in str(caught.value)


def test_too_many_requests_are_waited_for(vast: Vast, make: MAKE) -> None:
    """A refused look or change is made again once the market allows it, and never before."""
    vast.machine(1)
    vast.instead = [vast.too_many()]
    controller = make(m1=AT)
    vast.instead.append(Reply(200, {"machines": vast.machines}))
    vast.instead.append(vast.too_many())
    controller.start("1", 10.0)
    assert [request.method for request in vast.seen] == ["GET", "GET", "PUT", "GET", "PUT", "GET"]
    vast.instead = [Reply(429, {}, {"Retry-After": "300"})]
    with pytest.raises(WorkloadError, match="too many requests; it is left alone for 300 s"):
        controller.stop("1", 3.0)
    asked = len(vast.seen)
    with pytest.raises(WorkloadError, match=r"asked to be left alone for another (300|2\d\d) s"):
        controller.start("1", 3.0)
    assert len(vast.seen) == asked


def test_requests_keep_the_pace_of_the_market(vast: Vast, make: MAKE) -> None:
    """Where the market counts, no request comes too soon, whoever asks."""
    for number in range(1, 5):
        vast.machine(number)
    vast.gap_s = 0.05
    controller = make(pace_s=0.06, m1=AT, m2=AT)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(controller.start, unit, 20.0) for unit in ("1", "2")]
        jobs += [pool.submit(controller.observe, ("3", "4"), 20.0) for _ in range(4)]
        for job in jobs:
            job.result()
    assert [machine["listed"] for machine in vast.machines] == [True, True, False, False]
    assert len(vast.writes) == 2 and vast.too_soon == 0


def test_many_units_and_many_looks_are_one_request(vast: Vast, make: MAKE) -> None:
    """One look serves everybody for a few seconds, and a change is looked at anew."""
    units = tuple(str(vast.machine(number)["id"]) for number in range(1, 30))
    controller = make(m3=AT)
    begun = time.monotonic()
    for _ in range(5):
        controller.observe(units)
    assert len(vast.seen) == 1 or time.monotonic() - begun > KEPT_S
    controller.start("3", 5.0)
    assert controller.observe(("3",))[0].state == "running"


ODD = {
    "no json": b"<html>",
    "no object": b"[]",
    "no list": b'{"machines": {}}',
    "deep": b'{"machines":' + b"[" * 100_000,
    "refusal": b'{"success": false, "msg": "down for maintenance"}',
    "3 MiB": b" " * (3 << 20),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_whatever_answers_is_a_sentence(vast: Vast, make: MAKE, body: bytes) -> None:
    """An answer of another kind raises WorkloadError and nothing else."""
    vast.instead = [Reply(200, body)]
    with pytest.raises(WorkloadError):
        make().observe(("1",), 5.0)


def test_one_odd_machine_costs_the_others_nothing(vast: Vast, make: MAKE) -> None:
    """Numbers out of range, texts where numbers belong and machines that are none are passed over."""
    odd = [3, {"id": "x"}, {"id": 2.5}, {"id": 5, "num_gpus": "8", "listed": "yes", "gpu_occupancy": 3, "end_date": {}}]
    huge = {"id": 6, "listed": True, "start_date": 1e300, "client_end_date": 1e300, "listed_gpu_cost": 10**400}
    vast.machines = [*odd, huge, vast.machine(1)]  # type: ignore[list-item]
    assert [task.state for task in make().observe(("5", "6", "1"))] == ["stopping", "running", "stopped"]


def test_a_key_that_others_can_read_is_told_and_not_sent(vast: Vast, make: MAKE, key_file: Path) -> None:
    """``check`` names what is wrong with its file; nothing is asked."""
    key_file.chmod(0o644)
    controller = make(m1=AT)
    assert f"key_file {key_file} can be read by others" in controller.check(("1",))[1].sentence
    with pytest.raises(WorkloadError, match="can be read by others"):
        controller.start("1", 5.0)
    key_file.chmod(0o600)
    key_file.write_text("another-key\n")
    with pytest.raises(WorkloadError, match="401: its key_file holds a key it does not know") as caught:
        controller.observe(("1",))
    assert "another-key" not in str(caught.value) and len(vast.seen) == 1


def test_a_closed_controller_refuses_and_leaves_no_thread(vast: Vast, make: MAKE) -> None:
    """Also one that waits for its turn at the market when it is closed."""
    vast.machine(1)
    before = {thread.ident for thread in threading.enumerate()}
    controller = make(pace_s=60.0, m1=AT)
    controller.observe(("1",))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(controller.start, "1", 200.0)
        time.sleep(0.1)
        controller.close()
        assert isinstance(waiting.exception(10), WorkloadError)
    with pytest.raises(WorkloadError, match="closed"):
        controller.observe(("1",))
    assert {t.ident for t in threading.enumerate() if "process_request" not in t.name} <= before


def test_settings_that_would_tell_the_key_are_refused() -> None:
    """No market, no key and no plain http to elsewhere; a controller says that it takes listings."""
    with pytest.raises(WorkloadError, match="needs market = "):
        connect_controller("rental", ControllerSettings(key_file="/k"))
    for url in ("http://192.0.2.1", "http://user@vast.example"):
        with pytest.raises(WorkloadError, match="in the clear: expected https://"):
            connect_controller("rental", ControllerSettings(market="vast", key_file="/k", url=url))
    made = connect_controller("r", ControllerSettings(kind="rental", market="clore", key_file="/k"))
    assert isinstance(made, TakesListings) and made.kind == "rental"
    made.close()
