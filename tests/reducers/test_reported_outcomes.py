"""What reported outcomes come to, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loopgraph.contracts.loop.reported_outcomes import TOP_NAMES, UnitsAlike
from loopgraph.reducers.reported_outcomes import summary_of


def test_shares_of_single_outcomes_have_wilsons_interval() -> None:
    [figures] = summary_of([UnitsAlike("tests", 1.0, True, 7, 7), UnitsAlike("tests", 0.0, True, 3, 4)]).figures
    assert (figures.units, figures.outcomes, figures.mean, figures.boolean) == (10, 11, 0.7, True)
    wilson = stats.binomtest(7, 10).proportion_ci(0.95, method="wilson")
    assert figures.interval == pytest.approx((wilson.low, wilson.high))


def test_of_other_means_students_interval_over_units() -> None:
    rows = [
        UnitsAlike("reward", 0.5, False, 2, 3),
        UnitsAlike("reward", 4.0, False, 1, 1),
        UnitsAlike("reward", -1.0, False, 1, 9),
    ]
    [figures] = summary_of(rows).figures
    values = np.array([0.5, 0.5, 4.0, -1.0])
    assert figures.mean == pytest.approx(values.mean())
    expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert figures.interval == pytest.approx(expected)


def test_a_share_with_units_between_stays_within_its_bounds() -> None:
    [figures] = summary_of([UnitsAlike("tests", 0.5, True, 1, 2), UnitsAlike("tests", 1.0, True, 1, 1)]).figures
    assert figures.interval is not None
    assert figures.interval[1] == 1.0
    assert figures.interval[0] == 0.0


@pytest.mark.parametrize("rows", [[UnitsAlike("reward", 2.0, False, 1, 5)], [UnitsAlike("reward", 2.0, False, 9, 9)]])
def test_what_does_not_vary_has_no_interval(rows: list[UnitsAlike]) -> None:
    assert summary_of(rows).figures[0].interval is None


def test_names_with_the_most_units_come_first_and_are_bounded() -> None:
    rows = [UnitsAlike(f"n{number:03}", 1.0, True, number + 1, 1) for number in range(TOP_NAMES + 5)]
    figures = summary_of(rows).figures
    assert [one.units for one in figures] == sorted((one.units for one in figures), reverse=True)
    assert (len(figures), figures[0].name) == (TOP_NAMES, f"n{TOP_NAMES + 4:03}")
    assert summary_of([]).figures == ()
