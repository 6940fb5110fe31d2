"""The registry of actions: one truth for keys, footer, help and palette."""

import pytest

from console.screens.deeds import DEEDS
from console.screens.journal import DEEDS as JOURNAL_DEEDS
from console.screens.market import DEEDS as MARKET_DEEDS
from console.view import actions
from console.view.keymap import keyed
from console.view.pieces import cells, text_of, width


def test_no_key_means_two_things() -> None:
    """Ids and keys are each one action's."""
    keys = [key for action in actions.ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert len({action.id for action in actions.ACTIONS}) == len(actions.ACTIONS)
    assert {action.group for action in actions.ACTIONS} == set(actions.GROUPS)


def test_read_only_leaves_no_key_that_acts() -> None:
    """Everything that may touch a workload is gone, everything else stays."""
    left = actions.allowed("because")
    assert {a.id for a in actions.allowed("")} - {a.id for a in left} == {
        "mine", "ai", "off", "best", "choose", "undo", "stop", "standdown", "unpin"
    }  # fmt: skip
    assert not any(action.dangerous for action in left)
    assert not {"m", "a", "o", "f", "enter", "u", "x", "X"} & set(actions.keymap(left))


@pytest.mark.parametrize(
    ("mode", "deeds"),
    [(actions.GPUS, DEEDS), (actions.MARKET, MARKET_DEEDS), (actions.JOURNAL, JOURNAL_DEEDS)],
)
def test_every_action_of_a_mode_does_something_and_nothing_else_does(mode: str, deeds: dict[str, object]) -> None:
    """A screen's deeds are the registry's actions, one for one."""
    assert set(deeds) == {action.id for action in actions.allowed("", mode)}


def test_every_mode_has_a_key_that_opens_it() -> None:
    """And every action is of a mode that there is, or of all."""
    opened = {action.id.removeprefix("mode_") for action in actions.ACTIONS if action.group == "mode"}
    assert opened == {actions.GPUS, actions.MARKET, actions.JOURNAL}
    assert {mode for action in actions.ACTIONS for mode in action.only} <= opened


def test_nothing_that_touches_a_workload_is_to_be_had_on_the_market() -> None:
    """There no GPU is under the cursor, so no key may act on one."""
    assert not any(action.dangerous for action in actions.allowed("", actions.MARKET))


def test_the_footer_offers_the_other_modes_and_not_its_own() -> None:
    """At the named sizes in full: who looks for the market finds it."""
    for mode, other in ((actions.GPUS, actions.MARKET), (actions.MARKET, actions.GPUS)):
        foot = actions.footer(actions.allowed("", mode), 160, mode)
        names = {name for *_, name in foot.spans}
        assert f"mode_{other}" in names
        assert f"mode_{mode}" not in names


@pytest.mark.parametrize("room", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("read_only", ["", "because"])
def test_the_footer_fits_and_its_spans_are_where_the_words_are(room: int, read_only: str) -> None:
    """A click on a word does what the word says; help and quit always stand."""
    allowed = actions.allowed(read_only)
    foot = actions.footer(allowed, room)
    text = text_of(foot.line)
    assert width(foot.line) == room
    labels = {action.id: action.label for action in allowed}
    for start, end, name in foot.spans:
        assert text[start:end].endswith(labels[name])
    assert {"help", "quit"} <= {name for *_, name in foot.spans}


@pytest.mark.parametrize("room", range(76, 84))
def test_a_key_that_is_two_columns_wide_moves_the_spans_behind_it(room: int) -> None:
    """An operator's own: a click finds what stands there, and nothing is cut off."""
    registry = keyed({"mine": ("採",), "ai": ("智",)})
    foot = actions.footer(actions.allowed("", registry=registry), room)
    text = text_of(foot.line)
    assert text.rstrip().endswith("quit") and width(foot.line) == room
    for start, _, name in foot.spans:
        [action] = [action for action in registry if action.id == name]
        assert cells(text[: text.index(f"{actions.key_names(action)} {action.label}")]) == start


def test_help_lists_every_key_and_why_keys_are_missing() -> None:
    """Generated: what is not in it is not bound."""
    text = "\n".join(text_of(line) for line in actions.help_lines(actions.ACTIONS, "", 100))
    for action in actions.ACTIONS:
        assert action.help in text
        assert actions.key_names(action) in text
    guarded = "\n".join(
        text_of(line) for line in actions.help_lines(actions.allowed("why"), "the journal is newer", 100)
    )
    assert "the journal is newer" in guarded
    assert "Switch the workload off" not in guarded


def test_the_table_of_keys_is_markdown() -> None:
    """One row per action and one per sign, each table under a head of two, an empty line between them."""
    keys, signs = (part.splitlines() for part in actions.table_of_keys().split("\n\n"))
    assert len(keys) == len(actions.ACTIONS) + 2
    assert keys[5] == "| `↑ k` | Move the cursor up |"
    assert len(signs) == len(actions.SIGNS) + 2


@pytest.mark.parametrize("room", range(60, 200))
def test_no_footer_ends_in_a_cut_word(room: int) -> None:
    """Also where the last key just fits, without the air behind it."""
    for mode in (actions.GPUS, actions.MARKET, actions.JOURNAL):
        foot = actions.footer(actions.allowed("", mode), room, mode)
        assert text_of(foot.line).rstrip().endswith("quit") and width(foot.line) == room
