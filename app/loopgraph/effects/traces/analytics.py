"""The analytic views: aggregated in the graph, one statement each, over a range of time that its index serves."""

from __future__ import annotations

from loopgraph.assets import Query, query
from loopgraph.contracts.analytics import AgentSuccessRate, EndpointReliability, HookPerformance, TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.reads import LAST, subject_of

_AGENT_SUCCESS_RATES = query("analytics/agent_success_rates")
_HOOK_PERFORMANCE = query("analytics/hook_performance")
_ENDPOINT_RELIABILITY = query("analytics/endpoint_reliability")


class Analytics:
    """The views of seed 003 §4.5. Each reads all traces of its range: what it costs grows with the range.

    ``limit`` is the number of rows, the first of the view's own order.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def agent_success_rates(
        self, range: TimeRange, principal: Principal | None, limit: int
    ) -> list[AgentSuccessRate]:
        """Agents by the success rate of their traces, the highest first, then by their number."""
        rows = await self._rows(_AGENT_SUCCESS_RATES, range, principal, limit)
        return [AgentSuccessRate(**row) for row in rows]

    async def hook_performance(
        self, range: TimeRange, principal: Principal | None, limit: int
    ) -> list[HookPerformance]:
        """Types of steps and their tools by the number of executions, the most frequent first."""
        return [HookPerformance(**row) for row in await self._rows(_HOOK_PERFORMANCE, range, principal, limit)]

    async def endpoint_reliability(
        self, range: TimeRange, principal: Principal | None, limit: int
    ) -> list[EndpointReliability]:
        """Endpoints by the number of calls, the most frequent first."""
        rows = await self._rows(_ENDPOINT_RELIABILITY, range, principal, limit)
        return [EndpointReliability(**{**row, "error_types": sorted(row["error_types"])}) for row in rows]

    async def _rows(self, view: Query, range: TimeRange, principal: Principal | None, limit: int) -> list[Row]:
        return await self._graph.read(
            view,
            above=time_key(range.since, "") if range.since else "",
            before=time_key(range.until, "") if range.until else LAST,
            subject=subject_of(principal),
            limit=limit,
        )
