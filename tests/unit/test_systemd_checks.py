"""What is wrong with unit files, judged from their properties alone: what refuses a plan, and what only warns."""

from __future__ import annotations

from typing import Any

import pytest

from console.workloads.contract import Fault
from console.workloads.controllers._systemd_checks import UnitFile, session_of, unit_faults

MINER, AI = "miner@3.service", "ai@3.service"
GOOD: dict[str, Any] = {"LoadState": "loaded", "UnitFileState": "static", "StartLimitIntervalUSec": 0}
SESSION = "0::/user.slice/user-1000.slice/session-12.scope\n"


def file(
    name: str = MINER, *, near: dict[str, dict[str, Any]] | None = None, cgroups: str = "", **more: Any
) -> UnitFile:
    """A unit that is well but for ``more``; keys of [Service] are told by their names."""
    service = {"Type": "exec", "Restart": "on-failure", "KillMode": "control-group", "MainPID": 0, "SendSIGKILL": True}
    of_service = {*service, "RemainAfterExit", "WatchdogUSec", "PIDFile"}
    unit = {key: value for key, value in more.items() if key not in of_service}
    service |= {key: value for key, value in more.items() if key in of_service}
    return UnitFile(name, GOOD | unit, service, near or {}, cgroups)


def pair(one: dict[str, Any], other: dict[str, Any]) -> list[Fault]:
    """The faults of a miner and an AI server on one GPU."""
    return [*unit_faults([file(MINER, **one), file(AI, **other)], "systemctl")]


def only(one: UnitFile, systemctl: str = "systemctl") -> Fault:
    """The one fault of a unit."""
    (fault,) = unit_faults([one], systemctl)
    assert fault.units == (one.name,)
    return fault


def test_a_good_unit_is_silent() -> None:
    """Each of the following tests adds one thing to it."""
    assert [*unit_faults([file()], "systemctl")] == []


@pytest.mark.parametrize("key", ["Conflicts", "ConflictedBy"])
@pytest.mark.parametrize("order", ["After", "Before"])
def test_a_pair_is_well_whichever_of_them_says_it(key: str, order: str) -> None:
    """systemd looks at a conflict from both sides, and stops before it starts whatever the direction of the order."""
    assert pair({key: [AI]}, {order: [MINER]}) == [] or pair({key: [AI], order: [AI]}, {}) == []
    assert pair({key: [AI], order: [AI]}, {}) == []


def test_a_pair_with_neither_line_refuses_and_gives_both() -> None:
    """Two workloads would run at once."""
    (fault,) = pair({}, {})
    lines = "write Conflicts=ai@%i.service and After=ai@%i.service into [Unit] of miner@.service"
    assert fault.sentence == f"{MINER} and {AI} can run at the same time: {lines}"
    assert fault.refuses and fault.units == (MINER, AI)


def test_a_pair_without_order_refuses_and_gives_that_line() -> None:
    """Measured: the other starts while the first still stops."""
    (fault,) = pair({"Conflicts": [AI]}, {})
    assert fault.refuses and fault.sentence.endswith(
        "can start before the other has gone: write After=ai@%i.service into [Unit] of miner@.service"
    )


def test_a_pair_with_an_order_alone_refuses_and_gives_the_conflict() -> None:
    """An order without a conflict stops nothing."""
    (fault,) = pair({"After": [AI]}, {})
    assert fault.refuses and "can run at the same time: write Conflicts=ai@%i.service into" in fault.sentence
    assert "After=" not in fault.sentence


def test_plain_units_and_other_instances_are_named_as_they_are() -> None:
    """``%i`` only stands where both are instances of the same name."""
    (fault,) = unit_faults([file("rig.service"), file("ai@4.service")], "systemctl")
    assert "write Conflicts=ai@4.service and After=ai@4.service into [Unit] of rig.service" in fault.sentence


WELL = {"Conflicts": [AI], "After": [AI]}


def test_two_that_start_at_boot_refuse() -> None:
    """Told once, with the command."""
    (fault,) = pair(WELL | {"UnitFileState": "enabled"}, {"UnitFileState": "enabled-runtime"})
    assert fault.refuses and set(fault.units) == {MINER, AI}
    assert fault.sentence == f"{AI} and {MINER} all start at boot: systemctl disable all but one"
    assert pair(WELL | {"UnitFileState": "enabled"}, {}) == []


def test_a_target_that_is_up_has_started_what_it_wants() -> None:
    """A unit that is not enabled starts at boot all the same where a target names it."""
    near = {"gpus.target": {"ActiveState": "active"}}
    wanted = {"WantedBy": ["gpus.target"], "near": near}
    (fault,) = pair(WELL | {"UnitFileState": "enabled"}, wanted)
    assert fault.refuses and fault.sentence.endswith(f"and take {AI} out of Wants= and Requires= of gpus.target")
    near["gpus.target"]["ActiveState"] = "inactive"
    assert pair(WELL | {"UnitFileState": "enabled"}, wanted) == []


@pytest.mark.parametrize("member", ["TriggeredBy", "UpheldBy"])
@pytest.mark.parametrize(
    ("near", "refuses"),
    [
        ({"ActiveState": "active"}, True),
        ({"ActiveState": "inactive", "UnitFileState": "enabled"}, True),
        ({"ActiveState": "inactive", "UnitFileState": "disabled"}, False),
        ({}, True),
    ],
)
def test_what_starts_a_stopped_unit_again_refuses_while_it_can(
    member: str, near: dict[str, Any], refuses: bool
) -> None:
    """One that is neither up nor enabled revives nothing now: a warning. What is not known may."""
    fault = only(file(near={"dog.timer": near}, **{member: ["dog.timer"]}), "systemctl --user")
    assert fault.refuses is refuses and "dog.timer" in fault.sentence
    assert ("systemctl --user disable --now dog.timer" in fault.sentence) is refuses


@pytest.mark.parametrize(("member", "key"), [("OnFailureOf", "OnFailure="), ("OnSuccessOf", "OnSuccess=")])
def test_a_unit_that_follows_another_by_itself_refuses(member: str, key: str) -> None:
    """Beside our own roll-back there would be systemd's."""
    fault = only(file(**{member: [AI]}))
    assert fault.refuses and f"take it out of {key} of ai@.service" in fault.sentence


def test_a_follower_is_seen_from_the_other_side_too() -> None:
    """systemd tells it of the one only while it has the other loaded."""
    first, *_ = pair(WELL, {"OnFailure": [MINER]})
    assert first.refuses and first.sentence.startswith(f"{MINER} is started by systemd when {AI} fails")


def test_a_service_that_wants_it_is_told() -> None:
    """It starts it with its own start, and only then: a warning."""
    fault = only(file(RequiredBy=["board.service"]))
    assert not fault.refuses and "started whenever board.service is" in fault.sentence


@pytest.mark.parametrize(
    ("restart", "told"), [("always", True), ("on-success", True), ("on-failure", False), ("no", False)]
)
def test_a_restart_policy_warns_where_a_clean_end_is_undone(restart: str, told: bool) -> None:
    """It revives nothing that systemctl has stopped, which the sentence says, and the kernel's killing it does."""
    said = [*unit_faults([file(Restart=restart)], "systemctl")]
    assert bool(said) is told
    for fault in said:
        assert not fault.refuses and "what systemctl stop ends stays stopped" in fault.sentence
        assert "killed for want of memory" in fault.sentence


@pytest.mark.parametrize(
    ("mode", "told"), [("process", True), ("none", True), ("mixed", False), ("control-group", False)]
)
def test_a_stop_that_leaves_processes_refuses(mode: str, told: bool) -> None:
    """They would be on the GPU beside what is started next."""
    said = [*unit_faults([file(KillMode=mode)], "systemctl")]
    assert [fault.refuses for fault in said] == [True] * told


def test_a_stop_that_never_kills_refuses() -> None:
    """What does not heed SIGTERM stays."""
    fault = only(file(SendSIGKILL=False))
    assert fault.refuses and "SendSIGKILL=yes" in fault.sentence


def test_a_process_in_a_login_session_refuses_with_the_way_out() -> None:
    """The user manager's own services are in no session."""
    fault = only(file(MainPID=77, cgroups=SESSION))
    assert (
        fault.refuses and "process 77 of miner@3.service lives in a login session (session-12.scope)" in fault.sentence
    )
    assert "systemctl start miner@3.service, not from a shell" in fault.sentence
    fine = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/miner@3.service\n"
    assert [*unit_faults([file(MainPID=77, cgroups=fine)], "systemctl")] == []


@pytest.mark.parametrize(
    ("text", "session"),
    [
        (SESSION, "session-12.scope"),
        ("12:pids:/x\n1:name=systemd:/user.slice/user-0.slice/session-c1.scope\n0::/\n", "session-c1.scope"),
        ("0::/user.slice/user-0.slice/session-3.scope/child\n", "session-3.scope"),
        ("0::/system.slice/session-3.scope.service\n", ""),
        ("0::/system.slice/miner.service\n", ""),
        ("", ""),
    ],
)
def test_a_session_is_told_from_its_path(text: str, session: str) -> None:
    """Both cgroup versions, and groups below a session's."""
    assert session_of(text) == session


def test_a_scope_is_no_unit_to_start() -> None:
    """``systemd-run --scope`` from a shell."""
    fault = only(file("run-u7.scope"))
    assert fault.refuses and "cannot be started again: write a .service" in fault.sentence


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"Type": "oneshot"}, "Type=oneshot, which has started once its program has ended"),
        ({"Type": "forking", "PIDFile": ""}, "systemd guesses which process it is"),
        ({"RemainAfterExit": True}, "counts as running after its process has ended"),
        ({"WatchdogUSec": 30_000_000}, "WatchdogSec=30 and is of Type=exec"),
        ({"NeedDaemonReload": True}, "systemctl daemon-reload"),
        ({"StartLimitIntervalUSec": 10_000_000}, "write StartLimitIntervalSec=0"),
        ({"LoadState": "not-found"}, "knows no unit miner@3.service"),
        ({"LoadState": "bad-setting\x1b[31m"}, "not usable (bad-setting[31m)"),
    ],
)
def test_what_hinders_or_misleads_is_a_warning(more: dict[str, Any], words: str) -> None:
    """None of these puts two workloads on one GPU."""
    fault = only(file(**more))
    assert not fault.refuses and words in fault.sentence


@pytest.mark.parametrize(
    "more",
    [
        {"Type": "forking", "PIDFile": "/run/miner.pid"},
        {"Type": "notify", "WatchdogUSec": 30_000_000},
        {"WatchdogUSec": 0},
        {"WatchdogUSec": 2**64 - 1},
        {"Type": "simple"},
    ],
)
def test_what_is_done_right_is_silent(more: dict[str, Any]) -> None:
    """A watchdog revives only what runs: by itself it is nobody's rival."""
    assert [*unit_faults([file(**more)], "systemctl")] == []


def test_a_unit_that_systemd_does_not_know_is_compared_with_nothing() -> None:
    """Its one sentence is enough."""
    assert len(pair({"LoadState": "not-found"}, {})) == 1
