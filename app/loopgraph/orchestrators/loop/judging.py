"""Judges the executions that the loop looks at, as far as they are uses of patterns: by the criteria of success."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

from loopgraph.computes.loop.experiments.candidates import Tallies
from loopgraph.computes.loop.experiments.experiment import evidence_of
from loopgraph.computes.loop.told.outcomes import with_outcomes
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, Execution, Metric, SetAside
from loopgraph.contracts.traces.success import Judging
from loopgraph.contracts.traces.uses import UseFigures
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.user_feedback import UserFeedbackReads
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.reducers.units import telling_units

AT_ONCE: Final = 500

AGAIN_S: Final = 30.0
"""What is known of the uses of an experiment is looked at again after so long, though there are no more executions: the next
prompt may have come."""

_MOST: Final = 256


class Judge:
    """Says of executions whether they succeeded, and what they used. Without ``judging``, all of them did as they ended."""

    def __init__(self, graph: Graph, judging: Judging | None) -> None:
        self._uses = UseReads(graph, judging)
        self._ratings = UserFeedbackReads(graph)
        self._known: dict[str, tuple[Tallies, float, Tallies]] = {}

    async def judged(
        self, executions: list[Execution], metrics: Collection[Metric] = (), *, rated_before: datetime | None = None
    ) -> list[Execution]:
        """The executions, those that are uses by what came of them: three statements for each few hundred; with their ratings,
        where these are among the metrics that they are read for (two more), as given before an instant or by now."""
        ids = [execution.execution_id for execution in executions if execution.is_use and execution.ended]
        figures: dict[str, UseFigures] = {}
        for start in range(0, len(ids), AT_ONCE):
            figures |= await self._uses.figures(ids[start : start + AT_ONCE])
        judged = with_outcomes(executions, figures) if figures else executions
        return await self._rated(judged, rated_before or now()) if Metric.RATING in metrics else judged

    async def _rated(self, executions: list[Execution], before: datetime) -> list[Execution]:
        ids = [execution.execution_id for execution in executions]
        ratings: dict[str, float] = {}
        for start in range(0, len(ids), AT_ONCE):
            ratings |= await self._ratings.ratings(ids[start : start + AT_ONCE], before)
        return [each.model_copy(update={"rating": ratings.get(each.execution_id)}) for each in executions]

    async def tallies(
        self,
        experiment: Experiment,
        counted: Tallies,
        evidence: Callable[[Experiment], Awaitable[list[Execution]]],
    ) -> Tallies:
        """How far the arms of an experiment are; the graph counts that by how executions ended, so where some are uses, or the
        metric is not theirs alone, what tells something is counted anew among its ``evidence``."""
        chosen = experiment.by_record or experiment.holdout_share > 0
        counted_there = experiment.metric not in (Metric.RATING, Metric.COMPOSITE) and not chosen
        if counted_there and not any(tally.uses for tally in counted.values()):
            return counted
        id_, at = experiment.comparison_id, time.monotonic()
        if (known := self._known.get(id_)) and known[0] == counted and at - known[1] < AGAIN_S:
            return known[2]
        executions = await evidence(experiment)
        composite = experiment.metric is Metric.COMPOSITE
        parts = experiment.design.parts_of(experiment.metric) if composite else ()
        told = {}
        for arm, tally in counted.items():
            mine = evidence_of(executions, arm)
            changes = {"telling_units": telling_units(mine, experiment.metric, parts)}
            if chosen:
                changes |= {
                    "units": len({each.unit for each in mine}),
                    "set_aside": sum(each.arm is arm and each.set_aside is SetAside.OTHER_ARM for each in executions),
                    "not_assigned": _units(executions, arm, SetAside.NOT_ASSIGNED),
                    "held_out": _units(executions, arm, SetAside.HELD_OUT),
                }
            told[arm] = tally.model_copy(update=changes)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[id_] = counted, at, told
        return told


def _units(executions: list[Execution], arm: Arm, why: SetAside) -> int:
    return len({each.unit for each in executions if each.arm is arm and each.set_aside is why})
