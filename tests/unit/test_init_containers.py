"""Containers that were given GPUs, as init finds them: whose they are, that the socket was read, what is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from console.config.loading import load
from console.finding import containers
from console.finding.asking import Given, answers
from console.finding.found import Survey
from console.finding.holders import Holders, Sorted
from console.finding.metering import metered
from console.finding.survey import _controls
from console.finding.telling import table
from console.finding.writing import Answers, written
from console.model import Reading
from console.workloads.background import Background
from console.workloads.contract import Holding
from console.workloads.controllers.docker import LABEL
from console.workloads.proctable import ProcessTable
from tests.contract.engine import Engine, id_of, running
from tests.unit.findings import card, survey

KNOWN = Answers(acknowledged=frozenset({"docker"}))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A Docker on a socket of its own."""
    with running(tmp_path / "docker.sock") as made:
        yield made


def gives(engine: Engine, name: str, slot: int, label: str = "") -> None:
    """A running container that was given the GPU of this slot and does not compute."""
    asked = [{"DeviceIDs": [card(slot).uuid], "Capabilities": [["gpu"]]}]
    engine.add(name, labels={LABEL: label} if label else {}, HostConfig={"DeviceRequests": asked})


def reading(slot: int) -> Reading:
    """This slot's card, with nobody on it."""
    return Reading(slot=slot, uuid=card(slot).uuid, pci="", name="", at=1.0, clients=())


def found(*holdings: Holding) -> Sorted:
    """Who holds eight cards on which no process is, where these containers are."""
    return Holders(ProcessTable({}, {}), (), holdings, Background()).sorted_out([reading(slot) for slot in range(8)])


def surveyed(*holdings: Holding) -> Survey:
    """What init finds on such a host."""
    held = found(*holdings)
    instances, _ = metered(held.units, [reading(slot) for slot in range(8)], {})
    controls = _controls((), instances, (), contained=bool(holdings))
    return survey(*instances, controls=controls, strangers=held.strangers)


def holding(name: str, slot: int, unit: str = "") -> Holding:
    """A container that was given this slot's card."""
    return Holding(container=id_of(name), name=name, uuids=(card(slot).uuid,), unit=unit)


def joined(text: str) -> str:
    """Its comments as sentences again."""
    return " ".join(text.replace("\n# ", " ").split())


def test_a_label_of_its_own_makes_a_container_ours(engine: Engine) -> None:
    """Not the label of an image, which a renter brings, nor a name that is some image's label."""
    gives(engine, "own", 0, "qwen")
    gives(engine, "theirs", 1, "claimed")
    engine.containers["theirs"]["Image"] = "sha256:" + "cd" * 32
    engine.image_labels["sha256:" + "cd" * 32] = {LABEL: "claimed"}
    gives(engine, "claimed", 2)
    holdings, _ = containers.listed(str(engine.path))
    assert {one.name: one.unit for one in holdings} == {"own": "qwen", "theirs": "", "claimed": ""}


def test_that_the_socket_was_read_is_told(engine: Engine) -> None:
    """In the table that is shown, with what came of it; and nothing but questions was sent."""
    gives(engine, "C.1234567", 3)
    holdings, note = containers.listed(str(engine.path))
    assert [one.uuids for one in holdings] == [(card(3).uuid,)]
    shown = " ".join(table(survey(notes=(note,))))
    assert f"the socket {engine.path} was read, nothing there was started or stopped: 1 container was given" in shown
    assert engine.asked and all(line.startswith("GET ") for line in engine.asked)


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can give a socket to somebody else")
def test_a_strangers_socket_is_not_opened(engine: Engine) -> None:
    """Whoever answers there may say anything."""
    os.chown(engine.path, 54321, -1)
    holdings, note = containers.listed(str(engine.path))
    assert holdings == () and engine.asked == []
    assert "belongs to uid 54321, expected root or you" in note


def test_no_socket_is_a_sentence(tmp_path: Path) -> None:
    """A host without docker is none with containers that could not be seen."""
    holdings, note = containers.listed(str(tmp_path / "none"))
    assert holdings == () and note.startswith("containers were not looked for: the socket ")


def test_docker_is_written_where_only_strangers_were_found(tmp_path: Path) -> None:
    """As comments until it is acknowledged, with the reason; and what is said of the renter's GPU is true each time."""
    host = surveyed(holding("C.1234567", 3))
    assert [one.name for one in host.controls] == ["docker"]
    text = written(host, Answers(), "2026-06-01", "UTC")
    assert "\n# [controllers.docker]\n# acknowledged = true" in text and "\n[controllers.docker]" not in text
    said = joined(text)
    assert "their GPU looks free, and a flip would start something beside them" in said
    assert "is named as a renter's: it is never touched; to the console it is foreign while a process of it is" in said
    assert "not seen until [controllers.docker] stands in this config" in said
    known = written(host, KNOWN, "2026-06-01", "UTC")
    assert "it is never touched; to the console it is foreign." in joined(known)
    path = tmp_path / "config.toml"
    path.write_text(known)
    path.chmod(0o600)
    assert load(path).settings.controllers["docker"].acknowledged


def test_a_host_without_containers_needs_no_docker() -> None:
    """Nothing was given a GPU, so there is nothing to see."""
    host = surveyed()
    assert host.controls == () and "docker" not in written(host, Answers(), "2026-06-01", "UTC")


def test_a_container_without_a_label_is_proposed_only_where_somebody_says_so() -> None:
    """Its name proves nothing; it is a sentence with the next step, and a workload once confirmed."""
    host = surveyed(holding("customer-box", 2), holding("srv", 4, unit="qwen"))
    assert [(one.unit, one.unsure) for one in host.instances] == [("customer-box", True), ("qwen", False)]
    assert any("customer-box (docker, no label)" in line for line in table(host))
    text = written(host, KNOWN, "2026-06-01", "UTC")
    assert 'unit = "qwen"' in text and 'unit = "customer-box"' not in text
    said = joined(text)
    assert "GPU 2: container customer-box has no label changeover.unit of its own" in said
    assert "--label changeover.unit=customer-box, or run changeover init --acknowledge." in said
    own = msgspec.structs.replace(KNOWN, own=frozenset({"customer-box"}))
    confirmed = written(host, own, "2026-06-01", "UTC")
    assert 'unit = "customer-box"' in confirmed and "has no label" not in confirmed


def test_a_renters_name_outweighs_a_label() -> None:
    """A label of ours does not make a renter's container one that may be stopped."""
    host = surveyed(holding("C.42", 1, unit="qwen"))
    assert host.instances == () and [one.contained for one in host.strangers] == [True]


@pytest.mark.parametrize(
    ("given", "typed", "own"),
    [
        (Given(acknowledge=True, asks=False), (), {"box"}),
        (Given(asks=False), (), set()),
        (Given(currency="USD", price_per_kwh=0.1), ("y", "y"), {"box"}),
        (Given(currency="USD", price_per_kwh=0.1), ("y", "n"), set()),
        (Given(currency="USD", price_per_kwh=0.1), ("y",), set()),
        (Given(currency="USD", price_per_kwh=0.1), ("n", "y"), set()),
    ],
)
def test_whose_a_container_is_is_asked_by_its_name(given: Given, typed: tuple[str, ...], own: set[str]) -> None:
    """Only --acknowledge or a y to that very question makes it ours, and none without docker's socket acknowledged."""
    lines, asked = iter(typed), []

    def read(question: str) -> str:
        asked.append(question)
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    said = answers(given, (containers.control(),), lambda: None, read, lambda _: None, ("box",))
    assert said.own == own
    if typed[:1] == ("y",):
        assert "Container box has no label changeover.unit. Is it yours" in asked[-1]


def test_one_label_names_the_unit_wherever_it_stands() -> None:
    """The label that the controller looks for is the one that init goes by and tells."""
    assert containers.LABEL == LABEL
    assert found(holding("any", 5, unit="x{slot}")).units == ()
    assert found(holding("any", 5, unit="x")).units[0].slots == (5,)
