"""A llama.cpp server: 48 generated tokens and 20 of prompts each second, and a lifetime average that says otherwise."""

KIND, UNIT, TRANSPORT, LONE = "ai", "tok/s", "http", False
SETTINGS: dict[str, object] = {}
VALUE = 48.0
PER_GPU: dict[str, float] = {}
ACCEPTED = REJECTED = None


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    lines = [
        "# TYPE llamacpp:tokens_predicted_total counter",
        f"llamacpp:tokens_predicted_total {48 * seconds:.0f}",
        f"llamacpp:prompt_tokens_total {20 * seconds:.0f}",
        "llamacpp:predicted_tokens_seconds 77.7",
        "llamacpp:requests_processing 1",
        "llamacpp:requests_deferred 2",
    ]
    return {"/metrics": "\n".join([*lines, ""]).encode()}
