"""Executions of a version as moments of its units: what an applied version is held against, and what was seen since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from loopgraph.contracts.loop.feedback import Execution, Metric
from loopgraph.contracts.loop.watching import ArmMoments, UnitMoments
from loopgraph.reducers.performance import metric_values
from loopgraph.reducers.samples import mean, summarize


def arm_moments(executions: Iterable[Execution], metric: Metric) -> ArmMoments:
    """One value for each unit: the plain mean over its executions that report the metric, as ``units.arm_sample`` has it."""
    units: defaultdict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        units[execution.unit].append(execution)
    of_metric, of_success = (_moments(units.values(), each) for each in (metric, Metric.SUCCESS_RATE))
    return ArmMoments(metric=of_metric, success=of_success)


def _moments(units: Iterable[Iterable[Execution]], metric: Metric) -> UnitMoments:
    means = [mean(values) for unit in units if (values := metric_values(unit, metric))]
    found = summarize(means)
    return UnitMoments(n=found.n, mean=found.mean, m2=found.m2, binary=all(each in (0.0, 1.0) for each in means))
