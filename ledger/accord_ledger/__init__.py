"""The pure core of Accord: bytes and values in, values out.

Nothing in this package reads a clock, a socket, a disk or a source of randomness, so the same
history gives the same bytes on every machine, in every year.
"""

__version__ = "0.1.0"
