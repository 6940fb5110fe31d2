"""Two markets of rented machines on 127.0.0.1 that keep state as Vast.ai's and Clore.ai's APIs are documented.

Both misbehave on demand: they refuse, stay silent after doing what they were told, show an old picture for a while,
take a price for another one, or want to be left alone.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEY = "k3y-of-the-account"


class Reply(NamedTuple):
    status: int
    body: object
    headers: dict[str, str] = {}  # noqa: RUF012 - a constant


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Handler(BaseHTTPRequestHandler):
    """One request: counted, perhaps refused, then answered from the market's state."""

    protocol_version = "HTTP/1.1"
    server: "Market"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Quiet."""

    def _serve(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, dict(self.headers), json.loads(sent) if sent else None)
        with self.server.lock:
            reply = self.server.reply(request)
        if reply is None:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names


class Market(ThreadingHTTPServer):
    """What both have. ``seen`` is every request; the other attributes are how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.machines: list[dict[str, Any]] = []
        self.seen: list[Request] = []
        self.instead: list[Reply] = []  # given to the next requests, which do nothing
        self.silent_writes = 0  # done, and never answered
        self.deaf = False  # changes are answered with success and not made
        self.lag = 0  # so many looks after a change show what was before it
        self.factor = 1.0  # what becomes of a price
        self.gap_s = 0.0  # requests that come sooner are too many
        self.too_soon = 0  # so many did
        self._last: dict[str, float] = {}
        self._old: list[dict[str, Any]] = []
        self._lagging = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def writes(self) -> list[Request]:
        """The requests that would change something."""
        return [request for request in self.seen if request.method != "GET"]

    def shown(self) -> list[dict[str, Any]]:
        """The machines as a look has them now."""
        if self._lagging > 0:
            self._lagging -= 1
            return self._old
        return self.machines

    def reply(self, request: Request) -> Reply | None:
        self.seen.append(request)
        if self.instead:
            return self.instead.pop(0)
        now, slot = time.monotonic(), self.slot(request)
        if now - self._last.get(slot, -1e9) < self.gap_s:
            self.too_soon += 1
            return self.too_many()
        self._last[slot] = now
        if self.key(request) != KEY:
            return self.wrong_key()
        if request.method == "GET":
            return self.told(request)
        self._old, self._lagging = deepcopy(self.machines), self.lag
        kept = deepcopy(self.machines) if self.deaf else None
        answer = self.done(request)
        if kept is not None:
            self.machines = kept
        if self.silent_writes:
            self.silent_writes -= 1
            return None
        return answer

    def slot(self, request: Request) -> str:
        raise NotImplementedError

    def too_many(self) -> Reply:
        raise NotImplementedError

    def key(self, request: Request) -> str | None:
        raise NotImplementedError

    def wrong_key(self) -> Reply:
        raise NotImplementedError

    def told(self, request: Request) -> Reply:
        raise NotImplementedError

    def done(self, request: Request) -> Reply:
        raise NotImplementedError


def refused(status: int, error: str, text: str) -> Reply:
    """An error as Vast.ai writes it."""
    return Reply(status, {"success": False, "error": error, "msg": text})


class Vast(Market):
    """``/machines/``, ``create_asks``, ``create_bids``, ``asks`` and ``defjob``; anything else is 404."""

    def machine(self, number: int, **more: Any) -> dict[str, Any]:
        """Add one: eight GPUs, not listed, not rented."""
        made = {
            "id": number, "hostname": f"rig-{number}", "num_gpus": 8, "gpu_occupancy": "x x x x x x x x",
            "listed": False, "listed_gpu_cost": None, "min_bid_price": None, "listed_min_gpu_count": None,
            "listed_storage_cost": 0.15, "listed_inet_up_cost": 0.01, "listed_inet_down_cost": 0.012,
            "credit_discount_max": None, "start_date": None, "end_date": None, "client_end_date": None,
            "bid_image": None, "bid_gpu_cost": None, "bid_image_args": None,
            "current_rentals_running": 0, "current_rentals_resident": 0,
        } | more  # fmt: skip
        self.machines.append(made)
        return made

    def slot(self, request: Request) -> str:
        return request.path

    def too_many(self) -> Reply:
        detail = {"detail": "API requests too frequent endpoint threshold=2.8"}
        return Reply(429, detail, {"Retry-After": "0"})

    def key(self, request: Request) -> str | None:
        return request.headers.get("Authorization", "").removeprefix("Bearer ")

    def wrong_key(self) -> Reply:
        return refused(401, "auth_error", "Invalid user key")

    def told(self, request: Request) -> Reply:
        if request.path != "/machines/?owner=me":
            return refused(404, "no_such_path", request.path)
        return Reply(200, {"machines": self.shown()})

    def done(self, request: Request) -> Reply:
        body = request.body or {}
        match request.method, request.path.strip("/").split("/"):
            case "PUT", ["machines", "create_asks"]:
                return self._listed(self._of(body.get("machine")), body)
            case "PUT", ["machines", "create_bids"]:
                return self._given(self._of(body.get("machine")), body)
            case "DELETE", ["machines", number, "asks"]:
                return self._set(self._of(int(number)), listed=False, listed_gpu_cost=None, end_date=None)
            case "DELETE", ["machines", number, "defjob"]:
                return self._set(self._of(int(number)), bid_image=None, bid_gpu_cost=None, bid_image_args=None)
        return refused(404, "no_such_path", request.path)

    def _of(self, number: object) -> dict[str, Any] | None:
        return next((machine for machine in self.machines if machine["id"] == number), None)

    def _set(self, machine: dict[str, Any] | None, **values: Any) -> Reply:
        if machine is None:
            return refused(404, "no_such_machine", "No such machine id")
        machine.update(values)
        return Reply(200, {"success": True, "machine_id": machine["id"], "user_id": 7})

    def _listed(self, machine: dict[str, Any] | None, body: dict[str, Any]) -> Reply:
        if not isinstance(body.get("price_gpu"), int | float) or body["price_gpu"] <= 0:
            return refused(400, "invalid_args", "price_gpu must be above 0")
        return self._set(
            machine,
            listed=True,
            listed_gpu_cost=body["price_gpu"] * self.factor,
            min_bid_price=body.get("price_min_bid", body["price_gpu"] / 2),
            listed_min_gpu_count=body.get("min_chunk", 1),
            end_date=body.get("end_date"),
            listed_storage_cost=body.get("price_disk", 0.1),
        )

    def _given(self, machine: dict[str, Any] | None, body: dict[str, Any]) -> Reply:
        if not {"price_gpu", "price_inetu", "price_inetd", "image"} <= {*body}:
            return refused(400, "invalid_args", "image and prices are required")
        return self._set(
            machine, bid_image=body["image"], bid_gpu_cost=body["price_gpu"], bid_image_args=body.get("args")
        )


class Clore(Market):
    """``my_servers``, ``server_config`` and ``set_server_settings``; HTTP status 200 and a ``code``, whatever happens.

    ``currency`` is what it takes ``on_demand`` and ``spot`` for.
    """

    currency = "usd"

    def server(self, number: int, name: str, *, rental_status: int | None = 0, **more: Any) -> dict[str, Any]:
        """Add one: eight GPUs, hidden, not rented. ``rental_status`` stands in its server_config alone."""
        made = {
            "id": number, "name": name, "connected": True, "visibility": "hidden", "online": True, "gpu_count": 8,
            "gpu_array": ["NVIDIA GeForce RTX 3090"] * 8, "pricing": {}, "min_spot_pricing": {},
            "usd_pricing": {}, "allowed_currencies": ["USD-Blockchain"],
            "_": {"rental_status": rental_status, "mrl": 72, "background_job": {"image": "", "command": ""}},
        } | more  # fmt: skip
        self.machines.append(made)
        return made

    def slot(self, request: Request) -> str:
        return ""

    def too_many(self) -> Reply:
        return Reply(200, {"code": 5})

    def key(self, request: Request) -> str | None:
        return request.headers.get("auth")

    def wrong_key(self) -> Reply:
        return Reply(200, {"code": 3})

    def told(self, request: Request) -> Reply:
        if request.path == "/my_servers":
            servers = [{key: value for key, value in server.items() if key != "_"} for server in self.shown()]
            return Reply(200, {"servers": servers, "limit": 16, "code": 0})
        if request.path == "/server_config":
            server = self._named((request.body or {}).get("server_name"))
            return Reply(200, {"config": {**server, **server["_"]}, "code": 0}) if server else Reply(200, {"code": 2})
        return Reply(200, {"code": 4})

    def done(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/set_server_settings"):
            return Reply(200, {"code": 4})
        body = request.body or {}
        server = self._named(body.get("name"))
        if server is None or not isinstance(body.get("availability"), bool):
            return Reply(200, {"code": 6, "error": "no such server"})
        server["visibility"] = "public" if body["availability"] else "hidden"
        for key, pricing in (("on_demand", "pricing"), ("spot", "min_spot_pricing")):
            if key in body and self.currency == "usd":
                server["usd_pricing"].setdefault("USD-Blockchain", {})[key] = body[key] * self.factor
            elif key in body:
                server[pricing][self.currency] = body[key]
        return Reply(200, {"code": 0})

    def _named(self, name: object) -> dict[str, Any] | None:
        return next((server for server in self.machines if server["name"] == name), None)


@contextmanager
def running(market: Market) -> Iterator[None]:
    """It answers while the block runs."""
    thread = threading.Thread(target=market.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        market.shutdown()
        thread.join()
        market.server_close()
