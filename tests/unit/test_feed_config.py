"""What a config may say of its feeds, and the sentence for everything else."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from console.config.feed_checks import feed_problems
from console.config.feed_settings import QuoteKind
from console.config.settings import Settings
from console.model import QUOTE_KINDS

PRICE = {"name": "p", "kind": "power_price", "unit": "EUR/MWh", "path": "data.0.price"}
WATTS = {"name": "w", "kind": "wall_power", "unit": "W", "path": "watts"}
JSON = {"kind": "json", "url": "http://127.0.0.1:1/x", "values": [PRICE]}
CSV = {"kind": "csv", "file": "/var/lib/prices.csv", "values": [{**PRICE, "path": "Preis (ct/kWh)"}]}
WALL = {"kind": "wall", "file": "/run/meter"}


def test_a_config_knows_every_kind_of_quote() -> None:
    """Types need the list spelled out a second time: in the same words, in the same order."""
    assert get_args(QuoteKind) == QUOTE_KINDS


def told(name: str, table: dict[str, Any]) -> list[str]:
    """Each problem of ``[feeds.NAME]`` as its place below that and its words."""
    settings = msgspec.convert({"feeds": {name: table}}, Settings)
    return [f"{'.'.join(map(str, problem.where[2:]))} {problem.text}".strip() for problem in feed_problems(settings)]


@pytest.mark.parametrize(
    "table",
    [
        JSON,
        CSV,
        WALL,
        {**JSON, "headers": {"X-Api-Key": "env:MINE", "Accept": "application/json"}, "key_env": "TOKEN"},
        {**JSON, "values": [{**PRICE, "at": 'meta."last.seen".-1', "complete": False, "scale": -1.0}]},
        {**CSV, "encoding": "cp932", "delimiter": "tab"},
        {**CSV, "delimiter": ";", "values": [{**PRICE, "where": {"Zone": "A"}}, {**PRICE, "name": "q"}]},
        {**WALL, "values": [WATTS]},
        {"kind": "coingecko", "coins": {"ERG": "ergo"}, "key_file": "/etc/key"},
        {"kind": "whattomine_v1", "coins": {"ERG": "340"}, "key_env": "KEY"},
    ],
)
def test_good_tables_have_no_problem(table: dict[str, Any]) -> None:
    """Every key of every generic kind."""
    assert told("mine", table) == []


@pytest.mark.parametrize("name", ["a", "0", "day-ahead.DE_LU", "A" * 40])
def test_names_that_can_name_a_file(name: str) -> None:
    """Letters, digits, dots, dashes and underscores."""
    assert told(name, JSON) == []


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "../up", "a/b", "a b", "a\n", "é", "A" * 41])
def test_names_that_cannot(name: str) -> None:
    """A feed's name names its file in the cache: nothing may lead out of that folder."""
    assert told(name, JSON) == [
        "is no name for a feed, expected up to 40 letters, digits, dots, dashes and underscores"
    ]


def test_a_feed_is_not_called_as_the_config() -> None:
    """Its quotes would pass for what was set by hand."""
    assert told("config", JSON) == ["is what the source of the config's own figures is called, expected another name"]


FAULTS = [
    ({"kind": "jsn"}, 'kind is "jsn", which is no kind of feed; did you mean json?'),
    ({"kind": "json", "values": [PRICE]}, "of kind json has neither file nor url, expected one of them"),
    ({"kind": "wall"}, "of kind wall has neither file nor url, expected one of them"),
    ({**JSON, "file": "/x"}, "has file and url, expected one of them"),
    ({"kind": "json", "url": "http://h:1"}, "of kind json has no values"),
    ({**JSON, "delimiter": ";"}, "delimiter is no key of a feed of kind json; known: "),
    ({**JSON, "url": "ftp://h/x"}, 'url is "ftp://h/x", expected http://HOST:PORT'),
    ({**JSON, "key_env": "A", "key_file": "/k"}, "has key_file and key_env, expected one of them"),
    ({**JSON, "interval_s": 0.5}, "interval_s is 0.5, expected at least 1"),
    ({**CSV, "file": "prices.csv"}, 'file is "prices.csv", expected an absolute path'),
    ({**CSV, "headers": {"A": "b"}}, "headers stands beside a file, and is sent to a url only"),
    ({**WALL, "key_env": "A"}, "key_env stands beside a file, and is sent to a url only"),
    ({**JSON, "headers": {"X Y": "b"}}, "headers.X Y is no name of a header, expected one such as X-Api-Key"),
    ({**JSON, "headers": {"A": "env:"}}, "headers.A does not name a variable of the environment, expected env:NAME"),
    ({**JSON, "headers": {"A": "env:A B"}}, "headers.A does not name a variable of the environment, expected env:NAME"),
    ({**JSON, "headers": {"A": "käse"}}, "headers.A is empty or not plain ASCII, expected a text or env:NAME"),
    ({**JSON, "headers": {"A": ""}}, "headers.A is empty or not plain ASCII, expected a text or env:NAME"),
    (
        {**JSON, "headers": {"authorization": "x"}, "key_env": "K"},
        "headers.authorization stands beside a key, which is sent in the same header: expected one of them",
    ),
    ({**CSV, "encoding": "utf-16"}, 'encoding is "utf-16", expected one of utf-8, cp932, latin-1'),
    ({**CSV, "delimiter": "a"}, 'delimiter is "a", expected one character such as ";", or "tab"'),
    (
        {**CSV, "delimiter": '"'},
        'delimiter is ""',
    ),
    ({**CSV, "delimiter": ";;"}, 'delimiter is ";;", expected one character such as ";", or "tab"'),
    ({**CSV, "values": [{**PRICE, "path": ""}]}, "values.0.path is empty, expected the name of a column"),
    ({**CSV, "values": [{**PRICE, "at": ""}]}, "values.0.at is empty, expected the name of a column"),
    ({**JSON, "values": [{**PRICE, "path": "a..b"}]}, 'values.0.path is "a..b", expected keys with dots between them'),
    ({**JSON, "values": [{**PRICE, "at": ""}]}, 'values.0.at is "", expected keys with dots between them'),
    ({**JSON, "values": [{**PRICE, "scale": 0.0}]}, "values.0.scale is 0, which makes every figure 0"),
    ({**JSON, "values": [{**PRICE, "name": ""}]}, "values.0.name is empty, expected what the figure is of"),
    (
        {**JSON, "values": [{**PRICE, "where": {"a": "b"}}]},
        "values.0.where picks a row of a table, and is for feeds of kind csv only",
    ),
    (
        {**JSON, "values": [PRICE, {**PRICE, "path": "x"}]},
        'values.1 is one of several of kind power_price called "p", expected one',
    ),
    (
        {**JSON, "values": [{**WATTS, "complete": False}]},
        "values.0.complete is said of a wall_power, and only a power_price can lack a part",
    ),
    ({**WALL, "values": [WATTS, {**WATTS, "name": "x"}]}, "values names more than one figure, expected the one"),
    ({**WALL, "values": [{**WATTS, "unit": "kW"}]}, 'values.0 is wall_power in "kW", expected kind wall_power in "W"'),
    ({**WALL, "values": [PRICE]}, 'values.0 is power_price in "EUR/MWh", expected kind wall_power in "W"'),
]


@pytest.mark.parametrize(("table", "sentence"), FAULTS, ids=[sentence[:60] for _, sentence in FAULTS])
def test_a_table_that_cannot_be_is_told(table: dict[str, Any], sentence: str) -> None:
    """The place, what stands there, what is expected."""
    assert any(words.startswith(sentence) for words in told("mine", table)), told("mine", table)


def test_no_header_is_ever_shown() -> None:
    """A literal value may be a key, whatever is wrong with it."""
    said = told(
        "mine", {**JSON, "headers": {"A": "s3crét", "B C": "s3cret"}, "url": "http://h:1/?k=s3cret", "file": "/x"}
    )
    assert len(said) >= 3 and "s3cr" not in " ".join(said)
