"""When schedules are due: by the clock on the wall, also where that is set forward or back."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from loopgraph.computes.loop.cron import next_due
from loopgraph.errors import InvalidInput

BERLIN, NEW_YORK, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(cron: str, zone: ZoneInfo, after: str, many: int) -> list[str]:
    found, at = [], utc(after)
    for _ in range(many):
        at = next_due(cron, zone, at)
        found.append(at.strftime("%m-%d %H:%M"))
    return found


def test_a_daily_time_stays_where_it_is_on_the_clock_of_the_zone() -> None:
    # 03:00 in Berlin is 02:00 UTC in winter and 01:00 UTC in summer; clocks go forward on 2026-03-29 and back on 2026-10-25.
    assert times("0 3 * * *", BERLIN, "2026-03-27T12:00", 3) == ["03-28 02:00", "03-29 01:00", "03-30 01:00"]
    assert times("0 3 * * *", BERLIN, "2026-10-23T12:00", 3) == ["10-24 01:00", "10-25 02:00", "10-26 02:00"]


def test_what_is_due_in_the_hour_that_there_is_not_is_due_right_after_it() -> None:
    # On 2026-03-08 New York's clocks go from 02:00 to 03:00, which is 07:00 UTC.
    assert times("30 2 * * *", NEW_YORK, "2026-03-07T00:00", 3) == ["03-07 07:30", "03-08 07:00", "03-09 06:30"]


def test_what_is_due_in_the_hour_that_there_is_twice_is_due_once() -> None:
    # On 2026-11-01 New York's clocks go from 02:00 back to 01:00.
    assert times("30 1 * * *", NEW_YORK, "2026-10-31T00:00", 3) == ["10-31 05:30", "11-01 05:30", "11-02 06:30"]


def test_an_hourly_schedule_is_due_every_hour_that_passes() -> None:
    assert times("0 * * * *", NEW_YORK, "2026-11-01T04:30", 4) == [
        "11-01 05:00",
        "11-01 06:00",
        "11-01 07:00",
        "11-01 08:00",
    ]


def test_zones_can_be_off_by_a_part_of_an_hour() -> None:
    assert times("0 9 * * 1-5", KATHMANDU, "2026-11-27T12:00", 2) == ["11-30 03:15", "12-01 03:15"]


def test_the_instant_itself_is_not_due_again() -> None:
    at = next_due("*/15 * * * *", BERLIN, utc("2026-11-30T10:01"))
    assert at == utc("2026-11-30T10:15")
    assert next_due("*/15 * * * *", BERLIN, at) == utc("2026-11-30T10:30")


@pytest.mark.parametrize("cron", ["", "* * * *", "* * * * * *", "60 * * * *", "every day", "0 0 32 * *", "@daily"])
def test_what_is_no_cron_is_refused(cron: str) -> None:
    with pytest.raises(InvalidInput, match="cron"):
        next_due(cron, BERLIN, utc("2026-11-30T10:00"))


def test_a_time_that_never_comes_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"never comes|not understood"):
        next_due("0 0 31 2 *", BERLIN, utc("2026-11-30T10:00"))
