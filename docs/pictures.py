"""Takes the README's pictures of the real screen, as an emulated terminal shows it: python docs/pictures.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.rig.terminal import Terminal

HERE = Path(__file__).parent
DEMO = [sys.executable, "-m", "console.cli", "demo", "--scenario", "stormy", "--speed", "20"]
UNTIL_LOST_S = 6.0


def main() -> None:
    """The GPUs with a lost one, a stale quote, the ladder and why; and the market with a quote held back."""
    with Terminal(DEMO, (150, 42)) as terminal:
        terminal.wait_for("LOST", 30)
        terminal.send("down")
        terminal.pump(UNTIL_LOST_S)
        terminal.picture(HERE / "console.png")
        terminal.send("2", "down")
        terminal.wait_for("held back", 30)
        terminal.pump(1.0)
        terminal.picture(HERE / "market.png")


if __name__ == "__main__":
    main()
