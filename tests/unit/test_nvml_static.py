"""One-shot facts for the doctor: right on a good host, a sentence on a bad one, and never a wait without end."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.telemetry import static
from tests.rig.nvml import FakeGpus
from tests.rig.processes import MARK, leftovers

pytestmark = pytest.mark.nvml


def test_versions_limits_and_links(gpus: Callable[..., FakeGpus], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the host and of each GPU; what a card does not tell is None."""
    fake = gpus(6)
    fake.fault("nopower:2")
    fake.activate(monkeypatch)
    facts = static.facts()
    assert (facts.driver, facts.cuda, facts.error) == ("570.133.20", "12.8", "")
    assert [gpu.uuid for gpu in facts.gpus] == [fake.uuid(n) for n in range(6)]
    geforce = facts.gpus[4]
    assert (geforce.pci, geforce.name) == (fake.pci(4), "NVIDIA GeForce RTX 4090")
    assert (geforce.power_limit_min_w, geforce.power_limit_max_w, geforce.power_limit_w) == (150.0, 450.0, 450.0)
    assert (geforce.pcie_gen_max, geforce.pcie_width, geforce.persistence) == (5, 16, True)
    assert (facts.gpus[2].power_limit_w, facts.gpus[2].power_limit_max_w) == (None, None)
    assert static.driver_version() == "570.133.20"


def test_a_gpu_that_is_lost_keeps_its_place(gpus: Callable[..., FakeGpus], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has an index and nothing else."""
    fake = gpus(3)
    fake.fault("lost:1")
    fake.activate(monkeypatch)
    assert static.facts().gpus[1] == static.GpuFacts(index=1)


def test_a_card_may_be_called_anything(gpus: Callable[..., FakeGpus], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is text: no escapes, nothing turned or hidden."""
    gpus(1, name="=1+\x1b[31m\u202e[red]\u200b4090").activate(monkeypatch)
    assert static.facts().gpus[0].name == "=1+[31m[red]4090"


@pytest.mark.parametrize(("fault", "words"), [("driver", "Driver Not Loaded"), ("mismatch", "version mismatch")])
def test_no_nvml_is_a_sentence(
    gpus: Callable[..., FakeGpus], monkeypatch: pytest.MonkeyPatch, fault: str, words: str
) -> None:
    """As NVIDIA words it."""
    fake = gpus(1)
    fake.fault(fault)
    fake.activate(monkeypatch)
    facts = static.facts()
    assert words in facts.error and facts.driver is None and facts.gpus == ()


def test_a_driver_that_hangs_costs_the_time_allowed_and_no_more(
    gpus: Callable[..., FakeGpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The asker is killed, and nobody waits for its end."""
    mark = f"static-{os.getpid()}"
    monkeypatch.setenv(MARK, mark)
    fake = gpus(2)
    fake.fault("hang:1 hangms:60000")
    fake.activate(monkeypatch)
    began = time.monotonic()
    assert "did not answer in 0.5 s" in static.facts(timeout_s=0.5).error
    assert time.monotonic() - began < 2.0
    assert leftovers(mark) == []


def test_a_python_without_the_binding_is_told(tmp_path: Path) -> None:
    """No JSON came back."""
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    assert "nvidia-ml-py" in static.facts(python=str(bare)).error
