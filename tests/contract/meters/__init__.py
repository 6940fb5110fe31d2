"""One case module per kind of meter: what a healthy workload answers, and what is read from it.

KIND, UNIT, TRANSPORT ("http", "tcp", "file"), SETTINGS (further keys of MeterSettings), LONE (no rate can be told),
``document(seconds)`` (the bodies by path or command, ``""`` for a file, ``seconds`` after the start), VALUE and PER_GPU
of the second of two readings at 600 s and 610 s, ACCEPTED and REJECTED at 610 s.
"""
