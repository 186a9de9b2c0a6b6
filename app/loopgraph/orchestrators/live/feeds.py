"""What can be followed thing by thing: traces as they are recorded, and events of the lineage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from loopgraph.contracts.audit import EventFilter, LineageEvent, told_to
from loopgraph.contracts.base import Principal
from loopgraph.contracts.live import TraceNews
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.updates import TraceUpdateFilter
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.traces.reading.reads import reader_of, seen
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.orchestrators.live.feed import Feed
from loopgraph.orchestrators.live.tail import Tail

TraceFeed = Feed[TraceNews, Trace]
EventFeed = Feed[str, LineageEvent]


def trace_feed(tail: Tail, search: TraceSearch) -> TraceFeed:
    """What is recorded for traces."""

    async def read(names: Sequence[TraceNews]) -> Mapping[TraceNews, Trace]:
        traces = await search.heads({name.correlation_id for name in names})
        return {name: traces[name.correlation_id] for name in names if name.correlation_id in traces}

    return TraceFeed(tail, lambda change: change.traces, read)


def event_feed(tail: Tail, events: Events) -> EventFeed:
    """Events of the lineage."""
    return EventFeed(tail, lambda change: change.events, events.by_id)


def wanted_traces(filter: TraceUpdateFilter, principal: Principal | None) -> Callable[[Trace], bool]:
    """Whether somebody wants a trace and may see it."""
    reader = reader_of(principal)
    return lambda trace: seen(trace, reader) and filter.passes(trace)


def wanted_events(filter: EventFilter, principal: Principal | None) -> Callable[[LineageEvent], bool]:
    """Whether somebody wants an event and is told of it."""
    return lambda event: told_to(event, principal) and filter.passes(event)
