"""What units did before an experiment, and what adjusting for it makes of its arms; against an analysis of covariance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.feedback import Arm, Execution
from loopgraph.contracts.statistics.estimates import EstimationMethod
from loopgraph.contracts.statistics.metrics import Logarithm, MetricKind
from loopgraph.contracts.statistics.plans import FixedHorizon
from loopgraph.reducers.history import history
from loopgraph.reducers.looks import seen

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADJUSTED = ExperimentDesign(metric=Metric.DURATION_MS, history_days=30)


def execution(
    unit: str, duration_ms: float, hours: float = 1.0, *, success: bool = True, arm: Arm | None = None
) -> Execution:
    """One that began so long after noon."""
    return Execution(
        execution_id=f"{unit}{hours}", unit=unit, node_id="v", experiment_id="x", arm=arm,
        started_at=NOON + timedelta(hours=hours), duration_ms=duration_ms, success=success, error_type=None, quality_score=None,
    )  # fmt: skip


def test_a_unit_has_the_mean_of_what_ended_before() -> None:
    before = [
        execution("a", 10.0, -1),
        execution("a", 30.0, -2),
        execution("b", 5.0, -1, success=False),
        execution("c", 7.0, 1),  # after
        execution("d", 2 * 3_600_000.0, -1),  # ends an hour after the experiment began
        execution("e", 3_600_000.0, -1),
    ]
    found = history(before, (Metric.DURATION_MS, Metric.SUCCESS_RATE, Metric.QUALITY_SCORE), NOON)
    assert found == {
        Metric.DURATION_MS: {"a": 20.0, "e": 3_600_000.0},
        Metric.SUCCESS_RATE: {"a": 1.0, "b": 0.0, "e": 1.0},
        Metric.QUALITY_SCORE: {},
    }


def drawn(n: int = 40) -> tuple[list[Execution], list[Execution], dict[str, float]]:
    """Units whose durations are like those that they had before."""
    random = np.random.default_rng(14)
    past = {f"u{index}": float(random.normal(100, 20)) for index in range(2 * n)}
    now = [past[f"u{index}"] + float(random.normal(0, 5)) - 8.0 * (index % 2) for index in range(2 * n)]
    arms = [
        [execution(f"u{index}", now[index], arm=arm) for index in range(side, 2 * n, 2)]
        for side, arm in enumerate((Arm.CONTROL, Arm.TREATMENT))
    ]
    return arms[0], arms[1], past


def test_the_adjusted_effect_is_that_of_an_analysis_of_covariance() -> None:
    control, treatment, past = drawn()
    sight = seen(control, treatment, Metric.DURATION_MS, ADJUSTED, {Metric.DURATION_MS: past})
    found = analyse(sight.metrics[Metric.DURATION_MS], sight.samples[Metric.DURATION_MS], FixedHorizon())
    y = np.array([each.duration_ms for each in (*control, *treatment)])
    x = np.column_stack([np.ones(80), [0.0] * 40 + [1.0] * 40, [past[each.unit] for each in (*control, *treatment)]])
    solution, squares, *_ = np.linalg.lstsq(x, y, rcond=None)
    error = float(np.sqrt(squares[0] / 77 * np.linalg.inv(x.T @ x)[1, 1]))
    assert found.method is EstimationMethod.CUPED
    assert found.effect == pytest.approx(solution[1], rel=1e-9)
    assert found.standard_error == pytest.approx(error, rel=0.02)  # it lets both arms vary as they do
    plain = seen(control, treatment, Metric.DURATION_MS, ExperimentDesign(metric=Metric.DURATION_MS))
    unadjusted = analyse(plain.metrics[Metric.DURATION_MS], plain.samples[Metric.DURATION_MS], FixedHorizon())
    assert unadjusted.standard_error is not None
    assert found.standard_error is not None
    assert found.standard_error < unadjusted.standard_error / 3
    assert found.variance_reduction == pytest.approx(1 - (found.standard_error / unadjusted.standard_error) ** 2)
    assert found.variance_reduction == pytest.approx(20**2 / (20**2 + 5**2), abs=0.04)


def test_units_without_a_past_are_adjusted_by_nothing() -> None:
    control, treatment, past = drawn()
    known = {unit: value for unit, value in past.items() if int(unit[1:]) < 60}
    sight = seen(control, treatment, Metric.DURATION_MS, ADJUSTED, {Metric.DURATION_MS: known})
    samples = sight.samples[Metric.DURATION_MS]
    assert (samples.filled, samples.control.n, samples.reason) == (20, 40, None)
    nobody = seen(control, treatment, Metric.DURATION_MS, ADJUSTED, {})
    found = analyse(nobody.metrics[Metric.DURATION_MS], nobody.samples[Metric.DURATION_MS], FixedHorizon())
    plain = seen(control, treatment, Metric.DURATION_MS, ExperimentDesign(metric=Metric.DURATION_MS))
    unadjusted = analyse(plain.metrics[Metric.DURATION_MS], plain.samples[Metric.DURATION_MS], FixedHorizon())
    assert (found.variance_reduction, found.effect) == (0.0, pytest.approx(unadjusted.effect))
    assert found.standard_error == pytest.approx(unadjusted.standard_error)


def test_logarithms_are_adjusted_by_logarithms() -> None:
    control, treatment, past = drawn()
    design = ADJUSTED.model_copy(update={"tail": Logarithm()})
    past |= {"u0": 0.0}
    samples = seen(control, treatment, Metric.DURATION_MS, design, {Metric.DURATION_MS: past}).samples
    assert samples[Metric.DURATION_MS].filled == 1  # 0 has no logarithm
    assert samples[Metric.DURATION_MS].control.means[1] == pytest.approx(np.log(100), abs=0.1)  # type: ignore[union-attr]


def test_what_is_guarded_is_adjusted_too_and_yes_or_no_is_not() -> None:
    control, treatment, past = drawn()
    guardrails = (
        GuardedMetric(metric=Metric.SUCCESS_RATE, margin=0.1),
        GuardedMetric(metric=Metric.COST_USD, margin=0.1),
    )
    design = ADJUSTED.model_copy(update={"guardrails": guardrails})
    sight = seen(control, treatment, Metric.DURATION_MS, design, {Metric.DURATION_MS: past})
    assert sight.metrics[Metric.SUCCESS_RATE].kind is MetricKind.PROPORTION
    assert sight.metrics[Metric.SUCCESS_RATE].covariate is None
    assert sight.metrics[Metric.COST_USD].covariate == sight.metrics[Metric.DURATION_MS].covariate == "history"
