"""What is used most, what works best, and everything at a glance."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from loopgraph.contracts.analytics.answers import Change, Ranked, SuccessRates, TypeSummary, UsageStats
from loopgraph.contracts.analytics.figures import QualityFigures, TimeInterval
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Principal
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.quality import quality_figures
from loopgraph.reducers.usage.ranking import change, mean_rate, ranked, surest
from loopgraph.reducers.usage.series import FEW_POINTS, count_points, edges, grain_of
from loopgraph.reducers.usage.spans import before
from loopgraph.reducers.usage.sums import total
from loopgraph.reducers.usage.types import type_summary

MOST_PATTERNS: Final = 1_000
"""So many patterns are looked at, the most used."""

HIGH_CONFIDENCE: Final = 0.8


class Overviews:
    """Figures over all subjects of a kind."""

    def __init__(self, buckets: Buckets, lineage: LineageReads) -> None:
        self._buckets = buckets
        self._lineage = lineage

    async def usage_stats(
        self,
        kind: SubjectKind,
        window: Window,
        interval: TimeInterval,
        zone: tzinfo,
        limit: int,
        principal: Principal | None,
    ) -> UsageStats:
        """The most used subjects of a kind, each over time, beside everything that began."""
        instants = edges(window.since, window.until, interval, zone, FEW_POINTS)
        basis = await self._buckets.basis(window, principal)
        found = await self._buckets.ranked(kind, window, limit)
        subjects = [EVERYTHING, *(one.subject for one in found)]
        counts, labels = await asyncio.gather(
            self._buckets.counts(subjects, window, grain_of([*instants, window.since, window.until])),
            self.labels([one.subject for one in found]),
        )
        points = {subject: count_points(counts.get(subject, ()), instants) for subject in subjects}
        return UsageStats(
            basis=basis,
            ranked=tuple(ranked(one, labels[one.subject], points[one.subject]) for one in found),
            points=tuple(points[EVERYTHING]),
        )

    async def success_rates(
        self, window: Window, pattern_type: str | None, min_samples: int, limit: int, principal: Principal | None
    ) -> SuccessRates:
        """The patterns (of a type) by how well they succeed."""
        basis = await self._buckets.basis(window, principal)
        found = await self._buckets.ranked(SubjectKind.PATTERN, window, MOST_PATTERNS + 1)
        patterns = await self._lineage.patterns([one.subject.name for one in found[:MOST_PATTERNS]])
        labels = {
            id_: pattern.name for id_, pattern in patterns.items() if pattern_type in (None, pattern.pattern_type)
        }
        rates = surest(found[:MOST_PATTERNS], labels, min_samples)
        return SuccessRates(
            basis=basis,
            rates=tuple(rates[:limit]),
            total_patterns=len(rates),
            left_out=sum(one.subject.name in labels for one in found[:MOST_PATTERNS]) - len(rates),
            average_success_rate=mean_rate(rates),
            high_confidence=HIGH_CONFIDENCE,
            high_confidence_count=sum((rate.confidence or 0.0) >= HIGH_CONFIDENCE for rate in rates),
            more=len(found) > MOST_PATTERNS,
        )

    async def total_patterns(self) -> int:
        """How many patterns there are, used or not."""
        return await self._lineage.count_patterns()

    async def most_used(self, kind: SubjectKind, window: Window, limit: int) -> list[Ranked]:
        """The most used subjects of a kind."""
        found = await self._buckets.ranked(kind, window, limit)
        labels = await self.labels([one.subject for one in found])
        return [ranked(one, labels[one.subject]) for one in found]

    async def types(self, window: Window, limit: int) -> list[TypeSummary]:
        """The types of patterns, the most used first."""
        sums = await self._of_types(window)
        return [type_summary(subject.name, sums[subject]) for subject in [*sums][:limit]]

    async def quality(self, window: Window) -> QualityFigures:
        """The quality that the executions of all patterns report."""
        return quality_figures(total((await self._of_types(window)).values()))

    async def _of_types(self, window: Window) -> Mapping[Subject, UsageSums]:
        """The sums of all types of patterns, the most used first. One question for all who ask: a dashboard asks twice."""
        found = await self._buckets.ranked(SubjectKind.PATTERN_TYPE, window, MOST_PATTERNS)
        subjects = [one.subject for one in found]
        return await self._buckets.sums(subjects, window) if subjects else {}

    async def change(self, subject: Subject, window: Window, now: datetime) -> Change:
        """How what is over of a window differs from as many hours before it."""
        earlier, later = before(window, now)
        both = Window(since=earlier.since, until=later.until)
        counts = (await self._buckets.counts([subject], both, grain_of([both.since, later.since, both.until])))[subject]
        return change(
            [count for count in counts if count.start < later.since],
            [count for count in counts if count.start >= later.since],
        )

    async def labels(self, subjects: Sequence[Subject]) -> Mapping[Subject, str]:
        """What people call some subjects: patterns and their versions by the pattern's name, all others as they are."""
        pattern_ids = [one.name for one in subjects if one.kind is SubjectKind.PATTERN]
        patterns = await self._lineage.patterns(pattern_ids) if pattern_ids else {}
        versions = await self._lineage.versions(
            [one.name for one in subjects if one.kind is SubjectKind.PATTERN_VERSION]
        )
        names = {Subject(SubjectKind.PATTERN, id_): pattern.name for id_, pattern in patterns.items()} | {
            Subject(SubjectKind.PATTERN_VERSION, id_): f"{version.pattern_name} v{version.version}"
            for id_, version in versions.items()
        }
        return {one: names.get(one) or f"{one.part} {one.name}".strip() for one in subjects}
