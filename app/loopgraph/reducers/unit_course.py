"""How the units of an experiment came in: what each arm had at one time after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from loopgraph.contracts.loop.feedback import Arm, Execution, Metric
from loopgraph.contracts.statistics.samples import JointMoments
from loopgraph.reducers.performance import metric_values
from loopgraph.reducers.unit_samples import joint_moments

LAST = datetime.max.replace(tzinfo=UTC)


class Prefix(NamedTuple):
    """The moments of the means of the units of both arms, of all executions that had ended by ``at``."""

    at: datetime
    control: JointMoments
    treatment: JointMoments


def prefixes(executions: Sequence[Execution], metric: Metric, most: int) -> Iterator[Prefix]:
    """At most so many, evenly spread over the executions that report the metric, by their ends; the last one has all of them.

    The value of a unit is that of ``units.arm_sample``: the mean over those of its executions that are there. Those that are set
    aside are in none. One pass over the executions, and one over the units for each prefix.
    """
    told = sorted(
        (_ended_at(each), each.execution_id, arm, each.unit, value)
        for arm in Arm
        for each in executions
        if each.arm is arm and each.set_aside is None
        for value in metric_values((each,), metric)
    )
    cuts = {round(len(told) * place / most) for place in range(1, most + 1)} if len(told) > most else None
    sums: dict[Arm, dict[str, tuple[float, int]]] = {arm: {} for arm in Arm}
    for count, (at, _, arm, unit, value) in enumerate(told, 1):
        before, n = sums[arm].get(unit, (0.0, 0))
        sums[arm][unit] = before + value, n + 1
        if cuts is None or count in cuts:
            yield Prefix(at, *(_moments(sums[arm]) for arm in (Arm.CONTROL, Arm.TREATMENT)))


def cuts(executions: Sequence[Execution], most: int) -> Iterator[tuple[datetime, list[Execution]]]:
    """At most so many instants, evenly spread over the executions by their ends, each with those that had ended by then."""
    told = sorted(executions, key=lambda each: (_ended_at(each), each.execution_id))
    places = range(1, len(told) + 1) if len(told) <= most else {round(len(told) * n / most) for n in range(1, most + 1)}
    for count in sorted(places):
        yield _ended_at(told[count - 1]), told[:count]


def _ended_at(execution: Execution) -> datetime:
    try:
        return execution.started_at + timedelta(milliseconds=execution.duration_ms or 0.0)
    except OverflowError:  # beyond the year 9999
        return LAST


def _moments(units: dict[str, tuple[float, int]]) -> JointMoments:
    return joint_moments(np.fromiter((total / n for total, n in units.values()), dtype=np.float64, count=len(units)))
