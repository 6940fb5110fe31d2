"""What doctor finds, from what it was told: what stops flips is a fault, and nothing is told twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from console.commands.doctor import _brings, _lines
from console.config.settings import Settings
from console.economics.revenue import UNSEEN_IDLE, unmeasured
from console.model import (
    Disagreement,
    FeedState,
    GpuRow,
    GpuState,
    Held,
    Holder,
    Input,
    Market,
    Occupancy,
    PoolState,
    Quote,
    Snapshot,
)
from console.paths import ALONE
from console.view.advice import FAULT, NOTE, OK, ORDER, WARN, Brings, Facts, Finding, findings, unopened
from console.workloads.detect import HIDDEN
from tests.contract.hostile import answer, serving
from tests.pilot import sample
from tests.pilot.sample import NOW

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


# ---- feeds, pools and sources ----------------------------------------------------------------------------------------

SILENT = "nothing listens at http://127.0.0.1:1"
LACK = "price of ERG: set [quotes.ERG]"
FAILS = FeedState(name="gecko", kind="coingecko", asked_at=NOW - 9, failures=1, error=SILENT)
WELL_FED = FeedState(name="gecko", kind="coingecko", asked_at=NOW - 9, answered_at=NOW - 9)
UNHEARD = FeedState(name="gecko", kind="coingecko")
ERG = Quote(name="ERG", kind="coin_price", value=0.84, unit="USD/ERG", source="gecko", at=NOW - 5000, max_age_s=900)
FED = changed(brings=(Brings(feed="gecko", words=frozenset({"price of ERG"})),))


def priced(*, missing: tuple[str, ...] = (), inputs: tuple[Input, ...] = (), eligible: bool = True) -> GpuRow:
    """One card with one option, which lacks or uses these."""
    row = sample.rows()[0]
    made = msgspec.structs.replace(row.money.options[0], missing=missing, inputs=inputs, eligible=eligible)
    return msgspec.structs.replace(row, money=msgspec.structs.replace(row.money, options=(made,)))


def with_market(row: GpuRow, facts: Facts = FED, quotes: tuple[Quote, ...] = (), **market: object) -> list[Finding]:
    """All findings on a host of one card with this market."""
    snapshot: Snapshot = sample.snapshot(rows=(row,), quotes=quotes, market=Market(**market))  # type: ignore[arg-type]
    return [*findings(snapshot, facts)]


def only(all_found: list[Finding], words: str) -> Finding:
    """The one finding in which these words stand."""
    [one] = [one for one in all_found if words in one.what]
    return one


def test_a_failing_feed_whose_figure_is_missing_is_a_fault_and_named_where_the_money_lacks_it() -> None:
    """It used to be silent, and to send people to write by hand what a feed was to bring."""
    all_found = with_market(priced(missing=(LACK,)), feeds=(FAILS,))
    fault = only(all_found, "feed gecko fails")
    assert fault.level == FAULT and fault.what == f"feed gecko fails, once, and has never answered: {SILENT}"
    assert fault.why == "the money hangs on its price of ERG" and "[feeds.gecko]" in fault.do
    lack = only(all_found, "the money lacks")
    assert lack.what == "the money lacks price of ERG: to come from feeds.gecko, which fails"
    assert "[quotes" not in lack.what + lack.do and "feeds.gecko" in lack.do


def test_a_failing_feed_is_a_fault_where_what_it_said_has_gone_stale() -> None:
    """An old figure stops advice as a missing one does; how long it lasts is told."""
    used = Input(name="price of ERG", value=0.84, unit="USD/ERG", source="gecko", at=NOW - 5000, stale=True)
    feed = msgspec.structs.replace(FAILS, answered_at=NOW - 1200, failures=5)
    all_found = with_market(priced(inputs=(used,)), quotes=(ERG,), feeds=(feed,))
    assert only(all_found, "feed gecko fails, 5 times in a row, and last answered 20m ago: ").level == FAULT
    assert "feeds.gecko fails" in only(all_found, "the quote ERG from gecko is stale").do


@pytest.mark.parametrize(
    "row",
    [
        priced(),
        priced(missing=(LACK,), eligible=False),
        priced(missing=("price of RVN: set [quotes.RVN]",)),
        priced(inputs=(Input(name="price of ERG", value=0.84, unit="USD/ERG", source="gecko", at=NOW),)),
        priced(inputs=(Input(name="price of ERG", value=0.84, unit="USD/ERG", source="other", at=NOW, stale=True),)),
    ],
    ids=["unused", "not eligible", "another's", "still fresh", "another feed's"],
)
def test_a_failing_feed_that_no_money_hangs_on_is_a_warning(row: GpuRow) -> None:
    """The exit code stays 0."""
    assert only(with_market(row, feeds=(FAILS,)), "feed gecko fails").level == WARN


def test_a_figure_that_no_feed_was_to_bring_keeps_its_advice() -> None:
    """Whatever else fails."""
    all_found = with_market(priced(missing=(LACK,)), WELL, feeds=(FAILS,))
    lack = only(all_found, "the money lacks")
    assert f"{lack.what}: {lack.do}" == f"the money lacks {LACK}"


def test_what_was_never_seen_of_a_card_is_told_of_which_and_what_makes_it_known() -> None:
    """``this GPU`` says on a screen which one; in a list of findings it says nothing."""
    [lack] = [one for one in with_market(priced(missing=(UNSEEN_IDLE,)), WELL) if "the money lacks" in one.what]
    assert (lack.what, lack.do) == (
        "the money lacks idle power of GPU 0",
        "leave it off for half a minute with a console open",
    )
    lack = only(with_market(priced(missing=(unmeasured("power", "ergo"),)), WELL), "the money lacks")
    assert lack.do == "run it for 2 min with a console open, or set [workloads.ergo] expected"


def test_a_component_of_power_names_its_feed_itself() -> None:
    """Its words hold no kind of quote, and need none."""
    lack = "price of power (spot): feeds.gecko has not said one yet"
    facts = changed(brings=(Brings(feed="gecko", words=frozenset({"price of power"})),))
    assert only(with_market(priced(missing=(lack,)), facts, feeds=(FAILS,)), "feed gecko").level == FAULT


def test_a_feed_that_answers_without_a_figure_says_so() -> None:
    """Its notes are notes; where the money lacks just that, the next step is the feed's own table."""
    feed = msgspec.structs.replace(WELL_FED, notes=("no price for ERG (ergoo)",))
    all_found = with_market(priced(missing=(LACK,)), feeds=(feed,))
    assert only(all_found, "feed gecko: no price for ERG (ergoo)").level == NOTE
    assert (
        only(all_found, "the money lacks").what == "the money lacks price of ERG, and feeds.gecko answered without it"
    )
    assert only(all_found, "1 feed answers").level == OK


def test_a_feed_that_was_not_heard_yet_is_not_called_failing() -> None:
    """A slow one may take its whole time-out: a warning where its figure is missing, else a note."""
    needed, idle = (with_market(priced(missing=m), feeds=(UNHEARD,)) for m in ((LACK,), ()))
    assert only(needed, "feed gecko has not answered yet").level == WARN
    assert only(idle, "feed gecko has not answered yet").level == NOTE
    assert "which has not answered yet" in only(needed, "the money lacks").what
    assert levels(needed, "feed answers") == []


def test_an_answer_that_is_refused_in_part_is_a_warning() -> None:
    """The feed does not fail, and something of it is not used."""
    feed = msgspec.structs.replace(WELL_FED, error="coin price of ERG is nan, expected a finite number")
    assert only(with_market(priced(), feeds=(feed,)), "ERG is nan").level == WARN


def test_what_is_held_back_and_what_sources_do_not_agree_on_is_a_warning() -> None:
    """With the source; two that differ by little are not told."""
    dear = msgspec.structs.replace(ERG, source="other", value=1.0)
    far = Disagreement(kind="coin_price", name="ERG", low=ERG, high=dear, fraction=0.19, flagged=True)
    near = msgspec.structs.replace(far, kind="fx", name="EUR", flagged=False)
    held = Held(quote=ERG, reason="rose 3.1-fold, from 0.27 to 0.84 USD/ERG", since=NOW - 120, seen=2)
    all_found = with_market(priced(), held=(held,), disagreements=(far, near))
    one = only(all_found, "held back")
    assert one.level == WARN and one.what.startswith("coin price of ERG from gecko rose 3.1-fold")
    two = only(all_found, "disagree")
    assert two.level == WARN and two.what == "sources of coin price of ERG disagree: other is 19 % above gecko"


def test_a_pool_that_cannot_be_read_is_a_warning() -> None:
    """One that can be read is not told."""
    pools = (PoolState(name="bad", coin="ERG", error="it does not know the key"), PoolState(name="good", coin="ERG"))
    all_found = with_market(priced(), pools=pools)
    one = only(all_found, "pool bad cannot be read, last answered never: it does not know the key")
    assert one.level == WARN and "[pools.bad]" in one.do and levels(all_found, "pool good") == []


TABLES: dict[str, dict[str, object]] = {
    "coingecko": {"coins": {"ERG": "ergo"}},
    "wtm": {"kind": "whattomine", "coins": {"RVN": "RVN"}},
    "mempool": {},
    "vast": {"gpus": {"4090 rent": "RTX 4090"}},
    "frankfurter": {"currency": "EUR", "currencies": ["JPY"]},
    "jepx": {"area": "tokyo"},
    "mine": {"kind": "json", "values": [{"name": "EUR", "kind": "fx", "unit": "USD/EUR", "path": "a"}]},
}


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        ("coingecko", {"price of ERG"}),
        (
            "wtm",
            {f"{what} of RVN" for what in ("price", "difficulty", "network hashrate", "block time", "block reward")},
        ),
        ("mempool", {"price per hash of BTC", "difficulty of BTC", "exchange rate BTC to USD"}),
        ("vast", {"rental rate 4090 rent"}),
        ("frankfurter", {"exchange rate JPY to EUR"}),
        ("jepx", {"price of power"}),
        ("mine", {"exchange rate EUR to USD"}),
    ],
)
def test_what_a_feed_was_to_bring_is_known_from_its_table(feed: str, words: set[str]) -> None:
    """In the words in which the money lacks it."""
    brought = {one.feed: one.words for one in _brings(msgspec.convert({"feeds": TABLES}, Settings))}
    assert words <= brought[feed] and {*brought} == {*TABLES}


def test_the_command_tells_what_its_feeds_say(tmp_path: Path) -> None:
    """It waits for them: the sentence stands there at the first call, with nothing kept from before."""
    config = tmp_path / "config.toml"
    with serving(answer(b"<html>Just a moment...</html>")) as server:
        config.write_text(f'[feeds.gecko]\nkind = "coingecko"\nurl = "{server.url}"\ncoins = {{ ERG = "ergo" }}\n')
        config.chmod(0o600)
        places = {"CHANGEOVER_STATE": str(tmp_path / "state"), "CHANGEOVER_RUN": str(tmp_path / "run")}
        for folder in places.values():
            Path(folder).mkdir()
        command = [sys.executable, "-m", "console.cli", "doctor", "--json", "--config", str(config)]
        done = subprocess.run(
            command, env={**os.environ, **places}, capture_output=True, text=True, timeout=60, check=False
        )
    told = [one for one in json.loads(done.stdout)["findings"] if "feed gecko" in one["what"]]
    assert [one["level"] for one in told] == ["warn"], done.stdout
    assert f"{server.url} answers with a web page, not with data" in told[0]["what"]


# ---- order, strangers, text ------------------------------------------------------------------------------------------


def held(*who: str, holder: Holder = Holder.FOREIGN) -> Snapshot:
    """A host of as many cards, each with its holder."""
    rows = []
    for slot, name in enumerate(who):
        row = sample.rows()[0]
        reading = msgspec.structs.replace(row.reading, slot=slot)
        rows.append(
            msgspec.structs.replace(
                row, reading=reading, occupancy=Occupancy(uuid=reading.uuid, holder=holder, who=name)
            )
        )
    return sample.snapshot(rows=tuple(rows))


def test_what_stops_the_user_most_comes_first() -> None:
    """Whatever was looked at first; among equals what is more basic."""
    silent = "controllers.side: supervisord did not answer"
    all_found = found(changed(silent=(silent,), journal="line 3 was changed", controllers=("miner-0: a",)), "a banner")
    order = [ORDER.index(one.level) for one in all_found]
    assert order == sorted(order) and {FAULT, WARN, OK} <= {one.level for one in all_found}
    faults = [one.what for one in all_found if one.level == FAULT]
    assert faults.index("line 3 was changed") < faults.index(silent)
    feeds = with_market(priced(missing=(LACK,)), changed(silent=(silent,), brings=FED.brings), feeds=(FAILS,))
    assert [one.what[:10] for one in feeds if one.level == FAULT] == [silent[:10], "feed gecko"]


def test_many_strangers_are_one_finding() -> None:
    """Which GPUs, and what holds the first few; of few all."""
    many = only([*findings(held(*(f"python (pid {n})" for n in range(8))), WELL)], "no workload accounts for")
    assert many.what.startswith("GPUs 0–7 are held, 0 by python (pid 0), 1 by") and "pid 3" not in many.what
    few = only([*findings(held("a", "b"), WELL)], "no workload accounts for")
    assert few.what.startswith("GPU 0 is held by a and GPU 1 is held by b, which") and "init --dry-run" in few.do


@pytest.mark.parametrize(("contained", "step"), [(True, "--pid=host"), (False, "")])
def test_a_holder_that_a_container_hides_is_told_how_to_be_seen(contained: bool, step: str) -> None:
    """Cards with the same doubt are one finding."""
    hidden = f"8 GiB in use and {HIDDEN}"
    snapshot = held(hidden, hidden, "its controllers cannot be asked", holder=Holder.UNKNOWN)
    all_found = findings(snapshot, changed(contained=contained))
    assert only(all_found, "GPU 2: its controllers cannot be asked").do == ""
    one = only(all_found, HIDDEN)
    assert one.what.startswith("GPUs 0, 1: ") and step in one.do and bool(one.do) is contained


def test_money_is_not_asked_after_where_nothing_is_configured() -> None:
    """A new user has one thing to do, not three."""
    row = priced(missing=(LACK,))
    new = Facts(config_path=None, driver=None, workloads=0)
    assert levels(with_market(row, new), "the money lacks") == []
    assert levels(with_market(row, WELL), "the money lacks") == [NOTE]
    bare = Facts(config_path="/c.toml", driver=None, workloads=0)
    assert "`changeover init --dry-run`" in only(found(bare), "/c.toml names no workload").do


def test_a_card_that_fell_off_says_what_to_do_apart() -> None:
    """What stands behind the reason's first semicolon is the step."""
    row = sample.rows()[0]
    lost = msgspec.structs.replace(row.reading, state=GpuState.LOST, reason="xid 79: fell off; reboot; look again")
    snapshot = sample.snapshot(rows=(msgspec.structs.replace(row, reading=lost),))
    one = only([*findings(snapshot, WELL)], "xid 79")
    assert one.what.endswith("xid 79: fell off") and one.do == "reboot; look again" and one.why


def test_a_caution_of_the_config_names_the_file() -> None:
    """Other banners name nothing."""
    all_found = found(changed(cautions=("ergo has no meter",)), "ergo has no meter", "something else")
    assert only(all_found, "ergo has no meter").do == f"set it in {WELL.config_path}"
    assert only(all_found, "something else").do == ""


def test_a_site_that_does_not_open_is_told_line_by_line() -> None:
    """A hint at the nearest key stays in its sentence; what else stands behind a semicolon is the step."""
    said = unopened("c: line 2: naem is no key; did you mean name?\n/s is closed; `chown` it", "570.1")
    assert [one.level for one in said] == [FAULT, FAULT, OK]
    assert said[0].what.endswith("did you mean name?") and "changeover doctor" in said[0].do
    assert (said[1].what, said[1].do) == ("/s is closed", "`chown` it")
    assert [one.level for one in unopened("x", None)] == [FAULT]


def test_the_text_ends_with_the_step_to_begin_with() -> None:
    """After a blank line, with how many of each; not where there is one step or none to choose from."""
    one = Finding(level=FAULT, what="a", why="b", do="c")
    two, three = Finding(level=NOTE, what="d", do="e"), Finding(level=OK, what="f")
    told = ["✗ a", "    why: b", "    → c", "i d", "    → e", "· f"]
    assert _lines([one, two, three]) == [*told, "", "1 fault, 1 note; begin with: c"]
    assert _lines([one, one, three]) == ["✗ a", "✗ a", "    why: b", "    → c", "· f"]
