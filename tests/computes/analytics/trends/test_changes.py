import math
from datetime import timedelta
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from loopgraph.computes.analytics.trends.changes import change_points, noise, partition
from loopgraph.computes.analytics.trends.series import Floats
from loopgraph.contracts.analytics.trends import NoFigure, Scale
from support.series import MONDAY, NILE, by_day, by_week


def cost(y: Floats, starts: tuple[int, ...], penalty: float) -> float:
    pieces = pairwise((0, *starts, len(y)))
    return sum(float(((y[a:b] - y[a:b].mean()) ** 2).sum()) for a, b in pieces) + penalty * len(starts)


@pytest.mark.lengthy
@settings(max_examples=40)
@given(
    nps.arrays(float, st.integers(4, 13), elements=st.integers(0, 20).map(float)), st.floats(1, 200), st.integers(1, 3)
)
def test_no_partition_is_better(y: Floats, penalty: float, min_piece: int) -> None:
    all_starts = (
        starts
        for k in range(len(y) // min_piece)
        for starts in combinations(range(1, len(y)), k)
        if all(b - a >= min_piece for a, b in pairwise((0, *starts, len(y))))
    )
    best = min(cost(y, starts, penalty) for starts in all_starts)
    assert cost(y, tuple(partition(y, penalty, min_piece)), penalty) == pytest.approx(best)


@pytest.mark.parametrize(
    ("penalty", "starts"),
    [
        (30_000, [10, 19, 28, 61, 68, 75]),
        (44_000, [10, 19, 28, 83]),
        (60_000, [10, 19, 28]),
        (100_000, [28]),
        (400_000, [28]),
    ],
)
def test_partitions_are_those_of_an_exact_library(penalty: float, starts: list[int]) -> None:
    # ruptures 1.1.10, Dynp(model="l2", min_size=7, jump=1): the best partitions with 6, 4, 3 and 1 changes, each of them the best
    # at this penalty. Its Pelt prunes [10, 19, 28] away at 60,000, since pieces have a shortest length.
    assert partition(NILE, penalty, 7) == starts


def test_the_nile_changed_in_1899() -> None:
    found = change_points(by_week(NILE))
    assert [(point.at - MONDAY) // timedelta(weeks=1) for point in found.points] == [28]
    assert (found.points[0].before, found.points[0].after) == (NILE[:28].mean(), NILE[28:].mean())
    assert found.points[0].gain > 1


def test_counts_that_change_are_found_beneath_their_week() -> None:
    rng = np.random.default_rng(1)
    rates = np.concatenate([np.full(40, 20.0), np.full(30, 45.0), np.full(30, 12.0)]) * np.resize(
        [1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5], 100
    )
    found = change_points(by_day(rng.poisson(rates)))
    days = [(point.at - MONDAY).days for point in found.points]
    assert len(days) == 2
    assert days == pytest.approx([40, 70], abs=2)
    assert found.points[0].before < found.points[0].after > found.points[1].after


def test_a_slope_is_no_staircase() -> None:
    found = change_points(by_week(np.linspace(0, 30, 90) + np.random.default_rng(1).normal(0, 1, 90)))
    assert (found.points, found.gradual, found.reason) == ((), True, None)


@pytest.mark.lengthy
@settings(max_examples=40)
@given(nps.arrays(float, 60, elements=st.integers(0, 30).map(float)), st.floats(0.5, 50), st.floats(-1e3, 1e3))
def test_units_and_levels_do_not_matter(y: Floats, factor: float, offset: float) -> None:
    plain, other = change_points(by_week(y)), change_points(by_week(y * factor + offset))
    assert (other.reason, [point.at for point in other.points]) == (plain.reason, [point.at for point in plain.points])


def test_the_noise_of_a_mean_is_told_in_spite_of_changes() -> None:
    rng = np.random.default_rng(2)
    for rho in (0.0, 0.5, 0.7):
        y = rng.normal(0, 1, 4_000)
        for i in range(1, len(y)):
            y[i] += rho * y[i - 1]
        truth = 1 / (1 - rho) ** 2  # of innovations with variance 1
        assert noise(y) == pytest.approx(truth, rel=0.25)
        assert noise(y + 20 * (np.arange(4_000) > 1_700)) == pytest.approx(noise(y), rel=0.1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [([5.0] * 60, NoFigure.CONSTANT), ([1, 2] * 13, NoFigure.TOO_SHORT), ([math.nan] * 60, NoFigure.NO_DATA)],
)
def test_where_the_data_do_not_allow_it_there_is_a_reason(values: list[float], reason: NoFigure) -> None:
    assert change_points(by_day(np.array(values), Scale.REAL)).reason is reason
    assert change_points(by_day(np.array(values), Scale.REAL)).points == ()


def test_a_change_of_what_never_varied_is_found() -> None:
    found = change_points(by_day(np.repeat([2.0, 40.0], 30)))
    assert [(point.at - MONDAY).days for point in found.points] == [30]
