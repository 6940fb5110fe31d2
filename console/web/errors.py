"""What can go wrong between here and an address, each as one sentence for people that never holds a secret."""

from __future__ import annotations


class WebError(Exception):
    """Nothing usable was had. ``str(error)`` is one sentence with the address and, where there is one, what to do."""


class StatusError(WebError):
    """An answer with a status that is no success. ``retry_after_s`` is how long the server asks to be left alone.

    ``body`` is what came with it, where the client was made to read it; it may repeat a secret.
    """

    def __init__(self, sentence: str, status: int, retry_after_s: float | None = None, body: bytes = b"") -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = body
