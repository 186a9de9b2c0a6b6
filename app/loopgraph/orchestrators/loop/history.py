"""Reads what the units of an experiment did before it, where its design adjusts for that."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.loop.judging import Judge
from loopgraph.reducers.history import History, history

MOST_VERSIONS = 20
"""Of the versions of a pattern that were there before an experiment, so many are looked at: the newest."""

MOST_EXECUTIONS = 20_000
"""Of the executions of each of them, so many: the newest."""

_REMEMBERED = 8


class UnitHistories:
    """What was before an experiment does not change: it is read once, as long as it is remembered."""

    def __init__(self, graph: Graph, judging: Judging | None) -> None:
        self._judge = Judge(graph, judging)
        self._reads = FeedbackReads(graph)
        self._traces = TraceReads(graph)
        self._known: dict[str, History] = {}

    async def before(self, experiment: Experiment) -> History:
        """By metric and unit, of the executions of the pattern that ended before the experiment began; nothing where its design
        does not ask for it."""
        days = experiment.design.history_days
        if days is None:
            return {}
        if (known := self._known.get(experiment.experiment_id)) is not None:
            return known
        begun = experiment.started_at
        node_ids = await self._reads.versions_before(experiment.pattern_id, begun, MOST_VERSIONS)
        executions = await self._traces.executions(node_ids, begun - timedelta(days=days), begun, limit=MOST_EXECUTIONS)
        metrics = experiment.design.read(experiment.metric)
        judged = await self._judge.judged(executions, metrics, rated_before=begun)
        found = await asyncio.to_thread(history, judged, metrics, begun)
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[experiment.experiment_id] = found
        return found
