"""The one typed word: it stops what nothing guards, and nothing but the whole word does."""

import pytest

from console.flips.standdown import WORD
from console.screens.modal import Press
from console.screens.standdown import StandDown
from tests.pilot import sample
from tests.pilot.test_keys import asked
from tests.pilot.wired import console, text, until


async def opened(pilot, app) -> None:
    await pilot.press("X")
    await until(pilot, lambda: any("type STOP and enter" in line for line in text(app)))
    await pilot.pause(0.4)


async def test_the_word_stops_everything_automatic_and_every_unguarded_gpu() -> None:
    """First the automatics, then the flips: nothing is started again behind the operator's back."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press(*WORD, "enter")
        await until(pilot, lambda: asked(site, "flip"))
        assert [call[0] for call in asked(site)] == ["plan", "prepare", "stop_batch", "halt", "flip"]
        assert asked(site, "plan")[0][2] == "off"


@pytest.mark.parametrize("typed", ["stop", "STO", "STOPP", "y", ""])
async def test_any_other_word_stops_nothing(typed: str) -> None:
    """A slip of the finger closes the dialog and leaves all as it is."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, app)
        await pilot.press(*typed, "enter")
        await until(pilot, lambda: app.gpus.modal is None)
        assert [call[0] for call in asked(site)] == ["plan", "prepare", "dismiss"]


def test_what_was_typed_before_it_stood_is_dropped() -> None:
    """Type-ahead on a slow link stops no farm: not before it stands, not in the 300 ms after; then every key counts."""
    site = sample.StillSite()
    said: list[str] = []
    dialog = StandDown(site.stand_down(), site.snapshot(), lambda _: said.append("yes"), lambda: said.append("no"))

    def typed(at: float) -> None:
        for key in (*WORD, "enter"):
            dialog.press(Press(key, key if len(key) == 1 else None, at))

    typed(10.0)
    dialog.stands(10.0)
    typed(10.2)
    assert said == []
    typed(10.31)
    assert said == ["yes"]


async def test_escape_closes_it() -> None:
    """And backspace takes back what was typed."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("S", "T", "backspace", "T", "O", "P")
        await pilot.pause(0.05)
        assert any("STOP▏" in line for line in text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.gpus.modal is None)
        assert asked(site, "flip") == []


async def test_read_only_has_no_such_key() -> None:
    """A console that only looks stops nothing."""
    site = sample.StillSite()
    app = console(site, read_only="--read-only")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("X")
        await pilot.pause(0.1)
        assert app.gpus.modal is None and asked(site) == []
