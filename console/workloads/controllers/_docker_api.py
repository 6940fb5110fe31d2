"""The Docker API by docker-py: a handful of calls, all of them bounded, none of which creates, pulls or executes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import docker.errors
import msgspec
import requests
import urllib3

from console.text import clean
from console.workloads.contract import WorkloadError
from console.workloads.controllers._docker_records import Details, Image, Listed, Undecodable, Version
from console.workloads.controllers._docker_wire import client
from console.workloads.controllers._sockets import TooLongError, trusted_socket

_ID = re.compile(r"[0-9a-f]{12,64}")
_VERSION = re.compile(r"1\.\d{1,3}")
_UNEXPECTED = (
    docker.errors.DockerException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)
"""What docker-py and the libraries below it raise for an answer that is not the API's."""

_UNREADABLE = (msgspec.MsgspecError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""Of these, what an answer raises that did come."""

T = TypeVar("T")


class GoneError(WorkloadError):
    """404: there is no such container (any more)."""


class RefusedError(WorkloadError):
    """The engine answered that it does not do it."""


class UnreadableError(WorkloadError):
    """The engine answered with something that is not Docker's, or with too much."""


class SlowError(WorkloadError):
    """The engine did not answer in time."""


class Engine:
    """A Docker or Podman behind one socket. Any thread may use it: every session has connections of its own."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._version = ""
        self.name = "docker"
        """The command that a person has for it; known with the first session."""

    @contextmanager
    def session(self, end: float) -> Iterator[Session]:
        """Calls that end by ``end`` (``time.monotonic``). Raises WorkloadError."""
        fault = trusted_socket(self.path)
        if fault:
            raise WorkloadError(f"the socket {self.path} {fault}")
        try:
            made = client(self.path, self._version or "1.41", end)
        except TimeoutError:
            raise SlowError(f"the engine at {self.path} did not answer in time") from None
        try:
            if not self._version:
                self._meet(made)
            yield Session(made, self.path)
        finally:
            made.close()

    def _meet(self, made: Any) -> None:
        with _answered(self.path, ""):
            said = msgspec.convert(made.version(api_version=False), Version)
            if not _VERSION.fullmatch(said.api_version):
                raise WorkloadError(
                    f"the engine at {self.path} speaks no API version known: {clean(said.api_version, 20)}"
                )
        podman = any("podman" in part.name.lower() for part in said.components or ())
        self.name = "podman" if podman else "docker"
        self._version = made._version = said.api_version


class Session:
    """The calls that we make, on one client."""

    def __init__(self, made: Any, path: str) -> None:
        self._client = made
        self._path = path

    def containers(self) -> list[Listed]:
        """All containers, running or not; one whose row cannot be read is an Undecodable. Raises UnreadableError where
        the list is none, or has one without an id."""
        rows = self._asked("", lambda: msgspec.convert(self._client.containers(all=True), list[dict[str, Any]]))
        found = [_listed(row) for row in rows]
        if not all(_ID.fullmatch(row.id) for row in found):
            raise UnreadableError(f"the engine at {self._path} lists a container without a usable id")
        return found

    def details(self, container: str) -> Details:
        """All about one, by its id. Raises GoneError, and UnreadableError or RefusedError where one answer is amiss."""
        return self._asked(container, lambda: msgspec.convert(self._client.inspect_container(container), Details))

    def image_labels(self, image: str) -> dict[str, str]:
        """The labels that an image gives to every container made of it. Raises as ``details`` does."""
        found = self._asked(image, lambda: msgspec.convert(self._client.inspect_image(image), Image))
        return (found.config.labels if found.config else None) or {}

    def start(self, container: str) -> None:
        """Start it, or leave it running. Raises GoneError and RefusedError."""
        self._asked(container, lambda: self._client.start(container))

    def stop(self, container: str, grace_s: int) -> None:
        """Send it SIGTERM (or its own stop signal), after ``grace_s`` SIGKILL, and return when it has ended."""
        self._asked(container, lambda: self._client.stop(container, timeout=grace_s))

    def _asked(self, what: str, ask: Callable[[], T]) -> T:
        with _answered(self._path, what):
            return ask()


@contextmanager
def _answered(path: str, what: str) -> Iterator[None]:
    """Makes sentences of what docker-py raises."""
    try:
        yield
    except docker.errors.NotFound:
        raise GoneError(f"the engine at {path} knows no {clean(what, 12) or 'such path'}") from None
    except docker.errors.APIError as error:
        code = getattr(error.response, "status_code", 0)
        said = clean(error.explanation or "without a reason", 160)
        raise RefusedError(f"the engine at {path} refuses with HTTP {code}: {said}") from None
    except _UNEXPECTED as error:
        if _was_too_slow(error):
            raise SlowError(f"the engine at {path} did not answer in time") from None
        said = clean(error, 120) if isinstance(error, msgspec.MsgspecError) else type(error).__name__
        kind = UnreadableError if isinstance(error, _UNREADABLE) or _behind(error, TooLongError) else WorkloadError
        raise kind(f"the engine at {path} did not answer as Docker does: {said}") from None


def _listed(row: dict[str, Any]) -> Listed:
    """A row of the list; of one that cannot be read what can be."""
    try:
        return msgspec.convert(row, Listed)
    except msgspec.ValidationError as error:
        found, names, state = row.get("Id"), row.get("Names"), row.get("State")
        return Undecodable(
            id=found if isinstance(found, str) else "",
            names=[name for name in names if isinstance(name, str)] if isinstance(names, list) else None,
            state=state if isinstance(state, str) else "",
            fault=clean(error, 120),
        )


def _was_too_slow(error: BaseException) -> bool:
    return _behind(error, TimeoutError, requests.Timeout)


def _behind(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    """True where one of these stands behind it, however many libraries have wrapped it."""
    for _ in range(10):
        if error is None:
            return False
        if isinstance(error, kinds):
            return True
        error = error.__cause__ or error.__context__
    return False
