"""Composites of units, against numpy."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from loopgraph.computes.loop.experiments.deciding import rule
from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric, WeightedMetric
from loopgraph.contracts.loop.experiments import UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Execution, Reason, Verdict
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Winsorised
from loopgraph.contracts.statistics.plans import Horizon
from loopgraph.reducers.composites import composed
from loopgraph.reducers.looks import seen
from loopgraph.reducers.performance import metric_values
from loopgraph.reducers.units import telling_units
from support.designed import experiment, look

PARTS = (WeightedMetric(metric=Metric.DURATION_MS, weight=3.0), WeightedMetric(metric=Metric.RATING, weight=1.0))
COMPOSITE = ExperimentDesign(metric=Metric.COMPOSITE, composite=PARTS)


def execution(arm: Arm, unit: int, **more: Any) -> Execution:
    fields: dict[str, Any] = {"duration_ms": 100.0, "success": True, "quality_score": None, **more}
    return Execution(
        execution_id=f"{arm}{unit}", unit=f"{arm}{unit}", node_id="v", experiment_id="e", arm=arm, error_type=None,
        started_at=datetime(2026, 1, 1, tzinfo=UTC), **fields,
    )  # fmt: skip


def arms(n: int = 30, faster: float = 0.0, liked: float = 0.0) -> tuple[list[Execution], list[Execution]]:
    random = np.random.default_rng(3)
    found = []
    for arm in Arm:
        better = arm is Arm.TREATMENT
        durations, ratings = random.normal(100 - better * faster, 10, n), random.normal(3 + better * liked, 0.5, n)
        values = enumerate(zip(durations, ratings, strict=True))
        found.append([execution(arm, unit, duration_ms=float(d), rating=float(r)) for unit, (d, r) in values])
    return found[0], found[1]


def test_a_composite_is_the_weighted_sum_of_parts_in_deviations_of_the_control() -> None:
    control, treatment = arms(faster=8.0, liked=0.2)
    sight = seen(control, treatment, Metric.COMPOSITE, COMPOSITE)

    def column(executions: list[Execution], name: str) -> Any:
        return np.array([getattr(each, name) for each in executions])

    def expected(executions: list[Execution]) -> Any:
        z = [
            sign * (column(executions, name) - column(control, name).mean()) / column(control, name).std(ddof=1)
            for name, sign in (("duration_ms", -1), ("rating", 1))
        ]
        return 0.75 * z[0] + 0.25 * z[1]

    for executions, sample in ((control, sight.control.sample), (treatment, sight.treatment.sample)):
        assert sample.n == 30
        assert sample.mean == pytest.approx(expected(executions).mean(), abs=1e-9)
        assert sample.variance == pytest.approx(expected(executions).var(ddof=1))
    result = look(experiment(COMPOSITE, metric=Metric.COMPOSITE), control, treatment)
    assert isinstance(result.details, UnitEstimate)
    assert result.effect == pytest.approx(expected(treatment).mean() - expected(control).mean())
    # Nothing is a share of a control that is 0.
    assert (result.performance_delta, result.details.estimate.relative, result.details.estimate.relative_interval) == (
        None,
        None,
        None,
    )
    fixed = experiment(COMPOSITE.model_copy(update={"horizon": Horizon.FIXED}), metric=Metric.COMPOSITE)
    plain = look(fixed, control, treatment)
    assert plain.p_value == pytest.approx(
        stats.ttest_ind(expected(treatment), expected(control), equal_var=False).pvalue
    )
    assert plain.performance_delta is None
    assert rule(result, experiment(COMPOSITE, metric=Metric.COMPOSITE), 0.95) == (
        Verdict.APPLY,
        Reason.SIGNIFICANT_IMPROVEMENT,
    )


def test_what_is_lost_in_one_part_may_be_won_in_another() -> None:
    worse = look(experiment(COMPOSITE, metric=Metric.COMPOSITE), *arms(faster=-10.0, liked=0.2))
    assert worse.effect is not None
    assert worse.effect < 0
    evened = look(experiment(COMPOSITE, metric=Metric.COMPOSITE), *arms(faster=-2.0, liked=0.3))
    assert (evened.effect or 0.0) == pytest.approx(0.75 * -0.2 + 0.25 * 0.6, abs=0.35)


def test_units_without_a_part_have_no_value_and_failures_still_tell() -> None:
    control, treatment = arms(6)
    mixed = [
        *control[:4],
        execution(Arm.CONTROL, 4, rating=None),
        execution(Arm.CONTROL, 5, success=False, rating=None),
    ]
    sight = seen(mixed, treatment, Metric.COMPOSITE, COMPOSITE)
    assert (sight.control.sample.n, sight.control.telling_units, sight.control.units) == (4, 5, 6)
    assert telling_units(mixed, Metric.COMPOSITE, (Metric.DURATION_MS, Metric.RATING)) == 5
    assert metric_values(mixed, Metric.COMPOSITE) == []


def test_where_nobody_rates_or_nothing_varies_there_is_a_reason_and_no_number() -> None:
    control, treatment = arms(20)
    unrated = [[each.model_copy(update={"rating": None}) for each in arm] for arm in (control, treatment)]
    equal = [[each.model_copy(update={"rating": 4.0}) for each in arm] for arm in (control, treatment)]
    for found, reason in ((unrated, NoEstimate.TOO_FEW_UNITS), (equal, NoEstimate.NO_VARIANCE)):
        result = look(experiment(COMPOSITE, metric=Metric.COMPOSITE), *found)
        assert isinstance(result.details, UnitEstimate)
        assert (result.effect, result.p_value, result.details.estimate.reason) == (None, None, reason)


@pytest.mark.lengthy
def test_a_guarded_composite_is_guarded_in_deviations() -> None:
    design = ExperimentDesign(composite=PARTS, guardrails=(GuardedMetric(metric=Metric.COMPOSITE, margin=0.5),))
    result = look(experiment(design, metric=Metric.QUALITY_SCORE), *arms(200, faster=-20.0))
    assert isinstance(result.details, UnitEstimate)
    [guarded] = result.details.guardrails
    assert guarded.guardrail.loss == pytest.approx(0.75 * 2.0, abs=0.3)
    assert not guarded.guardrail.margin.relative
    assert rule(result, experiment(design, metric=Metric.QUALITY_SCORE), 0.95) == (
        Verdict.REJECT,
        Reason.GUARDRAIL_BREACHED,
    )


def test_the_past_is_on_the_same_scale() -> None:
    control = [{"a": 1.0, "b": 3.0, "c": 5.0}, {"a": 2.0, "b": 2.0, "c": 5.0}]
    found = composed(PARTS, control, control, [{"a": 3.0, "b": 0.0}, {"a": 3.0}])
    assert [unit.covariate for unit in found.control] == [pytest.approx(0.0), None, None]
    assert found.control[0].value == pytest.approx(0.75 * 1.0 + 0.25 * -1 / np.sqrt(3))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"metric": Metric.COMPOSITE}, "composite must have two to five metrics, each once"),
        ({"metric": Metric.COMPOSITE, "composite": (PARTS[0], PARTS[0])}, "composite must have two to five metrics"),
        ({"composite": PARTS}, "neither compared nor guarded"),
        ({"metric": Metric.COMPOSITE, "composite": PARTS, "minimum_gain": 0.1}, "minimum_gain is a share"),
        ({"metric": Metric.COMPOSITE, "composite": PARTS, "tail": Winsorised()}, "tail is for durations"),
        ({"metric": Metric.RATING, "tail": Winsorised()}, "not for rating, which has none"),
    ],
)
def test_designs_that_cannot_be_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ExperimentDesign(**fields)


def test_what_is_watched_of_a_composite_weighs_most() -> None:
    assert COMPOSITE.watched(Metric.COMPOSITE) is Metric.DURATION_MS
    assert COMPOSITE.read(Metric.COMPOSITE) == (Metric.DURATION_MS, Metric.RATING)


@pytest.mark.parametrize("constant", [0.1, 0.3, 1e15 + 0.1])
def test_a_part_that_does_not_vary_is_none_however_it_is_rounded(constant: float) -> None:
    """Units have differently many executions of one value: their means, and what is left of their spread, are rounding."""
    control, treatment = arms(20, faster=0.0)
    pair = []
    for arm, many in ((control, 2), (treatment, 3)):
        each = [one.model_copy(update={"quality_score": constant}) for one in arm]
        pair.append(
            [one.model_copy(update={"execution_id": f"{one.execution_id}-{n}"}) for one in each for n in range(many)]
        )
    parts = (WeightedMetric(metric=Metric.DURATION_MS), WeightedMetric(metric=Metric.QUALITY_SCORE))
    design = ExperimentDesign(metric=Metric.COMPOSITE, composite=parts)
    result = look(experiment(design, metric=Metric.COMPOSITE), *pair)
    assert (result.effect, result.p_value, result.reason) == (None, None, Reason.ZERO_VARIANCE)
    rounded = dict(zip("abcd", (constant, constant, math.nextafter(constant, 2e15), constant), strict=True))
    other = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 5.0}
    assert composed(parts, [other, rounded], [other, rounded]).reason is NoEstimate.NO_VARIANCE


def test_parts_that_undo_each_other_leave_nothing() -> None:
    parts = (WeightedMetric(metric=Metric.DURATION_MS), WeightedMetric(metric=Metric.RATING))
    values = {f"u{n}": 0.1 * n for n in range(20)}
    found = composed(parts, [values, {unit: 0.3 * value for unit, value in values.items()}], [values, values])
    assert {unit.value for unit in found.control} == {0.0}
