"""A vLLM server of one engine: 1500 generated tokens and 400 of prompts each second."""

import time

KIND, UNIT, TRANSPORT, LONE = "ai", "tok/s", "http", False
SETTINGS: dict[str, object] = {}
VALUE = 1500.0
PER_GPU: dict[str, float] = {}
ACCEPTED = REJECTED = None


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    labels = '{engine="0",model_name="m"}'
    lines = [
        f"vllm:generation_tokens_total{labels} {1500 * seconds}",
        f"vllm:prompt_tokens_total{labels} {400 * seconds}",
        f"vllm:num_requests_running{labels} 8",
        f"vllm:num_requests_waiting{labels} 1",
        f"process_start_time_seconds {time.time() - seconds}",
    ]
    return {"/metrics": "\n".join([*lines, ""]).encode()}
