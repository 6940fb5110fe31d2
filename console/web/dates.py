"""Times as HTTP headers write them."""

from __future__ import annotations

LONGEST_S = 86400.0


def retry_after_s(text: str | None, now: float) -> float | None:
    """Seconds that ``Retry-After`` asks for: a number, or an HTTP date seen at ``now`` (Unix seconds); at most a day.

    None where the header is missing or says nothing that can be read (RFC 9110, section 10.2.3).
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_S)
    at = http_date(text)
    return None if at is None else min(max(0.0, at - now), LONGEST_S)


def http_date(text: str) -> float | None:
    """Unix seconds of an HTTP date; None where it is none."""
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
