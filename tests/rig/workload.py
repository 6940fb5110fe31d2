"""A real process that stands for a miner or an inference server: it holds fake GPUs and serves the real HTTP API.

    python workload.py --kind mine --gpus 3 --hold DIR --port 4048 --token secret

`mine` answers as XMRig 6 does (/2/summary, /2/backends, with a bearer token if one is given), `ai` as a vLLM server
does (/metrics, /health). The hold files are those of nvmlshim/README.md. Standard library only, so that it starts in
0.1 s under any controller. Exit status: 0 after SIGTERM or SIGINT, 1 with --refuse-start, 3 with --crash-after-s.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

DEFAULT_RATE = {"mine": 1e8, "ai": 1900.0}  # H/s per GPU; tokens/s
STRAY_LIFE_S = 120.0  # what --leave-child leaves behind ends by itself, should a test forget it
SHARE_EVERY_S = 2.0


def arguments() -> argparse.Namespace:
    """The command line; times in seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(DEFAULT_RATE), required=True)
    parser.add_argument("--gpus", required=True, help="fake GPU numbers, as 3 or 3,4")
    parser.add_argument("--hold", type=Path, required=True, help="the folder FAKE_NVML_HOLD names")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 picks one and prints it")
    parser.add_argument("--token", help="bearer token that mine asks for")
    parser.add_argument("--rate", type=float, help="H/s per GPU, or tokens/s")
    parser.add_argument("--mem-mib", type=int, default=6000)
    parser.add_argument("--warm-s", type=float, default=0.3, help="until the output is real")
    parser.add_argument("--stop-s", type=float, default=0.0, help="from SIGTERM to the exit")
    parser.add_argument("--crash-after-s", type=float)
    parser.add_argument("--reject-every", type=int, default=0, help="mine: each so many-th share is rejected")
    parser.add_argument("--requests-file", type=Path, help="ai: holds the number of running requests (8 without)")
    parser.add_argument("--ignore-term", action="store_true")
    parser.add_argument("--refuse-start", action="store_true")
    parser.add_argument("--leave-child", action="store_true", help="a child keeps the GPUs after the exit")
    options = parser.parse_args()
    options.gpus = [int(gpu) for gpu in options.gpus.split(",")]
    options.rate = DEFAULT_RATE[options.kind] if options.rate is None else options.rate
    return options


class Output:
    """What the workload has produced so far, as a function of the time since it was warm."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.started = self.counted_at = time.monotonic()
        self.tokens = 0.0
        self.lock = threading.Lock()

    @property
    def uptime_s(self) -> float:
        return time.monotonic() - self.started

    @property
    def warm_for_s(self) -> float:
        """Seconds of real output; 0 before."""
        return max(0.0, self.uptime_s - float(self.options.warm_s))

    @property
    def rate(self) -> float:
        """Per GPU (mine) or in all (ai); 0 until warm."""
        return float(self.options.rate) if self.warm_for_s else 0.0

    def requests(self) -> int:
        """Requests that run: the first number in --requests-file, 8 without one."""
        if self.options.requests_file is None:
            return 8
        return int(self.options.requests_file.read_text().split()[0])

    def count_tokens(self) -> float:
        """Generated tokens so far; they grow only while warm and while requests run."""
        with self.lock:
            now = time.monotonic()
            fresh_s = min(now - self.counted_at, self.warm_for_s)
            self.tokens += self.rate * fresh_s if self.requests() else 0.0
            self.counted_at = now
            return self.tokens


def windows(output: Output, gpus: int) -> list[float | None]:
    """XMRig's three hashrates over 10 s, 60 s and 15 min: a window is null until it has been lived through."""
    rate = output.rate * gpus
    return [rate, *(rate if output.warm_for_s >= span else None for span in (60, 900))]


def summary(output: Output) -> dict[str, object]:
    """XMRig's GET /2/summary."""
    shares = int(output.warm_for_s / SHARE_EVERY_S)
    difficulty = int(output.options.rate * len(output.options.gpus) * SHARE_EVERY_S)  # hashes that a share stands for
    rejected = shares // output.options.reject_every if output.options.reject_every else 0
    total = windows(output, len(output.options.gpus)) if output.rate else [0.0, 0.0, 0.0]
    return {
        "id": "rig", "worker_id": "rig", "uptime": int(output.uptime_s), "restricted": True, "kind": "miner",
        "version": "6.22.1", "ua": "XMRig/6.22.1", "algo": "kawpow", "donate_level": 1, "paused": False,
        "results": {
            "diff_current": difficulty, "shares_good": shares - rejected, "shares_total": shares,
            "avg_time": int(SHARE_EVERY_S), "avg_time_ms": int(SHARE_EVERY_S * 1000),
            "hashes_total": (shares - rejected) * difficulty,
        },
        "connection": {
            "pool": "pool.invalid:3333", "ip": "192.0.2.1", "uptime": int(output.uptime_s), "ping": 21, "failures": 0,
            "tls": None, "algo": "kawpow", "diff": difficulty, "accepted": shares - rejected, "rejected": rejected,
        },
        "hashrate": {"total": total, "highest": max(rate or 0.0 for rate in total) if output.rate else None},
    }  # fmt: skip


def backends(output: Output) -> list[dict[str, object]]:
    """XMRig's GET /2/backends: an idle CPU backend and a CUDA one with a thread per GPU."""
    none: list[float | None] = [None, None, None]
    threads = [
        {
            "index": place, "threads": 256, "blocks": 2048, "bfactor": 0, "bsleep": 0, "affinity": -1,
            "hashrate": windows(output, 1) if output.rate else none,
            "name": "NVIDIA GeForce RTX 4090", "bus_id": f"{1 + gpu % 128:02x}:00.0", "smx": 128, "arch": 89,
            "global_mem": 25757220864, "clock": 2520, "memory_clock": 10501,
            "health": {"temperature": 58, "power": 310, "clock": 2400, "mem_clock": 10501, "fan_speed": [55, 55]},
        }
        for place, gpu in enumerate(output.options.gpus)
    ]  # fmt: skip
    total = windows(output, len(threads)) if output.rate else none
    cpu = {"type": "cpu", "enabled": False, "algo": None, "profile": None, "hashrate": none, "threads": []}
    cuda = {"type": "cuda", "enabled": True, "algo": "kawpow", "profile": "kawpow", "hashrate": total}
    return [cpu, {**cuda, "versions": {"cuda-runtime": "12.8", "driver": "570.133.20"}, "threads": threads}]


def metrics(output: Output) -> str:
    """vLLM's GET /metrics, the families that matter here."""
    tokens, requests = output.count_tokens(), output.requests() if output.rate else 0
    families = [
        ("num_requests_running", "gauge", "Number of requests in model execution batches.", requests),
        ("num_requests_waiting", "gauge", "Number of requests waiting to be processed.", 2.0 if requests > 2 else 0.0),
        ("kv_cache_usage_perc", "gauge", "KV-cache usage. 1 means 100 percent usage.", 0.05 * requests),
        ("prompt_tokens_total", "counter", "Number of prefill tokens processed.", 3 * tokens),
        ("generation_tokens_total", "counter", "Number of generation tokens processed.", tokens),
    ]
    lines = []
    for name, kind, about, value in families:
        lines += [f"# HELP vllm:{name} {about}", f"# TYPE vllm:{name} {kind}"]
        lines += [f'vllm:{name}{{engine="0",model_name="qwen"}} {float(value)}']
    return "\n".join(lines) + "\n"


def handler(output: Output) -> type[BaseHTTPRequestHandler]:
    """The HTTP API of the workload's kind."""
    token = output.options.token
    json_pages: dict[str, Callable[[Output], object]] = {"/2/summary": summary, "/2/backends": backends}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if output.options.kind == "ai":
                self.answer_ai()
            elif token is not None and self.headers.get("Authorization") != f"Bearer {token}":
                self.reply(401, json.dumps({"status": 401, "error": "UNAUTHORIZED"}))
            elif self.path in json_pages:
                self.reply(200, json.dumps(json_pages[self.path](output)))
            else:
                self.reply(404, json.dumps({"status": 404, "error": "NOT_FOUND"}))

        def answer_ai(self) -> None:
            if self.path == "/metrics":
                self.reply(200, metrics(output), "text/plain; version=0.0.4; charset=utf-8")
            elif self.path == "/health":
                self.reply(200 if output.rate else 503, "")
            else:
                self.reply(404, json.dumps({"detail": "Not Found"}))

        def reply(self, status: int, text: str, kind: str = "application/json") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Quiet: a controller would collect every poll."""

    return Handler


def hold(options: argparse.Namespace) -> list[Path]:
    """Say that this process holds the GPUs; the files that do."""
    paths = [options.hold / f"{gpu}-{os.getpid()}" for gpu in options.gpus]
    for path in paths:
        partial = path.with_name(f".{path.name}")
        partial.write_text(f"{options.kind} {options.mem_mib}\n")
        partial.rename(path)
    return paths


def release(paths: list[Path]) -> None:
    """Let go of the GPUs."""
    for path in paths:
        path.unlink(missing_ok=True)


def leave_child(options: argparse.Namespace) -> None:
    """Fork a worker that ignores SIGTERM and keeps the GPUs until its files, or two minutes, are gone."""
    if os.fork():
        return
    paths = hold(options)
    end = time.monotonic() + STRAY_LIFE_S
    while time.monotonic() < end and any(path.exists() for path in paths):
        time.sleep(0.05)
    os._exit(0)


class Server(ThreadingHTTPServer):
    """An HTTP server that asks no name server; the library's own looks its host up, for seconds where none answers."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Bind, and go by the address."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])


def wait(options: argparse.Namespace, stops: set[signal.Signals]) -> int:
    """Block until told to stop, or until the crash that was asked for; the exit status."""
    if options.crash_after_s is not None:
        if signal.sigtimedwait(stops, options.crash_after_s) is None:
            os._exit(3)
    else:
        signal.sigwait(stops)
    time.sleep(options.stop_s)
    return 0


def main() -> int:
    """Hold the GPUs and serve until a signal."""
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before any thread, and first of all: a TERM right after the start
    options = arguments()
    if options.refuse_start:
        return 1
    if options.ignore_term:
        stops.remove(signal.SIGTERM)  # it stays blocked
    if options.leave_child:
        leave_child(options)
    paths = hold(options)
    try:
        with Server(("127.0.0.1", options.port), handler(Output(options))) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            print(f"listening on {server.server_address[1]}", flush=True)
            status = wait(options, stops)
            server.shutdown()
        return status
    finally:
        release(paths)


if __name__ == "__main__":
    sys.exit(main())
