"""The warehouse's exception tree: everything it raises on purpose is a SpanledgerError.

SpanledgerError
├── SeedError            seeds that cannot be read or do not pass        (seeds/errors.py)
├── ConfigurationError   a setting that is missing or makes no sense
├── LandingError         a landing file that cannot be read at all
├── DatabaseError        a database that lost something, or is of another release
├── InUse                a database that another process holds
├── ArchiveError         an archive that is damaged or does not hold what it says
├── ModelError           a SQL model that cannot be parsed, ordered or built
├── ClosingError         a month that cannot be closed, or whose artifact is missing or changed
├── CheckFailed          an identity that must hold after every run does not
├── EngineError          a Spark Connect server that cannot be reached or refuses a model
└── PublishedError       a published file that is absent or cannot be read
"""

from __future__ import annotations


class SpanledgerError(Exception):
    """Base of all errors. The message says what, which value, where, and the next step."""


class ConfigurationError(SpanledgerError):
    """A setting that is missing or makes no sense."""


class LandingError(SpanledgerError):
    """A landing file that cannot be read at all."""


class DatabaseError(SpanledgerError):
    """A database that lost something, or that another release wrote."""


class InUse(SpanledgerError):  # noqa: N818 - reads as the fact it states
    """A database that another process holds; try again when its run has ended."""


class ArchiveError(SpanledgerError):
    """An archive that is damaged or does not hold what it says."""


class ModelError(SpanledgerError):
    """A SQL model that cannot be parsed, ordered or built."""


class ClosingError(SpanledgerError):
    """A month that cannot be closed, or whose artifact is missing or changed."""


class CheckFailed(SpanledgerError):  # noqa: N818 - reads as the fact it states
    """An identity that must hold after every run does not hold."""


class PublishedError(SpanledgerError):
    """A published file that is absent or cannot be read."""


class EngineError(SpanledgerError):
    """A Spark Connect server that cannot be reached or refuses a model."""
