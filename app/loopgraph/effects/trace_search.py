"""Searches traces: pages of those that pass a filter."""

from __future__ import annotations

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.trace_search import TraceFilter, TracePage
from loopgraph.effects import trace_mapping as mapping
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph import Graph
from loopgraph.effects.trace_reads import LAST, subject_of

_TRACES_PAGE = query("traces/traces_page")


class TraceSearch:
    """Searches traces."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def traces(self, filter: TraceFilter, page: Page, principal: Principal | None) -> TracePage:
        """Traces that pass the filter, newest first. ``page.after`` is the ``trace_key`` of the last trace seen."""
        key, prefix = "time_key", ""
        if filter.session_id:
            key, prefix = "session_key", f"{filter.session_id}|"
        until = time_key(filter.until, "") if filter.until else LAST
        rows = await self._graph.read(
            _TRACES_PAGE.choose(TRACE_KEY=key),
            above=prefix + (time_key(filter.since, "") if filter.since else ""),
            before=prefix + (min(page.after, until) if page.after else until),
            status=filter.status,
            agent=filter.agent,
            tag=filter.tag,
            subject=subject_of(principal),
            limit=page.first + 1,
        )
        traces = tuple(mapping.trace(row["trace"]) for row in rows)
        return TracePage(traces=traces[: page.first], has_more=len(traces) > page.first)
