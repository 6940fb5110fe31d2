"""What doctor finds, from what it was told: what stops flips is a fault, and nothing is told twice."""

from __future__ import annotations

from console.paths import ALONE
from console.view.advice import FAULT, NOTE, WARN, Facts, Finding, findings
from tests.pilot import sample

WELL = Facts(config_path="/etc/changeover/config.toml", driver="570.1", workloads=3)


def found(facts: Facts, *banners: str) -> list[Finding]:
    """All findings on the sample host."""
    return [*findings(sample.snapshot(banners=banners), facts)]


def levels(all_found: list[Finding], words: str) -> list[str]:
    """The levels of the findings in which these words stand."""
    return [one.level for one in all_found if words in one.what]


def changed(**more: object) -> Facts:
    """Facts of a well host with something wrong."""
    return Facts(config_path=WELL.config_path, driver=WELL.driver, workloads=WELL.workloads, **more)  # type: ignore[arg-type]


def test_a_silent_controller_is_a_fault_told_once() -> None:
    """The banner says the same: it is not repeated."""
    silent = "controllers.side: supervisord did not answer"
    all_found = found(changed(silent=(silent,), controllers=("miner-0: Restart=always",)), silent, "another thing")
    assert levels(all_found, silent) == [FAULT]
    assert levels(all_found, "miner-0: Restart") == [WARN] and levels(all_found, "another thing") == [WARN]
    assert next(one.do for one in all_found if one.what == silent)


def test_a_disk_that_takes_nothing_is_a_fault() -> None:
    """It used to be invisible: exit 0 on a full disk."""
    all_found = found(changed(disks="nothing can be written to /var/lib/changeover: its disk is full, make room"))
    assert levels(all_found, "no flip can begin: nothing can be written to /var/lib/changeover") == [FAULT]
    assert levels(found(WELL), "no flip can begin") == []


def test_a_user_alone_is_told_with_what_to_do() -> None:
    """Once, and not as a banner."""
    all_found = found(changed(shared=False, state="/home/x"), ALONE)
    assert levels(all_found, "for this user alone") == [WARN]


def test_a_journal_that_is_wrong_is_a_fault_and_no_config_a_note() -> None:
    """What stops flips and what merely lacks are told apart."""
    assert levels(found(changed(journal="line 3 was changed")), "line 3 was changed") == [FAULT]
    assert levels(found(Facts(config_path=None, driver=None, workloads=0)), "no config") == [NOTE]
