"""The exact path: where a window holds few executions, they are looked at themselves.

Whole hours come from what was counted. What is asked for beyond that is taken from the executions: the parts of hours at the
edges of a window, and the durations, for exact percentiles. How many there are is known from the counts before anything is read.
What was read is compared with what was counted, to the last unit of every sum; where the two differ (a trace that was pruned, one
that is being counted now, one that is elsewhere than looked for) the counts are the answer, and the basis says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from loopgraph.computes.analytics.contribution import Contributions
from loopgraph.computes.analytics.course import began_at, duration_us
from loopgraph.computes.analytics.edges import sums_within
from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.counting import Facts
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.sums import Moments, UsageSums
from loopgraph.contracts.analytics.windows import Count, Exactness, Span, Window
from loopgraph.contracts.base import Principal
from loopgraph.effects.usage.executions import LONGEST_TRACE, ExecutionReads
from loopgraph.effects.usage.facts import FactReads
from loopgraph.errors import Blame, blame_of
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.spans import down, edges_of, pieces, up, whole_hours
from loopgraph.reducers.usage.sums import total

logger = logging.getLogger(__name__)

MOST_TIMED: Final = 1_000
"""Durations of so many executions of a subject are read, at most."""

MOST_TRACES: Final = 1_000
"""So many traces are looked through for them, where a subject is not one of patterns."""

MOST_AT_AN_EDGE: Final = 200
"""So many traces are read whole for a part of an hour, at most."""

MOST_SUBJECTS: Final = 20
"""So many subjects at once are looked at so."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Edge:
    """A part of the hour that begins at ``start``, and what began in it."""

    count: Count
    sums: UsageSums


@dataclass(frozen=True)
class Resolved:
    """What an answer is made of: whole hours (``inner``; None where there are none), parts of hours, and the durations of each
    subject that are known themselves. ``sums`` are those of all of it, told apart by what was asked for with it."""

    basis: Basis
    inner: Window | None
    edges: Mapping[Subject, tuple[Edge, ...]]
    sums: Mapping[Subject, UsageSums]

    def with_edges(self, subject: Subject, inner: UsageSums) -> UsageSums:
        """The sums of whole hours, told apart by some dimensions, with those of the parts of hours."""
        edges = [edge.sums for edge in self.edges.get(subject, ())]
        return replace(total((inner, *edges)) if edges else inner, timed_us=self.sums[subject].timed_us)


class Exact:
    """Answers for few subjects, as exact as the executions allow. The number of statements is bounded."""

    def __init__(
        self, buckets: Buckets, executions: ExecutionReads, facts: FactReads, contributions: Contributions
    ) -> None:
        self._buckets = buckets
        self._executions = executions
        self._facts = facts
        self._contributions = contributions

    async def resolved(
        self, subjects: Sequence[Subject], span: Span, principal: Principal | None, dimensions: Collection[str] = ()
    ) -> Resolved:
        """What an answer about some subjects over a span is made of, its sums told apart by some dimensions. Raises Forbidden for
        who may see only what is theirs."""
        outer = Window(since=down(span.since, _HOUR), until=up(span.until, _HOUR))
        basis = await self._buckets.basis(outer, principal)
        looks = not basis.pending and len(subjects) <= MOST_SUBJECTS
        edges = await self._edges(subjects, span) if looks else None
        inner = outer if edges is None else whole_hours(span)
        nothing = dict.fromkeys(subjects, UsageSums())
        counted = await self._buckets.sums(subjects, inner, dimensions) if inner else nothing
        timed = await self._timed(counted, inner) if looks else {}
        sums: dict[Subject, UsageSums] = {}
        for subject in subjects:
            parts = (edges or {}).get(subject, ())
            sums[subject] = total((counted[subject], *(edge.sums for edge in parts))) if parts else counted[subject]
            if (own := timed.get(subject)) is not None:
                all_us = sorted((*own, *(us for edge in parts for us in edge.sums.timed_us or ())))
                sums[subject] = replace(sums[subject], timed_us=tuple(all_us))
        if edges is not None:
            basis = basis.model_copy(update={"since": span.since, "until": span.until})
        if edges is not None and all(one.timed_us is not None for one in sums.values()):
            basis = basis.model_copy(update={"exactness": Exactness.EXACT, "relative_error": 0.0})
        return Resolved(basis, inner, edges or {}, sums)

    async def told_apart(
        self, resolved: Resolved, subjects: Sequence[Subject], dimensions: Collection[str]
    ) -> dict[Subject, UsageSums]:
        """The sums of some subjects, told apart by dimensions."""
        inner = resolved.inner
        found = await self._buckets.sums(subjects, inner, dimensions) if inner else dict.fromkeys(subjects, UsageSums())
        return {subject: resolved.with_edges(subject, found[subject]) for subject in subjects}

    async def _edges(self, subjects: Sequence[Subject], span: Span) -> dict[Subject, tuple[Edge, ...]] | None:
        """The parts of hours at the ends of a span; none where it is of whole hours, and None where they are not known."""
        found: dict[Subject, tuple[Edge, ...]] = dict.fromkeys(subjects, ())
        for part in edges_of(span):
            sums = await self._edge(subjects, part)
            if sums is None:
                return None
            start = down(part.since, _HOUR)
            for subject, one in sums.items():
                edge = Edge(Count(start, one.executions, one.successes, one.failures), one)
                found[subject] = (*found[subject], edge)
        return found

    async def _edge(self, subjects: Sequence[Subject], part: Span) -> dict[Subject, UsageSums] | None:
        """The sums of each subject over a part of an hour; None where the whole hour would come to others than were counted."""
        start = down(part.since, _HOUR)
        hour = Window(since=start, until=start + _HOUR)
        counted = await self._buckets.sums(subjects, hour)
        traces: set[str] = set()
        for subject in subjects:
            if counted[subject] == UsageSums():
                continue
            of_one = await self._executions.traces(subject, Span(hour.since, hour.until), MOST_AT_AN_EDGE)
            if of_one is None or len(traces := traces | of_one) > MOST_AT_AN_EDGE:
                return None
        facts = await self._read(traces)
        if facts is None:
            return None
        whole = sums_within(facts, subjects, hour.since, hour.until, self._contributions)
        if any(_plain(whole[subject]) != counted[subject] for subject in subjects):
            return None
        return sums_within(facts, subjects, part.since, part.until, self._contributions)

    async def _read(self, traces: Collection[str]) -> list[Facts] | None:
        """What these traces come to; None where one of them cannot be told, which counting has passed over, too."""
        try:
            return list((await self._facts.facts(traces)).values()) if traces else []
        except Exception as error:
            if blame_of(error) is Blame.GRAPH:
                raise
            logger.exception("of %d traces not all can be told: what was counted is the answer", len(traces))
            return None

    async def _timed(
        self, counted: Mapping[Subject, UsageSums], window: Window | None
    ) -> dict[Subject, tuple[int, ...] | None]:
        """The durations of each subject; None where they are too many, or others than were counted."""
        found: dict[Subject, tuple[int, ...] | None] = {}
        several = [one for one, sums in counted.items() if 0 < sums.duration.n <= MOST_TIMED and not _of_patterns(one)]
        few = window is None or not several or await self._few_traces(window)
        for subject, sums in counted.items():
            if not sums.duration.n or window is None:
                found[subject] = ()
            elif sums.duration.n > MOST_TIMED or not (few or _of_patterns(subject)):
                found[subject] = None
            else:
                found[subject] = await self._durations(subject, sums.duration, Span(window.since, window.until))
        return found

    async def _durations(self, subject: Subject, counted: Moments, span: Span) -> tuple[int, ...] | None:
        times = await self._executions.times(subject, span, MOST_TIMED)
        if times is None:
            return None
        within = (duration_us(one) for one in times if span.since <= began_at(one) < span.until)
        durations = sorted(us for us in within if us is not None)
        read = Moments(len(durations), sum(durations), sum(us * us for us in durations))
        return tuple(durations) if read == counted else None

    async def _few_traces(self, window: Window) -> bool:
        """Whether so few traces began in a window, and in the day before it, that they may be looked through."""
        earlier = Window(since=window.since - LONGEST_TRACE, until=window.until)
        found = await asyncio.gather(
            *(self._buckets.counts([EVERYTHING], part, grain) for part, grain in pieces(earlier))
        )
        return sum(count.executions for part in found for count in part.get(EVERYTHING, ())) <= MOST_TRACES


def _of_patterns(subject: Subject) -> bool:
    return subject.kind in (SubjectKind.PATTERN, SubjectKind.PATTERN_VERSION)


def _plain(sums: UsageSums) -> UsageSums:
    """The sums as buckets have them, told apart by nothing."""
    return replace(sums, dimensions={}, timed_us=None)
