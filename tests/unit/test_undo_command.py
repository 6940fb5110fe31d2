"""What `changeover undo` hands on to the plan."""

from contextlib import nullcontext

import pytest

from console.commands import opening, undo
from console.commands.carrying import DONE, REFUSED
from console.flips.records import Refusal
from tests.pilot import sample


@pytest.mark.parametrize(("force", "code"), [((), REFUSED), (("--force", "rig-07:4"), DONE)])
def test_force_reaches_the_plan(monkeypatch: pytest.MonkeyPatch, force: tuple[str, ...], code: int) -> None:
    """The flag that flip and undo share counts for both."""
    site = sample.StillSite()
    site.refusals = (Refusal(slots=(4,), guard=sample.CONTRACT),)
    monkeypatch.setattr(opening, "opened", lambda _: nullcontext(site))
    monkeypatch.setattr(opening, "settled", lambda *_, **__: site.snapshot())
    assert undo.main(["4", "--dry-run", *force]) == code
