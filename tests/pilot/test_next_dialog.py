"""What stands over the screen next: its own words, whatever stood there before and however high that was."""

from console.view.pieces import Piece
from tests.pilot.wired import console, terminal, until


async def test_a_panel_that_was_hidden_sends_what_it_was_given_meanwhile() -> None:
    """It comes back as large as it was: the terminal gets its new line, not the one that it drew before."""
    app = console()
    screen, stream = terminal(100, 30)

    def stands(word: str) -> bool:
        """True where the terminal shows the word, after all that was sent to it."""
        stream.feed(app.sent())
        return any(word in line for line in screen.display)

    async with app.run_test(size=(100, 30)) as pilot:
        panel = app.front.panel
        panel.styles.height = 1
        for word in ("heron", "stork"):
            panel.show([(Piece(f"a {word}", "value"),)])
            panel.display = True
            await until(pilot, lambda: panel.size.width)
            await until(pilot, lambda word=word: stands(f"a {word}"))  # type: ignore[misc]
            panel.display = False
            await until(pilot, lambda: not panel.size.width)
            await until(pilot, lambda word=word: not stands(f"a {word}"))  # type: ignore[misc]
