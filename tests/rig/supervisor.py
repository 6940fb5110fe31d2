"""A real supervisord in the foreground, on a UNIX socket with a short path."""

import contextlib
import http.client
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.rig.processes import MARK, leftovers

READY_S = 10.0


class Program(NamedTuple):
    """One [program:NAME] section; `settings` are further keys of supervisord's own."""

    name: str
    command: Sequence[str]
    autostart: bool = False
    startsecs: int = 0
    stopwaitsecs: int = 5
    settings: Mapping[str, str] = {}

    def section(self) -> str:
        """The section's text. Percent signs are supervisord's expansions, so they are doubled."""
        keys = {
            "command": shlex.join(self.command).replace("%", "%%"),
            "autostart": str(self.autostart).lower(),
            "autorestart": "false",
            "startsecs": str(self.startsecs),
            "stopwaitsecs": str(self.stopwaitsecs),
            **self.settings,
        }
        return f"[program:{self.name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items())


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self.path)
        self._connection = host, connection  # where the base class looks for what it must close
        return connection


class Supervisord:
    """A running supervisord: `.socket`, `.pid`, `.folder` with its log, and just enough RPC to set a scene."""

    def __init__(self, programs: Sequence[Program], env: Mapping[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sv", dir="/tmp"))  # a UNIX socket's path holds 107 characters
        self.socket = self.folder / "s"
        self.mark = self.folder.name
        config = self.folder / "conf"
        config.write_text(self._config(programs))
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "--nodaemon", "-c", config],
            env={**os.environ, **env, MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait_ready()

    @property
    def pid(self) -> int:
        return self.process.pid

    def call(self, method: str, *args: object) -> Any:
        """One XML-RPC call, as `call("startProcess", "miner-3")`; xmlrpc.client.Fault on refusal."""
        with xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(self.socket)) as proxy:
            return getattr(proxy.supervisor, method)(*args)

    def state(self, name: str) -> str:
        """A program's state as supervisord names it: STOPPED, STARTING, RUNNING, BACKOFF, EXITED, FATAL, …"""
        return str(self.call("getProcessInfo", name)["statename"])

    def pid_of(self, name: str) -> int:
        """A program's pid; 0 when it does not run."""
        return int(self.call("getProcessInfo", name)["pid"])

    def wait_for(self, name: str, state: str, timeout_s: float = 10.0) -> None:
        """Return once a program is in a state; TimeoutError, with the state it is in, otherwise."""
        end = time.monotonic() + timeout_s
        while (found := self.state(name)) != state:
            if time.monotonic() > end:
                raise TimeoutError(f"{name} is {found}, not {state}, after {timeout_s:g} s")
            time.sleep(0.03)

    def stop(self, patience_s: float = 3.0) -> list[int]:
        """End supervisord and its programs; the pids of what they left behind after `patience_s` (killed now)."""
        # Its own way out takes a second per program: it looks at one group per turn of its loop. So the programs are
        # stopped by name, and it is then ended without being asked.
        with contextlib.suppress(OSError, xmlrpc.client.Error, http.client.HTTPException):
            self.call("stopAllProcesses")
        self.process.kill()
        self.process.wait()
        left = leftovers(self.mark, patience_s)
        shutil.rmtree(self.folder)
        return left

    def _config(self, programs: Sequence[Program]) -> str:
        head = (
            f"[unix_http_server]\nfile={self.socket}\nchmod=0700\n"
            f"[supervisord]\nlogfile={self.folder}/log\npidfile={self.folder}/pid\nchildlogdir={self.folder}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
        )
        return head + "".join(program.section() for program in programs)

    def _wait_ready(self) -> None:
        end = time.monotonic() + READY_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.call("getState")
            except OSError:
                time.sleep(0.02)
            else:
                return
        log = self.folder / "log"
        words = log.read_text()[-2000:] if log.exists() else "no log"
        self.stop()
        raise RuntimeError(f"supervisord did not come up: {words}")
