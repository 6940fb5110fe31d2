"""The column chooser, the turned order, and what is copied."""

import base64

from tests.pilot import sample
from tests.pilot.wired import console, text, until


async def test_a_hidden_column_leaves_and_escape_drops_the_choice() -> None:
    """Enter keeps what was chosen, esc leaves the table as it was."""
    app = console(sample.StillSite())
    async with app.run_test(size=(160, 45)) as pilot:
        assert "temp" in text(app)[3]
        await pilot.press("c")
        await until(pilot, lambda: any("show or hide" in line for line in text(app)))
        while not any("❯" in line and "temp" in line for line in text(app)):
            await pilot.press("down")
        await pilot.press("space", "escape")
        await until(pilot, lambda: app.gpus.modal is None)
        assert "temp" in text(app)[3]
        await pilot.press("c")
        while not any("❯" in line and "temp" in line for line in text(app)):
            await pilot.press("down")
        await pilot.press("space", "enter")
        await until(pilot, lambda: app.gpus.modal is None)
        await until(pilot, lambda: "temp" not in text(app)[3])


async def test_the_order_is_turned_and_the_cursor_stays_on_its_gpu() -> None:
    """S turns what s has chosen; the mark of the title turns with it."""
    app = console(sample.StillSite())
    async with app.run_test(size=(200, 50)) as pilot:
        while "↓" not in text(app)[3] and "↑" not in text(app)[3]:
            await pilot.press("s")
        before = next(line for line in text(app) if line.startswith(" ▸"))
        mark = "↓" if "↓" in text(app)[3] else "↑"
        await pilot.press("S")
        await until(pilot, lambda: mark not in text(app)[3])
        after = next(line for line in text(app) if line.startswith(" ▸"))
        assert before.split()[1] == after.split()[1]


async def test_a_row_is_copied_by_osc_52_and_y_still_says_yes_in_a_dialog() -> None:
    """The row goes to the terminal's clipboard, harmless; in a dialog y is the answer to its question."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard != "")
        copied = app.clipboard
        assert "\t" in copied and "vllm-qwen" in copied and not any(ord(c) < 32 and c != "\t" for c in copied)
        assert len(base64.b64encode(copied.encode())) < 12_000
        await pilot.press("m")
        await pilot.pause(0.4)
        await pilot.press("y")
        await until(pilot, lambda: any(call[0] == "flip" for call in site.calls))
        assert app.clipboard == copied
