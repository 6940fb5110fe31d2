"""What stands over a screen: a sheet to read, scrolled where the screen is too low for it."""

from __future__ import annotations

from console.screens.modal import Press, Sheet
from console.view.pieces import Line, Piece, text_of


def counted(count: int) -> list[Line]:
    """So many lines, each with its number."""
    return [(Piece(str(number)),) for number in range(count)]


def shown(sheet: Sheet, room: int, height: int) -> list[str]:
    """What is seen of it."""
    return [text_of(line) for line in sheet.lines(room, height)][:height]


def test_it_scrolls_to_its_end_and_no_further() -> None:
    """By lines and by pages; any other key closes."""
    closed: list[bool] = []
    sheet = Sheet("keys", lambda _: counted(30), lambda: closed.append(True))
    assert shown(sheet, 80, 10)[0] == "0"
    for key in ("down", "pagedown", "pagedown", "pagedown", "pagedown"):
        sheet.press(Press(key, None, 0.0))
        shown(sheet, 80, 10)
    assert shown(sheet, 80, 10) == [str(number) for number in range(20, 30)]
    sheet.press(Press("m", "m", 0.0))
    assert closed == [True]


def test_on_a_larger_screen_it_is_not_scrolled_past_its_end() -> None:
    """Higher has room for more of it, and wider makes fewer lines: neither leaves an empty sheet."""
    sheet = Sheet("keys", lambda room: counted(60 if room < 80 else 12), lambda: None)
    shown(sheet, 40, 10)
    for _ in range(10):
        sheet.press(Press("pagedown", None, 0.0))
    assert shown(sheet, 40, 10)[-1] == "59"
    assert shown(sheet, 40, 30) == [str(number) for number in range(30, 60)]
    assert shown(sheet, 120, 10) == [str(number) for number in range(2, 12)]
