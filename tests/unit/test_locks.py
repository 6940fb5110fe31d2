"""Claims between real processes, and a technician's locks on disk."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.flips.locks import ClaimError, Claims
from console.flips.technician import Lock, LockError, Locks
from console.flips.who import whoami
from console.paths import Places

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from console.flips.locks import Claims
from console.paths import Places
p = Path(sys.argv[1])
claim = Claims(Places(state=p, run=p, shared=True)).take(sys.argv[2:], "bob (console)", 1784000000.0)
child = subprocess.Popen(["sleep", "30"], close_fds=False)
print(child.pid, flush=True)
time.sleep(30)
"""

LOOKER = """
import sys
from pathlib import Path
from console.flips.locks import Claims
from console.paths import Places
p = Path(sys.argv[1])
claims = Claims(Places(state=p, run=p, shared=True))
print("looking", flush=True)
while True:
    claims.held("GPU-1")
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """One directory for everything."""
    return Places(state=tmp_path, run=tmp_path, shared=True)


@pytest.fixture
def bob(places: Places) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds GPU-1 and GPU-2, with a child that inherited every descriptor it could."""
    command = [sys.executable, "-c", HOLDER, str(places.run), "GPU-1", "GPU-2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        yield process
        process.kill()
        os.kill(child, signal.SIGKILL)


def test_the_second_is_told_who_and_since_when(places: Places, bob: "subprocess.Popen[str]") -> None:
    """A claim of another process is refused, all or nothing, with who, pid and since."""
    claims = Claims(places)
    with pytest.raises(ClaimError) as refused:
        claims.take(["GPU-0", "GPU-2"], "alice", 0.0)
    assert str(refused.value) == f"GPU-2 is being flipped by bob (console) (pid {bob.pid}) since 2026-07-14 03:33:20Z"
    assert claims.held("GPU-0") == ""
    assert claims.held("GPU-1").startswith("bob (console)")


def test_a_killed_holder_lets_go(places: Places, bob: "subprocess.Popen[str]") -> None:
    """kill -9 frees the claim, although a child of the holder lives on."""
    bob.kill()
    bob.wait()
    with Claims(places).take(["GPU-1", "GPU-2"], "alice", 0.0) as claim:
        assert claim.uuids == ("GPU-1", "GPU-2")


def test_a_file_is_never_unlinked_and_empty_after_release(places: Places) -> None:
    """The claim's file keeps its inode and says nothing of a claim that is over."""
    claims = Claims(places)
    with claims.take(["GPU-1"], "alice", 5.0):
        before = places.lock("GPU-1").stat()
        assert json.loads(places.lock("GPU-1").read_text())["pid"] == os.getpid()
    after = places.lock("GPU-1").stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, 0)
    assert claims.held("GPU-1") == ""


def test_two_threads_of_one_process_exclude_each_other(places: Places) -> None:
    """A claim is not per process: the second within the same one is refused as well."""
    claims = Claims(places)
    with claims.take(["GPU-1"], "alice", 0.0), pytest.raises(ClaimError):
        claims.take(["GPU-1"], "alice", 0.0)


@pytest.mark.parametrize(
    "note", ["", "garbage", "[]", '{"who": 1}', '{"who":"x","pid":1,"since":1e999}', "\x00" * 5000]
)
def test_a_strange_note_is_only_a_note(places: Places, note: str) -> None:
    """Whatever stands in the file, the lock decides."""
    path = places.lock("GPU-1")
    path.write_text(note)
    Claims(places).take(["GPU-1"], "alice", 0.0).release()
    with Claims(places).take(["GPU-1"], "alice", 0.0):
        path.write_text(note)
        assert Claims(places).held("GPU-1") == "another process"


def test_links_pipes_and_odd_names_are_refused(places: Places, tmp_path: Path) -> None:
    """A claim file that is a link or a pipe is not used, and a name cannot leave the directory."""
    places.lock("GPU-1").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(places.lock("GPU-2"))
    for name in ("GPU-1", "GPU-2", "../GPU-3", "", "a/b"):
        with pytest.raises(ClaimError):
            Claims(places).take([name], "alice", 0.0)
    assert not (tmp_path / "elsewhere").exists()


def test_a_look_does_not_disturb_a_claim(places: Places) -> None:
    """Whoever looks whether a GPU is claimed holds the lock for an instant; a taker waits that instant out."""
    claims = Claims(places)
    claims.take(["GPU-1"], "alice", 0.0).release()
    with subprocess.Popen([sys.executable, "-c", LOOKER, str(places.run)], stdout=subprocess.PIPE) as looker:
        assert looker.stdout is not None
        try:
            assert looker.stdout.readline() == b"looking\n"
            for _ in range(2000):
                claims.take(["GPU-1"], "alice", 0.0).release()
            assert looker.poll() is None
        finally:
            looker.kill()


def test_locks_survive_and_end(places: Places) -> None:
    """A lock stands for every reader until its time has come, or until it is lifted."""
    locks = Locks(places)
    locks.put(Lock(on="GPU-1", by="bob", since=0.0, until=100.0, reason="riser"), 0.0)
    locks.put(Lock(on="host", by="eve", since=0.0), 0.0)
    again = Locks(places)
    assert [guard.sentence for guard in again.guards("GPU-1", 50.0)] == [
        "bob locked it until 1970-01-01 00:01Z: riser; changeover unlock lifts that",
        "eve locked this host; changeover unlock lifts that",
    ]
    assert [guard.name for guard in again.guards("GPU-1", 100.0)] == ["lock"]
    assert [lock.by for lock in again.lift("host", 50.0)] == ["eve"]
    assert again.guards("GPU-2", 50.0) == ()
    assert again.lift("host", 50.0) == ()


def test_no_guard_of_a_lock_is_forceable(places: Places) -> None:
    """A lock is lifted, not forced."""
    locks = Locks(places)
    locks.put(Lock(on="GPU-1", by="bob", since=0.0), 0.0)
    assert not locks.guards("GPU-1", 0.0)[0].forceable


def test_unreadable_locks_lock_everything(places: Places) -> None:
    """A damaged file cannot say what is locked, so all of it is."""
    (places.state / "locks.json").write_text("{")
    guards = Locks(places).guards("GPU-1", 0.0)
    assert "all GPUs count as locked" in guards[0].sentence
    with pytest.raises(LockError):
        Locks(places).put(Lock(on="GPU-1", by="bob", since=0.0), 0.0)
    assert (places.state / "locks.json").read_text() == "{"


def test_who_is_told_apart_from_what_is_claimed() -> None:
    """The kernel's word and the environment's claims stand apart, claims cleaned and bounded."""
    said = whoami(
        "command",
        {"SSH_CONNECTION": "192.0.2.7 51234 192.0.2.1 22", "SUDO_USER": "al\x1b[31mice\u202e" + "x" * 200},
    )
    assert (said.uid, said.via, said.claimed_ssh) == (os.getuid(), "command", "192.0.2.7")
    assert said.claimed_sudo.startswith("al[31mice") and len(said.claimed_sudo) == 64
    assert "\x1b" not in said.claimed_sudo


@pytest.mark.parametrize(("text", "uid"), [("1000\n", 1000), ("4294967295\n", None), ("x", None), (None, None)])
def test_loginuid(tmp_path: Path, text: str | None, uid: int | None) -> None:
    """No login session, or a kernel that does not tell, is unknown and not a number."""
    path = tmp_path / "loginuid"
    if text is not None:
        path.write_text(text)
    assert whoami("command", {}, path).loginuid == uid
