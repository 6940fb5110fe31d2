"""What the environment tells the toolkit of the screen, or told another window, taken out before it is read."""

from __future__ import annotations

import os
import sys


def clear() -> None:
    """Let no variable press keys, write logs or choose colours here, and let the terminal itself say how large it is.

    Textual does what any ``TEXTUAL_…`` says, and believes COLUMNS and LINES, which a shell or ``docker exec -e`` has
    exported as they once were. They count only where the terminal does not know its size, as on a serial line.
    """
    for name in [name for name in os.environ if name.startswith("TEXTUAL")]:
        del os.environ[name]
    try:
        known = all(os.get_terminal_size(sys.stdout.fileno()))
    except OSError:
        return
    if known:
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)
