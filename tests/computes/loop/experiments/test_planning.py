"""Units that find a gain, by how units have varied."""

from __future__ import annotations

import pytest

from loopgraph.computes.loop.experiments.planning import figures_of, power_of_gain, units_for_gain
from loopgraph.contracts.loop.design import ExperimentDesign, Metric
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Logarithm
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments
from loopgraph.errors import InvalidInput

DESIGN = ExperimentDesign()
DURATION = DESIGN.definition(Metric.DURATION_MS)
SUCCESS = DESIGN.definition(Metric.SUCCESS_RATE, binary=True)
SAMPLE = JointMoments(n=101, means=(100.0,), products=((100 * 40.0**2,),))
"""A mean of 100 and a deviation of 40."""


def test_a_fifth_of_half_a_deviation_takes_as_many_as_tables_say() -> None:
    """Cohen, 1988, table 2.4.1: d = 0.5 at 5 % and 80 % takes 64 in each arm."""
    found = units_for_gain(DURATION, SAMPLE, 0.2, FixedHorizon(), 0.05, 0.8, 0.5)
    assert (found.units, found.effect) == (128, -20.0)
    assert power_of_gain(DURATION, SAMPLE, 0.2, 128, FixedHorizon(), 0.05, 0.5).power == pytest.approx(0.80, abs=0.01)
    assert figures_of(SAMPLE) == (100.0, pytest.approx(40.0))


@pytest.mark.lengthy
def test_looks_at_any_time_take_more() -> None:
    plan = AlwaysValid(planned_units=100, first_look=10)
    found = units_for_gain(DURATION, SAMPLE, 0.2, plan, 0.05, 0.8, 0.5)
    assert 180 < (found.units or 0) < 260


def test_rates_and_logarithms() -> None:
    """Fleiss, Levin & Paik, 2003: from 0.5 to 0.65 takes 170 in each arm, without continuity correction."""
    rates = BinaryCounts(n=100, successes=50)
    assert units_for_gain(SUCCESS, rates, 0.3, FixedHorizon(), 0.05, 0.8, 0.5).units == pytest.approx(339, abs=3)
    beyond = units_for_gain(SUCCESS, BinaryCounts(n=10, successes=9), 0.2, FixedHorizon(), 0.05, 0.8, 0.5)
    assert (beyond.units, beyond.reason) == (None, NoEstimate.UNREACHABLE)
    logarithms = ExperimentDesign(metric=Metric.DURATION_MS, tail=Logarithm()).definition(Metric.DURATION_MS)
    sample = JointMoments(n=101, means=(4.6,), products=((100 * 0.5**2,),))
    found = units_for_gain(logarithms, sample, 0.2, FixedHorizon(), 0.05, 0.8, 0.5)
    assert found.effect == pytest.approx(-0.2231, abs=1e-4)


def test_what_cannot_be_told_has_a_reason() -> None:
    def reason(sample: JointMoments | BinaryCounts, definition: object = DURATION) -> NoEstimate | None:
        return power_of_gain(definition, sample, 0.1, 60, FixedHorizon(), 0.05, 0.5).reason  # type: ignore[arg-type]

    assert reason(JointMoments(n=0, means=(0.0,), products=((0.0,),))) is NoEstimate.NO_UNITS
    assert reason(JointMoments(n=1, means=(5.0,), products=((0.0,),))) is NoEstimate.TOO_FEW_UNITS
    assert reason(JointMoments(n=9, means=(5.0,), products=((0.0,),))) is NoEstimate.NO_VARIANCE
    assert reason(BinaryCounts(n=0, successes=0), SUCCESS) is NoEstimate.NO_UNITS
    with pytest.raises(InvalidInput, match="gain"):
        units_for_gain(DURATION, SAMPLE, 0.0, FixedHorizon(), 0.05, 0.8, 0.5)
