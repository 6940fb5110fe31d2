"""Keys on the screen of GPUs: what they move, what they ask of the site, what they never do."""

import threading

import msgspec
import pytest
from textual.events import MouseScrollDown

from console.flips.records import Progress
from console.palette import ActionProvider
from console.screens.choose import Picker
from console.screens.modal import Sheet
from tests.pilot import sample
from tests.pilot.wired import Wired, console, terminal, text, until

PLANNED = "plan"


def asked(site: sample.StillSite, *names: str) -> list[tuple[object, ...]]:
    """What was asked of the site, of some kinds or of all."""
    return [call for call in site.calls if not names or call[0] in names]


def cursor(app: Wired) -> int | None:
    """The slot under the cursor."""
    return app.gpus.row.reading.slot if app.gpus.row else None


@pytest.mark.parametrize(
    ("keys", "slot"),
    [
        (("j", "j"), 2),
        (("down", "k"), 0),
        (("G",), 7),
        (("end", "home"), 0),
        (("G", "g"), 0),
        (("pagedown",), 7),
        (("pagedown", "pageup"), 0),
        (("k",), 0),
        (("ctrl+f", "ctrl+b"), 0),
    ],
)
async def test_keys_move_the_cursor(keys: tuple[str, ...], slot: int) -> None:
    """And stop at the ends; the ladder is that of the GPU under it."""
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*keys)
        await pilot.pause(0.05)
        assert cursor(app) == slot
        assert any(f"GPU {slot} · " in line for line in text(app))


@pytest.mark.parametrize(("key", "target"), [("m", "mine"), ("a", "ai"), ("o", "off"), ("f", "best")])
async def test_a_key_that_acts_plans_and_shows_and_does_nothing_more(key: str, target: str) -> None:
    """The cursor's GPU, its instance whole; a runner is made ready; esc lets it go."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", key)
        assert asked(site) == [("plan", (1,), target, True, ()), ("prepare",)]
        await pilot.pause(0.4)
        await pilot.press("escape")
        assert asked(site)[2:] == [("dismiss",)]
        assert app.gpus.modal is None


async def test_marks_act_together_as_one_plan() -> None:
    """Slots of all marked GPUs, sets not taken whole; the marks go when it is confirmed."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("space", "space", "j", "space")
        await pilot.pause(0.05)
        assert any("● 3 marked" in line for line in text(app))
        assert sum(line.startswith("●") for line in text(app)) == 3
        await pilot.press("o")
        assert asked(site, PLANNED) == [("plan", (0, 1, 3), "off", False, ())]
        await pilot.pause(0.4)
        await pilot.press("y")
        assert [call[0] for call in asked(site)] == ["plan", "prepare", "flip"]
        assert not app.gpus.sight.marks


async def test_undo_is_a_plan_like_any_other() -> None:
    """Shown first; there is nothing to force."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("u")
        await pilot.pause(0.05)
        assert asked(site) == [("undo", (0,)), ("prepare",)]
        assert any("take back the latest flip" in line for line in text(app))


async def test_the_cursor_stays_on_its_gpu_when_rows_move() -> None:
    """Sorted, filtered, a new order from the site: the GPU under the cursor is the same, so is what a key acts on."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "s")
        assert cursor(app) == 1
        site.tell(msgspec.structs.replace(site.shown, rows=tuple(reversed(site.shown.rows))))
        await pilot.pause(0.05)
        assert cursor(app) == 1
        await pilot.press("m")
        assert asked(site, PLANNED)[0][1] == (1,)


async def test_a_gpu_that_leaves_gives_its_place_to_the_next() -> None:
    """The cursor is never nowhere while there is a row."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("G")
        site.tell(msgspec.structs.replace(site.shown, rows=site.shown.rows[:5]))
        await pilot.pause(0.05)
        assert cursor(app) == 4
        site.tell(msgspec.structs.replace(site.shown, rows=()))
        await pilot.pause(0.05)
        assert cursor(app) is None
        await pilot.press("m", "space", "enter", "u")
        assert asked(site) == []


@pytest.mark.parametrize("why", ["argument", "site", "site later"])
async def test_read_only_binds_no_key_that_acts(why: str) -> None:
    """By flag, by the site, or by the site while the console runs: keys, clicks and palette are without them."""
    site = sample.StillSite(sample.snapshot(read_only="the journal is newer" if why == "site" else ""))
    app = console(site, read_only="--read-only" if why == "argument" else "")
    async with app.run_test(size=(120, 40)) as pilot:
        if why == "site later":
            site.tell(sample.snapshot(read_only="the journal is newer"))
            await pilot.pause(0.05)
        await pilot.press("m", "a", "o", "f", "enter", "u", "x")
        for name in ("mine", "ai", "off", "best", "choose", "undo", "stop"):
            app.gpus.act(name)
        await pilot.pause(0.05)
        assert asked(site) == []
        assert app.gpus.modal is None
        lines = text(app)
        assert "READ-ONLY" in lines[0]
        assert "mine" not in lines[-1]
        assert ("no key acts: the journal is newer" in "\n".join(lines)) == (why != "argument")


async def test_the_filter_is_typed_kept_and_dropped() -> None:
    """Letters are text while it is typed, arrows still move; enter keeps it, esc drops it."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", "h", "1", "0", "0", "down")
        await pilot.pause(0.05)
        assert cursor(app) == 5
        assert "/ h100" in text(app)[-1]
        await pilot.press("enter", "m")
        assert asked(site, PLANNED)[0][1] == (5,)
        await pilot.pause(0.4)
        await pilot.press("escape", "escape")
        assert app.gpus.sight.filter == ""
        assert cursor(app) == 5


async def test_backspace_edits_the_filter_and_ends_it_when_empty() -> None:
    """As in every line that is typed."""
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", "x", "backspace")
        typing = [app.gpus.sight.typing]
        await pilot.press("backspace")
        assert [*typing, app.gpus.sight.typing] == [True, False]


async def test_sort_goes_through_the_columns() -> None:
    """The title tells by which one; six presses come back to the roster's order."""
    app = console()
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("s")
        await pilot.pause(0.05)
        assert "net now ↓" in text(app)[3]
        await pilot.press("s", "s", "s", "s", "s")
        assert app.gpus.sight.sort == "slot"


async def test_why_expands_and_closes() -> None:
    """More reasons, less chart; esc closes it."""
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("w")
        await pilot.pause(0.05)
        assert any("off beats vllm-qwen" in line for line in text(app))
        await pilot.press("escape")
        await pilot.pause(0.05)
        assert not any("off beats" in line for line in text(app))


async def test_p_lifts_the_pins_of_the_marked_or_of_the_cursor() -> None:
    """What a flip by hand has pinned; that it was asked for is said in the log, what came of it the site tells."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down", "p")
        await pilot.pause(0.05)
        assert site.calls[-1] == ("unpin", (1,))
        assert any("asked to unpin GPU 1" in line for line in text(app))


async def test_help_shows_every_key_and_closes_with_any() -> None:
    """Scrolled by arrows; no key acts while it stands."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause(0.05)
        stood = [type(app.gpus.modal)]
        assert any("Flip to the best eligible AI workload" in line for line in text(app))
        await pilot.press("down", "m")
        assert [*stood, app.gpus.modal] == [Sheet, None]
        assert asked(site) == []


async def test_the_picker_plans_what_is_chosen_from_the_ladder() -> None:
    """Enter opens it, enter plans; nothing is done before a yes."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter")
        assert isinstance(app.gpus.modal, Picker)
        await pilot.press("j", "j", "enter")
        assert asked(site) == [("plan", (0,), "quai", True, ()), ("prepare",)]


async def test_the_palette_finds_and_does_actions() -> None:
    """Ours only: none of Textual's own commands is in it."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: any("Take back the latest flip" in line for line in text(app)))
        shown = "\n".join(text(app))
        for word in ("Theme", "Screenshot", "Maximize", "screenshot"):
            assert word not in shown
        await pilot.press(*"mining")
        await until(pilot, lambda: not any("Take back the latest flip" in line for line in text(app)))
        await pilot.press("enter")
        await until(pilot, lambda: asked(site, PLANNED))
        assert asked(site, PLANNED) == [("plan", (0,), "mine", True, ())]


async def test_no_old_figure_stands_behind_the_palette() -> None:
    """The table shows through it, and news change what is seen of it as ever."""
    site = sample.StillSite()
    app = console(site)
    screen, stream = terminal(120, 40)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: any("Take back the latest flip" in line for line in text(app)))
        site.tell(msgspec.structs.replace(site.shown, seq=2, host="rig-anew"))

        def told() -> bool:
            stream.feed(app.sent())
            return "rig-anew" in screen.display[0]

        await until(pilot, told)


async def test_the_palette_knows_the_words_of_the_footer() -> None:
    """``undo`` is in the sentence of no action, and its letters, far apart, are in that of X."""
    app = console(sample.StillSite())
    async with app.run_test(size=(120, 40)):
        found = ActionProvider(app.screen)
        for action in (one for one in app.front.actions if one.foot and one.id != "palette"):
            hits = [hit async for hit in found.search(action.label)]
            assert str(max(hits, key=lambda hit: hit.score).text).startswith(action.help), action.label


async def test_the_mouse_reaches_rows_and_keys() -> None:
    """A click moves the cursor, the wheel too, a double click opens the ladder, a click on a key presses it."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.click("#table", offset=(20, 4))
        assert cursor(app) == 4
        app.gpus.query_one("#table").post_message(_wheel(app))
        await pilot.pause(0.05)
        assert cursor(app) == 5
        column = text(app)[-1].index("ai")
        await pilot.click("#foot", offset=(column, 0))
        assert asked(site, PLANNED) == [("plan", (5,), "ai", True, ())]
        await pilot.pause(0.4)
        await pilot.press("escape")
        await pilot.click("#table", offset=(20, 1), times=2)
        assert isinstance(app.gpus.modal, Picker)
        assert cursor(app) == 1


def _wheel(app: Wired) -> MouseScrollDown:
    return MouseScrollDown(app.gpus.query_one("#table"), 1, 1, 0, 1, 0, False, False, False)


async def test_news_and_progress_come_from_threads() -> None:
    """A site speaks from its own threads; the row shows the step, the log the outcome."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "a")
        await pilot.pause(0.4)
        await pilot.press("y")
        plan = asked(site, "flip")[0][1]
        new = msgspec.structs.replace(site.shown, host="rig-99")

        def speak() -> None:
            site.tell(new)
            assert site.progress is not None
            site.progress(
                Progress(flip_id="f1", at=sample.NOW, kind="step", step="warm", slots=(1,), text="warming vllm")
            )
            site.progress(
                Progress(
                    flip_id="f2", at=sample.NOW, kind="outcome", step="outcome", slots=(7,), text="GPU 7: off → ergo"
                )
            )

        thread = threading.Thread(target=speak)
        thread.start()
        thread.join()
        await pilot.pause(0.1)
        lines = text(app)
        assert "rig-99" in lines[0]
        assert any("→ ◆ vllm-qwen  warm 0s" in line for line in lines)
        assert any("GPU 7: off → ergo" in line for line in lines)
        assert not any("warming vllm" in line for line in lines), "a step is the row's, not the log's"
        assert plan.moves[0].slots == (1,)  # type: ignore[attr-defined]


async def test_a_storm_of_sizes_ends_in_the_last_one() -> None:
    """Whatever the sizes between; the badge stands at each of them, also where nothing else has room."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        for size in [(60, 20), (80, 24), (30, 6), (240, 70), (24, 3), (100, 30), (12, 2), (160, 40), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.press("j")
            await pilot.pause(0.02)
            assert "SIMULATED" in text(app)[0]
        await pilot.pause(0.1)
        assert cursor(app) == 7
        assert len(text(app)) == 24
        assert text(app)[-1].startswith(" m mine")


async def test_below_80x24_it_says_so_and_shows_the_rows() -> None:
    """A phone held upright is no reason to see nothing."""
    app = console()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause(0.05)
        lines = "\n".join(text(app))
        assert "80x24 needed, this is 60x20" in lines
        assert lines.count("RTX 4090") == 5


async def test_q_leaves_and_touches_nothing() -> None:
    """No call to the site but those that look."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("q")
        await pilot.pause(0.05)
    assert asked(site) == []
    assert app.return_code == 0


@pytest.mark.parametrize("before", [(), ("question_mark",), ("a",), ("slash",)])
async def test_ctrl_c_says_how_to_leave(before: tuple[str, ...]) -> None:
    """It does not end a console by habit, and it is not silent: the log says q, whatever stands open."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.press(*before, "ctrl+c")
        await pilot.pause(0.05)
        open_before = app.gpus.modal is not None
        assert app.is_running and open_before is (before in (("question_mark",), ("a",)))
        await pilot.press("escape")
        await pilot.pause(0.4)
        await pilot.press("escape")
        assert any("q leaves; nothing that runs is touched" in line for line in text(app))
    assert asked(site, "flip", "undo") == []
