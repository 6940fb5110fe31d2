"""Nothing is drawn or asked for that nobody sees; the pace of painting is the link's and not the operator's."""

from pathlib import Path

import msgspec
import pytest

from console.config.errors import ConfigError
from console.config.user import UserSettings, parsed
from tests.pilot import details
from tests.pilot.wired import console, text, until


async def test_screens_that_are_not_in_front_are_neither_drawn_nor_fed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All four have been open: of three ticks only the one in front draws; of a GPU's day nothing is asked."""
    site = details.site()
    asked: list[float] = []
    found = site.details

    def counted(uuid: str, span_s: float) -> object:
        asked.append(span_s)
        return found(uuid, span_s)

    site.details = counted  # type: ignore[assignment]
    app = console(site)
    drawn: list[str] = []
    async with app.run_test(size=(160, 45)) as pilot:
        for key in ("2", "5", "1", "d", "escape"):
            await pilot.press(key)
            await pilot.pause(0.2)
        assert set(app._screens) == {"gpus", "market", "journal", "detail"}
        for name, screen in app._screens.items():
            draw = screen.draw

            def noted(width: int, height: int, name: str = name, draw: object = draw) -> None:
                drawn.append(name)
                draw(width, height)  # type: ignore[operator]

            monkeypatch.setattr(screen, "draw", noted)
        asked.clear()
        for seq in range(2, 5):
            site.at += 1
            site.tell(msgspec.structs.replace(site.shown, seq=seq, at=site.at))
            await pilot.pause(0.1)
        await until(pilot, lambda: len(drawn) >= 3)
        assert set(drawn) == {app.front.mode}
        assert asked == []
        drawn.clear()
        await pilot.press("2")
        await until(pilot, lambda: "market" in drawn)
        drawn.clear()
        site.tell(msgspec.structs.replace(site.shown, seq=9))
        await until(pilot, lambda: drawn)
        assert set(drawn) == {"market"}


async def test_the_pace_is_the_links_and_is_not_kept() -> None:
    """The same operator comes over a good link next: ``t`` reaches no file, and a new console paints each second."""
    kept: list[UserSettings] = []
    app = console(keep=kept.append)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: any("painted every 2 s" in line for line in text(app)))
        assert app._pace.every_s == 2.0
        app._keep_choices()
        await pilot.press("s")
        app._keep_choices()
        assert kept, "what is the operator's is kept"
        assert not any("pace" in name for choice in kept for name in choice.__struct_fields__)
    again = console(own=kept[-1])
    assert again._pace.every_s == 1.0


def test_a_pace_in_the_operators_file_is_refused_by_name() -> None:
    """It would do nothing: he is told."""
    with pytest.raises(ConfigError, match="pace"):
        parsed(Path("user.toml"), b"pace = 2\n")
