"""Who we are, one run of one process, and which calls are under way. Lock-free: finalisers use it too."""

import itertools
import os
from typing import Any


class Identity:
    """Gives out the sequence numbers of one run of one process.

    Attributes:
        process: 32 hex digits.
        in_flight: calls given a number whose record is not written yet, by number.
    """

    __slots__ = ("_numbers", "in_flight", "pid", "process")

    def __init__(self) -> None:
        self.process = os.urandom(16).hex()
        self.pid = os.getpid()
        self.in_flight: dict[int, Any] = {}
        # next() on a count and single dict operations are atomic, so a call started by a signal handler or
        # ended by the garbage collector cannot deadlock with the one it interrupts.
        self._numbers = itertools.count(1)

    def issue(self, call: Any) -> int:
        """The next sequence number, 1 first; `call` is in flight until `settle()`."""
        number = next(self._numbers)
        self.in_flight[number] = call
        return number

    def settle(self, number: int) -> None:
        """The record of this call is written, or given up and counted as lost."""
        self.in_flight.pop(number, None)
