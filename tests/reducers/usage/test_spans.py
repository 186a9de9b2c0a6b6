from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.windows import Grain, Window
from loopgraph.errors import InvalidInput
from loopgraph.reducers.usage.spans import before, pieces, whole_days, window_of

NOW = datetime(2025, 5, 17, 13, 25, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_by_default_the_last_thirty_days_with_today() -> None:
    window = window_of(None, None, NOW)
    assert (window.since, window.until) == (datetime(2025, 4, 18, tzinfo=UTC), datetime(2025, 5, 18, tzinfo=UTC))
    assert pieces(window) == ((window, Grain.DAY),)
    assert whole_days(window)


def test_the_hours_that_a_range_touches_are_in_it() -> None:
    window = window_of(NOW - timedelta(minutes=30), NOW, NOW)
    assert (window.since, window.until) == (
        datetime(2025, 5, 17, 12, tzinfo=UTC),
        datetime(2025, 5, 17, 14, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("since", "until", "problem"),
    [
        (NOW, NOW - DAY, "before until"),
        (NOW, NOW, "before until"),
        (NOW + 2 * DAY, None, "before until"),
        (NOW - 401 * DAY, NOW, "400 days"),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC), "400 days"),
        (None, datetime(1, 1, 1, tzinfo=UTC), "years 1 and 9999"),
        (datetime(9999, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, 23, 30, tzinfo=UTC), "years 1 and 9999"),
    ],
)
def test_ranges_that_are_none_are_refused(since: datetime | None, until: datetime | None, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        window_of(since, until, NOW)


@pytest.mark.lengthy
@given(st.integers(-500_000, 500_000), st.integers(1, 9_000))
def test_pieces_cover_a_window_once(since: int, hours: int) -> None:
    begin = datetime(2025, 1, 1, tzinfo=UTC) + since * HOUR
    window = Window(since=begin, until=begin + hours * HOUR)
    found = pieces(window)
    assert (found[0][0].since, found[-1][0].until) == (window.since, window.until)
    assert all(a.until == b.since for (a, _), (b, _) in pairwise(found))
    for part, grain in found:
        if grain is Grain.DAY:
            assert whole_days(part)
        else:
            assert part.until - part.since < 2 * DAY
    assert len(found) <= 3


def test_a_window_is_compared_with_as_many_hours_before_it() -> None:
    earlier, over = before(window_of(None, None, NOW), NOW)
    assert over.until == datetime(2025, 5, 17, 14, tzinfo=UTC)
    assert earlier.until == over.since
    assert earlier.until - earlier.since == over.until - over.since


def test_a_window_that_ends_before_it_begins_says_where_it_would_have_ended() -> None:
    with pytest.raises(InvalidInput, match=r"^window\.since: must be before until$"):
        window_of(NOW, NOW - timedelta(days=1), NOW)
    end = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with pytest.raises(InvalidInput, match=f"until, which is {end:%Y-%m-%d}T00:00Z where it is left out$"):
        window_of(NOW + timedelta(days=3), None, NOW)
