"""What a profile's file may say, and every fault of one as a sentence with file and line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model import Reading, Uuid
from console.profiles.asking import NotAppliedError, apply, differs, expected, unit_of
from console.profiles.asking import fault as fault_of
from console.profiles.values import DEFAULT, Profile, ProfileError, parsed, read

PACKAGING = Path(__file__).parents[2] / "packaging/profiles"
WHERE = Path("/etc/changeover/profiles/mine.conf")
UUID = "GPU-c0de0000-fa4e-4a11-8000-000000000001"


def of(text: str) -> Profile:
    """The profile in a text."""
    return parsed("mine", text.encode(), WHERE)


def fault(text: str | bytes) -> str:
    """The sentence that a text is refused with."""
    with pytest.raises(ProfileError) as caught:
        parsed("mine", text if isinstance(text, bytes) else text.encode(), WHERE)
    return str(caught.value)


def written(folder: Path, text: str, name: str = "mine", mode: int = 0o644) -> Path:
    """A profile on disk; the folder."""
    path = folder / f"{name}.conf"
    path.write_text(text)
    path.chmod(mode)
    return folder


def test_every_value_is_read_with_its_unit() -> None:
    """Comments, blank lines and spaces mean nothing."""
    text = "# at night\n\nPOWER_LIMIT_W = 250.5 # quiet\nLOCK_GPU_CLOCKS_MHZ=210, 1500\nLOCK_MEM_CLOCKS_MHZ=405,405\r\n"
    assert of(text) == Profile(name="mine", power_limit_w=250.5, gpu_clocks_mhz=(210, 1500), mem_clocks_mhz=(405, 405))


def test_what_is_not_said_is_the_cards_own() -> None:
    """Nothing of the profile before may stay."""
    assert of("POWER_LIMIT_W=250") == of("POWER_LIMIT_W=250\nLOCK_GPU_CLOCKS_MHZ=DEFAULT\nLOCK_MEM_CLOCKS_MHZ=DEFAULT")
    assert of("POWER_LIMIT_W=DEFAULT") == Profile(name="mine")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("POWER_LIMIT_W=250\nPOWER_LIMIT_W=260", 2, "says POWER_LIMIT_W a second time"),
        ("\n\nPOWER_LIMIT=250", 3, 'has the key "POWER_LIMIT", which no profile has; did you mean POWER_LIMIT_W?'),
        ("power_limit_w=250", 1, "which no profile has"),
        ("POWER_LIMIT_W 250", 1, "expected a line such as POWER_LIMIT_W=250"),
        ("POWER_LIMIT_W=", 1, 'is "", expected watts such as 250, or DEFAULT'),
        ("POWER_LIMIT_W=0", 1, "expected watts"),
        ("POWER_LIMIT_W=-250", 1, "expected watts"),
        ("POWER_LIMIT_W=1e3", 1, "expected watts"),
        ("POWER_LIMIT_W=nan", 1, "expected watts"),
        ("POWER_LIMIT_W=250W", 1, "expected watts"),
        ("POWER_LIMIT_W=250000", 1, "expected watts"),
        ("POWER_LIMIT_W=default", 1, "or DEFAULT"),
        ("# x\nLOCK_GPU_CLOCKS_MHZ=1500", 2, "expected lowest and highest MHz such as 210,1500"),
        ("LOCK_GPU_CLOCKS_MHZ=1500,210", 1, "expected lowest and highest"),
        ("LOCK_MEM_CLOCKS_MHZ=0,210", 1, "expected lowest and highest"),
        ("LOCK_MEM_CLOCKS_MHZ=210,99999", 1, "expected lowest and highest"),
        ("LOCK_MEM_CLOCKS_MHZ=210,1500,1600", 1, "expected lowest and highest"),
        ("POWER_LIMIT_W=\x1b[31m", 1, 'is "[31m", expected watts'),
        (b"POWER_LIMIT_W=250\nPOWER_LIMIT_W=\xff", 2, "is not plain ASCII text"),
        ("POWER_LIMIT_W=２５０", 1, "is not plain ASCII text"),
    ],
)
def test_a_fault_names_file_and_line(text: str | bytes, line: int, words: str) -> None:
    """And what was found, and what was expected."""
    said = fault(text)
    assert said.startswith(f"{WHERE}, line {line}: ") and words in said


@pytest.mark.parametrize("text", ["", "\n# nothing\n"])
def test_a_file_that_says_nothing_is_refused(text: str) -> None:
    """It may have been cut off: DEFAULT says what it means."""
    assert "says nothing, expected a line such as" in fault(text)


def said(body: bytes) -> Profile | str:
    """What a text is, or is refused with."""
    try:
        return parsed("mine", body, WHERE)
    except ProfileError as error:
        return str(error)


@given(st.binary(max_size=200) | st.text("POWER_LIMITW=LOCK GPUMEM,0123456789.\n#", max_size=80).map(str.encode))
def test_no_text_is_a_crash(body: bytes) -> None:
    """Either a profile within bounds or one printable sentence."""
    found = said(body)
    if isinstance(found, str):
        assert found.startswith(str(WHERE)) and found.isprintable()
        return
    assert found.power_limit_w is None or 0 < found.power_limit_w <= 5000
    for clocks in (found.gpu_clocks_mhz, found.mem_clocks_mhz):
        assert clocks is None or 0 < clocks[0] <= clocks[1]


def test_the_shipped_profiles_are_profiles() -> None:
    """`default` sets everything back, and the example shows every key."""
    assert parsed(DEFAULT, (PACKAGING / "default.conf").read_bytes(), WHERE) == Profile(name=DEFAULT)
    example = parsed("mine-example", (PACKAGING / "mine-example.conf").read_bytes(), WHERE)
    assert (example.power_limit_w, example.gpu_clocks_mhz) == (250, (210, 1500))
    for path in PACKAGING.iterdir():
        assert [line.partition("=")[0] for line in path.read_text().splitlines() if not line.startswith("#")] == [
            "POWER_LIMIT_W", "LOCK_GPU_CLOCKS_MHZ", "LOCK_MEM_CLOCKS_MHZ"
        ]  # fmt: skip


# ---- on disk ---------------------------------------------------------------------------------------------------------


def test_a_profile_is_read_from_its_folder(tmp_path: Path) -> None:
    """By its name alone."""
    written(tmp_path, "POWER_LIMIT_W=250\n")
    assert read("mine", tmp_path) == Profile(name="mine", power_limit_w=250) == expected("mine", tmp_path)
    assert fault_of("mine", tmp_path) == ""


@pytest.mark.parametrize("name", ["", "../mine", "a/b", "a.b", "-a", "a:b", "a" * 33, "a\n", "ä"])
def test_a_name_that_is_none_reads_no_file(name: str, tmp_path: Path) -> None:
    """No name leads out of the folder."""
    with pytest.raises(ProfileError, match="is no name of a profile"):
        read(name, tmp_path / "profiles")
    assert expected(name, tmp_path / "profiles") is None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file"),
        (lambda path: path.chmod(0o664), "can be written by others: chmod go-w"),
        (lambda path: path.parent.chmod(0o777), "can be written by others"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "is not a regular file"),
        (lambda path: path.write_text("#" * 5000), "is larger than 4096 bytes"),
        (lambda path: path.write_text("#" * (2 << 20)), "is larger than 1 MiB"),
    ],
)
def test_a_file_that_root_cannot_trust_is_refused(spoil: object, words: str, tmp_path: Path) -> None:
    """Each with what to do; the console then knows nothing of it."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    written(folder, "POWER_LIMIT_W=250\n")
    spoil(folder / "mine.conf")  # type: ignore[operator]
    with pytest.raises(ProfileError, match=words) as caught:
        read("mine", folder)
    assert str(folder / "mine.conf") in str(caught.value) and expected("mine", folder) is None
    assert fault_of("mine", folder) == str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: giving a file away needs root")
def test_a_file_of_somebody_elses_is_refused(tmp_path: Path) -> None:
    """An operator may not write values that root sets."""
    os.chown(written(tmp_path, "POWER_LIMIT_W=250\n") / "mine.conf", 12345, 0)
    with pytest.raises(ProfileError, match="belongs to uid 12345, expected root"):
        read("mine", tmp_path)


# ---- compared with a reading -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted_w", "now_w", "said"),
    [
        (250.0, 300.0, "limit is 300 W, profile mine wants 250 W"),
        (250.0, 248.9, "limit is 248.9 W, profile mine wants 250 W"),
        (250.0, 250.9, ""),
        (250.0, 249.0, ""),
        (250.0, None, ""),
        (None, 300.0, ""),
    ],
)
def test_a_limit_differs_by_more_than_a_watt(wanted_w: float | None, now_w: float | None, said: str) -> None:
    """Unknown is not a difference."""
    reading = Reading(slot=0, uuid=Uuid(UUID), pci="00000000:01:00.0", name="x", at=1.0, power_limit_w=now_w)
    assert differs(Profile(name="mine", power_limit_w=wanted_w), reading) == said


def test_the_unit_is_named_by_profile_and_card() -> None:
    """As root's helper takes it apart."""
    assert unit_of("mine", UUID) == f"changeover-profile@mine:{UUID}.service"


def test_a_name_that_is_none_asks_nobody() -> None:
    """It would be part of a unit's name."""
    with pytest.raises(NotAppliedError, match='profile not applied: "a b" is no name of a profile') as caught:
        apply("a b", UUID, 1.0)
    assert caught.value.reason == '"a b" is no name of a profile'
