"""The flip dialog: nothing typed too early confirms, it acts on what it showed, forcing takes the very words."""

import msgspec
import pytest
from textual.events import Key

from console.flips.records import Plan, Refusal
from console.model import Guard
from console.screens.flip import FlipDialog
from console.screens.modal import Press
from tests.pilot import sample
from tests.pilot.wired import Wired, console, text


def flips(site: sample.StillSite) -> list[tuple[object, ...]]:
    """The flips that were confirmed."""
    return [call for call in site.calls if call[0] == "flip"]


def dialog(app: Wired) -> FlipDialog:
    """The dialog that stands."""
    assert isinstance(app.gpus.modal, FlipDialog)
    return app.gpus.modal


async def test_type_ahead_confirms_nothing() -> None:
    """A y on the heels of the key that opened the dialog is dropped, and stays dropped; one 300 ms later counts."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a", "y", "y", "y")
        assert flips(site) == []
        assert not dialog(app).armed
        await pilot.pause(0.4)
        assert flips(site) == []
        assert dialog(app).armed
        await pilot.press("y")
        assert len(flips(site)) == 1


async def test_a_key_read_before_the_dialog_stood_is_dropped_however_late_it_is_handled() -> None:
    """What counts is when the terminal gave the key, not when the loop got round to it."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        early = Key("y", "y")
        await pilot.press("a")
        await pilot.pause(0.5)
        assert dialog(app).armed
        app.gpus.post_message(early)
        await pilot.pause(0.05)
        assert flips(site) == []


async def test_y_dims_until_it_counts() -> None:
    """The screen shows when keys begin to count."""
    app = console()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await pilot.pause(0.05)
        tones = [p.tone for line in dialog(app).lines(100) for p in line if p.text == "y"]
        assert tones == ["aside"]
        await pilot.pause(0.4)
        tones = [p.tone for line in dialog(app).lines(100) for p in line if p.text == "y"]
        assert tones == ["key"]


async def test_it_acts_on_what_it_showed() -> None:
    """Rows may move, prices change, GPUs vanish behind it: what is confirmed is the plan that was read."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "a")
        shown = dialog(app).plan
        site.tell(msgspec.structs.replace(site.shown, rows=tuple(reversed(site.shown.rows))[:3]))
        await pilot.pause(0.4)
        await pilot.press("y")
        assert flips(site) == [("flip", shown)]
        assert shown.moves[0].slots == (1,)


async def test_figures_behind_it_go_on() -> None:
    """A dialog is no reason to show an old screen."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        totals = msgspec.structs.replace(site.shown.totals, net_per_h=-9.99)
        site.tell(msgspec.structs.replace(site.shown, totals=totals))
        await pilot.pause(0.1)
        assert "now −9.99 $/h" in text(app)[0]


async def test_no_other_key_does_anything_while_it_stands() -> None:
    """Neither moves the cursor nor opens another plan; q closes the dialog, not the console."""
    site = sample.StillSite()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("a")
        await pilot.pause(0.4)
        before = len(site.calls)
        await pilot.press("j", "m", "space", "enter", "slash", "colon", "f")
        assert len(site.calls) == before
        assert app.gpus.sight.index == 0
        await pilot.press("q")
        assert app.gpus.modal is None
        assert app.is_running
        assert flips(site) == []


REFUSED = Refusal(slots=(4,), guard=sample.CONTRACT)


async def test_forcing_takes_the_very_words() -> None:
    """Anything but host:slot plans nothing anew; y and n are letters there; the new plan has to stand too."""
    site = sample.StillSite()
    site.refusals = (REFUSED,)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "j", "j", "j", "o")
        await pilot.pause(0.4)
        await pilot.press("y")
        assert flips(site) == []
        await pilot.press("exclamation_mark", *"rig-07:5y", "enter")
        assert site.calls[-1] == ("plan", (4,), "off", True, ())
        await pilot.press("exclamation_mark", *"rig-07:4", "enter")
        assert site.calls[-2:] == [("plan", (4,), "off", True, ("rig-07:4",)), ("prepare",)]
        await pilot.press("y")
        assert flips(site) == []
        await pilot.pause(0.4)
        await pilot.press("y")
        assert [call[1].forced for call in flips(site)] == [("rig-07:4",)]  # type: ignore[attr-defined]


async def test_an_undo_is_forced_as_a_flip_is() -> None:
    """Whoever has just flipped to what a contract pays for gets back in the same way as out of it by any other key."""
    site = sample.StillSite()
    site.refusals = (REFUSED,)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "j", "j", "j", "u")
        await pilot.pause(0.4)
        said = "\n".join(text(app))
        assert "nothing can be done without force" in said and "! force" in said
        await pilot.press("exclamation_mark", *"rig-07:4", "enter")
        await pilot.pause(0.4)
        await pilot.press("y")
        assert [(call[1].target, call[1].forced) for call in flips(site)] == [  # type: ignore[attr-defined]
            ("undo", ("rig-07:4",))
        ]


async def test_what_cannot_be_forced_offers_no_force() -> None:
    """A foreign process is nobody's to waive."""
    site = sample.StillSite()
    site.refusals = (Refusal(slots=(6,), guard=Guard(name="foreign", sentence="held by python3")),)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("G", "k", "m")
        await pilot.pause(0.4)
        assert "! force" not in "\n".join(text(app))
        await pilot.press("exclamation_mark", *"rig-07:6", "enter", "y")
        assert [call for call in site.calls if call[0] == "plan"] == [("plan", (6,), "mine", True, ())]
        assert flips(site) == []


async def test_a_dialog_without_moves_has_no_y_and_readies_no_runner() -> None:
    """Refused whole: there is nothing to prepare."""
    site = sample.StillSite()
    site.refusals = (REFUSED,)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "j", "j", "j", "o")
        await pilot.pause(0.4)
        assert ("prepare",) not in site.calls
        assert any("✕ GPU 4 stays: contract acme" in line for line in text(app))
        await pilot.press("y")
        assert flips(site) == []


async def test_esc_leaves_the_words_then_the_dialog() -> None:
    """One step back at a time."""
    site = sample.StillSite()
    site.refusals = (REFUSED,)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j", "j", "j", "j", "o")
        await pilot.pause(0.4)
        await pilot.press("exclamation_mark", "r", "backspace", "backspace", "escape")
        dialog(app)
        await pilot.press("escape")
        assert app.gpus.modal is None


DOUBT = Guard(name="unknown", sentence="who holds GPU 1 cannot be read: asking the controllers")


def doubtful_site() -> sample.StillSite:
    """One that does not know yet who holds GPU 1."""
    site = sample.StillSite()
    site.refusals = (Refusal(slots=(1,), guard=DOUBT),)
    return site


def said(app: Wired) -> str:
    """What the dialog says, keys included."""
    return "\n".join("".join(piece.text for piece in line) for line in dialog(app).lines(110))


async def test_it_finds_out_who_holds_a_gpu_before_it_says_that_nothing_can_be_done() -> None:
    """A key in the first second: the dialog waits for the controllers' answer and then shows the plan."""
    site = doubtful_site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down", "a")
        await pilot.pause(0.4)
        assert f"? still finding out: {DOUBT.sentence}" in said(app)
        assert "nothing can be done" not in said(app) and "y flip" not in said(app)
        site.refusals = ()
        site.tell(site.shown)
        await pilot.pause(0.05)
        assert "still finding out" not in said(app) and "y flip" in said(app)
        assert [call[1] for call in site.calls if call[0] == "plan"] == [(1,), (1,)]


async def test_a_plan_that_comes_late_has_to_stand_before_it_counts() -> None:
    """A y on its way while the plan appears under the finger confirms nothing; one 300 ms later does."""
    site = doubtful_site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down", "a")
        await pilot.pause(0.5)
        site.refusals = ()
        site.tell(site.shown)
        await pilot.press("y", "y")
        assert flips(site) == [] and not dialog(app).armed
        await pilot.pause(0.5)
        assert dialog(app).armed
        await pilot.press("y")
        assert len(flips(site)) == 1


async def test_a_plan_that_grows_under_the_finger_has_to_stand_anew() -> None:
    """Of two marked GPUs one is known: its plan counts, until the other joins it."""
    site = doubtful_site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("space", "space", "a")
        await pilot.pause(0.5)
        assert dialog(app).armed and [move.slots for move in dialog(app).plan.moves] == [(0,)]
        site.tell(site.shown)
        await pilot.pause(0.05)
        assert dialog(app).armed, "what is the same stays as it stands"
        site.refusals = ()
        site.tell(site.shown)
        await pilot.press("y")
        assert flips(site) == [] and not dialog(app).armed
        await pilot.pause(0.5)
        await pilot.press("y")
        [flip] = flips(site)
        assert [move.slots for move in flip[1].moves] == [(0,), (1,)]


async def test_finding_out_has_an_end() -> None:
    """A holder that stays hidden is not looked for ever: then it says that nothing can be done, and plans no more."""
    site = doubtful_site()
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down", "a")
        dialog(app)._until = 0.0  # the time is over
        site.refusals = ()
        site.tell(site.shown)
        await pilot.pause(0.05)
        assert "nothing can be done" in said(app) and "still finding out" not in said(app)
        assert len([call for call in site.calls if call[0] == "plan"]) == 1


async def test_what_no_waiting_can_change_is_not_waited_for() -> None:
    """A contract, a lock, a stranger: refused at once, however much the news say."""
    for name in ("contract", "foreign", "lock", "mig"):
        site = doubtful_site()
        site.refusals += (Refusal(slots=(1,), guard=Guard(name=name, sentence="it is not ours")),)
        app = console(site)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("down", "a")
            site.tell(site.shown)
            await pilot.pause(0.05)
            assert "nothing can be done" in said(app) and "still finding out" not in said(app)
            assert len([call for call in site.calls if call[0] == "plan"]) == 1


async def test_it_is_not_planned_anew_while_a_name_is_typed() -> None:
    """Forcing goes on about the plan that it was asked for."""
    site = doubtful_site()
    site.refusals += (Refusal(slots=(4,), guard=sample.CONTRACT),)
    app = console(site)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down", "space", "down", "down", "space", "a")
        await pilot.pause(0.4)
        await pilot.press("!")
        site.refusals = site.refusals[1:]
        site.tell(site.shown)
        await pilot.pause(0.05)
        assert "type rig-07:4" in said(app)


def test_what_stood_before_arms_nothing() -> None:
    """Its 300 ms are over when another plan stands there: those of that one count."""
    site = doubtful_site()

    def plan(force: tuple[str, ...] = ()) -> Plan:
        return site.plan((1,), "ai", whole=True, force=force)

    opened = FlipDialog(plan(), site.shown, confirm=site.calls.append, cancel=site.dismiss, again=plan)
    opened.stands(100.0)
    site.refusals = ()
    assert opened.heard(site.shown) and opened.waits
    opened.lines(100)
    opened.stands(100.2)
    opened.arm(100.0)
    assert not opened.armed
    opened.press(Press("y", "y", 100.4))
    assert site.calls[-1][0] == "plan", "too early for the plan that stands"
    opened.arm(100.2)
    assert opened.armed
    opened.press(Press("y", "y", 100.6))
    assert site.calls[-1] is opened.plan


@pytest.mark.parametrize(("typed", "flips"), [("y", 1), ("yy", 1), ("many y", 0), ("by", 0), ("jy", 0), ("j y", 0)])
def test_a_word_is_no_yes(typed: str, flips: int) -> None:
    """What is pasted into a terminal that does not mark pastes comes as keys, a hundred in a second."""
    site = sample.StillSite()
    plan = site.plan((1,), "ai", whole=True)
    said: list[Plan] = []
    opened = FlipDialog(plan, site.shown, confirm=said.append, cancel=site.dismiss, again=lambda _: plan)
    opened.lines(100)
    opened.stands(100.0)
    opened.arm(100.0)
    for index, char in enumerate(typed):
        opened.press(Press(char, char, 101.0 + index / 100))
    assert len(said[:1]) == flips
    opened.press(Press("y", "y", 110.0))
    assert said
