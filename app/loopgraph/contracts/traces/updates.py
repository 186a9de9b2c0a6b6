"""What is told to those who follow traces as they are recorded."""

from __future__ import annotations

from enum import StrEnum

from loopgraph.contracts.base import Contract, Id, Name
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.search import Statuses


class TracePart(StrEnum):
    """What of a trace was recorded."""

    START = "start"
    ROUTING = "routing"
    HOOK = "hook"
    ENDPOINT = "endpoint"
    COMPLETE = "complete"
    LOG = "log"


class TraceUpdateFilter(Contract):
    """Which traces to follow; what is None or empty does not filter. ``status`` and ``agent`` are what the trace has by then.

    ``agent`` is the one that the routing selected, or the type of the subagent whose work the trace is.
    """

    session_id: Id | None = None
    correlation_id: Id | None = None
    agent: Name | None = None
    status: Statuses = ()

    def passes(self, trace: Trace) -> bool:
        """Whether the trace is one of those."""
        return (
            self.session_id in (None, trace.session_id)
            and self.correlation_id in (None, trace.correlation_id)
            and self.agent in (None, trace.agent, trace.agent_type)
            and (not self.status or trace.status in self.status)
        )
