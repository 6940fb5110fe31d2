"""What the Docker API answers, as far as it is read here, and nothing of it without its type.

Fields are those of https://docs.docker.com/reference/api/engine/version/v1.41/, which Podman 4 answers with as well.
"""

from __future__ import annotations

import msgspec

from console.text import clean


class Listed(msgspec.Struct):
    """One row of ``/containers/json``."""

    id: str = msgspec.field(name="Id")
    names: list[str] | None = msgspec.field(name="Names", default=None)
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)
    state: str = msgspec.field(name="State", default="")
    image: str = msgspec.field(name="Image", default="")
    image_id: str = msgspec.field(name="ImageID", default="")

    def called(self) -> frozenset[str]:
        """Its own names; those with more than the first slash are what linked containers call it."""
        return frozenset(name[1:] for name in self.names or () if name.rfind("/") == 0)

    def name(self) -> str:
        """For people: one of its names, else the beginning of its id."""
        return clean(min(self.called(), default=self.id[:12]), 80)


class Undecodable(Listed, kw_only=True):
    """A row of which this much can be read, and why the rest cannot."""

    fault: str


class Health(msgspec.Struct, rename="pascal"):
    """``State.Health``."""

    status: str = ""


class State(msgspec.Struct, rename="pascal"):
    """``State``: how far a container has come."""

    status: str = ""
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = msgspec.field(name="OOMKilled", default=False)
    started_at: str = ""
    health: Health | None = None


class Request(msgspec.Struct, rename="pascal"):
    """One of ``HostConfig.DeviceRequests``."""

    driver: str = ""
    count: int = 0
    device_ids: list[str] | None = msgspec.field(name="DeviceIDs", default=None)
    capabilities: list[list[str]] | None = None


class Device(msgspec.Struct, rename="pascal"):
    """One of ``HostConfig.Devices``."""

    path_on_host: str = ""


class Policy(msgspec.Struct, rename="pascal"):
    """``HostConfig.RestartPolicy``."""

    name: str = ""


class HostConfig(msgspec.Struct, rename="pascal"):
    """What of the host a container was given."""

    restart_policy: Policy | None = None
    device_requests: list[Request] | None = None
    devices: list[Device] | None = None
    runtime: str | None = None


class Config(msgspec.Struct, rename="pascal"):
    """What a container, or the image that it was made of, says of itself."""

    env: list[str] | None = None
    labels: dict[str, str] | None = None


class Details(msgspec.Struct):
    """``/containers/ID/json``."""

    id: str = msgspec.field(name="Id")
    state: State = msgspec.field(name="State")
    host: HostConfig = msgspec.field(name="HostConfig", default_factory=HostConfig)
    config: Config = msgspec.field(name="Config", default_factory=Config)


class Image(msgspec.Struct, rename="pascal"):
    """``/images/ID/json``."""

    config: Config | None = None


class Component(msgspec.Struct, rename="pascal"):
    """One of the programs that an engine is made of."""

    name: str = ""


class Version(msgspec.Struct, rename="pascal"):
    """``/version``."""

    api_version: str
    components: list[Component] | None = None
