"""Traces with all that belongs to them: one trace, the tree of what it spawned, and the episode of a human's request.

Durations are in milliseconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from loopgraph.contracts.base import Contract, JsonMap
from loopgraph.contracts.traces import EndpointCall, HookExecution, RoutingDecision, Trace


class TraceParts(Contract):
    """Everything of one trace but its children, of which it has the ids; each list in the order of time."""

    trace: Trace
    routing: RoutingDecision | None
    hooks: tuple[HookExecution, ...]
    endpoints: tuple[EndpointCall, ...]
    child_ids: tuple[str, ...]

    @property
    def total_hooks(self) -> int:
        """Hook executions."""
        return len(self.hooks)

    @property
    def total_endpoints(self) -> int:
        """Endpoint calls."""
        return len(self.endpoints)

    @property
    def total_rag_queries(self) -> int:
        """RAG queries of all hook executions."""
        return sum(len(hook.rag_queries_executed) for hook in self.hooks)

    @property
    def total_quality_gates(self) -> int:
        """Quality gates that all hook executions validated."""
        return sum(len(hook.quality_gates_validated) for hook in self.hooks)


class AssembledTrace(TraceParts):
    """A trace with the traces it spawned, and so on; the totals are those of this trace alone, as in seed 003 §2.3.

    ``truncated``: a limit left out some of its children, or one of them is its own ancestor.
    """

    child_traces: tuple[AssembledTrace, ...]
    truncated: bool


class TimelineEntry(Contract):
    """One line of a timeline, as in seed 003 §2.3."""

    timestamp: datetime
    event_type: Literal["prompt_submitted", "agent_routed", "hook_executed", "endpoint_called", "execution_completed"]
    data: JsonMap
