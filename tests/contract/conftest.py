"""What several contracts are tried on."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.faults import Bench
from tests.rig.nvml import FakeGpus
from tests.rig.processes import MARK, leftovers


@pytest.fixture
def bench(
    gpus: Callable[..., FakeGpus], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Bench]]:
    """Makes benches; at the end their sources are closed at once and no sampler is left."""
    mark = f"faults-{os.getpid()}-{time.monotonic_ns()}"
    monkeypatch.setenv(MARK, mark)
    made: list[Bench] = []

    def make(n: int = 4, model: str = "mixed", **settings: str) -> Bench:
        fake = gpus(n, model, **settings)
        fake.activate(monkeypatch)
        made.append(Bench(fake, tmp_path))
        return made[-1]

    yield make
    for one in made:
        if one.source is not None:
            began = time.monotonic()
            one.source.close()
            assert time.monotonic() - began < 1.0
    assert leftovers(mark) == []
