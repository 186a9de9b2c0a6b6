"""Compares versions that people already ran: read, judged, made into units, adjusted. Nothing is decided or applied by it."""

from __future__ import annotations

import asyncio
from typing import Final

from loopgraph.computes.loop.told.retrospection import retrospection
from loopgraph.contracts.base import Principal
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.distinctions import Circumstances
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.loop.retrospection import MOST_EXECUTIONS, Retrospection, RetrospectionAsked
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.factors import FactorReads
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.loop.judging import Judge
from loopgraph.reducers.retrospection import observed_units

_AT_ONCE: Final = 1_000


class Retrospecting:
    """Says how versions did where people chose them."""

    def __init__(self, graph: Graph, judging: Judging | None = None) -> None:
        self._traces = TraceReads(graph)
        self._lineage = LineageReads(graph)
        self._factors = FactorReads(graph)
        self._judge = Judge(graph, judging)

    async def compare(self, asked: RetrospectionAsked, principal: Principal | None) -> Retrospection:
        """How the two versions did. Executions of experiments are left out: units were assigned there, and here they were not.

        Raises NotFound for a version that there is not, InvalidInput for a composite.
        """
        if asked.metric is Metric.COMPOSITE:
            raise InvalidInput(
                "metric", "must be one of its parts: a composite is standardised by the control of an experiment"
            )
        ids = [asked.base_node_id, asked.candidate_node_id]
        there = await self._lineage.versions(ids)
        for node_id in ids:
            if node_id not in there:
                raise NotFound("PatternVersion", node_id)
        read = await self._traces.executions(
            ids, asked.since, asked.until, limit=MOST_EXECUTIONS + 1, principal=principal
        )
        found = {id_: [one for one in read if one.node_id == id_][:MOST_EXECUTIONS] for id_ in ids}
        chosen = [one for each in found.values() for one in each if one.experiment_id is None]
        judged = await self._judge.judged(chosen, (asked.metric,))
        circumstances = await self._circumstances(judged)
        return await asyncio.to_thread(
            lambda: retrospection(
                observed_units(judged, asked.candidate_node_id, asked.metric, circumstances),
                asked.metric,
                asked.adjust_for,
                left_out=sum(map(len, found.values())) - len(chosen),
                truncated=len(read) > sum(map(len, found.values())),
            )
        )

    async def _circumstances(self, executions: list[Execution]) -> dict[str, Circumstances]:
        ids = [one.execution_id for one in executions]
        found: dict[str, Circumstances] = {}
        for start in range(0, len(ids), _AT_ONCE):
            found |= await self._factors.of_executions(ids[start : start + _AT_ONCE])
        return found
