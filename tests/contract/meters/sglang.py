"""An SGLang server whose two ranks tell of the same requests: 900 generated tokens and 300 of prompts each second."""

KIND, UNIT, TRANSPORT, LONE = "ai", "tok/s", "http", False
SETTINGS: dict[str, object] = {}
VALUE = 900.0
PER_GPU: dict[str, float] = {}
ACCEPTED = REJECTED = None


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    lines = [
        f'sglang:generation_tokens_total{{model_name="m"}} {900 * seconds}',
        f'sglang:prompt_tokens_total{{model_name="m"}} {300 * seconds}',
        *(f'sglang:num_running_reqs{{model_name="m",tp_rank="{rank}"}} 5.0' for rank in (0, 1)),
        *(f'sglang:num_queue_reqs{{model_name="m",tp_rank="{rank}"}} 1.0' for rank in (0, 1)),
        'sglang:gen_throughput{model_name="m",tp_rank="0"} 870.5',
    ]
    return {"/metrics": "\n".join([*lines, ""]).encode()}
