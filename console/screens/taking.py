"""What is taken along from a screen: text to the terminal's clipboard, and a picture of the screen as an SVG."""

from __future__ import annotations

import io
import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from console.text import clean

if TYPE_CHECKING:
    from rich.console import RenderableType

    from console.screens.mode import ModeScreen

MOST_OF_A_SECOND = 99
"""Pictures of one second that get names of their own."""
_FONTS = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)
_busy = threading.Lock()


def copy(screen: ModeScreen, text: str, what: str) -> None:
    """Give ``text`` to the terminal by OSC 52, as Textual writes it, and say so in the log.

    Behind a link that is stalled nothing is written: Textual would wait for it.
    """
    if screen.host.link_behind:
        screen.host.note(f"{what} not copied: the terminal has not taken yet what was drawn; press it again")
        return
    screen.app.copy_to_clipboard(text)
    screen.host.note(f"copied {what}: {len(text.encode())} bytes, OSC 52; tmux: set-clipboard on")


def picture(screen: ModeScreen) -> None:
    """Write what the screen shows now as an SVG; a thread draws and writes it, and the log says where it is."""
    if not _busy.acquire(blocking=False):
        screen.host.note("a picture is being written already")
        return
    app, host = screen.app, screen.host
    # As App.export_screenshot does, whose drawing would hold every key back.
    shown = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    size, name, at = app.size, screen.snapshot.host, host.site.now()

    def write() -> None:
        try:
            said = f"picture: {short(written(folder(), name, at, drawn(shown, *size, title=f'changeover {name}')))}"
        except OSError as error:
            said = f"no picture: {clean(folder())}: {error.strerror or error}; name another with XDG_DATA_HOME"
        finally:
            _busy.release()
        app.call_later(host.note, said)

    threading.Thread(target=write, name="picture", daemon=True).start()


def folder() -> Path:
    """Where pictures are kept: ``changeover`` in the user's XDG_DATA_HOME."""
    import platformdirs

    return Path(platformdirs.user_data_dir("changeover"))


def short(path: Path) -> str:
    """A path as a shell takes it, ``~`` for the user's own folder: the name at its end has to fit into the log."""
    home = os.environ.get("HOME", "")
    return f"~/{path.relative_to(home)}" if home.startswith("/") and path.is_relative_to(home) else str(path)


def drawn(shown: RenderableType | None, width: int, height: int, *, title: str) -> str:
    """The SVG of a rendered screen. It asks no server for fonts, as Rich's own would."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console

    console = Console(
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
    )
    console.print(shown)
    return console.export_svg(title=clean(title), code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT))


def written(where: Path, host: str, at: float, svg: str) -> Path:
    """Write a picture under a name of host and UTC time that is nobody's yet, mode 0600. Raises OSError."""
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", host)[:60].strip("-") or "host"
    stem = f"{safe}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(at))}"
    for count in range(1, MOST_OF_A_SECOND + 1):
        path = where / f"{stem}{f'-{count}' if count > 1 else ''}.svg"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(svg)
        return path
    raise FileExistsError(17, f"{MOST_OF_A_SECOND} pictures of this second are there already")
