"""What `flip` and `undo` say where a confirmed plan cannot even begin."""

import os
from argparse import Namespace
from pathlib import Path

import msgspec
import pytest

from console.commands.carrying import REFUSED, WRONG, _Lines, carry, text
from console.flips.records import Plan, Progress, Refusal
from console.model import Guard
from tests.pilot.sample import snapshot
from tests.unit.flipworld import WHO

PLAN = Plan(plan_id="p", at=0.0, host="rig-07", who=WHO, target="off", moves=())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site config that loads."""
    path = tmp_path / "config.toml"
    path.write_text("[power]\nprice_per_kwh = 0.07\n")
    path.chmod(0o600)
    return path


def test_what_may_be_forced_is_told_with_the_flag() -> None:
    """Only where every refusal of a GPU may be waived: a stranger's process is not offered."""
    stays = (
        Refusal(slots=(3,), guard=Guard(name="contract", sentence="GPU 3 serves acme", forceable=True)),
        Refusal(slots=(4,), guard=Guard(name="foreign", sentence="held by python3")),
    )
    shown = msgspec.structs.replace(PLAN, refusals=stays)
    assert text(shown, snapshot()).endswith("\n\n--force rig-07:3 waives contract, rental and pin")
    assert "--force" not in text(msgspec.structs.replace(PLAN, refusals=stays[1:]), snapshot())


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_cannot_be_used_is_one_sentence(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], as_json: bool
) -> None:
    """A mark that cannot be left among running consoles refuses the flip, as it makes a console look only."""
    run = tmp_path / "run"
    run.mkdir()
    mark = run / f"console-{os.getpid()}.presence"
    mark.symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("CHANGEOVER_STATE", str(tmp_path))
    monkeypatch.setenv("CHANGEOVER_RUN", str(run))
    assert carry(PLAN, Namespace(config=str(config), json=as_json)) == REFUSED
    said = capfd.readouterr().err
    assert said.startswith(f"changeover: refused, nothing can be written to {run}: ") and str(mark) in said
    assert said.count("\n") == 1


def test_a_config_that_has_gone_is_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A config that went between the plan and the confirmation is wrong use, told in a sentence."""
    missing = tmp_path / "gone.toml"
    assert carry(PLAN, Namespace(config=str(missing), json=False)) == WRONG
    said = capfd.readouterr().err
    assert str(missing) in said and said.count("\n") == 1


def test_a_long_step_says_how_far_it_is() -> None:
    """That a step begins is left out, what has become of it meanwhile is told."""
    lines = _Lines()

    def told(text: str, took_s: float | None = None, step: str = "drain") -> str:
        kind = {"flip_id": "f", "at": 0.0, "kind": "step", "slots": (3,)}
        return lines.of(Progress(step=step, text=text, took_s=took_s, **kind)).decode()  # type: ignore[arg-type]

    assert told("waiting for requests to end") == ""
    assert told("2 requests left in qwen, 0 of 3 s") == "  GPU 3  drain  2 requests left in qwen, 0 of 3 s\n"
    assert told("no requests in qwen", 2.5) == "  GPU 3  drain  no requests in qwen  2.5 s\n"
    assert told("stopping qwen", step="stop") == ""
