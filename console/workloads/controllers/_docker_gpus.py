"""Which GPUs a container was given, by what it was made with; nothing here asks whether it uses them.

A GPU counts by its whole UUID alone. Numbers are positions in NVML's order, which this program never trusts; counts,
MIG devices and shortened UUIDs name no card either: whoever was given one of these may be on any card of the host. A
privileged container could open every device and was given none: its processes are seen where they are.

Sources: moby's daemon/nvidia_linux.go (a count of 0 without ids gives nothing, one below it gives all), NVIDIA
Container Toolkit's cmd/nvidia-container-runtime-hook/container_config.go (``isLegacyCUDAImage``), and the CDI
specification's qualified names ``vendor.com/class=device``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from console.model import Uuid
from console.workloads.controllers._docker_records import Details, Request

_UUID = re.compile(r"GPU-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CDI = re.compile(r"nvidia\.com/[A-Za-z0-9._-]+=(.+)")
_NODE = re.compile(r"/dev/nvidia\d+")
_NOTHING = frozenset({"", "void", "none"})


def given(details: Details) -> tuple[tuple[Uuid, ...], bool]:
    """The UUIDs of the GPUs that it was given, sorted, and whether it may be on every GPU of the host."""
    uuids: set[Uuid] = set()
    every = False
    for name in _names(details):
        if _UUID.fullmatch(name):
            uuids.add(Uuid(f"GPU-{name[4:].lower()}"))
        else:
            every = True
    return tuple(sorted(uuids)), every


def _names(details: Details) -> Iterator[str]:
    """What it was given, as each way of giving writes it: UUIDs, ``all``, numbers."""
    host = details.host
    for request in host.device_requests or ():
        yield from _requested(request)
    for device in host.devices or ():
        named = _CDI.fullmatch(device.path_on_host)
        if named:
            yield named[1]
        elif _NODE.fullmatch(device.path_on_host):
            yield "all"
    if "nvidia" in (host.runtime or ""):
        yield from _visible(details.config.env or ())


def _requested(request: Request) -> Iterator[str]:
    """What ``docker run --gpus`` and ``--device nvidia.com/gpu=…`` leave behind."""
    ids = request.device_ids or []
    if request.driver == "cdi":
        yield from (named[1] for named in map(_CDI.fullmatch, ids) if named)
        return
    wanted = {capability for alternative in request.capabilities or () for capability in alternative}
    if request.driver != "nvidia" and not wanted & {"gpu", "nvidia"}:
        return
    yield from ids
    if request.count:
        yield "all"


def _visible(env: Iterable[str]) -> Iterator[str]:
    """What NVIDIA's own runtime reads: ``NVIDIA_VISIBLE_DEVICES``, which old CUDA images need not have for all."""
    values = dict(entry.partition("=")[::2] for entry in env)
    legacy = bool(values.get("CUDA_VERSION")) and not values.get("NVIDIA_REQUIRE_CUDA")
    said = values.get("NVIDIA_VISIBLE_DEVICES", "all" if legacy else "")
    yield from (name.strip() for name in said.split(",") if name.strip() not in _NOTHING)
