"""Randomness as a pure function of seed and time: asking twice, in any order, gives the same number."""

from __future__ import annotations

from math import floor, sqrt
from zlib import crc32

_MASK = (1 << 64) - 1


def key(seed: int, *words: object) -> int:
    """A 64-bit stream key for one use of randomness, such as ``key(7, "busy", unit)``."""
    text = "/".join(map(str, (seed, *words))).encode()
    return (crc32(text) << 32) | crc32(text[::-1])


def chance(stream: int, n: int) -> float:
    """Number ``n`` of a stream, uniform in [0, 1): the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = (stream + n * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) / 18446744073709551616.0


def drift(stream: int, t: float, period_s: float) -> float:
    """Smooth noise in [-1, 1] that forgets itself after about ``period_s``."""
    x = t / period_s
    n = floor(x)
    f = x - n
    a = chance(stream, n)
    return 2.0 * (a + (chance(stream, n + 1) - a) * f * f * (3.0 - 2.0 * f)) - 1.0


def walk(stream: int, t: float, periods_s: tuple[float, ...]) -> float:
    """A price-like wander: drifts over falling periods, each as strong as the root of its period (as in Brownian
    motion), the longest within [-1, 1]."""
    longest = periods_s[0]
    return sum(drift(stream + i, t, period) * sqrt(period / longest) for i, period in enumerate(periods_s))
