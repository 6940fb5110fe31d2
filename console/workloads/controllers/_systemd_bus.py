"""One connection to a systemd manager over D-Bus: calls, properties, and jobs awaited to their end.

``StartUnit`` returns as soon as the job stands in the queue. What became of it comes in the signal ``JobRemoved``,
which may even arrive before that return, so results are kept from the moment of the connection on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from dbus_fast import DBusFastError, Message, MessageType
from dbus_fast.aio import MessageBus

_NAME = "org.freedesktop.systemd1"
_ROOT = "/org/freedesktop/systemd1"
_MANAGER = f"{_NAME}.Manager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_KEPT_RESULTS = 256


class BusError(Exception):
    """systemd, polkit or the bus refused. ``name`` is the D-Bus error, such as org.freedesktop.systemd1.NoSuchUnit."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class LostError(Exception):
    """The bus cannot be reached, or went away."""


class SystemdBus:
    """A connected manager. Lives in one event loop; made by ``open``."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._systemd = ""
        self._results: dict[str, str] = {}
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._gone: asyncio.Future[None] = asyncio.ensure_future(_disconnected(bus))

    @classmethod
    async def open(cls, address: str) -> SystemdBus:
        """Connect, and hear of the end of jobs from now on. Raises LostError and BusError."""
        bus = MessageBus(bus_address=address, auth_timeout=2.0)
        try:
            await bus.connect()
        except (OSError, EOFError, DBusFastError) as error:
            raise LostError(str(error)) from None
        made = cls(bus)
        try:
            await made._listen()
        except BaseException:
            await made.close()
            raise
        return made

    async def _listen(self) -> None:
        self._bus.add_message_handler(self._heard)
        rule = f"type='signal',sender='{_NAME}',interface='{_MANAGER}',member='JobRemoved'"
        daemon = "org.freedesktop.DBus"
        await self.call("AddMatch", "s", rule, name=daemon, path="/org/freedesktop/DBus", interface=daemon)
        # Anyone on the bus may send us a signal that says JobRemoved: it counts only from who answered this.
        self._systemd = (await self._send(_message("Subscribe", "", ()))).sender or ""

    @property
    def connected(self) -> bool:
        """False once the bus has gone."""
        return self._bus.connected and not self._gone.done()

    async def close(self) -> None:
        """Disconnect."""
        self._bus.disconnect()
        await asyncio.wait({self._gone}, timeout=0.5)

    async def call(
        self,
        member: str,
        signature: str = "",
        *body: object,
        name: str = _NAME,
        path: str = _ROOT,
        interface: str = _MANAGER,
    ) -> list[Any]:
        """The body of the reply. Raises BusError for a refusal and LostError when the bus is gone."""
        reply = await self._send(_message(member, signature, body, name, path, interface))
        return list(reply.body)

    async def job(self, member: str, unit: str) -> str:
        """Queue a job (``StartUnit``, ``StopUnit``) in mode ``replace``; how it ended: done, failed, timeout, …"""
        path = str((await self.call(member, "ss", unit, "replace"))[0])
        if path in self._results:
            return self._results.pop(path)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[path] = ended
        try:
            either: set[asyncio.Future[Any]] = {ended, self._gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._waiting[path]
        if not ended.done():
            raise LostError("the bus went away before the job ended")
        return ended.result()

    async def properties(self, path: str, interface: str) -> Mapping[str, Any]:
        """All properties of a unit's object; ``interface`` is Unit or Service."""
        found = (await self.call("GetAll", "s", f"{_NAME}.{interface}", path=path, interface=_PROPERTIES))[0]
        return {name: variant.value for name, variant in found.items()}

    async def get(self, path: str, interface: str, member: str) -> Any:
        """One property, or None where the unit has no such thing."""
        try:
            body = await self.call("Get", "ss", f"{_NAME}.{interface}", member, path=path, interface=_PROPERTIES)
        except BusError:
            return None
        return body[0].value

    async def _send(self, message: Message) -> Message:
        try:
            reply = await self._bus.call(message)
        except (OSError, EOFError, DBusFastError) as error:
            raise LostError(str(error) or type(error).__name__) from None
        if reply is None:
            raise LostError("the bus went away")
        if reply.message_type is MessageType.ERROR:
            raise BusError(reply.error_name or "", str(reply.body[0]) if reply.body else "")
        return reply

    def _heard(self, message: Message) -> None:
        if message.member != "JobRemoved" or message.sender != self._systemd or message.signature != "uoss":
            return
        _, path, _, result = message.body
        waiting = self._waiting.get(path)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)
            return
        self._results[path] = result
        while len(self._results) > _KEPT_RESULTS:
            del self._results[next(iter(self._results))]


async def _disconnected(bus: MessageBus) -> None:
    """Return when the connection has ended, however it did."""
    try:
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    except (OSError, EOFError, DBusFastError):
        return


def _message(
    member: str,
    signature: str,
    body: tuple[object, ...],
    name: str = _NAME,
    path: str = _ROOT,
    interface: str = _MANAGER,
) -> Message:
    return Message(
        destination=name, path=path, interface=interface, member=member, signature=signature, body=list(body)
    )
