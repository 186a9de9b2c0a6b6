from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.windows import Count, Window
from loopgraph.reducers.usage.usage import MOST_PEAKS, profile, usage_figures

SINCE = datetime(2025, 3, 1, tzinfo=UTC)
WINDOW = Window(since=SINCE, until=SINCE + timedelta(days=10))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def hour(offset: int, executions: int) -> Count:
    return Count(SINCE + timedelta(hours=offset), executions, executions, 0)


def test_rates_are_over_the_window() -> None:
    found = usage_figures([hour(0, 6), hour(119, 0), hour(120, 14)], WINDOW, UTC, "UTC", WINDOW.until)
    assert (found.executions, found.per_day, found.per_week, found.active_hours) == (20, 2.0, 14.0, 2)
    assert found.per_hour == pytest.approx(20 / 240)
    assert found.per_month == pytest.approx(60.875)
    assert found.per_day_since_first_use == 2.0
    assert (found.first_used, found.last_used) == (SINCE, SINCE + timedelta(hours=120))
    assert found.hours_since_last_use == 119


def test_what_is_new_is_not_diluted_by_the_time_before_it() -> None:
    found = usage_figures([hour(216, 24)], WINDOW, UTC, "UTC", WINDOW.until)
    assert (found.per_day, found.per_day_since_first_use) == (2.4, 24.0)


def test_what_is_still_to_come_is_no_time() -> None:
    now = SINCE + timedelta(days=2)
    assert usage_figures([hour(0, 20)], WINDOW, UTC, "UTC", now).per_day == 10
    assert usage_figures([], WINDOW, UTC, "UTC", SINCE - timedelta(days=9)).per_day == 0


def test_of_nothing_nothing_is_known() -> None:
    found = usage_figures([], WINDOW, UTC, "UTC", WINDOW.until)
    assert (found.per_day_since_first_use, found.first_used, found.hours_since_last_use, found.peaks) == (
        None,
        None,
        None,
        (),
    )
    assert found.profile.hours_of_day == (0,) * 24


def test_the_peaks_are_the_busiest_hours() -> None:
    found = usage_figures([hour(n, 1 + n % 7) for n in range(40)], WINDOW, UTC, "UTC", WINDOW.until)
    assert [peak.executions for peak in found.peaks] == [7] * MOST_PEAKS
    assert [peak.start for peak in found.peaks] == [SINCE + timedelta(hours=6 + 7 * n) for n in range(MOST_PEAKS)]


def test_a_profile_keeps_to_the_clock_through_summer_time() -> None:
    # In Berlin the clocks went forward on 30 March 2025 at 1:00 UTC: nine in the morning was 8:00 UTC before, 7:00 after.
    before, after = datetime(2025, 3, 29, 8, tzinfo=UTC), datetime(2025, 3, 31, 7, tzinfo=UTC)
    found = profile([Count(before, 3, 3, 0), Count(after, 4, 4, 0)], ZoneInfo("Europe/Berlin"), "Europe/Berlin")
    assert found.hours_of_day == tuple(7 if n == 9 else 0 for n in range(24))
    assert found.days_of_week == (4, 0, 0, 0, 0, 3, 0)


@pytest.mark.lengthy
@given(st.dictionaries(st.integers(0, 9_000), st.integers(1, 9), max_size=30), st.sampled_from(ZONES))
def test_a_profile_counts_everything_once(hours: dict[int, int], name: str) -> None:
    zone = ZoneInfo(name)
    found = profile([hour(offset, n) for offset, n in hours.items()], zone, name)
    expected: Counter[tuple[int, int]] = Counter()
    for offset, n in hours.items():
        local = (SINCE + timedelta(hours=offset)).astimezone(zone)
        expected[int(local.strftime("%H")), (int(local.strftime("%w")) + 6) % 7] += n
    for of_day in range(24):
        assert found.hours_of_day[of_day] == sum(n for (h, _), n in expected.items() if h == of_day)
    for of_week in range(7):
        assert found.days_of_week[of_week] == sum(n for (_, d), n in expected.items() if d == of_week)
