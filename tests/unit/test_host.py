"""The host beside its GPUs."""

import subprocess
import sys
import time

import psutil
import pytest

from console.telemetry.host import HostMeter


def test_the_reading_is_the_hosts_own() -> None:
    """Memory and uptime as the kernel gives them; no processor figure before there is a span to measure over."""
    reading = HostMeter().read()
    assert reading.cpu_pct is None
    assert reading.mem_total_mib == pytest.approx(psutil.virtual_memory().total / 1024**2)
    assert reading.mem_used_mib is not None and 0 < reading.mem_used_mib < reading.mem_total_mib
    assert reading.uptime_s == pytest.approx(time.time() - psutil.boot_time(), abs=2)
    assert reading.load_1m is not None


def test_it_is_read_no_more_often_than_asked() -> None:
    """Between two readings the last one is given again."""
    meter = HostMeter(every_s=0.1)
    first = meter.read()
    assert meter.read() is first
    time.sleep(0.12)
    second = meter.read()
    assert second is not first and second.cpu_pct is not None


def test_psutil_is_imported_only_when_something_is_read() -> None:
    """Its import is paid by nobody who does not look at the host."""
    code = "import sys, console.telemetry.nvml, console.telemetry.host; print('psutil' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
