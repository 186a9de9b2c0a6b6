"""Means of units that were assigned in stages, against a regression with a term for each stage."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.computes.loop.statistics.estimators import stratified, welch
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.contracts.statistics.decisions import GuardrailStatus, Margin
from loopgraph.contracts.statistics.estimates import EstimationMethod, NoEstimate
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.contracts.statistics.samples import UnitSamples, UnitValue
from loopgraph.reducers.unit_samples import joint_moments, unit_samples

SHARES, SIZES = (0.05, 0.25, 0.5), (400, 120, 80)
METRIC = MetricDefinition(name="duration", direction=Direction.SMALLER_IS_BETTER)
Array = NDArray[np.float64]


def drawn(effect: float = 0.0, drift: float = 0.0) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64]]:
    """Values, whether treated, and stages; each stage is slower by ``drift`` than the one before."""
    random = np.random.default_rng(14)
    stages = np.repeat(np.arange(3), SIZES)
    treated = random.random(len(stages)) < np.array(SHARES)[stages]
    return random.normal(100, 10, len(stages)) + drift * stages + effect * treated, treated, stages


def strata(values: Array, treated: NDArray[np.bool_], stages: NDArray[np.int64]) -> list[stratified.Stratum]:
    return [
        (joint_moments(values[(stages == stage) & ~treated]), joint_moments(values[(stages == stage) & treated]))
        for stage in range(3)
    ]


@pytest.mark.parametrize("drift", [0.0, 40.0])
def test_the_effect_is_that_of_a_regression_with_a_term_for_each_stage(drift: float) -> None:
    values, treated, stages = drawn(-6.0, drift)
    design = np.column_stack([treated, *(stages == stage for stage in range(3))]).astype(float)
    solution, squares, *_ = np.linalg.lstsq(design, values, rcond=None)
    error = np.sqrt(squares[0] / (len(values) - 4) * np.linalg.inv(design.T @ design)[0, 0])
    found = stratified.means(strata(values, treated, stages))
    assert found.effect == pytest.approx(solution[0], rel=1e-9)
    assert found.pooled_error == pytest.approx(error, rel=0.02)
    assert found.standard_error == pytest.approx(error, rel=0.1)
    assert found.degrees_of_freedom is not None
    assert 60 < found.degrees_of_freedom < len(values)
    assert found.method is EstimationMethod.STRATIFIED
    n = [(int(((stages == s) & ~treated).sum()), int(((stages == s) & treated).sum())) for s in range(3)]
    assert found.balanced_units == pytest.approx(sum(4 * a * b / (a + b) for a, b in n))


def test_what_changes_while_exposure_grows_is_not_taken_for_the_treatment() -> None:
    values, treated, stages = drawn(0.0, 40.0)
    plain = welch.means(joint_moments(values[~treated]), joint_moments(values[treated]))
    found = stratified.means(strata(values, treated, stages))
    assert plain.effect is not None
    assert plain.standard_error is not None
    assert found.effect is not None
    assert found.standard_error is not None
    assert plain.effect / plain.standard_error > 8
    assert abs(found.effect / found.standard_error) < 2


def test_one_stage_is_welchs_test() -> None:
    values, treated, _ = drawn(-6.0)
    arms = joint_moments(values[~treated]), joint_moments(values[treated])
    found, plain = stratified.means([arms]), welch.means(*arms)
    names = (
        "effect",
        "standard_error",
        "degrees_of_freedom",
        "pooled_error",
        "log_ratio_error",
        "pooled_log_ratio_error",
    )
    for name in names:
        assert getattr(found, name) == pytest.approx(getattr(plain, name), rel=1e-9), name
    assert found.balanced_units == pytest.approx(plain.units.balanced)


def test_a_stage_without_an_arm_tells_nothing_and_too_few_say_so() -> None:
    values, treated, stages = drawn(-6.0)
    whole = strata(values, treated, stages)
    nobody = joint_moments(np.array([]))
    with_more = stratified.means([*whole, (joint_moments(np.array([500.0] * 9)), nobody)])
    assert with_more.effect == stratified.means(whole).effect
    assert stratified.means([(whole[0][0], nobody)]).reason is NoEstimate.NO_UNITS
    single = joint_moments(np.array([90.0]))
    assert stratified.means([(whole[0][0], single)]).reason is NoEstimate.TOO_FEW_UNITS
    same = joint_moments(np.array([5.0, 5.0]))
    assert stratified.means([(same, same)]).reason is NoEstimate.NO_VARIANCE


def test_samples_are_split_by_the_stage_of_each_unit() -> None:
    values, treated, stages = drawn(-6.0, 40.0)
    units = [UnitValue(float(value), unit=f"u{index}") for index, value in enumerate(values)]
    arms = [[unit for unit, of in zip(units, treated, strict=True) if bool(of) is arm] for arm in (False, True)]
    named = {f"u{index}": int(stage) for index, stage in enumerate(stages)}
    samples = unit_samples(METRIC, arms[0], arms[1], named)
    assert stratified.means(samples.strata).effect == pytest.approx(
        stratified.means(strata(values, treated, stages)).effect, rel=1e-9
    )
    # The sequence goes by what is known of the effect, which is less than two arms of these sizes would tell.
    plan = AlwaysValid(planned_units=200, first_look=10)
    found = analyse(METRIC, samples, plan)
    pooled = analyse(METRIC, UnitSamples(control=samples.control, treatment=samples.treatment), plan)
    assert found.critical is not None
    assert pooled.critical is not None
    assert found.critical != pooled.critical
    assert found.reason is None
    held = guard(METRIC, samples, Margin(value=0.2), plan)
    assert held.status is GuardrailStatus.HELD
    assert held.p_value is not None
    assert held.p_value < 0.05
    in_logs = unit_samples(METRIC.model_copy(update={"tail": Logarithm()}), arms[0], arms[1], named)
    ratio = analyse(METRIC.model_copy(update={"tail": Logarithm()}), in_logs, FixedHorizon())
    assert ratio.relative == pytest.approx(-6 / 140, abs=0.03)
