"""Reads the executions of a subject themselves: how long each took, and in which traces they are.

What is read can be less than what was counted (an execution whose trace began long before it, one whose trace was pruned), so
whoever uses it compares it with what was counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.analytics.counting import Timed
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Span
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row

_OF_VERSION = query("usage/durations_of_version")
_VERSIONS = query("usage/versions_in_use")
_OF_TRACES = query("usage/durations_of_traces")
_OF_STEPS = query("usage/durations_of_steps")
_OF_CALLS = query("usage/durations_of_calls")
_TRACES = query("usage/traces_between")
_TRACES_OF_VERSION = query("usage/traces_of_version")

MOST_VERSIONS: Final = 20
"""Of so many versions of a pattern executions are looked for: each is a statement."""

LONGEST_TRACE: Final = timedelta(days=1)
"""Steps and calls are looked for in traces that began so long before them, at most."""

_OF_A_TRACE: Final = frozenset({SubjectKind.ALL, SubjectKind.AGENT, SubjectKind.PROJECT, SubjectKind.USER})
_OF_PATTERNS: Final = frozenset({SubjectKind.PATTERN, SubjectKind.PATTERN_VERSION})


class ExecutionReads:
    """Reads executions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def times(self, subject: Subject, span: Span, limit: int) -> list[Timed] | None:
        """The times of the executions of a subject that are over, those that began in a span among them; None where these are
        not looked for: of a type of patterns, and of a pattern with very many versions. Of a version, one more than ``limit`` is
        read at most."""
        match subject.kind:
            case SubjectKind.PATTERN_TYPE:
                return None
            case kind if kind in _OF_PATTERNS:
                versions = await self._versions(subject, span)
                if versions is None:
                    return None
                ranges = [_range(span, f"{node_id}|") for node_id in versions]
                rows = [row for keys in ranges for row in await self._graph.read(_OF_VERSION, **keys, limit=limit + 1)]
            case kind if kind in _OF_A_TRACE:
                rows = await self._graph.read(_OF_TRACES, **_range(span), kind=subject.kind.value, name=subject.name)
            case SubjectKind.TOOL:
                keys = _range(_earlier(span))
                rows = await self._graph.read(_OF_STEPS, **keys, name=subject.name, part=subject.part)
            case _:
                part = subject.part if subject.kind is SubjectKind.ENDPOINT else None
                rows = await self._graph.read(_OF_CALLS, **_range(_earlier(span)), name=subject.name, part=part)
        # Where the range of keys is that of the span, when each began is not read: it is within.
        return [
            Timed(started, completed, ms, created or span.since)
            for row in rows
            for started, completed, ms, created in row["times"]
        ]

    async def traces(self, subject: Subject, span: Span, limit: int) -> set[str] | None:
        """The traces in which executions of a subject can have begun in a span; None where these are more than ``limit``, or it
        is not known."""
        if subject.kind in _OF_PATTERNS:
            versions = await self._versions(subject, span)
            if versions is None:
                return None
            rows: list[Row] = []
            for node_id in versions:
                keys = _range(span, f"{node_id}|")
                rows += await self._graph.read(_TRACES_OF_VERSION, **keys, limit=limit + 1)
        else:
            within = span if subject.kind in _OF_A_TRACE else _earlier(span)
            rows = await self._graph.read(_TRACES, **_range(within), limit=limit + 1)
        found = {row["correlation_id"] for row in rows}
        return found if len(found) <= limit else None

    async def _versions(self, subject: Subject, span: Span) -> Sequence[str] | None:
        """The versions that a subject is, or has, and that were used in a span."""
        if subject.kind is SubjectKind.PATTERN_VERSION:
            return [subject.name]
        rows = await self._graph.read(
            _VERSIONS, pattern_id=subject.name, since=span.since, until=span.until, limit=MOST_VERSIONS + 1
        )
        return [row["node_id"] for row in rows] if len(rows) <= MOST_VERSIONS else None


def _range(span: Span, prefix: str = "") -> dict[str, str]:
    return {"above": f"{prefix}{time_key(span.since, '')}", "before": f"{prefix}{time_key(span.until, '')}"}


def _earlier(span: Span) -> Span:
    return Span(span.since - LONGEST_TRACE, span.until)
