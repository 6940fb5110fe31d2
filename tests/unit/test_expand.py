"""From workloads of a config to instances on the GPUs of a roster."""

from typing import Any

import msgspec

from console.config.settings import Settings
from console.config.templates import wrong_place
from console.model import Kind, Uuid
from console.workloads.expand import Placed, place

ROWS = [(slot, Uuid(f"GPU-{slot:08x}-aaaa"), f"00000000:{16 * (slot + 1):02X}:00.0") for slot in (0, 1, 3, 12)]
BY_SLOT = {slot: uuid for slot, uuid, _ in ROWS}


def placed(**workload: Any) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
    """What one workload named ``w`` becomes on the roster above."""
    made = {"kind": "mine", "controller": "systemd", "unit": "miner@{slot}.service", **workload}
    tree = {"controllers": {"systemd": {}, "user": {"kind": "systemd", "bus": "user"}, "side": {"kind": "supervisor"}}}
    return place(msgspec.convert({**tree, "workloads": {"w": made}}, Settings), ROWS)


def test_all_gpus_by_slot_where_none_is_named() -> None:
    """Without ``gpus`` each card of the roster gets an instance, in the order of slots, with its names filled in."""
    instances, warnings = placed(meter={"kind": "xmrig", "url": "http://h:40{slot}"})
    assert warnings == ()
    assert [(one.unit, one.uuids, one.meter_url) for one in instances] == [
        (f"miner@{slot}.service", (BY_SLOT[slot],), f"http://h:40{slot}") for slot in (0, 1, 3, 12)
    ]
    assert {(one.workload, one.kind, one.controller, one.bus) for one in instances} == {
        ("w", Kind.MINE, "systemd", "system")
    }
    meter = instances[0].meter()
    assert meter is not None and meter.url == "http://h:400"


def test_groups_follow_span_and_the_order_of_the_config() -> None:
    """``span`` GPUs at a time, as they are named: by slot, by the beginning of a UUID in any case, by PCI address."""
    instances, warnings = placed(span=2, gpus=[12, "gpu-00000003".replace("gpu", "GPU"), "10:00.0", 1])
    assert warnings == ()
    assert [(one.unit, one.uuids) for one in instances] == [
        ("miner@12.service", (BY_SLOT[12], BY_SLOT[3])),
        ("miner@0.service", (BY_SLOT[0], BY_SLOT[1])),
    ]


def test_names_of_the_first_gpu_expand() -> None:
    """``{uuid}`` and ``{pci}`` stand for the first GPU of an instance; other braces are left alone."""
    instances, _ = placed(gpus=[1], unit="a-{uuid}-{pci}-{x}", controller="side")
    assert instances[0].unit == f"a-{BY_SLOT[1]}-00000000:20:00.0-{{x}}" and instances[0].bus == ""


def test_systemd_units_get_their_suffix() -> None:
    """A unit is written as for systemctl, and named in full for the bus; a user's manager is remembered."""
    instances, _ = placed(gpus=[1], unit="miner@{slot}", controller="user")
    assert (instances[0].unit, instances[0].bus) == ("miner@1.service", "user")


def test_absent_gpu_takes_its_group_with_it() -> None:
    """A GPU that the roster lacks, or that a short UUID does not tell apart, is told; other groups stand."""
    instances, warnings = placed(span=2, gpus=[0, 7, 1, 3])
    assert [one.uuids for one in instances] == [(BY_SLOT[1], BY_SLOT[3])]
    assert warnings == ("workloads.w: GPU 7 is not on this host (or not one GPU only)",)
    assert placed(gpus=["GPU-0000"])[1] == ("workloads.w: GPU GPU-0000 is not on this host (or not one GPU only)",)


def test_one_gpu_under_two_names_is_told() -> None:
    """A slot and a UUID that are the same card do not make two instances of it."""
    instances, warnings = placed(gpus=[0, BY_SLOT[0]])
    assert [one.uuids for one in instances] == [(BY_SLOT[0],)]
    assert warnings == (f"workloads.w: GPU {BY_SLOT[0]} is named twice",)


def test_left_over_gpus_are_told() -> None:
    """Where the roster's size is no multiple of span, the rest gets no instance."""
    instances, warnings = placed(span=3)
    assert len(instances) == 1
    assert warnings == ("workloads.w: 1 GPUs are left over, too few for span 3",)


def test_unit_without_slot_is_not_started_four_times() -> None:
    """One unit cannot be four instances: nothing is placed, and the sentence says which span was meant."""
    instances, warnings = placed(unit="miner.service")
    assert instances == () and "write span = 4 if one instance holds all these GPUs" in warnings[0]
    assert placed(unit="miner.service", span=4)[0][0].uuids == tuple(BY_SLOT[slot] for slot in (0, 1, 3, 12))


def test_meter_address_that_makes_no_sense_here_is_told() -> None:
    """A port that grows out of range with the slot costs the meter, not the instance; one sentence for all slots."""
    instances, warnings = placed(meter={"kind": "xmrig", "url": "http://h:1808{slot}"})
    assert [one.meter_url for one in instances] == [f"http://h:1808{slot}" for slot in (0, 1, 3)] + [""]
    assert len(warnings) == 1
    assert "workloads.w: no meter for GPU 12: its address would be http://h:180812, expected http://" in warnings[0]
    assert instances[3].meter() is None
    [said] = placed(meter={"kind": "xmrig", "url": "http://h:6553{slot}"}, gpus=[0, 3, 12])[1]
    assert "no meter for GPU 12: " in said
    [said] = placed(meter={"kind": "xmrig", "url": "http://h:18080{slot}"})[1]
    assert "no meter for GPUs 0, 1, 3, 12: its address would be http://h:180800 and so on" in said


def test_a_sum_with_the_slot_is_a_port_whatever_the_slot() -> None:
    """``{slot+18080}`` counts up where ``1808{slot}`` runs out of range; in a unit's name it does the same."""
    instances, warnings = placed(meter={"kind": "xmrig", "url": "http://h:{slot+18080}/{uuid}"}, unit="m@{slot+100}")
    assert [one.meter_url for one in instances] == [
        f"http://h:{18080 + slot}/{BY_SLOT[slot]}" for slot in (0, 1, 3, 12)
    ]
    assert [one.unit for one in instances] == [f"m@{100 + slot}.service" for slot in (0, 1, 3, 12)]
    assert warnings == ()


def test_what_only_looks_like_a_place_stays_as_it_is() -> None:
    """Nothing in a config is a format string; checks refuse these before."""
    for text in (
        "{slot-1}",
        "{slot+}",
        "{slot+1x}",
        "{slot+ 1}",
        "{slot!r}",
        "{slot:02d}",
        "{{slot}",
        "{slot+1234567}",
    ):
        assert wrong_place(f"m@{text}.service"), text
    for text in ("m@{slot}", "{slot+0}", "a{uuid}b{pci}", "none"):
        assert wrong_place(text) == ""


def test_absent_gpus_are_told_in_one_sentence() -> None:
    """A config that is shared by two hosts does not fill the screen of either."""
    assert placed(gpus=[0, 7, 8, 9])[1] == ("workloads.w: GPU 7, 8, 9 are not on this host (or not one GPU only)",)


def test_two_workloads_never_share_a_unit() -> None:
    """A unit that one workload spells out and another one expands to is the first one's."""
    workload = {"kind": "mine", "controller": "c", "gpus": [3]}
    tree = {"c": {"kind": "supervisor"}}, {"a": {**workload, "unit": "m-{slot}"}, "b": {**workload, "unit": "m-3"}}
    instances, warnings = place(msgspec.convert({"controllers": tree[0], "workloads": tree[1]}, Settings), ROWS)
    assert [one.workload for one in instances] == ["a"]
    assert warnings == ("workloads.b: m-3 is a's already, so this instance is left out",)


def test_workloads_without_a_unit_are_not_placed() -> None:
    """What the console cannot start, ``off`` included, has no instances."""
    tree = {"workloads": {"standby": {"kind": "off"}, "shown": {"kind": "mine"}}}
    assert place(msgspec.convert(tree, Settings), ROWS) == ((), ())
