"""What an address in a config may be."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

SCHEMES = {"cgminer": ("tcp",), "hiveos": ("file", "http", "https")}
"""The schemes of the kinds of meter that are not, or not only, asked over HTTP."""

_SHAPES = {
    "http": "http://HOST:PORT",
    "https": "https://HOST:PORT",
    "tcp": "tcp://HOST:PORT",
    "file": "file:///ABSOLUTE/PATH",
}


def url_fault(url: str, meter: str = "") -> str:
    """What is wrong with an address, as the rest of a sentence; empty when nothing is.

    ``meter`` is the kind of meter that it is of, for those that ask otherwise than over HTTP.
    """
    schemes = SCHEMES.get(meter, ("http", "https"))
    expected = f"expected {' or '.join(_SHAPES[scheme] for scheme in schemes)}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"{expected} ({error})"
    if parts.scheme not in schemes or not _complete(parts, port):
        return expected
    if parts.username is not None or parts.password is not None:
        return "which holds a user or password: put it into a file and name that (token_file, key_file)"
    return ""


def _complete(parts: SplitResult, port: int | None) -> bool:
    """True where the address has what its scheme needs, and nothing that would be passed over in silence."""
    if parts.scheme == "file":
        return parts.path.startswith("/") and not (parts.netloc or parts.query or parts.fragment)
    if parts.scheme == "tcp":
        return bool(parts.hostname and port) and not (parts.path or parts.query or parts.fragment)
    return bool(parts.hostname) and port != 0


def without_secrets(url: str) -> str:
    """An address as it may be shown: what may be a secret in it (user, password, query) is left out."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0] if "@" not in url else "an address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "…" if parts.query else "", ""))
