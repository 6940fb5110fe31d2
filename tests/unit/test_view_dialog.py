"""What the flip dialog says: everything that a yes would do, and everything that speaks against it."""

import msgspec
import pytest

from console.flips.records import Plan, Refusal
from console.model import Guard
from console.view import dialog
from console.view.pieces import text_of, width
from tests.pilot import sample

SNAPSHOT = sample.snapshot()


def plan(*slots: int, target: str = "ai", **more: object) -> Plan:
    """A plan of the still site, changed."""
    return msgspec.structs.replace(sample.StillSite().plan(slots, target, whole=True), **more)


def said(made: Plan, room: int = 100) -> str:
    """All lines of the dialog."""
    return "\n".join(text_of(line) for line in dialog.lines(made, SNAPSHOT, room))


def test_a_move_is_named_whole() -> None:
    """GPU, workloads, units, money before and after, downtime with its cost, gain, pay-back."""
    text = said(plan(1))
    for word in ("GPU 1", "▲ ergo  →  ◆ vllm-qwen", "stops miner@1.service, starts vllm@1.service"):
        assert word in text
    for word in ("+0.02 → ~+0.29 $/h", "gain ~+0.27 $/h", "down 41s", "costs 0.00023 $", "repaid in 3s"):
        assert word in text


@pytest.mark.parametrize("room", [36, 40, 56])
def test_on_a_narrow_screen_no_figure_and_no_unit_is_cut(room: int) -> None:
    """What would not fit beside it stands in the next line: "repaid in 1…" may be seconds or days."""
    lines = said(plan(1), room).splitlines()
    for whole in ("+0.02 → ~+0.29 $/h", "gain ~+0.27 $/h", "down 41s", "costs 0.00023 $", "repaid in 3s"):
        assert any(whole in line for line in lines), whole
    assert "stops miner@1.service, starts vllm@1.service" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("target", "title"),
    [
        ("ai", "flip to AI: vllm-qwen · rig-07"),
        ("mine", "flip to mining: ergo · rig-07"),
        ("best", "flip to the best option: vllm-qwen · rig-07"),
        ("off", "flip to off · rig-07"),
        ("quai", "flip to quai · rig-07"),
    ],
)
def test_the_title_names_what_a_key_chose(target: str, title: str) -> None:
    """``m`` and ``a`` choose a workload: the dialog says which."""
    assert dialog.title(plan(0, target=target)) == title


def test_switching_off_starts_nothing() -> None:
    """And says so."""
    assert "stops miner@1.service, starts nothing" in said(plan(1, target="off"))


def test_many_moves_are_summed() -> None:
    """Six are listed, the rest counted; downtime is each one's."""
    many = sample.fleet(20)
    site = sample.StillSite(many)
    text = "\n".join(
        text_of(line) for line in dialog.lines(site.plan(tuple(range(1, 20, 2)), "ai", whole=False), many, 100)
    )
    assert "and 4 more" in text
    assert "down 41s each" in text
    assert "gain ~+2.68 $/h" in text


def test_an_unknown_gain_is_a_dash_and_promises_no_pay_back() -> None:
    """A price is missing: nothing is made up."""
    moves = tuple(msgspec.structs.replace(m, net_after_per_h=None) for m in plan(1).moves)
    text = said(plan(1, moves=moves))
    assert "gain – $/h" in text
    assert "repaid" not in text
    assert "~–" not in text and "→ – $/h" in text, "what is not known is not estimated either"


def test_warnings_stand_once_each() -> None:
    """Two moves that warn the same warn once; long ones are wrapped."""
    warned = tuple(msgspec.structs.replace(m, warnings=("the quote of ERG is 41 min old",)) for m in plan(1, 2).moves)
    text = said(plan(1, 2, moves=warned))
    assert text.count("! the quote of ERG") == 1


REFUSED = (
    Refusal(slots=(4,), guard=sample.CONTRACT),
    Refusal(slots=(5,), guard=sample.RENTED),
    Refusal(slots=(6,), guard=Guard(name="foreign", sentence="held by python3, not ours")),
)


def test_refusals_say_why_and_which_can_be_forced() -> None:
    """By name; only what every guard lets be forced is offered."""
    made = plan(1, refusals=REFUSED)
    text = said(made, 160)
    assert "✕ GPU 4 stays: contract acme until 2026-12-01" in text
    assert "✕ GPU 6 stays: held by python3, not ours (cannot be forced)" in text
    assert dialog.forceable(REFUSED) == (4,)
    assert dialog.forceable((*REFUSED, Refusal(slots=(4,), guard=REFUSED[2].guard))) == ()


def test_keys_are_only_what_can_be_pressed() -> None:
    """No y without a move, no force where nothing can be forced, y dim until it counts."""
    assert text_of(dialog.keys(plan(1), armed=True)) == "y flip    esc cancel"
    assert text_of(dialog.keys(plan(1, 2), armed=True)) == "y flip 2 GPUs    esc cancel"
    assert text_of(dialog.keys(plan(1, moves=(), refusals=REFUSED), armed=True)) == "esc close    ! force"
    assert {p.tone for p in dialog.keys(plan(1), armed=False) if p.text == "y"} == {"aside"}


def test_forcing_asks_for_host_and_slot() -> None:
    """The words to type are said."""
    prompt = [text_of(line) for line in dialog.force_prompt(plan(1, refusals=REFUSED), "rig")]
    assert "rig-07:4" in prompt[0]
    assert prompt[1].startswith("rig")


def test_nothing_to_do_is_said() -> None:
    """A GPU that already does it, and one of which nothing is left to do."""
    assert said(plan(1, moves=(), done=(1,))) == "GPU 1 does that already: nothing to do"
    assert said(plan(1, moves=(), refusals=REFUSED[2:])).endswith("nothing can be done")
    assert said(plan(1, moves=(), refusals=REFUSED)).endswith("nothing can be done without force")


def test_no_line_is_wider_than_its_room() -> None:
    """Long units and sentences are cut or wrapped."""
    long = tuple(msgspec.structs.replace(m, warnings=("word " * 60,)) for m in plan(1).moves)
    for room in (54, 74, 100):
        assert max(width(line) for line in dialog.lines(plan(1, moves=long, refusals=REFUSED), SNAPSHOT, room)) <= room
