"""A whole host, made per test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.e2e.host import Host
from tests.rig.nvml import FakeGpus
from tests.rig.supervisor import Supervisord


@pytest.fixture
def host(gpus: Callable[..., FakeGpus], tmp_path: Path, supervisord: Callable[..., Supervisord]) -> Callable[..., Host]:
    """Makes a host: `host({"ai-3": {"refuse_start": True}}, start_timeout_s=3)`; options are flags of workloads."""

    def make(options: Mapping[str, Mapping[str, object]] | None = None, start_timeout_s: float = 20) -> Host:
        return Host(gpus(), tmp_path, supervisord, options or {}, start_timeout_s)

    return make
