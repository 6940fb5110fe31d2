"""What several test modules are given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.hostile import Hostile, serving
from tests.unit.speaking import Speaker


@pytest.fixture
def speaker() -> Iterator[tuple[Speaker, Hostile]]:
    made = Speaker()
    with serving(made) as server:
        yield made, server
