"""A server on a UNIX socket that answers as the Docker API is documented, for what no engine here can be made to say.

Paths carry a version, answers are JSON, refusals a ``message``. Ids are 64 hex digits made of a container's name.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from tests.contract.hostile import Handler, answer

VERSION = "1.47"
Answer = Callable[[Handler], None]


def id_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


class Engine(ThreadingMixIn, UnixStreamServer):
    """Containers by name, as ``add`` makes them; ``asked`` has every request as ``GET /containers/json?all=1``."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Handler)
        self.path = path
        self.containers: dict[str, dict[str, Any]] = {}
        self.image_labels: dict[str, dict[str, str]] = {}
        self.instead: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.asked: list[str] = []

    def add(self, name: str, status: str = "running", **details: Any) -> dict[str, Any]:
        """A container; ``details`` are merged into what ``/containers/ID/json`` answers."""
        labels = details.pop("labels", {})
        state = {"Status": status, "Pid": 4242 if status in ("running", "paused") else 0, "ExitCode": 0, "Error": ""}
        state |= {"StartedAt": "2026-03-01T10:00:00.123456789Z", "OOMKilled": False, **details.pop("State", {})}
        made = {"Id": id_of(name), "Name": f"/{name}", "Image": "sha256:" + "ab" * 32, "State": state}
        made["HostConfig"] = {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "Runtime": "runc"}
        made["HostConfig"] |= details.pop("HostConfig", {})
        made["Config"] = {"Labels": labels, "Env": [], "Image": "farm/miner:7", **details.pop("Config", {})}
        self.containers[name] = made | details
        return made

    def misbehave(self, handler: Handler) -> None:
        """Answer one request."""
        self.asked.append(f"{handler.command} {handler.path}")
        path = handler.path.partition("?")[0]
        for part, other in self.instead.items():
            if part in path:
                return other(handler)
        if path == "/version":
            return said(handler, {"ApiVersion": VERSION, "Components": [{"Name": "Engine"}]})
        version, _, rest = path[1:].partition("/")
        if version != f"v{VERSION}":
            return said(handler, {"message": "client version is not supported"}, 400)
        if rest == "containers/json":
            return said(handler, [self._row(one) for one in self.containers.values()])
        kind, name, *verb = rest.split("/")
        if kind == "images":
            return said(handler, {"Id": name, "Config": {"Labels": self.image_labels.get(name)}})
        return self._container(handler, name, verb[0])

    def _container(self, handler: Handler, name: str, verb: str) -> None:
        found = next((one for one in self.containers.values() if one["Id"] == name), None)
        if found is None:
            return said(handler, {"message": f"No such container: {name}"}, 404)
        if verb == "json":
            return said(handler, found)
        wanted = {"start": "running", "stop": "exited"}[verb]
        if found["State"]["Status"] == wanted:
            return answer(b"", 304)(handler)
        found["State"] |= {"Status": wanted, "Pid": 4242 if verb == "start" else 0}
        return answer(b"", 204)(handler)

    def _row(self, one: Mapping[str, Any]) -> dict[str, Any]:
        names = one.get("Names", [one["Name"]])
        labels, image = one["Config"]["Labels"], one["Config"]["Image"]
        row = {"Id": one["Id"], "Names": names, "Image": image, "ImageID": one["Image"], "Labels": labels}
        return row | {"State": one["State"]["Status"], "Status": "Up 3 hours"}


def said(handler: Handler, value: object, status: int = 200) -> None:
    """Answer with JSON."""
    answer(json.dumps(value).encode(), status, Content_Type="application/json")(handler)


def refusing(status: int, message: object) -> Answer:
    """Answers as an engine that does not do it."""
    return lambda handler: said(handler, {"message": message}, status)


@contextmanager
def running(path: Path) -> Iterator[Engine]:
    """An engine that answers while the block runs."""
    with Engine(path) as engine:
        thread = threading.Thread(target=engine.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield engine
        finally:
            engine.shutdown()
            thread.join()
