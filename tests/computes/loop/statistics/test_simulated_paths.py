"""What the simulation study computes for many experiments at once is what the product's estimators say of each."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.data import stratified_paths
from bench.statistics.histories import cuped_paths
from loopgraph.computes.loop.statistics.estimators import cuped, stratified
from loopgraph.computes.loop.statistics.inference import at_looks
from loopgraph.contracts.statistics.estimates import Contrast
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition
from loopgraph.contracts.statistics.plans import AlwaysValid
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.unit_samples import unit_samples

PLAN = AlwaysValid(planned_units=100)
LOOKS = (110, 150, 199)


def same(found: Contrast, t: float, looked: float, freedom: float) -> None:
    assert found.effect is not None
    assert found.standard_error is not None
    assert t == pytest.approx(found.effect / found.standard_error)
    guarded = at_looks(found, PLAN)
    assert guarded.standard_error is not None
    assert looked == pytest.approx(found.effect / guarded.standard_error)
    assert freedom == pytest.approx(found.degrees_of_freedom)


def test_paths_within_stages() -> None:
    random = np.random.default_rng(14)
    stage = np.repeat(np.arange(3), [100, 50, 50])
    values = random.normal(0, 1, (2, 200)) + stage
    treated = random.random((2, 200)) < np.array([0.05, 0.2, 0.5])[stage]
    paths = stratified_paths(values, treated, stage)
    metric = MetricDefinition(name="m", direction=Direction.LARGER_IS_BETTER)
    for row in range(2):
        for look in LOOKS:
            units = [UnitValue(float(values[row, place]), unit=str(place)) for place in range(look + 1)]
            arms = [[each for each in units if bool(treated[row, int(each.unit)]) is arm] for arm in (False, True)]
            samples = unit_samples(metric, arms[0], arms[1], {str(place): int(stage[place]) for place in range(200)})
            found = stratified.means(samples.strata)
            same(found, paths.t[row, look], paths.at_looks[row, look], paths.freedom[row, look])
            assert paths.balanced[row, look] == pytest.approx(found.balanced_units)


def test_paths_of_adjusted_means() -> None:
    random = np.random.default_rng(15)
    past = random.normal(0, 1, (2, 200))
    values = 0.8 * past + 0.6 * random.normal(0, 1, (2, 200))
    treated = random.random((2, 200)) < 0.5
    past[random.random((2, 200)) < 0.5] = np.nan
    paths = cuped_paths(values, past, treated)
    metric = MetricDefinition(name="m", direction=Direction.LARGER_IS_BETTER, covariate="past")
    for row in range(2):
        for look in LOOKS:
            units = [
                UnitValue(float(value), covariate=None if np.isnan(before) else float(before))
                for value, before in zip(values[row, : look + 1], past[row, : look + 1], strict=True)
            ]
            chosen = [
                [unit for unit, of in zip(units, treated[row, : look + 1], strict=True) if bool(of) is arm]
                for arm in (False, True)
            ]
            samples = unit_samples(metric, chosen[0], chosen[1])
            found = cuped.adjusted_means(samples.control, samples.treatment)  # type: ignore[arg-type]
            same(found, paths.t[row, look], paths.at_looks[row, look], paths.freedom[row, look])
