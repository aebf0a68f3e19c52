"""Wall-clock time of a zone as plain arithmetic: a few offsets and the instants from which they hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Offset:
    """What a zone adds to UTC.

    Attributes:
        since: first instant at which it holds, naive UTC; the first of a list holds before that as well.
        minutes: what is added (minutes).
    """

    since: datetime
    minutes: int


def offsets(zone: str, first: date, last: date) -> list[Offset]:
    """The offsets of a zone on the days of a window and a little around it, in their order."""
    return list(_offsets(ZoneInfo(zone), first, last))


def _offsets(zone: ZoneInfo, first: date, last: date) -> Iterator[Offset]:
    start = datetime.combine(first, time()) - 2 * _DAY
    days = [start + timedelta(days=number) for number in range((last - first).days + 6)]
    yield Offset(start, _minutes(zone, start))
    for before, after in pairwise(days):
        if _minutes(zone, before) != _minutes(zone, after):
            since = _change(zone, before, after)
            yield Offset(since, _minutes(zone, since))


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first instant with the later offset, by halving; zones change on whole minutes, at most once a day."""
    old = _minutes(zone, before)
    while after - before > _MINUTE:
        middle = before + (after - before) // (2 * _MINUTE) * _MINUTE
        before, after = (middle, after) if _minutes(zone, middle) == old else (before, middle)
    return after


def _minutes(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // _MINUTE
