"""RFC 3339 text is read exactly, or not at all."""

import datetime as dt
import random

import pytest

from hybrid_dex.signing import format_date_time, parse_date_time
from tests.tiers import count

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SECOND_NS = 10**9


def test_any_instant_of_the_calendar_is_read_and_written_as_python_does(rng: random.Random) -> None:
    first = int((dt.datetime.min.replace(tzinfo=dt.UTC) - EPOCH).total_seconds()) * 1000
    last = int((dt.datetime.max.replace(tzinfo=dt.UTC) - EPOCH).total_seconds()) * 1000
    for _ in range(count(fast=2_000, full=50_000)):
        time_ms = rng.randint(first, last)
        moment = EPOCH + dt.timedelta(milliseconds=time_ms)
        text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert parse_date_time(text) == time_ms * 10**6
        assert format_date_time(time_ms * 10**6) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1969-12-31T23:59:59Z", -1),
        ("1970-01-01T00:00:00-00:00", 0),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T14:00:00-10:00", 0),
        ("2000-02-29T00:00:00Z", 951_782_400),
        ("2024-02-29T00:00:00Z", 1_709_164_800),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2016-12-31T15:59:60-08:00", 1_483_228_800),
        ("2015-06-30T23:59:60Z", 1_435_708_800),
    ],
)
def test_the_forms_of_the_standard_are_read(text: str, seconds: int) -> None:
    assert parse_date_time(text) == seconds * SECOND_NS


@pytest.mark.parametrize(
    ("fraction", "nanoseconds"),
    [("1", 100_000_000), ("000000001", 1), ("0000000019", 1), ("9" * 400, 999_999_999)],
)
def test_a_fraction_is_kept_to_the_nanosecond(fraction: str, nanoseconds: int) -> None:
    assert parse_date_time(f"1970-01-01T00:00:00.{fraction}Z") == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2022-01-01",
        "2022-01-01T00:00:00",
        "2022-01-01 00:00:00Z",
        "2022-01-01T00:00Z",
        "2022-01-01T00:00:00.Z",
        "2022-01-01T00:00:00,5Z",
        "2022-01-01T00:00:00+01",
        "2022-01-01T00:00:00+0100",
        "2022-01-01T00:00:00+24:00",
        "2022-01-01T00:00:00+01:60",
        "2022-00-01T00:00:00Z",
        "2022-13-01T00:00:00Z",
        "2022-01-00T00:00:00Z",
        "2022-01-32T00:00:00Z",
        "2022-04-31T00:00:00Z",
        "2022-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2022-01-01T24:00:00Z",
        "2022-01-01T00:60:00Z",
        "2022-01-01T00:00:61Z",
        "2022-01-01T00:00:60Z",
        "2016-12-31T23:59:60+01:00",
        "02022-01-01T00:00:00Z",
        "+2022-01-01T00:00:00Z",
        "2022-1-1T0:0:0Z",
        "2022-01-01T00:00:00Z ",
        "2022-01-01T00:00:00Z\n",
        "\u0662022-01-01T00:00:00Z",
        "Wed Oct 05 2011 16:48:00 GMT+0200",
        "1633366800",
    ],
)
def test_what_is_no_date_time_is_not_read(text: str) -> None:
    assert parse_date_time(text) is None
