"""A Triton server of two models that serves 12 requests each second, and tells of no token."""

KIND, UNIT, TRANSPORT, LONE = "ai", "tok/s", "http", True
SETTINGS: dict[str, object] = {}
VALUE = None
PER_GPU: dict[str, float] = {}
ACCEPTED = REJECTED = None


def document(seconds: float) -> dict[str, bytes]:
    """What each path answers ``seconds`` after the start."""
    lines = [
        f'nv_inference_request_success{{model="a",version="1"}} {12 * seconds:.0f}',
        'nv_inference_request_success{model="b",version="1"} 0',
        'nv_inference_pending_request_count{model="a",version="1"} 3',
        'nv_inference_pending_request_count{model="b",version="1"} 1',
        'nv_gpu_utilization{gpu_uuid="GPU-00000000-0000-0000-0000-000000000007"} 0.5',
    ]
    return {"/metrics": "\n".join([*lines, ""]).encode()}
