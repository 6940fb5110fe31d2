"""A pyte screen as a PNG."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")
FONT_SIZE, CELL_WIDTH, CELL_HEIGHT = 15, 9, 18
BLOCKS = " ▁▂▃▄▅▆▇█"
FOREGROUND, BACKGROUND = "d0d0d0", "000000"
# The sixteen colours in pyte's names, as xterm ships them; anything else is 24-bit already.
ANSI = {
    "black": "000000", "red": "cd0000", "green": "00cd00", "brown": "cdcd00", "blue": "0000ee", "magenta": "cd00cd",
    "cyan": "00cdcd", "white": "e5e5e5", "brightblack": "7f7f7f", "brightred": "ff0000", "brightgreen": "00ff00",
    "brightbrown": "ffff00", "brightblue": "5c5cff", "brightmagenta": "ff00ff", "brightcyan": "00ffff",
    "brightwhite": "ffffff",
}  # fmt: skip


def colours(cell: Any) -> tuple[str, str]:
    """Foreground and background of a pyte cell, as #rrggbb."""
    foreground, background = (
        "#" + (default if name == "default" else ANSI.get(name, name))
        for name, default in ((cell.fg, FOREGROUND), (cell.bg, BACKGROUND))
    )
    return (background, foreground) if cell.reverse else (foreground, background)


def draw(screen: Any, path: Path) -> None:
    """Draw every cell of a pyte screen; OSError without the DejaVu fonts (Debian package fonts-dejavu-core)."""
    fonts = {
        bold: ImageFont.truetype(str(FONTS / f"DejaVuSansMono{'-Bold' if bold else ''}.ttf"), FONT_SIZE)
        for bold in (False, True)
    }
    image = Image.new("RGB", (screen.columns * CELL_WIDTH, screen.lines * CELL_HEIGHT), f"#{BACKGROUND}")
    canvas = ImageDraw.Draw(image)
    for row in range(screen.lines):
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            foreground, background = colours(cell)
            left, top = column * CELL_WIDTH, row * CELL_HEIGHT
            right, bottom = left + CELL_WIDTH - 1, top + CELL_HEIGHT - 1
            canvas.rectangle((left, top, right, bottom), fill=background)
            if (eighths := BLOCKS.find(cell.data)) > 0:  # seamless, as terminals draw them and fonts do not
                canvas.rectangle((left, bottom + 1 - CELL_HEIGHT * eighths / 8, right, bottom), fill=foreground)
            elif cell.data.strip():
                canvas.text((left, top), cell.data, font=fonts[cell.bold], fill=foreground)
            if cell.underscore:
                canvas.line((left, bottom - 1, right, bottom - 1), fill=foreground)
    image.save(path)
