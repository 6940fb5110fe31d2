"""What hardly ever changes about driver and cards, asked once, by a thread, when somebody first wants to know."""

from __future__ import annotations

import threading
from collections.abc import Callable

from console.model import Uuid
from console.telemetry.static import GpuFacts, HostFacts


class Facts:
    """Facts of this host. Nothing is asked before ``of`` is; a driver that hangs is waited for by nobody."""

    def __init__(self, ask: Callable[[], HostFacts]) -> None:
        self._ask = ask
        self._known = HostFacts()
        self._thread: threading.Thread | None = None

    @property
    def driver(self) -> str | None:
        """The driver's version, None while it is not known."""
        return self._known.driver

    def of(self, uuid: Uuid) -> GpuFacts | None:
        """What is known of a GPU; None until the driver has answered, and where it does not tell of this one."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="facts", daemon=True)
            self._thread.start()
        return next((gpu for gpu in self._known.gpus if gpu.uuid == uuid), None)

    def _run(self) -> None:
        self._known = self._ask()
