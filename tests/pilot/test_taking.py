"""Copies and pictures: what the terminal gets, where pictures lie, whom nothing overwrites, what is told."""

from __future__ import annotations

import base64
import stat
import threading
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.text import Text

from console.screens import taking
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text, until

SVG = "<svg/>"


def told(app: Wired, words: str) -> bool:
    """True where the log says it."""
    return any(words in line for line in text(app))


def test_a_picture_is_its_owners_alone_and_named_by_host_and_time(tmp_path: Path) -> None:
    """In a folder that is made for it; both are nobody else's to read."""
    made = taking.written(tmp_path / "new" / "pictures", "rig-07", 0.0, SVG)
    assert made.name == "rig-07-19700101T000000Z.svg" and made.read_text() == SVG
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700


def test_a_picture_asks_no_server_for_anything() -> None:
    """What shows it may be on a host without a way out, and nobody is to be told that it is looked at."""
    drawn = taking.drawn(Text("rig-07"), 20, 1, title="changeover")
    assert "rig-07" in drawn and "@font-face" not in drawn and "url(http" not in drawn


@pytest.mark.parametrize(
    ("host", "stem"),
    [
        ("../../etc/x", "etc-x"),
        ("\x1b[31m\u202e", "31m"),
        ("", "host"),
        ("..", "host"),
        ("横浜", "host"),
        ("a" * 99, "a" * 60),
    ],
)
def test_no_host_leads_out_of_the_folder(tmp_path: Path, host: str, stem: str) -> None:
    """Its name is letters, digits and dashes, or a word for it."""
    assert taking.written(tmp_path, host, 0.0, SVG) == tmp_path / f"{stem}-19700101T000000Z.svg"


def test_pictures_of_one_second_lie_side_by_side_until_there_are_too_many(tmp_path: Path) -> None:
    """None is overwritten."""
    names = [taking.written(tmp_path, "h", 0.0, f"{count}").name for count in range(taking.MOST_OF_A_SECOND)]
    assert len(set(names)) == len(list(tmp_path.iterdir())) == taking.MOST_OF_A_SECOND
    assert (tmp_path / names[0]).read_text() == "0"
    with pytest.raises(OSError, match="are there already"):
        taking.written(tmp_path, "h", 0.0, SVG)


def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: Path) -> None:
    """What it points to stays as it is, there or not yet."""
    victim, absent = tmp_path / "victim", tmp_path / "absent"
    victim.write_text("mine")
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "h-19700101T000000Z.svg").symlink_to(victim)
    (folder / "h-19700101T000000Z-2.svg").symlink_to(absent)
    assert taking.written(folder, "h", 0.0, SVG).name == "h-19700101T000000Z-3.svg"
    assert victim.read_text() == "mine" and not absent.exists()


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By XDG_DATA_HOME."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert taking.folder() == tmp_path / "changeover"


async def test_p_writes_what_the_screen_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Well-formed, with the text of the screen and the host in its title; the log says where it is."""
    monkeypatch.setattr(taking, "folder", lambda: tmp_path)
    app = console()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause(0.1)
        await pilot.press("P")
        await until(pilot, lambda: told(app, "picture: "), 30)
        [path] = tmp_path.iterdir()
        assert told(app, path.name)
        shown = "".join(ET.fromstring(path.read_text()).itertext())
        assert "rig-07" in shown and "vllm-qwen" in shown and "RTX" in shown


async def test_at_80_columns_the_log_has_the_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote a picture has to find it, and whoever copied in tmux to learn what that takes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    app = console()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("P")
        await until(pilot, lambda: "picture: " in "\n".join(text(app)), 30)
        [path] = (tmp_path / ".local/share/changeover").iterdir()
        assert f"picture: ~/.local/share/changeover/{path.name}" in "\n".join(text(app))
        await pilot.press("y")
        await until(pilot, lambda: "tmux: set-clipboard on" in "\n".join(text(app)))


async def test_a_folder_that_cannot_be_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next picture is not kept from being written."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(taking, "folder", lambda: blocked / "pictures")
    app = console()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("P")
        await until(pilot, lambda: told(app, "no picture: ") and told(app, "name another with XDG_DATA_HOME"), 30)
        monkeypatch.setattr(taking, "folder", lambda: tmp_path / "fine")
        await pilot.press("P")
        await until(pilot, lambda: told(app, "picture: "), 30)


async def test_one_picture_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is drawn another is not begun, and keys go on."""
    go = threading.Event()

    def slow() -> Path:
        assert go.wait(30)
        return tmp_path

    monkeypatch.setattr(taking, "folder", slow)
    app = console()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("P", "P", "j")
        await until(pilot, lambda: told(app, "a picture is being written already"))
        assert app.gpus.sight.index == 1
        go.set()
        await until(pilot, lambda: told(app, "picture: "), 30)
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_copy_goes_to_the_terminal_as_osc_52_and_says_how_large_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Base64 in between, so that nothing of it is obeyed on the way."""
    app = console()
    async with app.run_test(size=(200, 50)) as pilot:
        written: list[str] = []
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", written.append)
        await pilot.press("Y")
        await until(pilot, lambda: told(app, "copied why of GPU 0"))
        [sent] = [one for one in written if "]52;" in one]
        body = sent.removeprefix("\x1b]52;c;").removesuffix("\a")
        assert base64.b64decode(body, validate=True).decode() == app.clipboard != ""
        assert told(app, f"{len(app.clipboard.encode())} bytes, OSC 52")


async def test_behind_a_stalled_link_nothing_is_copied_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clipboard keeps what it had: a copy that comes seconds later would be a surprise."""
    monkeypatch.setattr(Wired, "link_behind", True)
    app = console(sample.StillSite())
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("y")
        await until(pilot, lambda: told(app, "not copied: the terminal has not taken yet what was drawn"))
        assert app.clipboard == ""
