"""The case modules of meters, and real servers and files that answer as they say, with a clock that the test sets."""

import importlib
import json
import pkgutil
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import msgspec

from console.config.workload_settings import MeterSettings
from console.model import Output
from console.workloads.contract import Meter
from console.workloads.registry import connect_meter
from tests.contract import meters
from tests.contract.hostile import Handler, answer, routes, serving

CASES: dict[str, ModuleType] = {
    module.name: importlib.import_module(f"tests.contract.meters.{module.name}")
    for module in pkgutil.iter_modules(meters.__path__)
}
HTTP = [kind for kind, case in CASES.items() if case.TRANSPORT == "http"]
Change = Callable[[str, bytes], bytes]


def settings_for(kind: str, url: str, token_file: Path | None = None) -> MeterSettings:
    """What a config would say of a meter of this kind."""
    table = {"kind": kind, "url": url, "token_file": str(token_file) if token_file else None, **CASES[kind].SETTINGS}
    return msgspec.convert(table, MeterSettings)


def meter_at(kind: str, url: str, token_file: Path | None = None) -> Meter:
    """A meter of its own."""
    return connect_meter(settings_for(kind, url, token_file))


class Workload:
    """Something that answers as its case says: ``url``; ``at(seconds)`` sets its clock, ``change`` what goes out."""

    def __init__(self, case: ModuleType, file: Path) -> None:
        self.url = ""
        self.seconds = 600.0
        self.change: Change = lambda name, body: body
        self.asked: list[str] = []
        self._case, self._file = case, file

    def at(self, seconds: float, change: Change | None = None) -> None:
        """From now on it is ``seconds`` after its start; ``change`` makes another body of each, from now on."""
        self.seconds = seconds
        self.change = change or self.change
        if self._case.TRANSPORT == "file":
            self._file.write_bytes(self.body("") or b"")

    def body(self, name: str) -> bytes | None:
        """What it answers to a path or command; None where it knows none such."""
        self.asked.append(name)
        body = self.bodies().get(name)
        return None if body is None else self.change(name, body)

    def bodies(self) -> Mapping[str, bytes]:
        """The healthy bodies by path or command."""
        documents: Mapping[str, bytes] = self._case.document(self.seconds)
        return {name: body.rstrip(b"\0") for name, body in documents.items()}  # a NUL ends it on the wire alone

    def over_http(self, handler: Handler) -> None:
        """Answers one GET."""
        body = self.body(handler.path.partition("?")[0])
        (answer(b"no such page", 404) if body is None else answer(body))(handler)


class _Commands(socketserver.StreamRequestHandler):
    """One question, one answer that ends in NUL, and the end of the connection."""

    server: "_CommandServer"

    def handle(self) -> None:
        asked = b""
        while not asked.strip().endswith(b"}") and (part := self.request.recv(4096)):
            asked += part
        body = self.server.workload.body(json.loads(asked)["command"])
        self.request.sendall((body or b'{"STATUS":[{"STATUS":"E","Msg":"Invalid command"}]}') + b"\0")


class _CommandServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, workload: Workload) -> None:
        super().__init__(("127.0.0.1", 0), _Commands)
        self.workload = workload


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Workload]:
    """A healthy workload of that kind, which the test may change."""
    case = CASES[kind]
    workload = Workload(case, folder / f"{kind}.json")
    if case.TRANSPORT == "http":
        with serving(workload.over_http) as server:
            workload.url = server.url
            yield workload
    elif case.TRANSPORT == "tcp":
        with _CommandServer(workload) as commands:
            thread = threading.Thread(target=commands.serve_forever, args=(0.02,))
            thread.start()
            workload.url = f"tcp://127.0.0.1:{commands.server_address[1]}"
            try:
                yield workload
            finally:
                commands.shutdown()
                thread.join()
    else:
        workload.at(workload.seconds)
        workload.url = f"file://{folder / f'{kind}.json'}"
        yield workload


def reading(kind: str, tree: object) -> Output:
    """What a new meter of a kind that asks for one page reads where a server answers ``tree``. Raises WorkloadError."""
    (path,) = CASES[kind].document(0.0)
    body = tree if isinstance(tree, bytes) else json.dumps(tree).encode()
    with serving(routes({path: answer(body)})) as server:
        meter = meter_at(kind, server.url)
        try:
            return meter.read()
        finally:
            meter.close()
