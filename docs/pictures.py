"""Takes the README's pictures of the real screen, as an emulated terminal shows it: python docs/pictures.py."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.rig.terminal import Terminal

HERE = Path(__file__).parent
DEMO = [sys.executable, "-m", "console.cli", "demo", "--speed", "20"]
STORMY = [*DEMO, "--scenario", "stormy", "--theme", "dark"]
CALM = [("detail", "dark", "d", "ladder over time"), ("light", "light", "", "RTX 4090")]
"""Pictures of a farm on a usual day: name, theme, keys, and what stands there when they have acted."""
UNTIL_LOST_S, UNTIL_WARM_S = 6.0, 8.0
ENV = {"CHANGEOVER_USER": str(HERE / "no such file"), "LC_ALL": "C.UTF-8"}
COLOURS = 256
"""Of a picture in the README: what a screen is painted in, exactly, and most of the softened edges of its letters."""


def main() -> None:
    """What a host in trouble looks like, its market, one of its GPUs, and the same console on a light ground."""
    with Terminal(STORMY, (150, 42), ENV) as terminal:
        terminal.wait_for("LOST", 60)
        terminal.send("down")
        terminal.pump(UNTIL_LOST_S)
        picture(terminal, "console")
        terminal.send("2", "down")
        terminal.wait_for("held back", 60)
        terminal.pump(1.0)
        picture(terminal, "market")
    for name, theme, keys, shown in CALM:
        with Terminal([*DEMO, "--theme", theme], (150, 42), ENV) as terminal:
            terminal.wait_for("RTX 4090", 30)
            terminal.pump(UNTIL_WARM_S)
            terminal.send(*keys)
            terminal.wait_for(shown, 30)
            terminal.pump(1.0)
            picture(terminal, name)


def picture(terminal: Terminal, name: str) -> None:
    """The screen as it stands, in its commonest colours: the file is a third as large and no eye sees it."""
    path = HERE / f"{name}.png"
    terminal.picture(path)
    image = Image.open(path)
    counted = image.getcolors(image.width * image.height) or []
    common = [colour for _, colour in sorted(counted, reverse=True)[:COLOURS]]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in common for part in colour])
    image.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
