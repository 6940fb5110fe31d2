"""The operator's own file: read as carefully as the site config, written whole or not at all, comments kept."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config import user
from console.config.errors import ConfigError
from console.config.user import UserSettings
from console.config.user_saving import Keeper, SavingError, save
from console.config.user_text import HEAD, rewritten
from tests.rig.terminal import Terminal

WHOLE = """# mine
theme = "light"
sort = "net"  # what hurts first
columns = [
    "slot",  # the first
    "net",
]
bell = false
mouse = false

# keys of an old hand
[keys]
mine = "M"
up = ["up", "k"]
standdown = []
"""


LONG = '"""\nsort = "no"\n[keys]\n"""'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file may stand: a folder of one's own."""
    (tmp_path / "changeover").mkdir(mode=0o700)
    return tmp_path / "changeover" / "user.toml"


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def names(path: Path) -> list[str]:
    """What stands in its folder."""
    return [one.name for one in path.parent.iterdir()]


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        user.load(path)
    return tuple(one.removeprefix(str(path)) for one in caught.value.sentences)


def until(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
    return done()


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_it_stands_where_user_files_belong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below XDG_CONFIG_HOME, or where CHANGEOVER_USER says."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert user.where() == tmp_path / "changeover" / "user.toml"
    monkeypatch.setenv("CHANGEOVER_USER", str(tmp_path / "other.toml"))
    assert user.where() == tmp_path / "other.toml"


def test_without_a_file_all_is_as_shipped(tmp_path: Path) -> None:
    """No file, no folder, a file where a folder should be: none of them is a fault."""
    for missing in (tmp_path / "user.toml", tmp_path / "no" / "user.toml", written(tmp_path / "f", "") / "user.toml"):
        assert user.load(missing) == (missing, "", UserSettings())


def test_everything_that_can_be_set(path: Path) -> None:
    """One key or several, an empty list, and the rest as it is written."""
    assert user.load(written(path, WHOLE)).settings == UserSettings(
        theme="light",
        sort="net",
        columns=("slot", "net"),
        bell=False,
        mouse=False,
        keys={"mine": ("M",), "up": ("up", "k"), "standdown": ()},
    )
    assert user.load(written(path, 'keys.mine = "M"\n')).settings.keys == {"mine": ("M",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nthem = 1\n", ", line 2: them is not a key of this table; did you mean theme?"),
        ("bell = 1\n", ", line 1: bell is 1, expected true or false"),
        ("sort = [1]\n", ", line 1: sort is an array, expected text in quotes"),
        ("columns = ['a', 2]\n", ", line 1: columns[1] is 2, expected text in quotes"),
        ("[keys]\nmine = 5\n", ', line 2: keys.mine is 5, expected a key in quotes, or several as ["up", "k"]'),
        ("[keys]\nmine = ['a', 5]\n", ", line 2: keys.mine[1] is 5, expected text in quotes"),
        ("keys = 3\n", ', line 1: keys is 3, expected the table [keys] with lines such as mine = "M"'),
        (f"[keys]\nup = {['k'] * 13}\n", ", line 2: keys.up has 13 keys, expected 12 at most"),
        ("sort = \n", ": is not TOML: Invalid value (at line 1, column 8)"),
        ("[site]\nname = 'x'\n", ", line 1: site is not a key of this table; known: "),
    ],
)
def test_what_does_not_fit_is_told_with_file_line_and_key(path: Path, text: str, said: str) -> None:
    """And with the nearest key that there is."""
    [found] = refused(written(path, text))
    assert found.startswith(said)


def test_every_fault_is_told_in_one_run_and_not_more_than_anybody_reads(path: Path) -> None:
    """In the order of the file."""
    text = "bell = 2\n" + "".join(f"x{number} = 1\n" for number in range(30)) + "mouse = 3\n"
    found = refused(written(path, text))
    assert len(found) == 21 and found[-1] == ": 12 more"
    assert found[0].startswith(", line 1: bell")


def test_bytes_that_are_no_text_are_a_sentence(path: Path) -> None:
    """With the line they stand on."""
    path.write_bytes(b'sort = "net"\ntheme = "\xff"\n')
    path.chmod(0o600)
    assert refused(path) == (", line 2: is not UTF-8 text",)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_refused(path: Path, mode: int) -> None:
    """Keys decide what a finger does."""
    written(path, WHOLE).chmod(mode)
    assert refused(path) == (f": can be written by others: chmod go-w {path}",)


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: giving files away needs root")
def test_a_file_of_somebody_else_is_refused(path: Path) -> None:
    """With his number."""
    os.chown(written(path, WHOLE), 12345, 12345)
    [said] = refused(path)
    assert said == f": {path} belongs to uid 12345, expected root or you: chown it or move it"


# ---- changing lines --------------------------------------------------------------------------------------------------


def test_only_the_lines_that_change_are_changed() -> None:
    """Comments before, behind and after stay; those inside an array of many lines go with it."""
    new = rewritten(WHOLE, {"sort": "best", "columns": ("slot", "temp")})
    assert new == WHOLE.replace('"net"  # what', '"best"  # what').replace(
        'columns = [\n    "slot",  # the first\n    "net",\n]', 'columns = ["slot", "temp"]'
    )


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("", f'{HEAD}sort = "x"\n'),
        ("# mine\n", '# mine\nsort = "x"\n'),
        ("bell = true", 'bell = true\nsort = "x"'),
        ('bell = true\n\n# old\n[keys]\nup = "k"\n', 'bell = true\nsort = "x"\n\n# old\n[keys]\nup = "k"\n'),
        ('[keys]\nup = "k"\n', 'sort = "x"\n\n[keys]\nup = "k"\n'),
        ('keys.up = "k"\n', 'keys.up = "k"\nsort = "x"\n'),
        ('keys = {up = "k"}\nbell = true\n', 'keys = {up = "k"}\nbell = true\nsort = "x"\n'),
        ('"sort" = "#a" # b "c" # d\n', 'sort = "x" # b "c" # d\n'),
        ("  sort='#a'#b\n", 'sort = "x"#b\n'),
        (f"theme = {LONG}\n[keys]\nsort = 't'\n", f"theme = {LONG}\nsort = \"x\"\n\n[keys]\nsort = 't'\n"),
        ('sort = """\na"""\nbell = true\n', 'sort = "x"\nbell = true\n'),
    ],
)  # fmt: skip
def test_a_key_is_set_where_it_is_and_added_before_the_tables(text: str, new: str) -> None:
    """Whatever way it was written, and never inside another table or a text."""
    assert rewritten(text, {"sort": "x"}) == new


def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone(path: Path) -> None:
    """A text that looks like a comment, where a new key would be put into it: nothing is written."""
    text = 'theme = """\n# light"""\n[keys]\nup = "k"\n'
    with pytest.raises(ValueError, match="cannot be changed line by line"):
        rewritten(text, {"sort": "net"})
    with pytest.raises(SavingError, match=r"user\.toml: the file is written in a way"):
        save(written(path, text), {"sort": "net"})
    assert path.read_text() == text


@given(
    sort=st.text(max_size=20),
    columns=st.lists(st.text(max_size=8), max_size=4),
    bell=st.booleans(),
    text=st.sampled_from([WHOLE, "", "# a\n", '[keys]\nup = "k"\n', "columns = [ # a\n'b' # c\n] # d\n# e\n"]),
)
def test_any_choice_is_read_back_as_it_was_and_nothing_else_changes(
    text: str, sort: str, columns: list[str], bell: bool
) -> None:
    """Or nothing is written: quotes, controls, other scripts."""
    try:
        new = rewritten(text, {"sort": sort, "columns": tuple(columns), "bell": bell})
    except ValueError:
        return
    assert tomllib.loads(new) == {**tomllib.loads(text), "sort": sort, "columns": columns, "bell": bell}
    kept = [line for line in text.split("\n") if line.startswith("#")]
    assert [line for line in new.split("\n") if line in kept] == kept


# ---- saving ----------------------------------------------------------------------------------------------------------


def test_a_first_choice_makes_file_and_folders_for_oneself_alone(tmp_path: Path) -> None:
    """Whatever umask leaves open to others, the next start would refuse."""
    path = tmp_path / "config" / "changeover" / "user.toml"
    before = os.umask(0o002)
    try:
        save(path, {"sort": "net"})
    finally:
        os.umask(before)
    assert user.load(path).settings == UserSettings(sort="net")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent, path.parent.parent)] == [
        0o600, 0o700, 0o700
    ]  # fmt: skip
    assert names(path) == ["user.toml"]


def test_what_was_changed_by_hand_meanwhile_stays(path: Path) -> None:
    """Only what was chosen is put into the file as it is by then; its line ends stay its own."""
    written(path, 'sort = "net"\r\nbell = false\r\n')
    save(path, {"sort": "temp"})
    assert path.read_bytes() == b'sort = "temp"\r\nbell = false\r\n'


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    """Whose settings are kept in a repository of theirs still have them there."""
    target = written(tmp_path / "dotfiles.toml", "bell = false\n")
    path.symlink_to(target)
    save(path, {"sort": "net"})
    assert path.is_symlink() and target.read_text() == 'bell = false\nsort = "net"\n'


@pytest.mark.parametrize("text", ["bell = \n", "bell = 3\n", "[site]\n"])
def test_a_file_that_is_wrong_by_now_is_left_alone(path: Path, text: str) -> None:
    """It is being edited: the choice is lost, not the file."""
    written(path, text)
    with pytest.raises(SavingError, match="your choices are not kept"):
        save(path, {"sort": "net"})
    assert path.read_text() == text
    assert names(path) == ["user.toml"]


def test_nothing_is_written_that_the_next_start_would_refuse(path: Path) -> None:
    """In a folder that others can write, a file would keep the console from starting."""
    path.parent.chmod(0o775)
    with pytest.raises(SavingError, match=r"can be written by others: chmod go-w"):
        save(path, {"sort": "net"})
    assert names(path) == []


def test_a_disk_that_refuses_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole or not at all: what cannot be synced is not put in its place."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    written(path, WHOLE)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SavingError, match=r"user\.toml: No space left on device"):
        save(path, {"sort": "temp"})
    assert path.read_text() == WHOLE
    assert names(path) == ["user.toml"]


def test_a_keeper_writes_in_a_thread_of_its_own_and_a_close_waits_for_it(path: Path) -> None:
    """The newest choice is in the file after a close; what is as it was costs neither thread nor file."""
    keeper = Keeper(path, UserSettings(), pytest.fail)
    keeper.save(UserSettings(keys={"mine": ("M",)}))
    assert "user file" not in {thread.name for thread in threading.enumerate()} and not path.exists()
    for sort in ("net", "best", "power"):
        keeper.save(UserSettings(sort=sort))
    keeper.save(UserSettings(sort="power", bell=False))
    assert keeper.close(20)
    assert user.load(path).settings == UserSettings(sort="power", bell=False)


def test_a_failure_is_told_once(path: Path) -> None:
    """A sentence, not one for each choice."""
    written(path, "bell = 3\n")
    told: list[str] = []
    keeper = Keeper(path, UserSettings(), told.append)
    keeper.save(UserSettings(sort="net"))
    assert until(lambda: len(told) == 1)
    keeper.save(UserSettings(sort="best"))
    assert keeper.close(20)
    assert told == [f"your choices are not kept: {path}, line 1: bell is 3, expected true or false"]


def test_a_disk_that_hangs_holds_neither_who_chooses_nor_who_closes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A close gives up in time; once the disk is back the newest is on it."""
    back = threading.Event()
    fsync = os.fsync

    def hangs(number: int) -> None:
        back.wait(20)
        fsync(number)

    monkeypatch.setattr(os, "fsync", hangs)
    keeper = Keeper(path, UserSettings(), pytest.fail)
    keeper.save(UserSettings(sort="net"))
    keeper.save(UserSettings(sort="best"))
    assert not keeper.close(0.05) and not path.exists()
    back.set()
    assert keeper.close(20)
    assert user.load(path).settings.sort == "best"


# ---- the commands ----------------------------------------------------------------------------------------------------

DEMO = [sys.executable, "-m", "console.cli", "demo", "--gpus", "4"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\nmine = "k"\n', 'line 2: keys.mine has "k", which is up'),
        ('theme = "lihgt"\n', 'line 1: theme is "lihgt", expected one of dark, light'),
        ("bell = 3\n", "line 1: bell is 3, expected true or false"),
    ],
)
def test_a_bad_file_is_told_before_the_screen_opens(path: Path, text: str, said: str) -> None:
    """Exit code 2 and the sentence, on a terminal that never changed to the other screen."""
    env = {"CHANGEOVER_USER": str(written(path, text))}
    with Terminal(DEMO, (200, 30), env) as terminal:
        assert terminal.wait_exit(30) == 2
        assert f"changeover: {path}, {said}" in terminal.text
        assert "RTX" not in terminal.text and "today" not in terminal.text


def test_what_opens_no_screen_does_not_read_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script goes on working whatever somebody has done to his keys."""
    from console.cli import main

    monkeypatch.setenv("CHANGEOVER_USER", str(written(path, "bell = 3\n")))
    assert main(["demo", "--gpus", "2", "--json"]) == 0
    assert main(["--help"]) == 0
