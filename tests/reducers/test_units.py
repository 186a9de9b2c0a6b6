"""Executions by unit, against published figures, scipy and numpy."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.contracts.loop.feedback import Execution, Metric
from loopgraph.reducers.units import arm_sample, clustered, pooled

clusters = st.lists(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8), min_size=1, max_size=12)


def execution(unit: str, duration_ms: float | None, *, success: bool | None = True, ended: bool = True) -> Execution:
    return Execution(
        execution_id="e", unit=unit, node_id="v", experiment_id="x", arm=None, started_at=datetime(2026, 1, 1, tzinfo=UTC),
        duration_ms=duration_ms, success=success, error_type=None, quality_score=None, ended=ended,
    )  # fmt: skip


def test_a_unit_counts_once_however_many_executions_it_has() -> None:
    busy = [execution("busy", value) for value in (10.0, 20.0, 30.0, 40.0)]
    rest = [
        execution("one", 5.0),
        execution("silent", None),
        execution("failed", 1.0, success=False),
        execution("failed", 7.0),
        execution("hangs", None, success=False, ended=False),
    ]
    arm = arm_sample([*busy, *rest], Metric.DURATION_MS)
    assert (arm.units, arm.telling_units, arm.executions, arm.successes, arm.unended) == (5, 4, 9, 7, 1)
    assert (arm.sample.n, arm.sample.mean) == (3, pytest.approx((25.0 + 5.0 + 7.0) / 3))
    assert (arm.metric.values, arm.metric.units, arm.success.values, arm.success.units) == (6, 3, 9, 5)
    rates = arm_sample([*busy, *rest], Metric.SUCCESS_RATE)
    assert (rates.sample.n, rates.sample.mean) == (5, pytest.approx((1 + 1 + 1 + 0.5 + 0) / 5))
    nothing = arm_sample([], Metric.DURATION_MS)
    assert (nothing.units, nothing.metric.icc, nothing.metric.design_effect(None)) == (0, None, 1.0)


@pytest.mark.parametrize("metric", Metric)
def test_what_is_not_known_is_neither_for_an_arm_nor_against_it(metric: Metric) -> None:
    known = [execution("a", 1.0), execution("a", 3.0), execution("b", 2.0, success=False), execution("c", 5.0)]
    unknown = [execution("a", 9.0, success=None), execution("d", 9.0, success=None)]
    without, with_them = arm_sample(known, metric), arm_sample([*known, *unknown], metric)
    assert (with_them.units, with_them.executions, with_them.unknown) == (4, 6, 2)
    same = {name: getattr(without, name) for name in ("sample", "telling_units", "successes", "metric", "success")}
    assert {name: getattr(with_them, name) for name in same} == same
    nothing = arm_sample(unknown, metric)
    assert (nothing.telling_units, nothing.sample.n, nothing.success.design_effect(None)) == (0, 0, 1.0)


def test_the_correlation_of_a_published_example() -> None:
    # Shrout & Fleiss, Psychological Bulletin 86 (1979), tables 2 to 4: six targets, four judges; ICC(1,1) = .17.
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = clustered([[float(value) for value in row] for row in ratings])
    assert (found.between / 5, found.within / 18) == (pytest.approx(11.24, abs=5e-3), pytest.approx(6.26, abs=5e-3))
    assert found.icc == pytest.approx(0.1657, abs=5e-5)
    assert found.design_effect(found.icc) == pytest.approx(1 + 3 * 0.1657, abs=2e-4)


@pytest.mark.lengthy
@given(clusters)
def test_the_sums_of_squares_are_those_of_scipys_analysis_of_variance(units: list[list[float]]) -> None:
    found = clustered(units)
    sizes = np.array([len(unit) for unit in units])
    assume(len(units) > 1 and found.values > found.units and found.within > 1e-6)
    f = stats.f_oneway(*[np.array(unit) for unit in units]).statistic
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(units) - 1)
    assert found.icc == pytest.approx((f - 1) / (f + typical - 1), rel=1e-6, abs=1e-6)
    effect = found.design_effect(found.icc)
    assert effect is not None
    assert 1.0 <= effect <= max(sizes) + 1e-9


@pytest.mark.lengthy
@given(clusters, clusters, st.floats(-1e3, 1e3))
def test_a_difference_between_the_arms_is_no_correlation(
    a: list[list[float]], b: list[list[float]], shift: float
) -> None:
    moved = [[value + shift for value in unit] for unit in b]
    plain, shifted = (pooled(clustered(a), clustered(other)).icc for other in (b, moved))
    assume(plain is not None and shifted is not None)
    spread = pooled(clustered(a), clustered(b))
    assume(spread.within + spread.between > 1.0)
    assert shifted == pytest.approx(plain, abs=1e-4)


def test_one_execution_to_a_unit_needs_no_correction() -> None:
    found = clustered([[1.0], [2.0], [4.0]])
    assert (found.icc, found.design_effect(found.icc)) == (None, 1.0)
    same = clustered([[1.0, 1.0], [1.0, 1.0]])
    assert (same.icc, same.design_effect(same.icc)) == (None, None)
    apart = clustered([[1.0, 1.0], [2.0, 2.0]])
    assert (apart.icc, apart.design_effect(apart.icc)) == (1.0, 2.0)
    assert math.isclose(clustered([[1.0, 2.0], [1.0, 2.0]]).design_effect(-0.5) or 0.0, 1.0)
