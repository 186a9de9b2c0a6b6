"""The analytic views: aggregated in the graph, one statement each, over a range of time that its index serves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from loopgraph.assets import Query, query
from loopgraph.contracts.analytics.report import Activity, NamedPattern, VersionUse
from loopgraph.contracts.analytics.views import (
    AgentSuccessRate,
    EndpointReliability,
    HookPerformance,
    ModelUsage,
    ModelUsageSums,
    TimeRange,
    UsageDimension,
)
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.events import MOST_TOKENS, OF_PATTERN, PROMPTED
from loopgraph.contracts.traces.uses import OBSERVED, stands_for_itself
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.traces.reading.reads import LAST, reader_of

_AGENT_SUCCESS_RATES = query("analytics/agent_success_rates")
_HOOK_PERFORMANCE = query("analytics/hook_performance")
_ENDPOINT_RELIABILITY = query("analytics/endpoint_reliability")
_ACTIVITY = query("analytics/activity")
_PATTERN_USES = query("analytics/pattern_uses")
_CURRENT_DEFINITIONS = query("analytics/current_definitions")
_MODEL_USAGE = query("analytics/model_usage")
_MODEL_USAGE_OF_SESSIONS = query("analytics/model_usage_of_sessions")


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

    async def model_usage(
        self,
        range: TimeRange,
        by: Sequence[UsageDimension],
        principal: Principal | None,
        limit: int,
        project: str | None = None,
    ) -> list[ModelUsage]:
        """What calls of models used and cost, told apart by some dimensions, the most expensive first."""
        rows = await self._rows(
            _MODEL_USAGE, range, principal, limit, by=[one.value for one in by], project=project, most=MOST_TOKENS + 1
        )
        return [ModelUsage(**_summed({**row, "day": _day(row["day"])})) for row in rows]

    async def model_usage_of_sessions(
        self, session_ids: Iterable[str], principal: Principal | None
    ) -> dict[str, ModelUsageSums]:
        """What the calls of models of each session used and cost; sessions without any are absent."""
        ids = list(dict.fromkeys(session_ids))
        rows = await self._graph.read(
            _MODEL_USAGE_OF_SESSIONS, session_ids=ids, reader=reader_of(principal), most=MOST_TOKENS + 1
        )
        return {row.pop("session_id"): ModelUsageSums(**_summed(row)) for row in rows}

    async def activity(
        self,
        range: TimeRange,
        by: Sequence[UsageDimension],
        principal: Principal | None,
        limit: int,
        project: str | None = None,
    ) -> list[Activity]:
        """What happened and how it ended, told apart by some of day, project and agent; the most traces first."""
        dimensions = [one.value for one in by]
        more = {"by": dimensions, "project": project, "prompted": PROMPTED, "pattern": OF_PATTERN}
        rows = await self._rows(_ACTIVITY, range, principal, limit, **more)
        return [Activity(**{**row, "day": _day(row["day"])}) for row in rows]

    async def pattern_uses(
        self,
        range: TimeRange,
        pattern_type: str | None,
        principal: Principal | None,
        limit: int,
        project: str | None = None,
    ) -> list[tuple[VersionUse, tuple[str, ...]]]:
        """The versions of patterns of a kind (None: of all) that were used, the most used first, each with the ids of its uses;
        ``cost_usd`` is not known yet."""
        more = {"pattern_type": pattern_type, "project": project}
        rows = await self._rows(_PATTERN_USES, range, principal, limit, **more)
        ids = [tuple(sorted(row.pop("execution_ids"))) for row in rows]
        return [(VersionUse(**_scoped(row), cost_usd=None), of) for row, of in zip(rows, ids, strict=True)]

    async def current_definitions(self, pattern_types: Sequence[str], limit: int) -> list[tuple[NamedPattern, str]]:
        """The patterns of some kinds that are in force, the newest first, each with the text of its version in use; without those
        that were only seen where more is known of another of their name."""
        rows = await self._graph.read(
            _CURRENT_DEFINITIONS, pattern_types=list(pattern_types), observed=OBSERVED, limit=limit
        )
        known = {(row["pattern_type"], row["name"]) for row in rows if not row["observed"]}
        return [
            (NamedPattern(**_scoped(row)), row.get("template_code") or "")
            for row in rows
            if stands_for_itself(row["pattern_type"], row["name"], row["observed"], known)
        ]

    async def _rows(
        self, view: Query, range: TimeRange, principal: Principal | None, limit: int, **more: Any
    ) -> list[Row]:
        return await self._graph.read(
            view,
            above=time_key(range.since, "") if range.since else "",
            before=time_key(range.until, "") if range.until else LAST,
            reader=reader_of(principal),
            limit=limit,
            **more,
        )


def _summed(row: Row) -> Row:
    return {**row, "unpriced_models": sorted(row["unpriced_models"])}


def _scoped(row: Row) -> Row:
    metadata = json_value(row["metadata"]) or {}
    scope = metadata.get("scope")
    left = {name: value for name, value in row.items() if name not in ("metadata", "template_code", "observed")}
    return {**left, "scope": scope if isinstance(scope, str) else None}


def _day(number: int | None) -> date | None:
    return None if number is None else date(number // 10_000, number // 100 % 100, number % 100)
