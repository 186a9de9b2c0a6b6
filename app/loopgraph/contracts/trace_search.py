"""What traces are searched by, and a page of what was found."""

from __future__ import annotations

from loopgraph.contracts.base import Contract, Id, Instant, Name
from loopgraph.contracts.traces import Trace, TraceStatus


class TraceFilter(Contract):
    """Which traces; None does not filter. ``since`` is inclusive, ``until`` exclusive, both over the start (or the arrival)."""

    session_id: Id | None = None
    status: TraceStatus | None = None
    agent: Name | None = None
    tag: Name | None = None
    since: Instant | None = None
    until: Instant | None = None


class TracePage(Contract):
    """Traces, newest first, and whether more follow."""

    traces: tuple[Trace, ...]
    has_more: bool
