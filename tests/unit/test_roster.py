"""Slots on disk: given once, kept for ever, shared by every console of the host."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.pci import normal_pci
from console.telemetry.roster import Roster

A, B, C = "GPU-a", "GPU-b", "GPU-c"
PCI = "00000000:01:00.0"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "roster.json"


def admit(roster: Roster, *uuids: str) -> list[int]:
    return [roster.admit(uuid, PCI, "RTX 4090", 100.0).slot for uuid in uuids]


def test_slots_are_given_in_order_and_survive_a_restart(path: Path) -> None:
    """A second console finds the numbers of the first, whatever order GPUs come in."""
    assert admit(Roster(path), A, B) == [0, 1]
    assert admit(Roster(path), C, B, A) == [2, 1, 0]


def test_a_forgotten_slot_is_never_given_again(path: Path) -> None:
    """Neither to a newcomer nor to the same GPU if it comes back, also after a restart."""
    roster = Roster(path)
    admit(roster, A, B)
    roster.forget(B)
    assert [entry.uuid for entry in Roster(path).entries()] == [A]
    assert admit(Roster(path), C, B) == [2, 3]


def test_forgetting_a_stranger_is_refused(path: Path) -> None:
    """With the UUID and the file in the sentence."""
    with pytest.raises(ValueError, match=r"GPU-a is not in the roster .*roster\.json"):
        Roster(path).forget(A)


def test_a_card_keeps_its_slot_when_it_moves_to_another_riser(path: Path) -> None:
    """The UUID is the key; the address beside it follows."""
    admit(Roster(path), A, B)
    moved = Roster(path).admit(A, "00000000:41:00.0", "RTX 4090", 200.0)
    assert (moved.slot, moved.pci) == (0, "00000000:41:00.0")
    assert Roster(path).entries()[0] == moved


def test_the_config_fixes_slots_and_newcomers_go_round_them(path: Path) -> None:
    """A fixed number is kept free for its GPU, even before that was ever seen."""
    assert admit(Roster(path, {C: 0, B: 7}), A, B, C) == [1, 7, 0]
    assert admit(Roster(path), "GPU-d") == [8]


def test_the_config_may_renumber_a_gpu_but_not_take_the_slot_of_another(path: Path) -> None:
    """Nothing is ever renumbered behind the operator's back."""
    admit(Roster(path), A, B)
    assert admit(Roster(path, {A: 5}), A) == [5]
    with pytest.raises(ValueError, match=r"gives slot 1 to GPU-a, but it belongs to GPU-b; .* changeover forget 1"):
        Roster(path, {A: 1})
    with pytest.raises(ValueError, match="slot 3"):
        Roster(path, {A: 3, C: 3})


@pytest.mark.parametrize("name", ["roster.json", "roster.json.lock"])
def test_a_pipe_in_its_place_holds_nobody(path: Path, name: str) -> None:
    """Whoever may write into a shared folder may leave one there; tried in a process, for it would wait for ever."""
    os.mkfifo(path.with_name(name))
    script = f"""
from pathlib import Path
from console.telemetry.roster import Roster
print(Roster(Path({str(path)!r})).admit({A!r}, {PCI!r}, "RTX 4090", 100.0).slot)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize(
    "body",
    [b'{"gpus":[{"slot":0,"uuid":"\xff"}]}', b'{"x":' * 200_000, bytes(5 << 20)],
    ids=["no UTF-8", "deep", "large"],
)
def test_whatever_cannot_be_read_is_moved_aside(path: Path, body: bytes) -> None:
    """No UTF-8, nested without end, or larger than any roster."""
    path.write_bytes(body)
    assert "slots begin anew" in Roster(path).notice
    assert len([*path.parent.glob("roster.json.damaged-*")]) == 1


def test_a_damaged_file_is_moved_aside_and_said(path: Path) -> None:
    """What was there is kept for a person to look at, and slots begin anew."""
    path.write_text('{"schema": 1, "gpus": [{"slot": "zero"')
    roster = Roster(path)
    assert "was damaged" in roster.notice and "slots begin anew" in roster.notice
    assert admit(roster, A) == [0]
    (aside,) = path.parent.glob("roster.json.damaged-*")
    assert aside.read_text().startswith('{"schema": 1')
    assert Roster(path).notice == ""


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    """An older console reads on with slots of its own and spoils nothing."""
    newer = '{"schema": 2, "cards": {}}'
    path.write_text(newer)
    roster = Roster(path)
    assert admit(roster, A) == [0]
    assert "newer changeover" in roster.notice and path.read_text() == newer


def test_without_a_place_to_write_slots_hold_for_the_session(tmp_path: Path) -> None:
    """The notice says so, and nothing is raised."""
    roster = Roster(tmp_path / "missing" / "roster.json")
    assert admit(roster, A, B, A) == [0, 1, 0]
    assert "for this session only" in roster.notice


def test_last_seen_is_noted(path: Path) -> None:
    """For the row of a GPU that is away at the next start."""
    roster = Roster(path)
    admit(roster, A, B)
    roster.saw((B,), 500.0)
    assert [entry.seen_at for entry in Roster(path).entries()] == [100.0, 500.0]


def test_consoles_that_start_together_agree(path: Path) -> None:
    """Eight processes admit the same forty GPUs in different orders: one number each, no number twice."""
    code = (
        "import json, random, sys; from pathlib import Path; from console.telemetry.roster import Roster;"
        "roster = Roster(Path(sys.argv[1])); uuids = [f'GPU-{n}' for n in range(40)]; random.shuffle(uuids);"
        "print(json.dumps({uuid: roster.admit(uuid, '01:00', 'x', 1.0).slot for uuid in uuids}))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    said = [json.loads(process.communicate(timeout=30)[0]) for process in running]
    assert all(one == said[0] for one in said)
    assert sorted(said[0].values()) == [*range(40)]
    assert len(json.loads(path.read_text())["gpus"]) == 40


def test_slots_are_found_without_a_lock(path: Path) -> None:
    """Where the lock file cannot be made (a read-only or full disk) the numbers of before hold, and it is said."""
    admit(Roster(path), A, B)
    lock = path.with_name(f"{path.name}.lock")
    lock.unlink()
    lock.mkdir()
    roster = Roster(path)
    assert admit(roster, C, B, A) == [2, 1, 0]
    assert "for this session only" in roster.notice and lock.name in roster.notice


def test_what_cannot_be_written_is_not_forgotten(path: Path) -> None:
    """A newcomer keeps its number for the session, and a GPU that is to be retired stays, with a sentence."""
    admit(Roster(path), A)
    path.with_name(f"{path.name}.partial").mkdir()
    roster = Roster(path)
    assert admit(roster, B) == [1]
    roster.saw([A, B], 500.0)
    assert [entry.uuid for entry in roster.entries()] == [A, B]
    with pytest.raises(ValueError, match="GPU-a stays in the roster: slots hold for this session only"):
        roster.forget(A)
    assert [entry.uuid for entry in roster.entries()] == [A, B]
    assert [entry.uuid for entry in Roster(path).entries()] == [A]


@pytest.mark.parametrize(("folder", "mode"), [(0o2770, 0o660), (0o700, 0o600)])
def test_roster_of_a_shared_folder_is_its_groups(path: Path, folder: int, mode: int) -> None:
    """Whatever umask the first operator has: the next one must find his slots. Elsewhere the umask decides."""
    path.parent.chmod(folder)
    before = os.umask(0o077)
    try:
        Roster(path).admit(A, "41:00", "card", 0.0)
    finally:
        os.umask(before)
    made = (path, path.with_name(f"{path.name}.lock"))
    assert [stat.S_IMODE(one.stat().st_mode) for one in made] == [mode, mode]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("41:00", "00000000:41:00.0"),
        ("41:0.0", "00000000:41:00.0"),
        ("0000:41:00.0", "00000000:41:00.0"),
        ("00000000:c1:00.0", "00000000:C1:00.0"),
        ("PCI:0001:0a:00.1", "00000001:0A:00.1"),
        ("GPU-0000:41:00", "00000000:41:00.0"),
        (" 10000:01:00.0\n", "00010000:01:00.0"),
    ],
)
def test_pci_addresses_have_one_spelling(text: str, wanted: str) -> None:
    """As drivers, sysfs and miners write them."""
    assert normal_pci(text) == wanted


@pytest.mark.parametrize("text", ["", "41", "zz:00.0", "41:00.9", "0000:41:00.0.0", "GPU-1234abcd", "1:2:3:4"])
def test_what_is_no_pci_address_is_refused(text: str) -> None:
    """With what was found and an example."""
    with pytest.raises(ValueError, match=r"is no PCI address; expected one like 0000:41:00\.0"):
        normal_pci(text)
