"""Executions by the units they belong to: what is randomised, and what counts as one observation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from loopgraph.contracts.loop.arms import ArmSample, ClusterStatistics
from loopgraph.contracts.loop.feedback import Execution, Metric
from loopgraph.reducers.performance import metric_values, tells
from loopgraph.reducers.samples import mean, summarize


def arm_sample(executions: Iterable[Execution], metric: Metric) -> ArmSample:
    """What the executions of one arm come to, by unit. Those that are set aside must not be among them.

    The value of a unit is the plain mean of the metric over its executions that report it (``metric_values``); every unit has
    the same weight, since units are what was randomised and their means are independent of each other.
    """
    units: defaultdict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        units[execution.unit].append(execution)
    clusters = [values for mine in units.values() if (values := metric_values(mine, metric))]
    successes = [known for mine in units.values() if (known := metric_values(mine, Metric.SUCCESS_RATE))]
    return ArmSample(
        sample=summarize(mean(values) for values in clusters),
        units=len(units),
        telling_units=telling_units([execution for mine in units.values() for execution in mine], metric),
        executions=sum(map(len, units.values())),
        successes=sum(execution.success is True for mine in units.values() for execution in mine),
        unknown=sum(execution.success is None for mine in units.values() for execution in mine),
        unended=sum(not execution.ended for mine in units.values() for execution in mine),
        metric=clustered(clusters),
        success=clustered(successes),
    )


def telling_units(executions: Iterable[Execution], metric: Metric, parts: Sequence[Metric] = ()) -> int:
    """How many units have an execution that tells something about ``metric``; of a composite, each of its ``parts`` or
    a failure."""
    if not parts:
        return len({execution.unit for execution in executions if tells(execution, metric)})
    mine = list(executions)
    failed = {execution.unit for execution in mine if execution.success is False}
    whole = set.intersection(
        *({execution.unit for execution in mine if metric_values((execution,), part)} for part in parts)
    )
    return len(failed | whole)


def clustered(clusters: Sequence[Sequence[float]]) -> ClusterStatistics:
    """Sums of squares of the values of one arm, by unit; every cluster has at least one value."""
    moments = [summarize(values) for values in clusters]
    n = sum(each.n for each in moments)
    squared_sizes = sum(each.n**2 for each in moments)
    middle = mean([value for values in clusters for value in values]) if n else 0.0
    return ClusterStatistics(
        values=n,
        units=len(moments),
        squared_sizes=squared_sizes,
        within=sum(each.m2 for each in moments),
        between=sum(each.n * (each.mean - middle) ** 2 for each in moments),
        comparable=n - squared_sizes / n if n else 0.0,
        arms=1 if n else 0,
    )


def pooled(a: ClusterStatistics, b: ClusterStatistics) -> ClusterStatistics:
    """Both arms together, each around its own mean: their correlation within units does not depend on their difference."""
    return ClusterStatistics(**{name: getattr(a, name) + getattr(b, name) for name in ClusterStatistics.model_fields})
