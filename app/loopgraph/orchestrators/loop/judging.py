"""Judges the executions that the loop looks at, as far as they are uses of patterns: by the criteria of success."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from loopgraph.computes.loop.experiment import evidence_of
from loopgraph.computes.loop.outcomes import with_outcomes
from loopgraph.contracts.experiments import ArmTally, Experiment
from loopgraph.contracts.feedback import Arm, Execution
from loopgraph.contracts.success import Judging
from loopgraph.contracts.uses import UseFigures
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.use_figures import UseReads
from loopgraph.reducers.units import telling_units

AT_ONCE: Final = 500

AGAIN_S: Final = 30.0
"""What is known of the uses of an experiment is looked at again after so long, though there are no more executions: the next
prompt may have come."""

_MOST: Final = 256

Tallies = Mapping[Arm, ArmTally]


class Judge:
    """Says of executions whether they succeeded. Without ``judging``, all of them did as they ended."""

    def __init__(self, graph: Graph, judging: Judging | None) -> None:
        self._uses = UseReads(graph, judging)
        self._judges = judging is not None
        self._known: dict[str, tuple[Tallies, float, Tallies]] = {}

    async def judged(self, executions: list[Execution]) -> list[Execution]:
        """The executions, those that are uses by what came of them: three statements for each few hundred."""
        ids = [execution.execution_id for execution in executions if execution.is_use and execution.ended]
        figures: dict[str, UseFigures] = {}
        if self._judges:
            for start in range(0, len(ids), AT_ONCE):
                figures |= await self._uses.figures(ids[start : start + AT_ONCE])
        return with_outcomes(executions, figures) if figures else executions

    async def tallies(
        self,
        experiment: Experiment,
        counted: Tallies,
        evidence: Callable[[Experiment], Awaitable[list[Execution]]],
    ) -> Tallies:
        """How far the arms of an experiment are; the graph counts that by how executions ended, so where some are uses, what
        tells something is counted anew among its ``evidence``."""
        if not self._judges or not any(tally.uses for tally in counted.values()):
            return counted
        id_, at = experiment.experiment_id, time.monotonic()
        if (known := self._known.get(id_)) and known[0] == counted and at - known[1] < AGAIN_S:
            return known[2]
        executions = await evidence(experiment)
        told = {
            arm: tally.model_copy(
                update={"telling_units": telling_units(evidence_of(executions, arm), experiment.metric)}
            )
            for arm, tally in counted.items()
        }
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[id_] = counted, at, told
        return told
