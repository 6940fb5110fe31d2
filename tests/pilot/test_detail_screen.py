"""All about one GPU on the screen: opening it, going from one to the next, zooming, acting, leaving."""

import msgspec
import pytest
from textual.pilot import Pilot

from console.site.interface import Told
from tests.pilot import details, sample
from tests.pilot.wired import Wired, console, text, until
from tests.unit.test_view_journal import FLIP


def on_screen(app: Wired, words: str) -> bool:
    """True where the words stand somewhere."""
    return any(words in line for line in text(app))


async def dismissed(pilot: Pilot[None], app: Wired) -> None:
    """Press escape until the dialog takes it: what comes before it has stood for a moment is dropped."""
    assert app.front.modal is not None
    for _ in range(50):
        await pilot.press("escape")
        if app.front.modal is None:
            return
        await pilot.pause(0.1)
    raise AssertionError("the dialog does not close")


async def test_d_opens_it_on_the_cursors_gpu_and_d_goes_back() -> None:
    """So does escape; the table stands as it was left."""
    app = console(details.site())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "d")
        await until(pilot, lambda: on_screen(app, "─ GPU 1 · RTX 4090 · GPU-00000001"))
        assert on_screen(app, "last 15 min")
        for key in ("d", "escape"):
            await pilot.press(key)
            await until(pilot, lambda: on_screen(app, "per AI-h  ") and not on_screen(app, "last 15 min ·"))
            assert app.gpus.row is not None and app.gpus.row.reading.slot == 1
            await pilot.press("d")
            await until(pilot, lambda: on_screen(app, "last 15 min ·"))


async def test_arrows_go_through_the_table_and_the_cursor_comes_along() -> None:
    """In the table's own order and filter, not further than its ends."""
    app = console(details.site())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("slash", *"4090", "enter", "d")
        await until(pilot, lambda: on_screen(app, "GPU 0 · RTX 4090") and on_screen(app, " 1 of "))
        shown = [row.reading.slot for row in app.gpus.shown.rows] if app.gpus.shown else []
        assert len(shown) > 2
        for slot in shown[1:]:
            await pilot.press("down")
            await until(pilot, lambda slot=slot: on_screen(app, f"─ GPU {slot} · "))  # type: ignore[misc]
        await pilot.press("down", "k")
        await until(pilot, lambda: on_screen(app, f"─ GPU {shown[-2]} · "))
        await pilot.press("escape")
        await until(pilot, lambda: app.gpus.row is not None and app.gpus.row.reading.slot == shown[-2])


async def test_the_selection_follows_the_gpu_when_it_gets_another_row() -> None:
    """The order of the site's rows is turned round while one of them is looked at."""
    site = details.site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "d")
        await until(pilot, lambda: on_screen(app, "─ GPU 1 · "))
        site.tell(msgspec.structs.replace(site.shown, seq=2, rows=tuple(reversed(site.shown.rows))))
        await pilot.pause(0.1)
        assert on_screen(app, "─ GPU 1 · ")
        await pilot.press("d")
        await until(pilot, lambda: app.gpus.row is not None and app.gpus.row.reading.slot == 1)


async def test_zoom_goes_from_a_quarter_of_an_hour_to_a_day() -> None:
    """- longer, + shorter, z round about; the ends hold."""
    app = console(details.site())
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: on_screen(app, "─ last 15 min"))
        for key, span in (("minus", "2 h"), ("minus", "24 h"), ("minus", "24 h"), ("plus", "2 h"), ("z", "24 h")):
            await pilot.press(key)
            await until(pilot, lambda span=span: on_screen(app, f"─ last {span} ─"))  # type: ignore[misc]
        await pilot.press("z")
        await until(pilot, lambda: on_screen(app, "─ last 15 min"))


async def test_tab_brings_the_other_plots_where_not_all_have_room() -> None:
    """One at a time at 80x24, named in the title; four at 200x50, and nothing to bring."""
    app = console(details.site())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d")
        for name in ("power W", "net $/h", "temp °C", "output k tok/s", "power W"):
            await until(pilot, lambda name=name: on_screen(app, f" {name} "))  # type: ignore[misc]
            await pilot.press("tab")
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: all(on_screen(app, f" {n} ") for n in ("power W", "net $/h", "temp °C", "output")))
        assert not on_screen(app, "tab:")


@pytest.mark.parametrize(("key", "target"), [("m", "mine"), ("a", "ai"), ("o", "off"), ("f", "best")])
async def test_acting_here_is_the_same_plan_and_the_same_dialog(key: str, target: str) -> None:
    """On this GPU alone: marks of the table stay the table's."""
    site = details.site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("space", "space", "d")
        await until(pilot, lambda: on_screen(app, "─ GPU 2 · "))
        await pilot.press(key)
        await until(pilot, lambda: ("plan", (2,), target, True, ()) in site.calls)
        await dismissed(pilot, app)
        assert app.front is not app.gpus
        assert len(app.gpus.sight.marks) == 2


async def test_the_picker_the_sources_and_undo_open_over_it() -> None:
    """enter, w and u as on the table's screen."""
    site = details.site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d", "w")
        await until(pilot, lambda: on_screen(app, "GPU 0: where every figure comes from"))
        await pilot.press("x", "enter")
        await until(pilot, lambda: app.front.modal is not None and not on_screen(app, "every figure"))
        await pilot.press("escape", "u")
        await until(pilot, lambda: ("undo", (0,)) in site.calls)
        await dismissed(pilot, app)
        await pilot.press("p")
        await until(pilot, lambda: ("unpin", (0,)) in site.calls and on_screen(app, "asked to unpin GPU 0"))


async def test_a_console_that_only_looks_has_no_key_that_acts() -> None:
    """Neither bound nor in the footer; zoom and arrows are."""
    site = details.site()
    app = console(site, read_only="--read-only")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d", "m", "a", "o", "f", "u", "p", "enter")
        await pilot.pause(0.1)
        assert site.calls == [] and app.front.modal is None
        assert " mine" not in text(app)[-1] and "zoom" in text(app)[-1]


async def test_its_flips_and_no_others_stand_there() -> None:
    """Of the journal's flips those with this slot."""
    site = details.site()
    other = msgspec.structs.replace(FLIP, flip_id="0123", slots=(6,), who="mallory")
    site.told = Told(flips=(msgspec.structs.replace(FLIP, slots=(0,)), other))
    app = console(site)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: on_screen(app, "─ its flips"))
        assert on_screen(app, f"  {FLIP.who} ") and not on_screen(app, "mallory")


async def test_a_gpu_that_the_site_does_not_know_yet_and_one_that_leaves() -> None:
    """Words, no crash; what it was acted upon by is nobody."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: on_screen(app, "nothing is known of this GPU yet"))
        site.tell(msgspec.structs.replace(site.shown, seq=2, rows=()))
        await pilot.press("m", "enter", "w", "p", "down")
        await pilot.pause(0.1)
        assert site.calls == []


@pytest.mark.parametrize("size", [(200, 50), (160, 45), (120, 40), (100, 30), (80, 24), (60, 16), (30, 9), (20, 5)])
async def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    """And coming from another size does not either."""
    app = console(details.site())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: on_screen(app, "last 15 min"))
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: len(text(app)) == size[1] and on_screen(app, "GPU 0"))
        for key in ("down", "z", "tab", "up"):
            await pilot.press(key)
        await pilot.pause(0.1)
