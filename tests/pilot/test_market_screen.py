"""Mode 2 and the way between the modes: keys, what is kept, what a hidden screen costs, what the screen follows."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from console.flips.records import Progress
from console.model import Market, Snapshot
from console.screens.market import MarketScreen
from tests.pilot import market, sample
from tests.pilot.wired import Wired, console, differing, terminal, text

SIZE = (160, 45)


def site(**more: object) -> sample.StillSite:
    """A still site with the composed market."""
    return sample.StillSite(market.snapshot(**more))


def screen(app: Wired) -> MarketScreen:
    """The market screen, which has been opened."""
    assert isinstance(app.front, MarketScreen)
    return app.front


def cursor(app: Wired) -> tuple[str, str]:
    """Name and source of the quote under the cursor."""
    shown = screen(app).shown
    assert shown is not None
    quote = shown.entries[shown.cursor].quote
    return quote.name, quote.source


async def test_number_keys_change_the_mode_and_keep_what_was_chosen() -> None:
    """Cursor and sort of the one, cursor and model of the other; header and badge stand on both."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "s", "2")
        await pilot.pause(0.1)
        lines = text(app)
        assert "SIMULATED" in lines[0]
        assert any("break-even" in line for line in lines)
        assert "1 GPUs" in lines[-1] and "2 market" not in lines[-1]
        await pilot.press("j", "j", "tab", "1")
        await pilot.pause(0.1)
        lines = text(app)
        assert app.gpus.row is not None and app.gpus.row.reading.slot == 1
        assert app.gpus.sight.sort == "net"
        assert any(line.startswith(" ▸   1") for line in lines)
        assert "SIMULATED" in lines[0]
        assert "2 market" in lines[-1] and "1 GPUs" not in lines[-1]
        await pilot.press("2")
        await pilot.pause(0.1)
        assert cursor(app) == ("ERG", "exchange-a")
        assert any("break-even · H100 80G" in line for line in text(app))


async def test_the_key_of_the_mode_in_front_does_nothing() -> None:
    """No frame is sent for it."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause(0.1)
        app.sent()
        await pilot.press("2")
        await pilot.pause(0.1)
        assert app.sent() == ""
        assert app.current_mode == "market"


async def test_a_hidden_screen_is_neither_painted_nor_told_anything() -> None:
    """Snapshots, seconds and sizes pass it by; when it comes back it shows what is known then."""
    still = site()
    app = console(still)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause(0.1)
        page, at, snapshot = app.gpus.shown, app.gpus.painted_at, app.gpus.snapshot
        for seq in range(2, 6):
            still.at += 1
            still.tell(msgspec.structs.replace(still.shown, seq=seq, host=f"rig-{seq}", at=still.at))
            await pilot.pause(0.05)
        await pilot.resize_terminal(120, 40)
        await pilot.press("j")
        app.gpus.paint()
        assert (app.gpus.shown, app.gpus.painted_at, app.gpus.snapshot) == (page, at, snapshot)
        assert "rig-5" in text(app)[0]
        market_page, market_at = screen(app).shown, screen(app).painted_at
        hidden = screen(app)
        await pilot.press("1")
        await pilot.pause(0.1)
        lines = text(app)
        assert "rig-5" in lines[0]
        assert len(lines) == 40
        still.tell(msgspec.structs.replace(still.shown, seq=9, host="rig-9"))
        await pilot.pause(0.05)
        assert "rig-9" in text(app)[0]
        assert (hidden.shown, hidden.painted_at) == (market_page, market_at)


CODE = """
import asyncio, sys
sys.path.insert(0, {root!r})
from tests.pilot import sample
from tests.pilot.wired import console

MODULES = ("console.screens.market", "console.view.market", "widgets.plot")

async def main():
    app = console(sample.StillSite())
    async with app.run_test(size=(120, 40)) as pilot:
        print([name for name in MODULES if name in sys.modules])
        await pilot.press("2")
        print([name for name in MODULES if name in sys.modules] == list(MODULES))

asyncio.run(main())
"""


def test_the_market_is_imported_when_it_is_first_opened() -> None:
    """The first screen does not wait for it."""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(root=root)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("\n")[:2] == ["[]", "True"]


async def test_a_change_of_mode_is_one_frame_and_right_to_the_last_cell() -> None:
    """There and back again, as a terminal shows what was sent."""
    app = console(site())
    seen, stream = terminal(*SIZE)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause(0.2)
        stream.feed(app.sent())
        for key in ("1", "2", "1", "2"):
            await pilot.press(key)
            await pilot.pause(0.2)
            assert len(app.frames) == 1
            stream.feed(app.sent())
            wanted, by_textual = terminal(*SIZE)
            by_textual.feed(app.wanted())
            assert differing(seen, wanted) == []


async def test_keys_move_over_quotes_and_stop_at_the_ends() -> None:
    """Arrows, letters, pages, ends; the wheel and a click too."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "down", "j", "k")
        assert cursor(app) == ("ERG", "exchange-b")
        await pilot.press("G", "down")
        assert cursor(app) == ("ERG", "config")
        await pilot.press("home", "up")
        assert cursor(app) == ("power", "grid")
        await pilot.press("pagedown")
        assert cursor(app) != ("power", "grid")
        await pilot.press("g")
        await pilot.pause(0.1)
        await pilot.click("#table", offset=(20, 3))
        assert cursor(app) == ("QUAI", "exchange-a")


async def test_the_cursor_stays_on_its_quote_when_the_table_changes() -> None:
    """A new quote above it moves the row, not the choice."""
    still = site(quotes=market.quotes()[3:])
    app = console(still)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "down")
        before = cursor(app)
        still.tell(market.snapshot(seq=2))
        await pilot.pause(0.1)
        assert cursor(app) == before
        shown = screen(app).shown
        assert shown is not None and shown.cursor != 1


async def test_w_says_all_about_the_quote_under_the_cursor_and_follows_it() -> None:
    """Again or esc closes it."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "down", "w")
        await pilot.pause(0.05)
        assert any("exchange-b, in use" in line for line in text(app))
        await pilot.press("down")
        await pilot.pause(0.05)
        assert any("exchange-a, not in use" in line for line in text(app))
        await pilot.press("escape")
        await pilot.pause(0.05)
        assert not any("not in use;" in line for line in text(app))
        await pilot.press("w", "w")
        assert not screen(app).sight.expanded


@pytest.mark.parametrize(
    ("keys", "model"),
    [
        (("tab",), "H100 80G"),
        (("right_square_bracket",), "H100 80G"),
        (("tab", "tab"), "RTX 4090"),
        (("left_square_bracket",), "H100 80G"),
        (("shift+tab", "shift+tab"), "RTX 4090"),
    ],
)
async def test_keys_go_through_the_models(keys: tuple[str, ...], model: str) -> None:
    """Round and round, in both directions."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", *keys)
        await pilot.pause(0.05)
        assert any(f"break-even · {model}" in line for line in text(app))


async def test_no_key_of_the_market_acts_on_a_gpu() -> None:
    """Nothing is planned, nothing opens: no GPU is under the cursor there."""
    still = site()
    app = console(still)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "m", "a", "o", "f", "enter", "u", "x", "space", "slash", "s")
        for name in ("mine", "ai", "off", "best", "choose", "undo", "stop", "mark"):
            app.front.act(name)
        await pilot.pause(0.05)
        assert still.calls == []
        assert app.front.modal is None
        assert not app.gpus.sight.marks and not app.gpus.sight.typing


async def test_help_and_palette_are_those_of_the_mode() -> None:
    """Its own keys, and the way to the other modes; what acts on GPUs is not in them."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "question_mark")
        await pilot.pause(0.05)
        shown = "\n".join(text(app))
        assert "draw the next GPU model" in shown
        assert "Show the GPUs" in shown
        assert "Flip to the best eligible mining" not in shown
        await pilot.press("escape", "colon")
        await pilot.pause(0.4)
        shown = "\n".join(text(app))
        assert "draw the next GPU model" in shown
        assert "Take back the latest flip" not in shown
        await pilot.press(*"show the gpus")
        await pilot.pause(0.4)
        await pilot.press("enter")
        await pilot.pause(0.4)
        assert app.current_mode == "gpus"
        assert any("RTX 4090" in line for line in text(app))


async def test_the_footer_can_be_clicked() -> None:
    """A click on a word does what the word says."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause(0.1)
        await pilot.click("#foot", offset=(text(app)[-1].index("1 GPUs"), 0))
        await pilot.pause(0.1)
        assert app.current_mode == "gpus"
        await pilot.click("#foot", offset=(text(app)[-1].index("2 market"), 0))
        await pilot.pause(0.1)
        assert app.current_mode == "market"


async def test_a_flip_that_ends_meanwhile_is_in_the_log_of_the_market_and_in_the_row_behind_it() -> None:
    """Nothing that this console did is missed because another mode is in front."""
    still = site()
    app = console(still)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "a")
        await pilot.pause(0.4)
        await pilot.press("y", "2")
        await pilot.pause(0.1)
        assert still.progress is not None
        still.progress(
            Progress(flip_id="f1", at=sample.NOW, kind="step", step="warm", slots=(1,), text="warming vllm-qwen")
        )
        text_of_it = "GPU 7: ergo → vllm-qwen: warm in 38 s"
        still.progress(
            Progress(flip_id="f2", at=sample.NOW, kind="outcome", step="outcome", slots=(7,), text=text_of_it)
        )
        await pilot.pause(0.1)
        assert any(text_of_it in line for line in text(app))
        await pilot.press("1")
        await pilot.pause(0.1)
        lines = text(app)
        assert any("→ ◆ vllm-qwen  warm 0s" in line for line in lines)
        assert any(text_of_it in line for line in lines)


async def test_a_dialog_keeps_the_mode_keys_from_changing_anything() -> None:
    """What is open takes every key."""
    app = console(site())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "a", "2")
        await pilot.pause(0.1)
        assert app.current_mode == "gpus"
        assert app.gpus.modal is not None


async def test_the_screen_follows_a_feed_that_dies_and_comes_back() -> None:
    """Live figures, then the failure with its sentence and the age of what is left, then all as before."""
    still = site()
    app = console(still)

    def told(age_s: float, *, fails: bool) -> Snapshot:
        at = sample.NOW + age_s
        quotes = tuple(
            msgspec.structs.replace(q, value=0.91) if q.source == "exchange-b" else q for q in still.shown.quotes
        )
        state = msgspec.structs.replace(
            market.feeds()[1], error="the price is gone" if fails else "", failures=3 if fails else 0, next_at=at + 30
        )
        return market.snapshot(seq=int(age_s) + 2, at=at, quotes=quotes, market=Market(feeds=(state,)))

    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2", "down")
        for age_s, fails in ((5.0, False), (1000.0, True), (1010.0, False)):
            still.at = sample.NOW + age_s
            still.tell(told(age_s, fails=fails))
            await pilot.pause(0.1)
            lines = "\n".join(text(app))
            assert "0.910" in lines
            assert ("the price is gone" in lines) == fails
            assert ("fails since" in lines) == fails
            assert ("stale 17m" in lines) == (age_s > 900)


async def test_a_storm_of_sizes_ends_in_the_last_one() -> None:
    """On the market too; the badge stands at each of them."""
    app = console(site())
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("2")
        for size in [(60, 20), (80, 24), (30, 6), (240, 70), (24, 3), (100, 30), (12, 2), (160, 40), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.press("j")
            await pilot.pause(0.02)
            assert "SIMULATED" in text(app)[0]
        await pilot.pause(0.1)
        assert len(text(app)) == 24
        assert text(app)[-1].startswith(" tab ] model")
        assert cursor(app) == ("carbon", "grid")


async def test_the_same_snapshot_twice_sends_nothing_and_a_second_little() -> None:
    """A second turns the clock, the ages and the waits; the plot and the trends stay."""
    still = site()
    app = console(still)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("2")
        await pilot.pause(0.2)
        app.sent()
        still.tell(msgspec.structs.replace(still.shown, seq=2))
        await pilot.pause(0.05)
        assert app.sent() == ""
        still.at += 1
        still.tell(msgspec.structs.replace(still.shown, seq=3, at=still.at))
        await pilot.pause(0.05)
        assert 10 < len(app.sent().encode()) <= 1000
        await pilot.press("j")
        await pilot.pause(0.05)
        assert 100 < len(app.sent().encode()) <= 2500


async def test_read_only_stands_on_the_market_too() -> None:
    """The badge and the reason."""
    app = console(site(read_only="the journal is newer"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause(0.1)
        lines = text(app)
        assert "READ-ONLY" in lines[0]
        assert any("no key acts: the journal is newer" in line for line in lines)
