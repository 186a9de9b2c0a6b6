from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.trends.retention import retention
from loopgraph.contracts.analytics.trends import NoFigure
from support.series import MONDAY

NAMES = st.sets(st.sampled_from("abcdefgh"))


def weekly(*users: set[str]) -> list[tuple[datetime, set[str]]]:
    return [(MONDAY + i * timedelta(weeks=1), each) for i, each in enumerate(users)]


def test_cohorts_and_who_came_back() -> None:
    found = retention(weekly({"a", "b", "c"}, {"a", "d"}, {"a", "c", "d"}), population=10)
    assert [(cohort.size, cohort.retained) for cohort in found.cohorts] == [(3, (3, 1, 2)), (1, (1, 1))]
    assert [(each.active, each.new, each.retained) for each in found.periods] == [(3, 3, 0), (2, 1, 1), (3, 0, 2)]
    assert [each.retention for each in found.periods] == [None, pytest.approx(1 / 3), 1.0]
    assert [(at.age, at.retained, at.of) for at in found.curve] == [(1, 2, 4), (2, 2, 3)]
    assert (found.users, found.adoption_rate) == (4, 0.4)


def test_the_interval_is_wilsons() -> None:
    users = {f"u{i}" for i in range(263)}
    kept = {f"u{i}" for i in range(81)}
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, without correction: 0.2553 to 0.3662.
    assert retention(weekly(users, kept)).curve[0].interval == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_who_was_there_before_is_in_no_cohort() -> None:
    found = retention(weekly({"a", "b"}, {"a"}), earlier={"a"})
    assert [(cohort.size, cohort.retained) for cohort in found.cohorts] == [(1, (1, 0))]
    assert [each.new for each in found.periods] == [1, 0]


@pytest.mark.lengthy
@given(st.lists(NAMES, min_size=1, max_size=8))
def test_every_user_is_in_one_cohort_and_every_use_in_one_cell(users: list[set[str]]) -> None:
    found = retention(weekly(*users))
    everyone = set().union(*users)
    assert found.users == len(everyone) == sum(cohort.size for cohort in found.cohorts)
    assert sum(sum(cohort.retained) for cohort in found.cohorts) == sum(map(len, users))
    assert all(cohort.retained[0] == cohort.size for cohort in found.cohorts)
    assert all(at.interval[0] <= at.rate <= at.interval[1] for at in found.curve)


def test_without_users_there_is_a_reason() -> None:
    assert retention(weekly(set(), set())).reason is NoFigure.NO_DATA
    assert retention([]).reason is NoFigure.NO_DATA
    alone = retention(weekly({"a"}))
    assert (alone.reason, alone.curve, alone.adoption_rate) == (NoFigure.TOO_SHORT, (), None)
    assert retention(weekly({"a", "b"}, {"a"}), population=1).adoption_rate is None
