"""RFC 3339 date-time text to nanoseconds since the Unix epoch, and back.

Strict: every number in its range, the day within its month, an offset always present. A leap
second (``:60``) is accepted only where one may occur, at the end of a month in UTC, and counts
as the first instant of the next second. No clock is read.
"""

import re
from typing import Final

__all__ = ["format_date_time", "parse_date_time"]

_GRAMMAR: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]++))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_HIGHEST: Final = (9999, 12, 31, 23, 59, 60, 23, 59)
"""The largest year, month, day, hour, minute, second, offset hour and offset minute."""
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2
_MARCH: Final = 3
_LEAP_SECOND: Final = 60
_SECOND_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_EPOCH_DAY: Final = 719_468
"""Days from 1 March of the year 0 to 1 January 1970, in the proleptic Gregorian calendar."""


def parse_date_time(text: str) -> int | None:
    """Return the nanoseconds since the Unix epoch, or ``None`` if ``text`` is not a date-time.

    Digits below a nanosecond are dropped.

    >>> parse_date_time("1970-01-01T00:00:01.5Z"), parse_date_time("2022-02-31T00:00:00Z")
    (1500000000, None)
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return None
    groups = (*match.groups()[:6], match[9] or "0", match[10] or "0")
    numbers = [int(digits) for digits in groups]
    if any(number > highest for number, highest in zip(numbers, _HIGHEST, strict=True)):
        return None
    year, month, day, hour, minute, second, offset_hour, offset_minute = numbers
    if month == 0 or not 1 <= day <= _days_in(year, month):
        return None
    offset = (offset_hour * 60 + offset_minute) * 60 * (-1 if match[8] == "-" else 1)
    seconds = (
        _days_since_epoch(year, month, day) * _DAY_S + hour * 3600 + minute * 60 + second - offset
    )
    if second == _LEAP_SECOND and not _starts_month(seconds):
        return None
    fraction = int((match[7] or "")[:9].ljust(9, "0"))
    return seconds * _SECOND_NS + fraction


def format_date_time(time_ns: int) -> str:
    """Return a time in nanoseconds since the Unix epoch as UTC text with milliseconds.

    >>> format_date_time(1_632_990_324_000_000_000)
    '2021-09-30T08:25:24.000Z'
    """
    seconds, rest = divmod(time_ns, _SECOND_NS)
    days, second = divmod(seconds, _DAY_S)
    year, month, day = _date_of(days)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{rest // 1_000_000:03}"
    return f"{year:04}-{month:02}-{day:02}T{clock}Z"


def _days_in(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == _FEBRUARY and leap else _DAYS[month - 1]


# Both ways count years from March, so that the leap day is the last day of its year; the month
# lengths from March on follow (153 * month + 2) // 5.


def _days_since_epoch(year: int, month: int, day: int) -> int:
    year -= month <= _FEBRUARY
    day_of_year = (153 * ((month - _MARCH) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - _EPOCH_DAY


def _date_of(days: int) -> tuple[int, int, int]:
    era, day = divmod(days + _EPOCH_DAY, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month_from_march = (5 * day + 2) // 153
    month = (month_from_march + _MARCH - 1) % 12 + 1
    day_of_month = day - (153 * month_from_march + 2) // 5 + 1
    return era * 400 + year + (month <= _FEBRUARY), month, day_of_month


def _starts_month(seconds: int) -> bool:
    days, second = divmod(seconds, _DAY_S)
    return second == 0 and _date_of(days)[2] == 1
