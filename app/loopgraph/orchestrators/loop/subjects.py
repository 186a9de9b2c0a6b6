"""What is said of work is about something: it must be there, and be seen by whoever says it."""

from __future__ import annotations

from typing import NamedTuple

from loopgraph.contracts.base import Principal
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.reading.sessions import SessionReads
from loopgraph.errors import NotFound


class Subject(NamedTuple):
    """What something is about: its label, and for the audit event the trace or the version that it concerns."""

    label: str
    correlation_id: str | None = None
    node_id: str | None = None
    pattern_id: str | None = None


class Subjects:
    """Finds what something is about."""

    def __init__(self, traces: TraceReads, sessions: SessionReads, lineage: LineageReads) -> None:
        self._traces = traces
        self._sessions = sessions
        self._lineage = lineage

    async def named(
        self,
        principal: Principal | None,
        *,
        execution_id: str | None = None,
        correlation_id: str | None = None,
        session_id: str | None = None,
        node_id: str | None = None,
    ) -> Subject:
        """That of the one id that is given. Raises NotFound for what there is not, or the principal may not see."""
        if execution_id is not None:
            step = (await self._traces.hook_executions_by_id([execution_id], principal)).get(execution_id)
            if step is None:
                raise NotFound("HookExecution", execution_id)
            return Subject("HookExecution", correlation_id=step.correlation_id)
        if correlation_id is not None:
            if correlation_id not in await self._traces.heads([correlation_id], principal):
                raise NotFound("Trace", correlation_id)
            return Subject("Trace", correlation_id=correlation_id)
        if session_id is not None:
            if session_id not in await self._sessions.by_id([session_id], principal):
                raise NotFound("Session", session_id)
            return Subject("Session")
        assert node_id is not None
        version = (await self._lineage.versions([node_id])).get(node_id)
        if version is None:
            raise NotFound("PatternVersion", node_id)
        return Subject("PatternVersion", node_id=version.node_id, pattern_id=version.pattern_id)
