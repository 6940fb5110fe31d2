"""Which TCP addresses this host's processes listen on: ``/proc/net/tcp`` by inode, and whose inodes these are."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from console.workloads.proctable import PROC

_LISTEN = "0A"
_MAX_READ = 8 << 20
_MAX_FDS = 4096
_MAX_PROCESSES = 100_000


class Address(NamedTuple):
    """Where to reach something that listens, from this host: an unspecified address is reached at the loopback."""

    host: str
    port: int

    def url(self, scheme: str = "http") -> str:
        """As a meter's address."""
        return f"{scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def listening(root: Path = PROC) -> dict[int, Address]:
    """Every address that somebody in this network namespace listens on, by the socket's inode."""
    found: dict[int, Address] = {}
    for name in ("tcp", "tcp6"):
        with suppress(OSError), (root / "net" / name).open("rb") as file:
            for line in file.read(_MAX_READ).decode("ascii", "replace").splitlines()[1:]:
                with suppress(ValueError, IndexError, struct.error):
                    fields = line.split()
                    if fields[3] == _LISTEN:
                        found[int(fields[9])] = _address(fields[1])
    return found


def of(pids: Iterable[int], known: Mapping[int, Address], root: Path = PROC) -> tuple[Address, ...]:
    """Those of ``known`` that one of ``pids`` has open, in the order of these; none of a process that is another
    user's or lives in another network namespace."""
    found: dict[Address, None] = {}
    here = _namespace(root / "self")
    for pid in pids:
        if _namespace(root / str(pid)) != here:
            continue
        for inode in _inodes(root / str(pid) / "fd"):
            if inode in known:
                found[known[inode]] = None
    return tuple(found)


def children(root: Path = PROC) -> dict[int, tuple[int, ...]]:
    """The processes that each process has started, as far as /proc shows them."""
    found: dict[int, list[int]] = {}
    with suppress(OSError):
        for folder in islice(root.iterdir(), _MAX_PROCESSES):
            if folder.name.isdecimal():
                with suppress(OSError, ValueError, IndexError):
                    text = (folder / "stat").read_bytes()[:4096].decode("utf-8", "replace")
                    found.setdefault(int(text[text.rindex(")") + 1 :].split()[1]), []).append(int(folder.name))
    return {pid: tuple(sorted(pids)) for pid, pids in found.items()}


def below(pids: Iterable[int], started: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """``pids`` and all that they and theirs have started, each once, nearest first."""
    found: dict[int, None] = {}
    ahead = list(pids)
    while ahead:
        pid = ahead.pop(0)
        if pid not in found:
            found[pid] = None
            ahead += started.get(pid, ())
    return tuple(found)


def _address(text: str) -> Address:
    """``0100007F:46A0`` as the kernel writes it: words of four bytes in the order of this machine, then the port."""
    words, _, port = text.partition(":")
    raw = struct.pack(f"={len(words) // 8}I", *(int(words[at : at + 8], 16) for at in range(0, len(words), 8)))
    if len(raw) == 16 and raw.startswith(bytes(10) + b"\xff\xff"):
        raw = raw[12:]
    if not any(raw):  # an IPv6 socket on all addresses takes IPv4 too, unless it was told not to
        return Address("127.0.0.1", int(port, 16))
    return Address(socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw), int(port, 16))


def passing(port: int, root: Path = PROC) -> bool:
    """True for a port of the range that the kernel hands out by itself: after a restart it may be another."""
    try:
        low, high = (root / "sys/net/ipv4/ip_local_port_range").read_text().split()
        return int(low) <= port <= int(high)
    except (OSError, ValueError):
        return False


def _namespace(place: Path) -> str:
    try:
        return str((place / "ns" / "net").readlink())
    except OSError:
        return ""


def _inodes(folder: Path) -> Iterator[int]:
    with suppress(OSError):
        for entry in islice(folder.iterdir(), _MAX_FDS):
            with suppress(OSError, ValueError):
                target = str(entry.readlink())
                if target.startswith("socket:["):
                    yield int(target[8:-1])
