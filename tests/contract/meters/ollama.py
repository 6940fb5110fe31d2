"""An Ollama server that holds one model, and tells no rate."""

import json

KIND, UNIT, TRANSPORT, LONE = "ai", "tok/s", "http", True
SETTINGS: dict[str, object] = {}
VALUE = None
PER_GPU: dict[str, float] = {}
ACCEPTED = REJECTED = None


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    model = {"name": "qwen3:8b", "model": "qwen3:8b", "size": 6_100_000_000, "size_vram": 6_100_000_000}
    return {"/api/ps": json.dumps({"models": [{**model, "expires_at": "2026-11-27T09:00:00Z"}]}).encode()}
