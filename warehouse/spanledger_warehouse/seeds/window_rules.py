"""What must hold for times of day with their own prices."""

import re
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from spanledger_warehouse.seeds.findings import Finding, error, warning
from spanledger_warehouse.seeds.rows import Holiday, PriceRow, Window
from spanledger_warehouse.seeds.table_rules import overlap

_RANGE = re.compile(r"([1-7])(?:-([1-7]))?")
_DAY = 24 * 60
_AHEAD = timedelta(days=45)
_MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001 - by the clock of the window's own zone


def weekdays_of(text: str) -> tuple[int, ...]:
    """`1-5` or `6 7` as ISO numbers.

    Raises:
        ValueError: it is something else; in words.
    """
    days: set[int] = set()
    for part in text.split():
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ValueError(f"weekdays {text!r} are no ISO numbers like `1-5` or `6 7`")
        first = int(found[1])
        days.update(range(first, int(found[2] or first) + 1))
    if not days:
        raise ValueError(f"weekdays {text!r} name no day")
    return tuple(sorted(days))


def check_windows(
    windows: Sequence[Window], holidays: Sequence[Holiday], prices: Sequence[PriceRow]
) -> Iterator[Finding]:
    """Windows can be read, do not overlap, and the prices' windows are there."""
    calendars = {day.calendar for day in holidays}
    sound = []
    for row in windows:
        problem = _problem(row, calendars)
        if problem is None:
            sound.append(row)
        else:
            yield error(row.file, row.line, "window", problem, "correct the window")
    yield from _check_overlaps(sound)
    known = {(row.provider, row.window) for row in windows}
    for price in prices:
        if price.window and (price.provider, price.window) not in known:
            message = f"{price.window!r} is no window of {price.provider}"
            yield error(
                price.file, price.line, "window", message, "add it to windows.csv, or correct its name"
            )
    yield from _check_tiers(prices)


def check_calendars(windows: Sequence[Window], holidays: Sequence[Holiday], today: date) -> Iterator[Finding]:
    """A calendar in use reaches 45 days ahead; it is published by the year, so its last day stands for its year.

    When it has run out, holidays would be priced as working days in silence: that is an error.
    """
    last: dict[str, Holiday] = {}
    for day in holidays:
        if day.calendar not in last or day.date > last[day.calendar].date:
            last[day.calendar] = day
    used = {row.calendar for row in windows if row.effective_to is None and row.calendar}
    for name, day in sorted(last.items()):
        if name in used and today + _AHEAD > date(day.date.year, 12, 31):
            message = f"the calendar {name} ends with {day.date.year}"
            fix = f"add the days off of {day.date.year + 1} as soon as they are published"
            ended = today.year > day.date.year
            yield (error if ended else warning)(day.file, day.line, "calendar", message, fix)


def _problem(row: Window, calendars: set[str]) -> str | None:
    try:
        weekdays_of(row.weekdays)
        zoneinfo.ZoneInfo(row.time_zone)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError) as problem:
        return str(problem)
    if row.calendar and row.calendar not in calendars:
        return f"the calendar {row.calendar!r} has no day in holidays.csv"
    return None


def _check_overlaps(windows: Sequence[Window]) -> Iterator[Finding]:
    by_provider: dict[str, list[Window]] = defaultdict(list)
    for row in windows:
        by_provider[row.provider].append(row)
    for rows in by_provider.values():
        for position, row in enumerate(rows):
            for earlier in rows[:position]:
                if overlap(row, earlier) and _minutes(row) & _minutes(earlier):
                    message = f"overlaps the window {earlier.window} in line {earlier.line}"
                    yield error(row.file, row.line, "overlap", message, "end one where the other begins")


def _minutes(row: Window) -> set[int]:
    """Minutes of the week inside, by the clock of UTC at its offset of today."""
    starts = row.starts.hour * 60 + row.starts.minute
    ends = row.ends.hour * 60 + row.ends.minute
    length = (ends - starts) % _DAY or _DAY
    offset = zoneinfo.ZoneInfo(row.time_zone).utcoffset(_MONDAY)
    shift = int(offset.total_seconds() // 60) if offset else 0
    week = 7 * _DAY
    return {
        ((day - 1) * _DAY + starts + minute - shift) % week
        for day in weekdays_of(row.weekdays)
        for minute in range(length)
    }


def _check_tiers(prices: Sequence[PriceRow]) -> Iterator[Finding]:
    """A price of a window or a region stands on its own: it has every tier that the price outside of it has."""
    tiers: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for row in prices:
        tiers[_offer(row, row.region, row.window)].add(row.tier_above)
    for row in prices:
        own = tiers[_offer(row, row.region, row.window)]
        outside = [("window", row.region, "")] if row.window else []
        outside += [("region", "global", row.window)] if row.region != "global" else []
        for rule, region, window in outside:
            missing = tiers.get(_offer(row, region, window), set()) - own
            if missing:
                message = f"{row.in_words()} has no price above {min(missing)}, but the price outside has"
                yield error(row.file, row.line, rule, message, f"add the tiers to the {rule}")


def _offer(row: PriceRow, region: str, window: str) -> tuple[str, ...]:
    return (row.provider, row.model, row.unit, row.context, region, window)
