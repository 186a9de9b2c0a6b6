"""Patterns and versions side by side, and one pattern among its like."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.comparison import Benchmark, Comparison
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Span, Window
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import NotFound
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.exact import Exact
from loopgraph.reducers.usage.benchmark import benchmark
from loopgraph.reducers.usage.comparison import COMPARED, Candidate, compare, labelled

MOST_PEERS: Final = 200
"""So many patterns are looked at for those of a category, the most used."""


class Comparing:
    """Comparisons of what was recorded, which nobody assigned at random."""

    def __init__(self, buckets: Buckets, exact: Exact, lineage: LineageReads) -> None:
        self._buckets = buckets
        self._exact = exact
        self._lineage = lineage

    async def compare(
        self, pattern_ids: Sequence[str], node_ids: Sequence[str], span: Span, principal: Principal | None
    ) -> tuple[Basis, Comparison]:
        """Patterns and versions side by side, in their order. Raises NotFound for what there is not."""
        patterns, versions = await asyncio.gather(self._lineage.patterns(pattern_ids), self._lineage.versions(node_ids))
        for id_ in pattern_ids:
            if id_ not in patterns:
                raise NotFound("Pattern", id_)
        for id_ in node_ids:
            if id_ not in versions:
                raise NotFound("PatternVersion", id_)
        labels = labelled([patterns[id_] for id_ in pattern_ids], [versions[id_] for id_ in node_ids])
        found = await self._exact.resolved(list(labels), span, principal, COMPARED)
        return found.basis, compare(
            [Candidate(subject.name, label, found.sums[subject]) for subject, label in labels.items()]
        )

    async def benchmark(
        self, pattern: Pattern, category: str, window: Window, min_samples: int, principal: Principal | None
    ) -> tuple[Basis, tuple[Benchmark, ...]]:
        """Where a pattern stands among those of a type that have so many executions, itself among them."""
        basis = await self._buckets.basis(window, principal)
        found = await self._buckets.ranked(SubjectKind.PATTERN, window, MOST_PEERS)
        enough = [one.subject.name for one in found if one.executions >= min_samples]
        peers = await self._lineage.patterns(enough)
        names = {id_ for id_, peer in peers.items() if peer.pattern_type == category} | {pattern.pattern_id}
        subjects = [Subject(SubjectKind.PATTERN, name) for name in sorted(names)]
        sums = await self._buckets.sums(subjects, window)
        return basis, benchmark(pattern.pattern_id, {subject.name: sums[subject] for subject in subjects})
