"""Keys of one's own: their names are Textual's, and what cannot work is refused with file, line and both actions."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from textual.keys import Keys, _character_to_key

from console.config import user
from console.config.errors import ConfigError
from console.view import actions, detailactions, keymap, own
from console.view.columns import BY_KEY
from console.view.detailactions import EVERY, OWN
from console.view.keys import NAMED, KeyNameError, named, of_character, shown


def told(text: str) -> list[str]:
    """The sentences that a file with this text is refused with, without the name of the file."""
    path = Path("user.toml")
    found = user.parsed(path, text.encode())
    with pytest.raises(ConfigError) as caught:
        user.refuse(path, found.text, own.problems(found.settings))
    return [one.removeprefix("user.toml") for one in caught.value.sentences]


def problems(**keys: tuple[str, ...]) -> list[str]:
    """What is wrong with keys, without their places."""
    return [one.text for one in keymap.problems(keys)]


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", [*string.punctuation, *string.digits, "a", "M", "é", "ß", "£", "ö", "日", "↑"])
def test_a_character_is_the_key_that_textual_makes_of_it(character: str) -> None:
    """The same function of Textual, told in our words because the view imports none of it."""
    assert of_character(character) == _character_to_key(character)


@pytest.mark.parametrize("character", [c for c in string.printable if c.isprintable() and c != " "])
def test_every_key_of_a_keyboard_is_accepted_as_itself_and_shown_as_itself(character: str) -> None:
    """And by Textual's word for it."""
    key = named(character)
    assert key == _character_to_key(character)
    assert shown(key) == character
    assert named(key) == key


def test_textual_knows_every_name() -> None:
    """Names that make no character are in its list of keys."""
    assert set(NAMED) <= {key.value for key in Keys}


@pytest.mark.parametrize("letter", [c for c in string.ascii_lowercase if c not in "himcq"])
def test_every_letter_with_ctrl_that_a_terminal_sends_is_a_key(letter: str) -> None:
    """In Textual's spelling, and as the screen shows it."""
    key = f"ctrl+{letter}"
    assert key in {one.value for one in Keys}
    assert named(f"Ctrl+{letter.upper()}") == named(f"^{letter}") == named(key) == key
    assert shown(key) == f"^{letter}"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("PgUp", "pageup"),
        ("esc", "escape"),
        ("↓", "down"),
        ("F5", "f5"),
        ("+", "plus"),
        ("ctrl+pagedown", "ctrl+pagedown"),
        ("shift+ctrl+up", "ctrl+shift+up"),
        ("shift+m", "M"),
        ("shift+alt+m", "alt+shift+m"),
        ("alt++", "alt+plus"),
        ("pound_sign", "pound_sign"),
        (" ", "space"),
        ("ctrl+]", "ctrl+right_square_bracket"),
    ],
)
def test_what_a_person_writes_becomes_textuals_name(written: str, key: str) -> None:
    """Also the words that the screen itself shows for keys, in either case, and modifiers in any order."""
    assert named(written) == key


@pytest.mark.parametrize(
    "written",
    ["", "pgupp", "ctrl+", "++", "hyperspace+x", "ctrl+ctrl+a", "mm", "\x1b", "\n", "shift+1", "ctrl+i", "ctrl+m",
     "ctrl+h", "ctrl+[", "ctrl+space", "ctrl+@", "ctrl+ö", "ctrl+question_mark", "latin_small_letter_a", "x" * 5000],
)  # fmt: skip
def test_what_no_terminal_tells_or_not_all_alike_is_no_key(written: str) -> None:
    """Textual would bind each of them and never hear of it."""
    with pytest.raises(KeyNameError):
        named(written)


def test_a_key_that_is_another_on_most_terminals_is_refused_with_its_name() -> None:
    """ctrl+i is tab to all terminals but a few."""
    [said] = problems(why=("ctrl+i",))
    assert said == 'is "ctrl+i", which is on most terminals the same as "tab": name that, or another'


# ---- the map ---------------------------------------------------------------------------------------------------------


def test_ours_are_without_fault() -> None:
    """Each action's own keys written down by hand change nothing."""
    ours = {action.id: action.keys for action in EVERY}
    assert list(keymap.problems(ours)) == []
    assert keymap.keyed(ours) == keymap.keyed({}) == EVERY


def test_an_action_gets_the_keys_of_the_operator_and_no_others_change() -> None:
    """One key, several, none; twice the same is once."""
    own_keys = {"mine": ("M",), "up": ("up", "k", "ctrl+p", "↑"), "standdown": ()}
    assert list(keymap.problems(own_keys)) == []
    made = {action.id: action for action in keymap.keyed(own_keys)}
    assert made["mine"].keys == ("M",)
    assert made["up"].keys == ("up", "k", "ctrl+p")
    assert made["standdown"].keys == ()
    same = [action for action in actions.ACTIONS if action.id not in own_keys]
    assert [made[action.id] for action in same] == same
    assert made["mine"].dangerous and made["standdown"].dangerous


def test_an_unknown_action_is_named_with_the_nearest() -> None:
    """File, line and key."""
    assert told('theme = ""\n\n[keys]\nminne = "M"\n') == [", line 4: keys.minne is not an action; did you mean mine?"]


def test_a_key_that_is_none_is_named_with_the_nearest() -> None:
    """Or with what keys look like."""
    one, other = told('[keys]\nup = ["up", "pgupp"]\nmine = "minkey"\n')
    assert one == ', line 2: keys.up[1] is "pgupp", which is no key; did you mean pageup?'
    looks = "a key is a character, a name such as pageup or f5, or ctrl+ and a letter"
    assert other == f', line 3: keys.mine is "minkey", which is no key; {looks}'


def test_a_key_of_another_action_is_refused_with_both_and_the_line_that_would_help() -> None:
    """The operator's action is where the sentence points to."""
    [said, detail] = told('[keys]\nmine = "k"\n')
    step = 'give up other keys too, such as up = ["up"]'
    assert said == f', line 2: keys.mine has "k", which is up ("Move the cursor up") in gpus as well; {step}'
    assert ', line 2: keys.mine has "k", which is detail_before ("On one GPU: show the one before it") as' in detail


def test_two_of_the_operators_own_that_clash_are_told_once() -> None:
    """At the later of them, with the other's name."""
    [said] = told('[keys]\nwhy = "f4"\nhelp = "f4"\n')
    sentence = actions.ACTIONS[[action.id for action in actions.ACTIONS].index("why")].help
    assert said == f', line 3: keys.help has "f4", which is why ("{sentence}") as well; give one of them other keys'


def test_keys_may_change_places() -> None:
    """Only where they end is looked at."""
    assert problems(mine=("a",), ai=("m",)) == []
    assert problems(up=("j",), down=("k",)) == []


def test_modes_have_keys_of_their_own_but_share_those_of_every_mode() -> None:
    """A GPU's key may be a market's too; one of every mode may be nobody's else."""
    assert problems(model=("m", "tab")) == []  # mine is on the GPUs only
    assert problems(model=("slash",)) == []  # the filter is not on the market
    [said] = problems(model=("k",))
    assert said.startswith('has "k", which is up ("Move the cursor up") in market as well')
    said, detail = problems(why=("tab",))
    assert 'is model ("On the market: draw the next GPU model")' in said
    assert 'is detail_plots ("On one GPU: show the plots that have no room")' in detail


@pytest.mark.parametrize("own", OWN, ids=lambda action: action.id)
def test_a_key_of_the_screen_of_one_gpu_is_nobody_elses_there(own: actions.Action) -> None:
    """What can be done there may not take its keys, what cannot be done there may."""
    for name in ("undo", "why", "help", "mode_market"):
        for key in own.keys:
            if key != "escape":
                assert any(f'has "{key}", which is {own.id} ("' in said for said in problems(**{name: (key,)})), key
    assert problems(filter=("z",), copy=("minus",)) == [], "neither is there"
    assert problems(why=("z",), detail_zoom=("f6",)) == [], "they may change places"


def test_its_keys_may_be_the_operators() -> None:
    """They are shown there, and refused where they clash."""
    assert problems(detail_zoom=("f6",), detail_close=("escape", "left")) == []
    registry = keymap.keyed({"detail_zoom": ("f6",)})
    there = detailactions.actions("", registry)
    assert actions.keymap(there)["f6"] == "detail_zoom" and "z" not in actions.keymap(there)
    lines = ["".join(piece.text for piece in line) for line in actions.help_lines(there, "", 120)]
    assert [line.split()[0] for line in lines if "15 minutes, 2 hours" in line] == ["f6"]
    assert "detail_zoom" not in actions.keymap(actions.allowed("", registry=registry)).values()
    [said] = problems(detail_zoom=("u",))
    assert said.startswith('has "u", which is undo (') and "in detail as well" in said


@pytest.mark.parametrize("name", keymap.KEPT)
def test_nobody_can_be_locked_in(name: str) -> None:
    """The way out, the list of keys and the palette may be moved, not taken away."""
    assert problems(**{name: ()}) == ["is empty, expected at least one key: nobody may be locked in"]
    assert problems(**{name: ("f9",)}) == []


def test_whoever_takes_the_only_key_of_the_way_out_is_told_to_give_it_another() -> None:
    """Never to leave it without one."""
    [said] = problems(mine=("q",))
    assert said.endswith("give quit another key too")


@pytest.mark.parametrize("action", [a for a in actions.ACTIONS if a.dangerous and a.id != "choose"])
@pytest.mark.parametrize("key", ["escape", "enter", "y", "ctrl+c", "ctrl+q"])
def test_no_key_that_closes_or_confirms_a_dialog_acts_behind_it(action: actions.Action, key: str) -> None:
    """Pressed once too often, or held down, it would open a plan, or open and confirm one."""
    assert any(f'is "{key}", ' in said or f'is "{key}", which' in said for said in problems(**{action.id: (key,)}))


def test_escape_is_for_going_back_alone() -> None:
    """Also harmless actions may not have it; going back may have more."""
    assert any("only back may have it" in said for said in problems(back=("f2",), help=("escape",)))
    assert problems(back=("escape", "left")) == []
    assert problems(choose=("f3",), why=("enter",)) == []
    assert problems(copy=("f4",), help=("y",)) == []


def test_read_only_leaves_no_key_that_acts_whatever_it_is() -> None:
    """The mark of an action is the action's, not the key's."""
    registry = keymap.keyed({"off": ("f8",), "standdown": ("f9",), "help": ("f1",)})
    left = actions.keymap(actions.allowed("because", registry=registry))
    assert not {"f8", "f9", "o", "X"} & set(left)
    assert left["f1"] == "help" and "question_mark" not in left
    assert actions.keymap(actions.allowed("", registry=registry))["f8"] == "off"


# ---- what shows keys -------------------------------------------------------------------------------------------------


def test_footer_and_help_show_the_operators_keys() -> None:
    """What has no key is not in the footer, and help says that it has none."""
    registry = keymap.keyed({"mine": ("M",), "ai": (), "up": ("up", "k", "ctrl+p", "alt+shift+home")})
    foot = "".join(piece.text for piece in actions.footer(actions.allowed("", registry=registry), 200).line)
    assert " M mine" in foot and " m mine" not in foot
    assert "AI" not in foot.replace("GPUs", "") and "no key" not in foot
    lines = ["".join(piece.text for piece in line) for line in actions.help_lines(registry, "", 120)]
    [mine] = [line for line in lines if "best eligible mining" in line]
    [none] = [line for line in lines if "best eligible AI" in line]
    [up] = [line for line in lines if "Move the cursor up" in line]
    assert mine.split()[0] == "M" and none.startswith("no key ")
    assert up.startswith("↑ k ^p alt+shift+Home  Move"), "names that are longer than ours move the column"


def test_the_sort_and_the_columns_of_the_file_are_looked_at_too() -> None:
    """Names of columns are the view's to judge."""
    assert told('sort = "tmp"\ncolumns = ["slot", "nett", "slot"]\n') == [
        ', line 1: sort is "tmp", expected one of slot, net, best, power, temp, workload',
        ', line 2: columns[1] is "nett", which is no column; did you mean net?',
        ', line 2: columns[2] is "slot", which stands there already',
    ]
    [said] = told('columns = ["xyz"]\n')
    assert said.endswith(f"known: {', '.join(sorted(BY_KEY))}"), "what it leaves out would be taken for none"
