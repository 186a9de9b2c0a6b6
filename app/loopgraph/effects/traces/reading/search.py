"""Searches traces: pages of those that pass a filter, each by a bounded number of statements that look at bounded ranges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.search import StepMatch, TraceFilter, TracePage
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.effects.traces.recording import mapping

_TRACES_PAGE = query("traces/traces_page")
_SEARCH_FLOOR = query("traces/search_floor")
_HEADS = query("traces/heads_by_id")
_TREES_WITH_HOOK = query("traces/trees_with_hook")
_TREES_WITH_CALL = query("traces/trees_with_call")

FIRST_WINDOW = 500
LARGEST_WINDOW = 8_000
MAX_SEARCHED = 40_000
"""A filter looks at the newest 500 traces of its range, then at the next 2,000, and so on; one page at 40,000 at most."""


@dataclass(frozen=True)
class Found:
    """What a search has found in one part of its range: all that pass there, newest first.

    ``keys`` are what ``Page.after`` takes, by correlation id; ``traces`` are there if they were wanted whole. ``floor`` is the
    key that the next part goes on after, None in the last.
    """

    keys: Mapping[str, str]
    traces: tuple[Trace, ...]
    floor: str | None


class TraceSearch:
    """Searches traces."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def traces(self, filter: TraceFilter, page: Page, principal: Principal | None) -> TracePage:
        """Traces that pass the filter, newest first. ``page.after`` is the ``trace_key`` of the last trace seen.

        A page that is not full has ``has_more`` only if the search stopped at ``MAX_SEARCHED`` traces, and says where.
        """
        found: list[Trace] = []
        searched_to = None
        async for part in self.parts(filter, page.after, principal, limit=page.first + 1):
            found += part.traces
            searched_to = part.floor
            if len(found) > page.first:
                return TracePage(traces=tuple(found[: page.first]), has_more=True)
        return TracePage(traces=tuple(found), has_more=searched_to is not None, searched_to=searched_to)

    async def parts(
        self, filter: TraceFilter, after: str | None, principal: Principal | None, *, limit: int, whole: bool = True
    ) -> AsyncIterator[Found]:
        """The search, part by part of its range, newest first, as long as it is wanted and up to ``MAX_SEARCHED`` traces.

        ``limit`` is how many traces are wanted at most of one part.
        """
        name, prefix = ("session_key", f"{filter.session_id}|") if filter.session_id else ("time_key", "")
        above = prefix + (time_key(filter.since, "") if filter.since else "")
        before = prefix + (time_key(filter.until, "") if filter.until else LAST)
        if after is not None:
            before = min(before, prefix + after)
        floor_query, page_query = _SEARCH_FLOOR.choose(TRACE_KEY=name), _TRACES_PAGE.choose(TRACE_KEY=name)
        everything_passes = filter.only_ranges and reader_of(principal) is None
        window, searched = FIRST_WINDOW, 0
        while True:
            floor = None
            if not everything_passes:
                rows = await self._graph.read(floor_query, above=above, before=before, count=window - 1)
                floor = rows[0]["key"] if rows else None
            rows = await self._graph.read(
                page_query,
                above=floor or above,
                before=before,
                limit=limit,
                reader=reader_of(principal),
                whole=whole,
                **_conditions(filter),
            )
            if len(rows) == limit:  # there can be more above the floor
                floor = rows[-1]["key"]
                searched += limit
            else:
                searched += window
                window = min(window * 4, LARGEST_WINDOW)
            yield Found(
                keys={row["correlation_id"]: row["key"].removeprefix(prefix) for row in rows},
                traces=tuple(mapping.trace(row["trace"]) for row in rows if whole),
                floor=floor.removeprefix(prefix) if floor else None,
            )
            if floor is None or searched >= MAX_SEARCHED:
                return
            before, window = floor, min(window, MAX_SEARCHED - searched)

    async def heads(self, correlation_ids: Iterable[str]) -> dict[str, Trace]:
        """Traces by id, without what belongs to them; unknown ids are absent. Who may see them is for the caller to ask."""
        rows = await self._graph.read(_HEADS, correlation_ids=sorted(set(correlation_ids)))
        return {trace.correlation_id: trace for trace in (mapping.trace(row["trace"]) for row in rows)}

    async def having(self, correlation_ids: Collection[str], match: StepMatch) -> set[str]:
        """Those of some traces in whose trees steps match, but for ``text_in_input``, which is not looked at here."""
        ids, found = sorted(correlation_ids), set[str]()
        common = {"correlation_ids": ids, "status": match.status, "agent_type": match.agent_type}
        if ids and not match.calls_only:
            rows = await self._graph.read(_TREES_WITH_HOOK, **common, tool=match.tool, hook_type=match.hook_type)
            found |= {row["correlation_id"] for row in rows}
        if ids and not match.hooks_only:
            rows = await self._graph.read(_TREES_WITH_CALL, **common, service=match.service, endpoint=match.endpoint)
            found |= {row["correlation_id"] for row in rows}
        return found


def _conditions(filter: TraceFilter) -> dict[str, object]:
    """The parameters of a filter; null for what does not filter."""
    return {
        "statuses": filter.status or None,
        "agent": filter.agent,
        "tool": filter.tool,
        "failed_tool": filter.failed_tool,
        "pattern_id": filter.pattern_id,
        "node_id": filter.node_id,
        "all_tags": filter.all_tags or None,
        "any_tags": filter.any_tags or None,
        "text": filter.text,
        "min_ms": filter.min_duration_ms,
        "max_ms": filter.max_duration_ms,
        "source": filter.source,
        "user_id": filter.user_id,
        "project": filter.project,
        "roots_only": filter.roots_only,
        "incomplete_only": filter.incomplete_only,
    }
