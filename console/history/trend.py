"""The last quarter of an hour in equal steps, for the charts and the trend column."""

from __future__ import annotations

from collections import deque


class Trend:
    """Means over steps of ``step_s``, the newest ``length`` of them. A step nothing was known in is None."""

    def __init__(self, step_s: float = 10.0, length: int = 90) -> None:
        self.step_s = step_s
        self._done: deque[float | None] = deque(maxlen=length)
        self._step: int | None = None
        self._sum = 0.0
        self._count = 0
        self._values: tuple[float | None, ...] = ()

    def add(self, at: float, value: float | None) -> None:
        """Count ``value`` into the step that ``at`` (Unix seconds) falls in; steps that were skipped are None."""
        step = int(at // self.step_s)
        if self._step is None:
            self._step = step
        if step > self._step:
            self._close(step - self._step)
            self._step = step
        if value is not None:
            self._sum += value
            self._count += 1

    @property
    def values(self) -> tuple[float | None, ...]:
        """Finished steps, oldest first; the same object until a step ends, so comparing it is cheap."""
        return self._values

    def _close(self, steps: int) -> None:
        self._done.append(self._sum / self._count if self._count else None)
        self._done.extend([None] * min(steps - 1, self._done.maxlen or 0))
        self._sum, self._count = 0.0, 0
        self._values = tuple(self._done)
