"""Requests wait for the screen: httpx takes 0.15 s to import, in the very interpreter that paints the first frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_S = 3.0
"""A screen that stands no sooner is waited for no longer."""
_MAY = threading.Event()
_MAY.set()


@contextmanager
def held() -> Iterator[None]:
    """Let requests of all threads wait in the block, until ``release`` is called in it."""
    _MAY.clear()
    try:
        yield
    finally:
        release()


def release() -> None:
    """Let those that wait go on, and wait no more."""
    _MAY.set()


def wait() -> None:
    """Return when requests may be made: at once, as a rule."""
    _MAY.wait(LONGEST_S)
