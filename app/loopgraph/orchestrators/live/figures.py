"""The figures that can be watched, each reckoned as a whole."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from loopgraph.contracts.analytics.live import Dashboard, PatternFigures, PatternMetrics, PatternRate, PatternRates
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import now
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import NotFound
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.overviews import HIGH_CONFIDENCE, Overviews
from loopgraph.reducers.usage.performance import cost_figures, duration_figures
from loopgraph.reducers.usage.success import success_figures

MOST_USED: Final = 10
MOST_TYPES: Final = 20
MOST_RATES: Final = 100


class LiveReckoning:
    """Reckons what is watched."""

    def __init__(self, buckets: Buckets, overviews: Overviews, lineage: LineageReads) -> None:
        self._buckets = buckets
        self._overviews = overviews
        self._lineage = lineage

    async def pattern_metrics(
        self, pattern_ids: Sequence[str], window: Window, principal: Principal | None
    ) -> PatternMetrics:
        """Figures of some patterns. Raises NotFound for one that there is not, and Forbidden."""
        basis = await self._buckets.basis(window, principal)
        patterns = await self._lineage.patterns(pattern_ids)
        for id_ in pattern_ids:
            if id_ not in patterns:
                raise NotFound("Pattern", id_)
        subjects = [Subject(SubjectKind.PATTERN, id_) for id_ in pattern_ids]
        sums = await self._buckets.sums(subjects, window)
        return PatternMetrics(
            basis=basis,
            patterns=tuple(
                PatternFigures(
                    pattern_id=subject.name,
                    name=patterns[subject.name].name,
                    pattern_type=patterns[subject.name].pattern_type,
                    success=success_figures(sums[subject]),
                    duration=duration_figures(sums[subject]),
                    cost=cost_figures(sums[subject]),
                )
                for subject in subjects
            ),
        )

    async def dashboard(self, window: Window, principal: Principal | None) -> Dashboard:
        """Everything at a glance. Raises Forbidden."""
        basis = await self._buckets.basis(window, principal)
        sums, total, used, types, change = await asyncio.gather(
            self._buckets.sums([EVERYTHING], window),
            self._overviews.total_patterns(),
            self._overviews.most_used(SubjectKind.PATTERN, window, MOST_USED),
            self._overviews.types(window, MOST_TYPES),
            self._overviews.change(EVERYTHING, window, now()),
        )
        return Dashboard(
            basis=basis,
            total_patterns=total,
            success=success_figures(sums[EVERYTHING]),
            duration=duration_figures(sums[EVERYTHING]),
            cost=cost_figures(sums[EVERYTHING]),
            most_used=tuple(used),
            pattern_types=tuple(types),
            change=change,
        )

    async def rates_of(self, pattern_ids: Sequence[str], window: Window, principal: Principal | None) -> PatternRates:
        """How well some patterns succeed, in the order in which they are named. Raises NotFound and Forbidden."""
        found = await self.pattern_metrics(pattern_ids, window, principal)
        known = [one.success.success_rate for one in found.patterns if one.success.success_rate is not None]
        return PatternRates(
            basis=found.basis,
            patterns=tuple(
                PatternRate(
                    pattern_id=one.pattern_id,
                    pattern_name=one.name,
                    success_rate=one.success.success_rate,
                    confidence=one.success.confidence,
                    total_executions=one.success.executions,
                    successful_executions=one.success.successes,
                    pattern_type=one.pattern_type,
                )
                for one in found.patterns
            ),
            total_patterns=len(found.patterns),
            average_success_rate=math.fsum(known) / len(known) if known else None,
            high_confidence_count=sum((one.success.confidence or 0.0) >= HIGH_CONFIDENCE for one in found.patterns),
        )

    async def rates(
        self, pattern_type: str | None, min_samples: int, window: Window, principal: Principal | None
    ) -> PatternRates:
        """How well patterns (of a type) succeed, the surest first, at most ``MOST_RATES``. Raises Forbidden."""
        found = await self._overviews.success_rates(window, pattern_type, min_samples, MOST_RATES, principal)
        patterns = await self._lineage.patterns([one.subject.name for one in found.rates])
        return PatternRates(
            basis=found.basis,
            patterns=tuple(
                PatternRate(
                    pattern_id=one.subject.name,
                    pattern_name=one.label,
                    success_rate=one.success_rate,
                    confidence=one.confidence,
                    total_executions=one.executions,
                    successful_executions=one.successes,
                    pattern_type=patterns[one.subject.name].pattern_type,
                )
                for one in found.rates
                if one.subject.name in patterns
            ),
            total_patterns=found.total_patterns,
            average_success_rate=found.average_success_rate,
            high_confidence_count=found.high_confidence_count,
        )
