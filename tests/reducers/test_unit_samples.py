from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.contracts.statistics.metrics import Logarithm, MetricKind, Winsorised
from loopgraph.contracts.statistics.plans import FixedHorizon
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, RankedValues
from loopgraph.reducers.unit_samples import joint_moments, unit_samples
from support.statistics import metric, moments, units

rows = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0, 100), st.floats(-1e6, 1e6)), min_size=1, max_size=30)


@pytest.mark.lengthy
@given(rows)
def test_moments_of_arrays_are_those_of_plain_sums(values: list[tuple[float, float, float]]) -> None:
    columns = np.array(values).T
    found, expected = joint_moments(*columns), moments(*(column.tolist() for column in columns))
    assert found.n == expected.n
    assert found.means == pytest.approx(expected.means, rel=1e-9, abs=1e-6)
    for one, other in zip(found.products, expected.products, strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-3)


def test_equal_values_have_no_variance_at_all() -> None:
    assert joint_moments(np.full(7, 0.1)) == JointMoments(n=7, means=(0.1,), products=((0.0,),))
    assert joint_moments(np.zeros(0), np.zeros(0)) == moments([], [])


def test_each_kind_of_metric_has_its_samples() -> None:
    control, treatment = units([3.0, 1.0], [2.0, 4.0], [5.0, 7.0]), units([1.0, 0.0], [1.0, 1.0], [6.0, None])
    ranked = unit_samples(metric(MetricKind.RANK), control, treatment)
    assert (ranked.control, ranked.treatment) == (RankedValues(values=(1.0, 3.0)), RankedValues(values=(0.0, 1.0)))
    ratio = unit_samples(metric(MetricKind.RATIO, covariate="before"), control, treatment)
    assert isinstance(ratio.treatment, JointMoments)
    assert ratio.treatment.means == (0.5, 1.0, 6.0, 0.5)  # and of half it is known
    assert ratio.filled == 1
    binary = unit_samples(metric(MetricKind.PROPORTION), units([1.0, 0.0, 1.0]), treatment)
    assert binary.control == BinaryCounts(n=3, successes=2)


def test_a_tail_is_treated_for_both_arms_alike() -> None:
    made = unit_samples(metric(tail=Winsorised(lower=0.25, upper=0.75)), units([0.0, 1.0]), units([2.0, 3.0, 100.0]))
    assert (made.limits, made.clipped) == ((1.0, 3.0), 2)
    assert made.control.means == (1.0,)  # type: ignore[union-attr]
    logged = unit_samples(metric(tail=Logarithm()), units([np.e, 1.0]), units([np.e**3]))
    assert logged.control.means == pytest.approx((0.5,))  # type: ignore[union-attr]
    assert logged.treatment.means == pytest.approx((3.0,))  # type: ignore[union-attr]


def test_units_with_a_past_and_those_without_are_told_apart() -> None:
    """Units without a past are slower, and one arm has more of them: that is neither the treatment nor what the past tells."""
    past = [float(n % 5) for n in range(40)]
    values = [2.0 * each + float(n % 3) for n, each in enumerate(past)]
    slower = [value + 50.0 * (n >= 8) for n, value in enumerate(values)]
    some = [value + 50.0 * (n >= 32) for n, value in enumerate(values)]
    control = units(some, [1.0] * 40, [*past[:32], *[None] * 8])
    treatment = units(slower, [1.0] * 40, [*past[:8], *[None] * 32])
    definition = metric(covariate="before")
    made = unit_samples(definition, control, treatment)
    assert made.filled == 40
    assert isinstance(made.control, JointMoments)
    assert [len(made.control.means), made.control.means[2]] == [3, 0.8]
    plain = analyse(metric(), unit_samples(metric(), control, treatment), FixedHorizon())
    found = analyse(definition, made, FixedHorizon())
    assert (plain.effect or 0.0) > 25.0
    assert found.effect == pytest.approx(0.0, abs=2.0)
    assert (found.p_value or 0.0) > 0.05
    # As an analysis of covariance with both has it.
    y, x, known, arm = (
        np.array(column)
        for column in (
            [*some, *slower],
            [*past[:32], *[0.0] * 8, *past[:8], *[0.0] * 32],
            [1.0] * 32 + [0.0] * 8 + [1.0] * 8 + [0.0] * 32,
            [0.0] * 40 + [1.0] * 40,
        )
    )
    slopes = np.linalg.lstsq(np.column_stack([np.ones(80), arm, x, known]), y, rcond=None)[0]
    assert found.effect == pytest.approx(slopes[1], rel=1e-9)


def test_a_past_of_all_or_of_none_needs_no_telling_apart() -> None:
    definition, values = metric(covariate="before"), [float(n) for n in range(9)]
    for past, filled in ((values, 0), ([None] * 9, 18)):
        arms = [units(values, [1.0] * 9, past) for _ in range(2)]
        made = unit_samples(definition, *arms)
        assert made.filled == filled
        assert len(made.control.means) == 2  # type: ignore[union-attr]


def test_where_only_one_arm_has_a_past_nothing_is_adjusted() -> None:
    definition, values = metric(covariate="before"), [float(n % 7) for n in range(20)]
    made = unit_samples(definition, units(values, [1.0] * 20, values), units(values[::-1], [1.0] * 20, [None] * 20))
    found = analyse(definition, made, FixedHorizon())
    plain = analyse(metric(), unit_samples(metric(), units(values), units(values[::-1])), FixedHorizon())
    assert found.effect == pytest.approx(plain.effect, abs=1e-12)
