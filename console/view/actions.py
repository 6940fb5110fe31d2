"""Everything a key can do, in one list: the keys bound, the footer, ``?``, the palette and the README come from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from console.view import keys
from console.view.pieces import Line, Piece, cells, fit, left, width

GPUS, MARKET, JOURNAL = "gpus", "market", "journal"
"""The modes: what the whole screen shows. Mode ``x`` is opened by the action ``mode_x``."""


class Action(NamedTuple):
    """What one key does. A ``dangerous`` one may touch a workload: under read-only it is not bound, nor listed.

    ``only`` names the modes that have it; without it every mode does, each with what stands under its cursor.
    """

    id: str
    keys: tuple[str, ...]  # as Textual names them
    label: str  # a word, for the footer
    help: str  # a sentence, for ?, the palette and the README
    group: str
    dangerous: bool = False
    foot: int = 0  # its place in the footer's order of importance; 0 stays out of it
    only: tuple[str, ...] = ()


ACTIONS: tuple[Action, ...] = (
    Action("mode_gpus", ("1",), "GPUs", "Show the GPUs", "mode", foot=11),
    Action(
        "mode_market", ("2",), "market", "Show the market: quotes, their sources, break-even prices", "mode", foot=12
    ),
    Action(
        "mode_journal",
        ("5",),
        "journal",
        "Show the journal: who flipped what, why, and what came of it",
        "mode",
        foot=12,
    ),
    Action("up", ("up", "k"), "up", "Move the cursor up", "move"),
    Action("down", ("down", "j"), "down", "Move the cursor down", "move"),
    Action("page_up", ("pageup", "ctrl+b"), "page up", "Move a page up", "move"),
    Action("page_down", ("pagedown", "ctrl+f"), "page down", "Move a page down", "move"),
    Action("first", ("home", "g"), "first", "Go to the first row", "move"),
    Action("last", ("end", "G"), "last", "Go to the last row", "move"),
    Action("goto", ("apostrophe",), "go to", "Go to the GPU in a slot: its number, then enter", "move", only=(GPUS,)),
    Action("mine", ("m",), "mine", "Flip to the best eligible mining workload", "flip", True, 1, (GPUS,)),
    Action("ai", ("a",), "ai", "Flip to the best eligible AI workload", "flip", True, 2, (GPUS,)),
    Action("off", ("o",), "off", "Switch the workload off", "flip", True, 3, (GPUS,)),
    Action("best", ("f",), "best", "Flip to what the ladder says is best", "flip", True, 4, (GPUS,)),
    Action("choose", ("enter",), "ladder", "Choose a workload from the ladder", "flip", True, 5, (GPUS,)),
    Action("undo", ("u",), "undo", "Take back the latest flip of this GPU", "flip", True, 6, (GPUS,)),
    Action("unpin", ("p",), "unpin", "Lift the pin that a flip by hand puts on a GPU", "flip", True, only=(GPUS,)),
    Action(
        "stop",
        ("x",),
        "stop after these",
        "Finish what has stopped anything, cancel the rest",
        "flip",
        True,
        only=(GPUS,),
    ),
    Action("standdown", ("X",), "stop all", "Stop every unguarded GPU, once you type STOP", "flip", True, only=(GPUS,)),
    Action(
        "mark", ("space",), "mark", "Mark or unmark this GPU; marks act together as one plan", "pick", False, 7, (GPUS,)
    ),
    Action("mark_all", ("asterisk",), "mark all", "Mark every GPU that the filter shows", "pick", only=(GPUS,)),
    Action(
        "filter",
        ("slash",),
        "filter",
        "Show only rows with a word, or temp>70, net<0, !ergo",
        "pick",
        False,
        8,
        (GPUS, JOURNAL),
    ),
    Action("sort", ("s",), "sort", "Sort by the next column", "pick", False, 10, (GPUS,)),
    Action("turn", ("S",), "turn", "Turn the order about", "pick", only=(GPUS,)),
    Action("columns", ("c",), "columns", "Choose which columns stand, and in which order", "pick", only=(GPUS,)),
    Action(
        "model",
        ("tab", "right_square_bracket"),
        "model",
        "On the market: draw the next GPU model",
        "pick",
        False,
        8,
        (MARKET,),
    ),
    Action(
        "model_before",
        ("shift+tab", "left_square_bracket"),
        "model before",
        "On the market: draw the GPU model before",
        "pick",
        only=(MARKET,),
    ),
    Action(
        "why",
        ("w",),
        "why",
        "Say more: advice's guards, blocks, turning prices; a quote's source, age and use",
        "look",
        False,
        9,
    ),
    Action("detail", ("d",), "detail", "Show all about this GPU: its day, faults", "look", foot=9, only=(GPUS,)),
    Action("alarms", ("A",), "alarms", "Show what calls: acknowledge it, or shelve it for some hours", "look", foot=11),
    Action(
        "copy",
        ("y",),
        "copy",
        "Copy this row as text, by OSC 52; in tmux only with set-clipboard on",
        "look",
        only=(GPUS, JOURNAL),
    ),
    Action("copy_why", ("Y",), "copy why", "Copy the why-line, in the same way", "look", only=(GPUS,)),
    Action("picture", ("P",), "picture", "Write a picture of the screen (SVG) into your data directory", "look"),
    Action("pace", ("t",), "pace", "Paint every 2 seconds, every 5, every second again: for a slow link", "look"),
    Action("palette", ("colon",), "commands", "Find an action by name", "look", False, 13),
    Action("help", ("question_mark",), "keys", "Show every key", "look", False, 14),
    Action("back", ("escape",), "back", "Close what is open, drop the filter, drop the marks", "look"),
    Action("quit", ("q",), "quit", "Leave; nothing that runs is touched", "look", False, 15),
)

GROUPS = {
    "mode": "screens",
    "move": "move",
    "flip": "act on the cursor's GPU, or on the marked ones",
    "pick": "pick",
    "look": "look",
}

SIGNS = (
    ("▲ mining  ◆ AI  · off", "the business of a workload"),
    ("▪ foreign  ? unknown", "held by what no workload accounts for, or what cannot be told: never touched"),
    ("~ estimated  – unknown", "from this card's past or the config; – is never 0"),
    ("dim, with an age", "stale: too old to act upon"),
    ("×4", "one instance holds four GPUs: they move together"),
    ("per hash", "what a hash nets now, or would: $/TH is per 10¹² hashes, $/EH per 10¹⁸"),
    ("per AI-h", "what an hour of AI hosting on this card nets, or would"),
    ("best", "what the ladder puts first, and what it gains per hour; · when it runs already"),
    ("a kWh is worth", "the power price at which the workload breaks even; off above: at which off is better"),
    ("even $/h", "what AI has to bring an hour to net what the best mining does"),
)
"""What the marks of the screen mean, for ? and the README."""


def allowed(read_only: str, mode: str = GPUS, registry: tuple[Action, ...] = ACTIONS) -> tuple[Action, ...]:
    """The actions of a mode: with a reason to be read-only, none that acts.

    ``registry`` has all of them with the operator's own keys, where he has any.
    """
    return tuple(a for a in registry if (not a.only or mode in a.only) and not (read_only and a.dangerous))


def keymap(actions: Iterable[Action]) -> dict[str, str]:
    """Which key does what, by Textual's names."""
    return {key: action.id for action in actions for key in action.keys}


@lru_cache(maxsize=128)
def key_names(action: Action) -> str:
    """Its keys as a person reads them: ``↑ k``; that it has none where the operator wants none for it."""
    return " ".join(map(keys.shown, action.keys)) or "no key"


def first_key(actions: Iterable[Action], name: str) -> str:
    """The first key of one of them as a person reads it; "" where it is not among them or has none."""
    return next((keys.shown(key) for action in actions if action.id == name for key in action.keys), "")


class Foot(NamedTuple):
    """The footer's line, and which columns of it do what when they are clicked."""

    line: Line
    spans: tuple[tuple[int, int, str], ...]


@lru_cache(maxsize=8)
def footer(actions: tuple[Action, ...], room: int, mode: str = GPUS) -> Foot:
    """As many keys as fit in the order of their importance, shown in that order too; none to where one is already."""
    line: list[Piece] = [Piece(" ")]
    spans: list[tuple[int, int, str]] = []
    at = 1
    always = [a for a in actions if a.id in ("help", "quit")]
    kept = sorted((a for a in actions if a.foot and a.keys and a.id != f"mode_{mode}"), key=lambda a: a.foot)
    gap = 3 if room >= 130 else 2
    while 1 + sum(_foot_width(a) + gap for a in kept) - gap > room and len(kept) > len(always):
        kept.remove(next(a for a in reversed(kept) if a not in always))
    for action in kept:
        size = _foot_width(action)
        apart = " " * min(gap, room - at - size)  # behind the last there may be none, and nothing is cut for it
        line += [Piece(key_names(action), "key"), Piece(f" {action.label}{apart}", "label")]
        spans.append((at, at + size, action.id))
        at += size + gap
    return Foot(fit(line, room), tuple(spans))


def _foot_width(action: Action) -> int:
    return cells(key_names(action)) + 1 + len(action.label)


NAMES_ROOM, NAMES_MOST = 14, 30
"""Columns for the keys on the page behind ``?``: as many as ours need, and as many as anybody's get."""


def help_lines(actions: Sequence[Action], read_only: str, room: int) -> list[Line]:
    """The page behind ``?``: every key with its sentence, by group."""
    out: list[Line] = []
    names = min(NAMES_MOST, max([NAMES_ROOM, *(cells(key_names(a)) + 2 for a in actions)]))
    for group, title in GROUPS.items():
        members = [action for action in actions if action.group == group]
        if not members:
            continue
        out += [(), (Piece(title, "title"),)]
        out += [(*left(key_names(a), names, "key"), Piece(a.help, "value")) for a in members]
    out += [(), (Piece("signs", "title"),)]
    out += [(*left(sign, 25, "value"), Piece(meaning, "label")) for sign, meaning in SIGNS]
    if read_only:
        out += [(), (Piece("READ-ONLY", "guarded"), Piece(f"  {read_only}: no key that acts is bound", "label"))]
    return [fit(line, room) if width(line) > room else line for line in out[1:]]


def table_of_keys(actions: Sequence[Action] = ACTIONS) -> str:
    """The keys as a Markdown table, for the README."""
    rows = [f"| `{key_names(a)}` | {a.help} |" for a in actions]
    signs = [f"| {sign} | {meaning} |" for sign, meaning in SIGNS]
    head = ("| key | what it does |", "|---|---|")
    return "\n".join((*head, *rows, "", "| on the screen | means |", "|---|---|", *signs))
