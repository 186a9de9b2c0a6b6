"""What units did before an experiment: a value of each metric for each unit, which no arm can have changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.reducers.performance import metric_values
from loopgraph.reducers.samples import mean

History = Mapping[Metric, Mapping[str, float]]
"""By metric and unit."""


def history(
    executions: Iterable[Execution], metrics: Iterable[Metric], before: datetime
) -> dict[Metric, dict[str, float]]:
    """The plain mean of each unit over its executions that had ended by an instant; units that report nothing are absent.

    One that began before and ended after tells what the arm of its unit may have changed already, so it is left out.
    """
    wanted = tuple(metrics)
    sums: dict[Metric, defaultdict[str, list[float]]] = {metric: defaultdict(list) for metric in wanted}
    for execution in executions:
        if not _over(execution, before):
            continue
        for metric in wanted:
            sums[metric][execution.unit] += metric_values((execution,), metric)
    return {metric: {unit: mean(values) for unit, values in units.items() if values} for metric, units in sums.items()}


def _over(execution: Execution, before: datetime) -> bool:
    if not execution.ended or execution.started_at >= before:
        return False
    try:
        return execution.started_at + timedelta(milliseconds=execution.duration_ms or 0.0) <= before
    except OverflowError:
        return False
