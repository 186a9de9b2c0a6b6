"""How experiments went."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from loopgraph.computes.loop.experiments.course import course_point, point_of
from loopgraph.computes.loop.experiments.deciding import estimate_of
from loopgraph.computes.loop.experiments.experiment import evidence_of, of_comparison
from loopgraph.computes.loop.experiments.looks import sequence_of
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, Execution, Metric
from loopgraph.contracts.loop.outlook import Course, CoursePoint
from loopgraph.contracts.statistics.metrics import Logarithm, Ordered, Winsorised
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.loop.backgrounds import Background, Backgrounds
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT
from loopgraph.orchestrators.loop.judging import Judge
from loopgraph.orchestrators.loop.looking import sight_of
from loopgraph.reducers.unit_course import cuts, prefixes

MOST_SEEN: Final = 500_000
"""Where every point is a look of its own, over all executions until then, so many are looked at for all points together."""


class Courses:
    """Reads how experiments went from the executions that they rest on, those of uses judged as the loop judges them."""

    def __init__(
        self, graph: Graph, execution_timeout: timedelta = EXECUTION_TIMEOUT, judging: Judging | None = None
    ) -> None:
        self._execution_timeout = execution_timeout
        self._judge = Judge(graph, judging)
        self._backgrounds = Backgrounds(graph, judging)
        self._traces = TraceReads(graph)

    async def course(self, experiment: Experiment, points: int) -> Course:
        """At most so many points, over the executions that were there when it ended and that no look sets aside. Each says what
        a look would have said then: within stages, or weighted by what units were assigned with, where shares change. Only what
        units did before is not counted, and where logarithms are compared, which have no unit, the values are.
        """
        overdue = now() - self._execution_timeout
        found = await self._traces.experiment_executions(experiment.experiment_id, overdue)
        until = experiment.concluded_at
        judged = await self._judge.judged(
            [each for each in of_comparison(found, experiment) if until is None or each.started_at <= until],
            experiment.design.parts_of(experiment.metric),
        )
        plan = sequence_of(experiment.design, experiment.min_sample_size)
        known = await self._backgrounds.assigned(experiment)
        judged = self._backgrounds.counted(experiment, judged, known)
        if not _of_plain_means(experiment):
            told = await asyncio.to_thread(_looks, judged, experiment, known, points)
        else:
            told = await asyncio.to_thread(_points, judged, experiment, points)
        return Course(
            metric=experiment.metric,
            planned_units=plan.planned_units,
            level=experiment.significance_level,
            points=told,
        )


def _of_plain_means(experiment: Experiment) -> bool:
    """Whether looks compare the means of all units as they are, so that one pass has all points."""
    by_rule = experiment.metric in (Metric.COMPOSITE, Metric.SUCCESS_RATE)
    return not (experiment.in_stages or by_rule or isinstance(experiment.design.tail, Winsorised | Ordered))


def _points(executions: list[Execution], experiment: Experiment, most: int) -> tuple[CoursePoint, ...]:
    plan, level = sequence_of(experiment.design, experiment.min_sample_size), experiment.significance_level
    return tuple(course_point(*prefix, plan, level) for prefix in prefixes(executions, experiment.metric, most))


def _looks(
    executions: list[Execution], experiment: Experiment, known: Background, most: int
) -> tuple[CoursePoint, ...]:
    plan = sequence_of(experiment.design, experiment.min_sample_size)
    tail = None if isinstance(experiment.design.tail, Logarithm) else experiment.design.tail
    design = experiment.design.model_copy(update={"guardrails": (), "tail": tail, "history_days": None})
    alone = experiment.model_copy(update={"design": design})
    told = [each for each in executions if each.set_aside is None]
    points = []
    for at, until in cuts(told, min(most, max(2, MOST_SEEN // max(1, len(told))))):
        sight = sight_of(alone, {arm: evidence_of(until, arm) for arm in Arm}, known)
        points.append(point_of(at, estimate_of(alone, sight, plan)))
    return tuple(points)
