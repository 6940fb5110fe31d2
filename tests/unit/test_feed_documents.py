"""The generic feeds: figures out of any JSON, CSV or plain text, from an address or a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.config.feed_checks import path_parts
from console.config.feed_settings import FeedSettings
from console.market.contract import Answer, FeedError
from console.market.feeds._document import FILE_EVERY_S, URL_EVERY_S, at_path, instant
from console.market.registry import connect_feed
from console.model import Quote
from tests.contract.hostile import answer, serving

NOW = 1_795_392_700.0
ERG = {"name": "ERG", "kind": "coin_price", "unit": "USD/ERG", "path": "price"}
SECRET = "s3cret-that-nobody-may-see"


def feed_of(kind: str, **table: Any) -> Any:
    return connect_feed("mine", msgspec.convert({"kind": kind, **table}, FeedSettings))


def read(kind: str, **table: Any) -> Answer:
    feed = feed_of(kind, **table)
    try:
        return feed.read(NOW, 5.0)
    finally:
        feed.close()


def one(kind: str, **table: Any) -> Quote:
    (quote,) = read(kind, **table).quotes
    return quote


def written(folder: Path, body: bytes | str, name: str = "doc", *, mode: int = 0o644, at: float = NOW - 7) -> str:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    path.chmod(mode)
    os.utime(path, (at, at))
    return str(path)


# ---- where it comes from ---------------------------------------------------------------------------------------------


def test_a_file_is_of_the_time_it_was_written(tmp_path: Path) -> None:
    """All three kinds; a new text is taken up at the next reading, and one that stays grows old."""
    json, csv = written(tmp_path, '{"price": "0.84"}', "j"), written(tmp_path, "price\n0.85\n", "c")
    quotes = [
        one("json", file=json, values=[ERG]),
        one("csv", file=csv, values=[ERG]),
        one("wall", file=written(tmp_path, " 812.5\n", "w")),
    ]
    assert [(q.value, q.at, q.source) for q in quotes] == [(v, NOW - 7, "mine") for v in (0.84, 0.85, 812.5)]
    assert [quote.max_age_s for quote in quotes] == [900.0, 900.0, 60.0]
    feed = feed_of("wall", file=written(tmp_path, "100", "w"))
    assert feed.read(NOW).quotes[0].value == 100.0
    written(tmp_path, "0.2 kW", "w", at=NOW - 1)
    assert [(q.value, q.at, q.name) for q in feed.read(NOW).quotes] == [(200.0, NOW - 1, "mine")]
    assert not feed.read(NOW).quotes[0].stale(NOW + 58) and feed.read(NOW).quotes[0].stale(NOW + 60)


@pytest.mark.parametrize("kind", ["json", "csv", "wall"])
def test_a_file_that_is_not_there_or_not_safe_is_a_sentence(kind: str, tmp_path: Path) -> None:
    """It steers money: others may not write it, and it is a file, not a pipe that never ends."""
    values = [] if kind == "wall" else [ERG]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refused = {
        str(tmp_path / "none"): "cannot be read: No such file",
        str(tmp_path): "is not a file of root's or yours",
        str(pipe): "is not a file of root's or yours",
        written(tmp_path, "1", "group", mode=0o664): "can be written by others: chmod go-w",
        written(tmp_path, "1", "world", mode=0o646): "can be written by others: chmod go-w",
        written(tmp_path, b" " * ((2 << 20) + 1), "large"): "holds more than 2 MiB",
    }
    held = len([*Path("/proc/self/fd").iterdir()])
    for path, words in refused.items():
        with pytest.raises(FeedError, match=words) as caught:
            read(kind, file=path, values=values)
        assert path in str(caught.value)
    assert len([*Path("/proc/self/fd").iterdir()]) == held


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Its owner can write it whatever its mode says."""
    path = written(tmp_path, "812.5")
    os.chown(path, 65534, 65534)
    with pytest.raises(FeedError, match="is not a file of root's or yours"):
        read("wall", file=path)


def test_how_often_it_is_read() -> None:
    """A file often, a foreign address seldom, a meter as often as it needs; the config wins."""
    assert feed_of("json", file="/x", values=[ERG]).interval_s == FILE_EVERY_S
    assert feed_of("csv", url="http://h:1", values=[ERG]).interval_s == URL_EVERY_S
    assert feed_of("wall", url="http://h:1").interval_s == 10.0
    assert {feed_of(kind, url="http://h:1", interval_s=7).interval_s for kind in ("json", "csv", "wall")} == {7.0}


def test_the_query_is_sent_and_never_said() -> None:
    """It may hold a key. A last stroke of the path is kept: to some servers it is another address."""
    with serving(answer(b'{"price": 0.84}')) as server:
        url = f"{server.url}/v1/prices/?key={SECRET}"
        assert one("json", url=url, values=[ERG]).value == 0.84
        with pytest.raises(FeedError, match="/v1/prices") as caught:
            read("json", url=url, values=[{**ERG, "path": "cost"}])
        assert [path for path, _ in server.seen] == [f"/v1/prices/?key={SECRET}"] * 2
    assert SECRET not in str(caught.value)


def test_headers_are_sent_and_taken_from_the_environment_at_each_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated key is taken up; one that is missing is named, and no value is ever said."""
    table = {"headers": {"X-Plain": "rig 07", "X-Api-Key": "env:MINE_KEY"}, "values": [ERG]}
    with serving(answer(b'{"price": 0.84}')) as server:
        feed = feed_of("json", url=server.url, **table)
        for key in (SECRET, "other-key"):
            monkeypatch.setenv("MINE_KEY", key)
            feed.read(NOW, 5.0)
        monkeypatch.setenv("MINE_KEY", f"{SECRET}\nwith a line")
        with pytest.raises(FeedError, match="holds no token") as caught:
            feed.read(NOW, 5.0)
        monkeypatch.delenv("MINE_KEY")
        with pytest.raises(FeedError, match=r"feeds\.mine: headers\.X-Api-Key names MINE_KEY, which is not set"):
            feed.read(NOW, 5.0)
        feed.close()
        seen = [{name.lower(): value for name, value in headers.items()} for _, headers in server.seen]
    assert [(one["x-plain"], one["x-api-key"]) for one in seen] == [("rig 07", SECRET), ("rig 07", "other-key")]
    assert SECRET not in str(caught.value)


def test_without_a_source_it_says_so() -> None:
    """The config's check finds it before; nothing is asked all the same."""
    with pytest.raises(FeedError, match=r"feeds\.mine has neither file nor url"):
        read("json", values=[ERG])


# ---- JSON ------------------------------------------------------------------------------------------------------------

TREE = {"a": {"b": [1, {"c": 2}], "1": "one", "x.y": {"": 3}}, "0": "zero", "list": [[10, 20], [30, 40]]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b.0", 1),
        ("a.b.1.c", 2),
        ("a.b.-1.c", 2),
        ("a.b.-2", 1),
        ("a.b.2", None),
        ("a.b.-3", None),
        ("a.b.c", None),
        ("a.b.0.c", None),
        ("a.b.99999999", None),
        ("a.1", "one"),
        ("0", "zero"),
        ('a."x.y"', {"": 3}),
        ("a.x.y", None),
        ("list.1.0", 30),
        ("none", None),
    ],
)
def test_a_path_leads_to_one_place(path: str, found: object) -> None:
    """A number indexes a list and names a key of an object; what is not there is None."""
    assert at_path(TREE, path) == found


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", '"a', 'a"b"', '"".a', '"a""b"'])
def test_what_is_no_path_is_told(path: str) -> None:
    """Empty keys and odd quotes are mistakes, not places."""
    with pytest.raises(ValueError, match="expected keys with dots between them"):
        path_parts(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_any_tree_and_path_is_a_place_or_none(tree: object) -> None:
    """No document breaks a path."""
    for path in ("a.0.b", "-1", '"a.b".0'):
        at_path(tree, path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.84", 0.84),
        ('"0.84"', 0.84),
        ('" -4e-3 "', -0.004),
        ("0", 0.0),
        ("true", None),
        ("null", None),
        ('""', None),
        ('"12,5"', None),
        ('"NaN"', None),
        ('"Infinity"', None),
        ("[0.84]", None),
        ('{"usd": 0.84}', None),
        ("1e308", None),  # times the scale it is past all numbers
    ],
)
def test_a_figure_is_a_number_or_a_number_as_text(text: str, value: float | None) -> None:
    """Anything else is missing, in words, and never 0; the scale makes the unit right."""
    table = {**ERG, "scale": 100.0}
    body = f'{{"price": {text}, "other": 1}}'.encode()
    with serving(answer(body)) as server:
        found = read("json", url=server.url, values=[table, {**ERG, "name": "RVN", "path": "other"}])
    assert [q.value for q in found.quotes if q.name == "ERG"] == ([] if value is None else [pytest.approx(value * 100)])
    assert found.notes == (("no coin price for ERG (price)",) if value is None else ())


@pytest.mark.parametrize(
    ("found", "at"),
    [
        (NOW, NOW),
        (int(NOW), NOW),
        (NOW * 1000, NOW),
        (str(int(NOW)), NOW),
        (f"{int(NOW)}250", NOW + 0.25),
        ("2026-11-23T00:11:40Z", NOW),
        ("2026-11-23T00:11:40", NOW),
        ("2026-11-23 09:11:40.000+09:00", NOW),
        (" 2026-11-22T19:11:40-05:00 ", NOW),
        ("2026-11-23", NOW - 700),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        ([NOW], None),
        ("9999999-01-01", None),
    ],
)
def test_times_as_documents_write_them(found: object, at: float | None) -> None:
    """Seconds, milliseconds, ISO 8601 with a zone or in UTC."""
    assert instant(found) == at


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans()))
def test_any_time_is_one_or_none(found: object) -> None:
    """A hostile time is no crash."""
    assert isinstance(instant(found), float | None)


def test_a_wholesale_price_is_marked() -> None:
    """``complete = false`` goes into the quote; limits follow the kind, and the config's wins."""
    price = {"name": "p", "kind": "power_price", "unit": "EUR/MWh", "path": "price"}
    with serving(answer(b'{"price": 80}')) as server:
        assert [
            one("json", url=server.url, values=[{**price, **more}]).complete for more in ({}, {"complete": False})
        ] == [
            True,
            False,
        ]
        rate = {"name": "EUR", "kind": "fx", "unit": "USD/EUR", "path": "price"}
        assert one("json", url=server.url, values=[rate]).max_age_s == 86400.0
        assert one("json", url=server.url, max_age_s=5, values=[rate]).max_age_s == 5.0


def test_nothing_of_what_is_asked_for_is_an_error(tmp_path: Path) -> None:
    """Every figure is named with its path."""
    path = written(tmp_path, '{"x": 1}')
    with pytest.raises(FeedError) as caught:
        read("json", file=path, values=[ERG, {**ERG, "name": "RVN", "path": "x", "at": "y"}])
    lacking = "coin price for ERG (price), time of the coin price for RVN (y)"
    assert str(caught.value) == f"{path} is without {lacking}"
    with pytest.raises(FeedError, match=f"{path} is not JSON: "):
        read("json", file=written(tmp_path, b"\xff<html>"), values=[ERG])


# ---- CSV -------------------------------------------------------------------------------------------------------------


def csv(folder: Path, body: bytes | str, **more: Any) -> Answer:
    return read("csv", file=written(folder, body), **{"values": [ERG], **more})


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("price\n1\n2\n", 2.0),
        ("price\r\n1\r\n2", 2.0),
        ("\n\n price , x\n 1.5 , a \n\n,,\n", 1.5),
        ('x,price\n"a, b","1.5"\n', 1.5),
        ('x,price\n"a\nb",3\n', 3.0),
        ("\ufeffprice\n4\n", 4.0),
        ("price,x\n5\n", 5.0),
        ("price,x\n5,6,7,8\n", 5.0),
        ("x,x,price\n1,2,3\n", 3.0),
    ],
)
def test_the_last_row_of_a_table(body: str, value: float, tmp_path: Path) -> None:
    """Whatever ends its lines, with blanks, quotes, a mark before it, rows too short and too long."""
    (quote,) = csv(tmp_path, body).quotes
    assert quote.value == value


def test_where_picks_the_row(tmp_path: Path) -> None:
    """All of its columns must fit; of several rows the last counts, even where it has no figure."""
    rows = ["A,1,10,1795392000", "A,2,11,1795392100", "B,2,20,1795392200", "A,2,12,1795392300", "B,3,,1795392400"]
    body = "\n".join(["zone,day,price,at", *rows])
    picked = {"A2": {"zone": "A", "day": "2"}, "A1": {"zone": "A", "day": "1"}, "B": {"zone": "B"}, "C": {"zone": "C"}}
    values = [{**ERG, "name": name, "at": "at", "where": where} for name, where in picked.items()]
    found = csv(tmp_path, body, values=[*values, {**ERG, "name": "odd", "where": {"none": "A"}}])
    assert [(q.name, q.value, q.at) for q in found.quotes] == [("A2", 12.0, 1795392300.0), ("A1", 10.0, 1795392000.0)]
    assert found.notes == tuple(f"no coin price for {name} (price)" for name in ("B", "C", "odd"))


def test_encodings_and_delimiters(tmp_path: Path) -> None:
    """Japanese and Western tables; a tab is written as a word."""
    value = {**ERG, "path": "価格"}
    (quote,) = csv(
        tmp_path, "時刻\t価格\n1\t9.5\n".encode("cp932"), values=[value], encoding="cp932", delimiter="tab"
    ).quotes
    assert quote.value == 9.5
    with pytest.raises(FeedError, match="is not utf-8 at byte 0, expected a table in that encoding"):
        csv(tmp_path, "時刻,価格\n1,9.5\n".encode("cp932"), values=[value])
    with pytest.raises(FeedError, match="is not cp932 at byte 0"):
        csv(tmp_path, b"\x81\x20", encoding="cp932")
    with pytest.raises(FeedError, match="is no table: "):
        csv(tmp_path, 'price\n"1"2\n')
    with pytest.raises(FeedError, match="has the column 'price' twice, expected once"):
        csv(tmp_path, "price,price\n1,2\n")
    with pytest.raises(FeedError, match=r"is without coin price for ERG \(price\)"):
        csv(tmp_path, "price\n")


def test_a_table_as_wide_or_as_long_as_2_mib_is_read(tmp_path: Path) -> None:
    """A million columns and a million rows cost no more than their bytes; one that were quadratic would never end."""
    wide, long = ",".join(["x"] * 1_000_000), "price\n" + "1\n" * 1_000_000
    with pytest.raises(FeedError, match="is without coin price"):
        csv(tmp_path, wide + "\n")
    assert csv(tmp_path, long).quotes[0].value == 1.0


@settings(max_examples=50)
@given(st.binary(max_size=300), st.sampled_from(["utf-8", "cp932", "latin-1"]), st.sampled_from([",", ";", "tab", "|"]))
def test_any_bytes_are_a_table_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, encoding: str, mark: str
) -> None:
    """Never a crash; a quote has its unit and a finite value."""
    path = written(tmp_path_factory.mktemp("csv"), b"price,at\n" + body)
    said, quotes = "", ()
    try:
        quotes = read("csv", file=path, values=[ERG], encoding=encoding, delimiter=mark).quotes
    except FeedError as error:
        said = str(error)
    assert path in said or [quote.unit for quote in quotes] == ["USD/ERG"]


# ---- watts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "watts"), [("812.5", 812.5), ("812.5\r\n", 812.5), ("\t812.5 W\n", 812.5), ("0.8125kW", 812.5), ("0", 0.0)]
)
def test_watts_as_plain_text(body: str, watts: float) -> None:
    """From a meter's page: a number, with its unit or without; it is of the time of asking."""
    with serving(answer(body.encode())) as server:
        quote = one("wall", url=server.url)
    assert (quote.kind, quote.name, quote.value, quote.unit, quote.at) == ("wall_power", "mine", watts, "W", NOW)
    assert quote.max_age_s == 60.0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "off",
        "-5",
        "nan",
        "inf",
        "1e999",
        "812,5",
        "812 813",
        "812\n813",
        "٨١٢",
        "1_000",
        "null",
        "[812]",
        "5 kWh",
        "9" * 60,
    ],
)
def test_what_are_no_watts_is_told(body: str) -> None:
    """With the address and what stands there; never 0 W."""
    with serving(answer(body.encode())) as server, pytest.raises(FeedError, match=r"found|is no plain text") as caught:
        read("wall", url=server.url)
    assert str(caught.value).startswith(server.url) and len(str(caught.value)) < 200
