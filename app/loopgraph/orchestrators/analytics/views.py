"""The views of seed 003: from buckets where a range is large, from the executions themselves where it is small."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.views import AgentSuccessRate, EndpointReliability, HookPerformance, TimeRange
from loopgraph.contracts.analytics.windows import Counted
from loopgraph.contracts.base import Principal
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.spans import bucketed
from loopgraph.reducers.usage.views import agent_row, by_number, by_success, endpoint_row, hook_row

MOST: Final = 1_000
"""So many subjects are looked at, the most used."""

R = TypeVar("R")
Exact = Callable[[TimeRange, Principal | None, int], Awaitable[Sequence[R]]]


class Views:
    """``limit`` is the number of rows, the first of the view's own order.

    Where it is not known of all that is committed what it adds to the buckets, and for who may see only what is theirs, the
    executions are looked at.
    """

    def __init__(self, buckets: Buckets, exact: Analytics) -> None:
        self._buckets = buckets
        self._exact = exact

    async def agent_success_rates(
        self, range: TimeRange, principal: Principal | None, limit: int
    ) -> Sequence[AgentSuccessRate]:
        """Agents by the success rate of their traces, the highest first, then by their number."""
        exact = self._exact.agent_success_rates
        return await self._rows(SubjectKind.AGENT, by_success, agent_row, exact, range, principal, limit)

    async def hook_performance(
        self, range: TimeRange, principal: Principal | None, limit: int
    ) -> Sequence[HookPerformance]:
        """Types of steps and their tools by the number of executions, the most frequent first."""
        exact = self._exact.hook_performance
        return await self._rows(SubjectKind.TOOL, by_number, hook_row, exact, range, principal, limit)

    async def endpoint_reliability(
        self, range: TimeRange, principal: Principal | None, limit: int
    ) -> Sequence[EndpointReliability]:
        """Endpoints by the number of calls, the most frequent first."""
        exact = self._exact.endpoint_reliability
        return await self._rows(SubjectKind.ENDPOINT, by_number, endpoint_row, exact, range, principal, limit)

    async def _rows(
        self,
        kind: SubjectKind,
        order: Callable[[Sequence[Counted], int], list[Counted]],
        row: Callable[[Subject, UsageSums], R],
        exact: Exact[R],
        range: TimeRange,
        principal: Principal | None,
        limit: int,
    ) -> Sequence[R]:
        window = bucketed(range) if reader_of(principal) is None else None
        if window is None or (await self._buckets.basis(window, principal)).pending:
            return await exact(range, principal, limit)
        found = order(await self._buckets.ranked(kind, window, MOST), limit)
        subjects = [one.subject for one in found]
        sums = await self._buckets.sums(subjects, window)
        return [row(subject, sums[subject]) for subject in subjects]
