"""Every member of the registries of feeds and pools, with each text of its answer hostile in turn, and each name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.market.contract import Answer, FeedError
from console.market.pool_contract import PoolError
from console.market.pool_registry import pool_kinds
from console.market.registry import feed_kinds
from console.workloads.registry import controller_kinds, meter_kinds
from tests.contract import test_pools
from tests.contract.hostile import Handler, answer, routes, serving
from tests.contract.meter_case import CASES as METERS
from tests.contract.test_feeds import CASES
from tests.contract.test_feeds import read as read_feed

EVIL = "=1+\x1b]52;c;ZQ==\x07\x1b[31m\u202e[red]\u200b<b>&amp;\n\t"
JSON = [kind for kind, case in CASES.items() if case.is_json and not case.reads_file]
LINES = [kind for kind, case in CASES.items() if not case.is_json and not case.reads_file]
ELSEWHERE = {
    "supervisor": "test_controllers.py",
    "systemd": "../unit/test_systemd_checks.py",
    "docker": "test_docker_answers.py",
    "argv": "test_argv.py",
    "rental": "test_rental.py",
}
"""Where each controller meets answers with escapes or bidi in them."""


def twisted(tree: Any) -> Iterator[Any]:
    """The document with one text replaced, with one replaced by a longer one, and with one name replaced."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            rest = {name: one for name, one in tree.items() if name != key}
            yield {**rest, f"{key}{EVIL}": value}
            yield from ({**tree, key: one} for one in twisted(value))
    elif isinstance(tree, list):
        for at, value in enumerate(tree[:3]):
            yield from ([*tree[:at], one, *tree[at + 1 :]] for one in twisted(value))
    else:
        yield EVIL
        yield f"{tree}{EVIL}"


def texts(value: object) -> Iterator[str]:
    """Every text in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)


def harmless(said: str | Answer | msgspec.Struct) -> None:
    """Nothing of it that a terminal would obey or hide."""
    assert [text for text in texts(said) if not text.isprintable()] == []


def test_every_member_has_its_place() -> None:
    """A new feed, pool, meter or controller is here, or says where its hostile answers are tried."""
    assert {*JSON, *LINES, *(kind for kind, case in CASES.items() if case.reads_file)} == set(feed_kinds())
    assert set(test_pools.CASES) == set(pool_kinds())
    assert set(METERS) == set(meter_kinds())
    assert set(ELSEWHERE) == set(controller_kinds())
    for name in ELSEWHERE.values():
        assert re.search(r"\\x1b|202e", (Path(__file__).parent / name).read_text()), name


@pytest.mark.parametrize("kind", JSON)
def test_no_text_of_a_feeds_answer_comes_out_as_it_was(kind: str) -> None:
    """Neither in quotes nor in notes, nor in the sentence about what is wrong with it."""
    case = CASES[kind]
    bodies = dict(case.answers)

    def said(handler: Handler) -> None:
        routes({path: answer(body) for path, body in bodies.items()})(handler)

    with serving(said) as server:
        for path, body in case.answers.items():
            for count, tree in enumerate(twisted(json.loads(body))):
                if count == 60:
                    break
                bodies[path] = json.dumps(tree).encode()
                try:
                    harmless(read_feed(case, server.url, None, 5.0))
                except FeedError as error:
                    harmless(str(error))
            bodies[path] = body


@pytest.mark.parametrize("kind", LINES)
def test_no_text_of_a_table_comes_out_as_it_was(kind: str) -> None:
    """Put in at twenty places of the body."""
    case = CASES[kind]
    for path, body in case.answers.items():
        for at in range(0, len(body), max(1, len(body) // 20)):
            bent = {**case.answers, path: body[:at] + EVIL.encode() + body[at:]}
            with serving(routes({where: answer(one) for where, one in bent.items()})) as server:
                try:
                    harmless(read_feed(case, server.url, None, 5.0))
                except FeedError as error:
                    harmless(str(error))


@pytest.mark.parametrize("kind", test_pools.CASES)
def test_no_text_of_a_pools_answer_comes_out_as_it_was(kind: str, tmp_path: Path) -> None:
    """Neither in the balance nor in the sentence."""
    key = tmp_path / "key"
    key.write_text(f"{test_pools.ORGANISATION}:{test_pools.KEY}:{test_pools.SECRET}")
    key.chmod(0o600)
    said = dict(test_pools.bodies(kind))
    with serving(lambda handler: answer(said[handler.path.partition("?")[0]])(handler)) as server:
        for path, body in test_pools.bodies(kind).items():
            for count, tree in enumerate(twisted(json.loads(body))):
                if count == 60:
                    break
                said[path] = json.dumps(tree).encode()
                try:
                    harmless(test_pools.read(kind, server.url, key))
                except PoolError as error:
                    harmless(str(error))
            said[path] = body
