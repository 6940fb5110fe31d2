"""Servers at Clore.ai: prices per day, told while hidden; what cannot be told or done there is said."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.config.workload_settings import ListingSettings
from console.workloads.contract import UnknownUnitError, WorkloadError
from console.workloads.controllers._rental_clore import Clore as CloreMarket
from console.workloads.controllers._rental_clore import per_day_of
from console.workloads.controllers.rental import KEPT_S, Rental
from tests.contract.rental_server import KEY, Clore, Reply, Request, running

MAKE = Callable[..., Rental]
AT = ListingSettings(price_per_h=0.05)


@pytest.fixture
def clore() -> Iterator[Clore]:
    market = Clore()
    with running(market):
        yield market


@pytest.fixture
def make(clore: Clore, tmp_path: Path) -> Iterator[MAKE]:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    made: list[Rental] = []

    def rental(pace_s: float = 0.01, **listings: ListingSettings) -> Rental:
        made.append(Rental(CloreMarket(), str(key_file), clore.url, pace_s))
        made[-1].configure(listings)
        return made[-1]

    yield rental
    for each in made:
        each.close()


def test_the_price_is_told_while_the_server_is_hidden(clore: Clore, make: MAKE) -> None:
    """Per day and server, the bid as well, the length of rentals as it was; only then is it shown."""
    server = clore.server(35007, "rig-a", mrl=48)
    controller = make(**{"rig-a": ListingSettings(price_per_h=0.05, min_bid_per_h=0.03)})
    controller.start("rig-a", 10.0)
    body = {"name": "rig-a", "mrl": 48, "on_demand": 9.6, "spot": 5.76}
    assert [request.body for request in clore.writes] == [
        body | {"availability": False},
        body | {"availability": True},
    ]
    assert controller.observe(("rig-a", "35007"))[1].state == "running"
    controller.stop("rig-a", 10.0)
    assert clore.writes[2].body == body | {"availability": False}
    assert server["visibility"] == "hidden"
    assert [(task.state, task.reason) for task in controller.observe(("rig-a",))] == [("stopped", "")]


@pytest.mark.parametrize(
    ("price_per_h", "gpus", "per_day"), [(0.05, 8, 9.6), (0.1, 1, 2.4), (0.07, 3, 5.04), (0.36, 6, 51.84)]
)
def test_a_price_per_gpu_and_hour_is_one_per_server_and_day(price_per_h: float, gpus: int, per_day: float) -> None:
    """To the last digit, where binary fractions would not be."""
    assert per_day_of(price_per_h, gpus) == per_day


def test_what_is_already_so_is_done(clore: Clore, make: MAKE) -> None:
    """A server that is shown at its price is left alone, by its name and by its id."""
    usd = {"USD-Blockchain": {"on_demand": 9.6, "spot": 5.0}}
    clore.server(35007, "rig-a", visibility="public", usd_pricing=usd)
    controller = make(**{"rig-a": AT, "35007": AT})
    controller.start("rig-a", 5.0)
    controller.start("35007", 5.0)
    assert clore.writes == []


@pytest.mark.parametrize("currency", ["bitcoin", "CLORE-Blockchain"])
def test_a_price_in_another_coin_is_never_shown(clore: Clore, make: MAKE, currency: str) -> None:
    """Where the market takes the figure for bitcoin the server stays hidden: 9.6 CLORE would be next to nothing."""
    server = clore.server(35007, "rig-a")
    clore.currency = currency
    with pytest.raises(WorkloadError, match="asked to tell its price while it is hidden and does not show it so"):
        make(**{"rig-a": AT}).start("rig-a", 3.0)
    assert server["visibility"] == "hidden"
    assert not any(request.body["availability"] for request in clore.writes)


def test_a_wrong_price_is_never_shown(clore: Clore, make: MAKE) -> None:
    """Nor one that is another in the market's books, on a server that was shown before."""
    usd = {"USD-Blockchain": {"on_demand": 9.0, "spot": 5.0}}
    server = clore.server(35007, "rig-a", visibility="public", usd_pricing=usd)
    clore.factor = 0.02
    with pytest.raises(WorkloadError, match="does not show it so by the time-out"):
        make(**{"rig-a": AT}).start("rig-a", 3.0)
    assert server["visibility"] == "hidden"


def test_a_leap_is_per_gpu_and_hour_in_both_figures(clore: Clore, make: MAKE) -> None:
    """A price per day where one per hour belongs is more than ten times the old one."""
    clore.server(35007, "rig-a", usd_pricing={"USD-Blockchain": {"on_demand": 9.6, "spot": 5.0}})
    with pytest.raises(WorkloadError, match=r"is 9.6 USD per GPU and hour and Clore.ai has it at 0.05, more than 10"):
        make(**{"rig-a": ListingSettings(price_per_h=9.6)}).start("rig-a", 5.0)
    assert clore.writes == []


def test_a_server_whose_gpus_are_not_told_has_no_price(clore: Clore, make: MAKE) -> None:
    """Two counts that differ are none."""
    clore.server(35007, "rig-a", gpu_count=4)
    with pytest.raises(WorkloadError, match="does not say how many GPUs it has, so no price can be told"):
        make(**{"rig-a": AT}).start("rig-a", 5.0)
    assert clore.writes == []


def test_a_rented_server_is_hidden_and_left_to_its_renter(clore: Clore, make: MAKE) -> None:
    """Whether it is rented stands in its own config, which a stop asks for."""
    server = clore.server(35007, "rig-a", visibility="public", rental_status=2)
    controller = make()
    with pytest.raises(WorkloadError, match="a rental cannot be recalled, it ends when its renter leaves"):
        controller.stop("rig-a", 5.0)
    assert server["visibility"] == "hidden" and [request.path for request in clore.writes] == ["/set_server_settings"]
    assert controller.observe(("rig-a",))[0].state == "stopping"


def test_hidden_servers_are_asked_about_one_at_a_look(clore: Clore, make: MAKE) -> None:
    """Twenty of them cost two requests, and none is called vacant before it is known to be."""
    units = tuple(clore.server(number, f"rig-{number}")["name"] for number in range(1, 21))
    controller = make()
    begun = time.monotonic()
    states = [task.state for task in controller.observe(units, 10.0)]
    assert [request.path for request in clore.seen] == ["/my_servers", "/server_config"]
    assert states == ["stopped"] + ["stopping"] * 19
    controller.observe(units, 10.0)
    assert len(clore.seen) == 2 or time.monotonic() - begun > KEPT_S


def test_a_config_that_does_not_come_leaves_it_open(clore: Clore, make: MAKE) -> None:
    """The look at all servers is not lost with it; a server is not vacant because nobody said so."""
    clore.server(1, "a", rental_status=None)
    clore.server(2, "b", visibility="public")
    (first, second) = make().observe(("a", "b"), 10.0)
    assert (first.state, second.state) == ("stopping", "running")
    assert first.reason == "a is not listed; Clore.ai has not told whether somebody rents it still"
    clore.instead = [clore.told(Request("GET", "/my_servers", {}, None)), Reply(200, {"code": 1})]
    assert [task.state for task in make().observe(("a", "b"), 10.0)] == ["stopping", "running"]


def test_a_background_job_is_told_and_stays(clore: Clore, make: MAKE) -> None:
    """Clore's cannot be removed from here: a stop says that it is there."""
    server = clore.server(35007, "rig-a", visibility="public")
    server["_"]["background_job"] = {"image": "farm/miner:3"}
    controller = make()
    with pytest.raises(WorkloadError, match=r"Clore.ai runs farm/miner:3 on it while nobody rents: remove it there"):
        controller.stop("rig-a", 5.0)
    assert controller.observe(("rig-a",))[0].state == "stopping"


def test_a_name_that_two_servers_have_is_nobodys(clore: Clore, make: MAKE) -> None:
    """Settings are told by name alone, and one of the two would be the wrong one."""
    clore.server(1, "rig")
    clore.server(2, "rig")
    with pytest.raises(UnknownUnitError, match=r"two machines of this account at Clore.ai go by rig"):
        make(rig=AT).start("rig", 5.0)
    assert clore.writes == []


def test_check_tells_of_prices_that_are_not_set_here(clore: Clore, make: MAKE) -> None:
    """A coin that is taken and has no price in USD may sell it for anything."""
    usd = {"USD-Blockchain": {"on_demand": 9.6, "spot": 5.0}}
    clore.server(35007, "rig-a", usd_pricing=usd, allowed_currencies=["bitcoin", "USD-Blockchain", ["x"]])
    said = [fault.sentence for fault in make(**{"rig-a": AT}).check(("rig-a",))]
    assert any("rig-a can be rented for bitcoin and ['x'] too" in sentence for sentence in said)
    assert not any("no price" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"code": 1}, "Clore.ai refuses: a fault of its database"),
        ({"code": 3}, "Clore.ai refuses: it does not know the key"),
        ({"code": 6, "error": f"not {KEY}\nhere"}, r"Clore.ai refuses: not \(the key\) here"),
        ({"code": True, "servers": []}, "with code True, which it does not explain"),
        ({"servers": []}, "with code None, which it does not explain"),
        ({"code": 0}, "Clore.ai answered without a list of servers"),
        ([], "with code None"),
    ],
)
def test_a_code_is_a_sentence(clore: Clore, make: MAKE, body: object, said: str) -> None:
    """HTTP calls everything a success; the key is not repeated."""
    clore.instead = [Reply(200, body)]
    with pytest.raises(WorkloadError, match=said):
        make().observe(("rig-a",), 5.0)


def test_one_request_a_second_is_kept(clore: Clore, make: MAKE) -> None:
    """Code 5 is waited out and the same asked again; with the pace that it wants no request comes too soon."""
    clore.server(35007, "rig-a")
    clore.gap_s = 0.05
    make(pace_s=0.06, **{"rig-a": AT}).start("rig-a", 20.0)
    assert clore.too_soon == 0
    clore.instead = [clore.too_many()]
    make(pace_s=0.06).stop("rig-a", 20.0)
    assert clore.machines[0]["visibility"] == "hidden"
