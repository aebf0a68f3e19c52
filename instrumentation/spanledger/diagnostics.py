"""What the SDK says about itself: one log line per kind of trouble, and counters; never an exception."""

import logging
import os
from collections import Counter
from typing import Final

logger: Final = logging.getLogger("spanledger")
counters: Final[Counter[str]] = Counter()
_said: Final[set[str]] = set()
# Names that callers make up are among the keys.
_MOST: Final = 1000


def internal_error(where: str) -> None:
    """Report the exception being handled, which is a defect of ours.

    Logged once per place, counted, and swallowed: the caller's work must go on. Under pytest it is raised
    again, so that a suite cannot pass over it.

    Args:
        where: the step that failed, in words.
    """
    counters["internal_errors"] += 1
    if os.environ.get("PYTEST_CURRENT_TEST"):
        raise  # noqa: PLE0704  # re-raises the exception that the caller is handling
    if where not in _said:
        _said.add(where)
        logger.exception(
            "Spanledger failed while %s. Your code goes on unharmed; a call may be missing from the ledger. "
            "Further failures of this kind are counted, not logged.",
            where,
        )


def warn_once(key: str, message: str, *arguments: object) -> None:
    """Log a warning the first time `key` comes up; count every time.

    Args:
        key: identity of the trouble; its part before a colon is the name of its counter.
        message: `%`-style format, naming what to do.
        *arguments: values for the format.
    """
    counters[key.partition(":")[0]] += 1
    if key not in _said and len(_said) < _MOST:
        _said.add(key)
        logger.warning(message, *arguments)


def forget() -> None:
    """Let everything be said again: a new `instrument()` or a forked child starts afresh."""
    _said.clear()
    counters.clear()
