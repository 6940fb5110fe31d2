"""What is read of processes from /proc: of real ones, and of files as the kernel writes them elsewhere."""

import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.workloads.proctable import ProcessTable, container_of
from tests.unit.fakeproc import FakeProc

ID = "3f2a9c1b4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A shell and the sleep that it started: (parent, child)."""
    shell = subprocess.Popen(["/bin/sh", "-c", "sleep 100 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    child = int(shell.stdout.readline())
    yield shell.pid, child
    os.kill(child, 9)
    shell.wait()
    shell.stdout.close()


def test_real_process_is_read(family: tuple[int, int]) -> None:
    """Name, user, parent, start and lineage of a real process, up to this one."""
    shell, child = family
    table = ProcessTable.read([child])
    process = table.get(child)
    assert process is not None
    assert (process.ppid, process.uid, process.user) == (shell, os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name)
    assert abs(process.started_at - time.time()) < 10 and process.comm in ("sleep", "sh")
    assert table.lineage(child)[:3] == (child, shell, os.getpid())
    assert process.who() == f"{process.comm} (pid {child}, user {process.user})"


def test_gone_process_is_unknown() -> None:
    """A pid that has ended is not in the table."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    assert ProcessTable.read([process.pid]).get(process.pid) is None


def test_name_of_a_process_is_only_text() -> None:
    """A process may name itself with brackets, blanks and control characters: the fields after it are still found."""
    rename = "ctypes.CDLL(None).prctl(15,b') R 1 \\x1b[m\\n(',0,0,0)"
    script = f"import ctypes,sys;{rename};print('up',flush=True);sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdin is not None
    process.stdout.readline()
    found = ProcessTable.read([process.pid]).get(process.pid)
    process.communicate()
    assert found is not None and (found.comm, found.ppid) == (") R 1 [m (", os.getpid())


def test_unreadable_and_broken_entries_are_unknown(tmp_path: Path) -> None:
    """An entry that lacks a file, or holds what is no process, leaves the pid out; it never raises."""
    proc = FakeProc(tmp_path)
    for pid, name in ((11, "stat"), (12, "status"), (13, "cgroup")):
        proc.add(pid)
        (tmp_path / str(pid) / name).unlink()
    for pid, name in ((14, "stat"), (15, "status")):
        proc.add(pid)
        (tmp_path / str(pid) / name).write_text("nonsense ) 1")
    table = ProcessTable.read(range(10, 17), tmp_path)
    assert [pid for pid in range(10, 17) if table.get(pid)] == []


def test_lineage_ends_at_init_at_gaps_and_in_circles(tmp_path: Path) -> None:
    """The chain of parents stops below pid 1, at a parent that cannot be read, and does not go round for ever."""
    proc = FakeProc(tmp_path)
    for pid, parent in ((10, 1), (11, 10), (12, 11), (20, 404), (30, 31), (31, 30)):
        proc.add(pid, ppid=parent)
    table = ProcessTable.read([12, 20, 30], tmp_path)
    assert (table.lineage(12), table.lineage(20)) == ((12, 11, 10), (20, 404))
    assert set(table.lineage(30)) == {30, 31}


def test_unit_paths_come_from_both_versions_of_cgroups(tmp_path: Path) -> None:
    """Version 2, version 1 and the hybrid of both give the same unit path; other controllers' paths are left out."""
    proc = FakeProc(tmp_path)
    unit = "/system.slice/miner@3.service"
    texts = [f"0::{unit}", f"4:memory:/other\n1:name=systemd:{unit}", f"4:memory:/x\n1:name=systemd:{unit}\n0::{unit}"]
    for pid, text in enumerate(texts, 10):
        proc.add(pid, cgroup=text)
    table = ProcessTable.read([10, 11, 12], tmp_path)
    found = [table.get(pid) for pid in (10, 11, 12)]
    assert [set(process.cgroups) for process in found if process] == [{unit}] * 3


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/docker/{ID}", f"docker {ID[:12]}"),
        (f"/system.slice/docker-{ID}.scope", f"docker {ID[:12]}"),
        (f"/machine.slice/libpod-{ID}.scope/container", f"podman {ID[:12]}"),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope", f"podman {ID[:12]}"),
        (f"/kubepods.slice/kubepods-burstable.slice/cri-containerd-{ID}.scope", "kubernetes pod"),
        (f"/kubepods/burstable/pod1/{ID}", "kubernetes pod"),
        (f"/system.slice/containerd.service/cri-containerd-{ID}", f"containerd {ID[:12]}"),
        (f"/default/{ID}", f"container {ID[:12]}"),
        ("/lxc.payload.vast-7/ns", "lxc vast-7"),
        ("/machine.slice/machine-qemu\\x2d1\\x2drenter.scope", "machine qemu\\x2d1\\x2drenter"),
        ("/system.slice/miner@3.service", ""),
        ("/user.slice/user-1000.slice/session-2.scope", ""),
        ("/", ""),
        (f"/process/{ID[:32]}", ""),
    ],
)
def test_containers_are_known_by_their_cgroup(path: str, name: str) -> None:
    """Containers, pods and machines of every usual make are recognised; units and sessions are none."""
    assert container_of([path]) == name
