"""What an address in a config may be."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def url_fault(url: str) -> str:
    """What is wrong with an address, as the rest of a sentence; empty when nothing is."""
    expected = "expected http://HOST:PORT or https://HOST:PORT"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"{expected} ({error})"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return expected
    if parts.username is not None or parts.password is not None:
        return "which holds a user or password: put it into a file and name that (token_file, key_file)"
    return ""


def without_secrets(url: str) -> str:
    """An address as it may be shown: what may be a secret in it (user, password, query) is left out."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0] if "@" not in url else "an address"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "…" if parts.query else "", ""))
