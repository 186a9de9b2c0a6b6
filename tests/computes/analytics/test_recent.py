"""What is known of the rounds of late: which windows hold what they held, and what of a window does not change any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.recent import KEPT, LATELY, RecentRounds
from loopgraph.contracts.analytics.counting import ChangedDays
from loopgraph.contracts.analytics.windows import Window

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TODAY = datetime(2026, 11, 30, tzinfo=UTC)


def changed(round_: int, first: int | None = 0, last: int | None = None, of: str = "a") -> ChangedDays:
    """A round that has changed days, counted back from today."""
    if first is None:
        return ChangedDays(round_, of)
    return ChangedDays(round_, of, TODAY - first * DAY, TODAY - (first if last is None else last) * DAY)


def days(first: int, last: int = 0) -> Window:
    """From one day to another, counted back from today."""
    return Window(since=TODAY - first * DAY, until=TODAY - last * DAY + DAY)


def rounds(*firsts: int | None) -> RecentRounds:
    """After rounds that changed a day each."""
    told = [changed(number, first) for number, first in enumerate(firsts)]
    return RecentRounds(len(told), told[::-1])


spans = st.none() | st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda one: (one[0] + one[1], one[0]))


@given(st.lists(spans, max_size=12), st.data())
def test_a_window_holds_what_it_held_where_no_round_since_has_changed_a_day_of_it(
    told: list[tuple[int, int] | None], data: st.DataObject
) -> None:
    all_ = [changed(number, *(one or (None,))) for number, one in enumerate(told)]
    known = data.draw(st.integers(0, len(all_)))
    recent = RecentRounds(known, all_[:known])
    assert recent.goes_on(len(all_), all_[max(0, known - 1) :]) == (known > 0 or not all_)
    recent = RecentRounds(len(all_), all_)
    since = data.draw(st.integers(0, len(all_)))
    first, hours = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 100))
    window = Window(since=TODAY - first * DAY - 5 * HOUR, until=TODAY - first * DAY + (hours - 5) * HOUR)
    mine = {window.since + number * HOUR for number in range(hours)}
    others = {
        TODAY - day * DAY + hour * HOUR
        for one in told[since:]
        if one is not None
        for day in range(one[1], one[0] + 1)
        for hour in range(24)
    }
    assert recent.keeps(window, since) == mine.isdisjoint(others)


def test_rounds_go_on_where_all_since_are_told_of_beside_the_last_one_known() -> None:
    recent = rounds(0, 0)
    assert recent.goes_on(2, [changed(1)])
    assert recent.goes_on(4, [changed(3), changed(2, 7), changed(1)])
    assert recent.round == 4
    assert not recent.keeps(days(7), 2)
    assert recent.keeps(days(7), 3) is False
    assert recent.keeps(days(7, 1), 3)


@pytest.mark.parametrize(
    ("round_", "told"),
    [
        (4, [changed(3), changed(1)]),  # an older program has counted in between
        (4, [changed(2), changed(1)]),  # or last
        (4, [changed(3), changed(2)]),  # too long ago
        (3, []),
        (1, [changed(0)]),  # a backup was restored
        (2, [changed(1, of="b")]),  # and counted on, up to the same round,
        (3, [changed(2), changed(1, of="b")]),  # or further
        (2, []),
    ],
)
def test_what_cannot_be_known_is_not(round_: int, told: list[ChangedDays]) -> None:
    recent = rounds(0, 0)
    assert not recent.goes_on(round_, told)
    assert recent.round == 2


def test_while_nobody_says_what_rounds_change_their_number_tells_all_the_same() -> None:
    recent = RecentRounds(5, [changed(3)])
    assert recent.goes_on(5, [])
    assert recent.keeps(days(0), 5)
    assert not recent.keeps(days(9, 8), 4)
    assert not recent.goes_on(6, [changed(5)])
    assert not recent.goes_on(5, [changed(4)])


def test_what_was_long_ago_is_not_known() -> None:
    recent = RecentRounds(0, [])
    assert recent.goes_on(0, [])
    recent = rounds(0)
    for number in range(1, KEPT + 1):
        assert recent.goes_on(number + 1, [changed(number, None), changed(number - 1, 0 if number == 1 else None)])
    assert recent.keeps(days(0), 1)
    assert not recent.keeps(days(9, 8), 0)


@pytest.mark.parametrize(
    ("firsts", "window", "since"),
    [
        ([0, 0], days(29), 0),
        ([1, 0], days(29), 1),
        ([0, 25], days(29), 0),  # one that changes what is long over, as few do
        ([0, 40], days(29), 0),
        ([None, 0, None], days(29), 0),
        ([1, 0, *[None] * 5], days(29), 1),
        ([5, *[0] * LATELY], days(29), 0),
        ([0], days(2), 0),
    ],
)
def test_days_that_change_of_late_are_apart_from_those_that_do_not(
    firsts: list[int | None], window: Window, since: int
) -> None:
    assert rounds(*firsts).open_since(window) == TODAY - since * DAY


@pytest.mark.parametrize(
    ("firsts", "window"),
    [
        ([0], days(1)),  # too short
        ([0], days(0)),
        ([0], days(29, 1)),  # nothing of it has changed
        ([29], days(29)),
        ([None], days(29)),
        ([], days(29)),
    ],
)
def test_where_it_does_not_pay_there_are_no_parts(firsts: list[int | None], window: Window) -> None:
    assert rounds(*firsts).open_since(window) is None


def test_what_changes_is_apart_only_where_it_is_small() -> None:
    assert RecentRounds(1, [changed(0, 15, 0)]).open_since(days(29)) is None
    assert RecentRounds(1, [changed(0, 9, 0)]).open_since(days(29)) == TODAY - 9 * DAY


def test_what_is_to_come_of_a_window_does_not_count_for_its_parts() -> None:
    month = Window(since=TODAY - 9 * DAY, until=TODAY + 20 * DAY)
    assert rounds(0).open_since(month) == TODAY
