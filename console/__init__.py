"""changeover: what every GPU of a farm does, what it earns per hash and per AI-hour, and a key to flip it."""

__version__ = "0.1.0"
