"""How far a pattern can be relied on, and which of several to prefer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from loopgraph.computes.definitions.similarity import similarity
from loopgraph.contracts.analytics.reliability import THRESHOLD, Candidate, PatternRanking, PatternReliability
from loopgraph.contracts.analytics.subjects import Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Principal
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.reducers.usage.reliability import ranked, reliability
from loopgraph.reducers.usage.spans import window_of

MOST_RANKED: Final = 100


async def find_reliability(
    buckets: Buckets,
    lineage: LineageReads,
    pattern_id: str,
    threshold: float,
    window: Window,
    principal: Principal | None,
) -> PatternReliability:
    """How far a pattern can be relied on by its executions of a window. Raises NotFound, Forbidden."""
    pattern = (await lineage.patterns([pattern_id])).get(pattern_id)
    if pattern is None:
        raise NotFound("Pattern", pattern_id)
    basis = await buckets.basis(window, principal)
    whole, current = Subject(SubjectKind.PATTERN, pattern_id), pattern.current_node_id
    of_current = Subject(SubjectKind.PATTERN_VERSION, current) if current else None
    sums = await buckets.sums([whole, *([of_current] if of_current else [])], window, (Dimension.UNIT,))
    return PatternReliability(
        basis=basis,
        pattern_id=pattern_id,
        threshold=threshold,
        whole=reliability(sums[whole], threshold),
        current_node_id=current,
        current=reliability(sums[of_current], threshold) if of_current else None,
    )


async def rank_patterns(
    buckets: Buckets,
    lineage: LineageReads,
    candidates: Sequence[Candidate],
    text: str | None,
    window: Window,
    recent_days: int,
    now: datetime,
    principal: Principal | None,
) -> PatternRanking:
    """Some patterns, the best first, by their executions of a window and by those of its last so many days. With a ``text``,
    their similarity to it is that of the text in use. Raises NotFound, InvalidInput, Forbidden."""
    ids = [one.pattern_id for one in candidates]
    if len(set(ids)) < len(ids):
        raise InvalidInput("candidates", "must be different patterns")
    known = [one.similarity is not None for one in candidates]
    if any(known) and (not all(known) or text is not None):
        raise InvalidInput("candidates", "must all have a similarity, or none, and none beside a text")
    patterns = await lineage.patterns(ids)
    for id_ in ids:
        if id_ not in patterns:
            raise NotFound("Pattern", id_)
    if text is not None:
        current = {id_: pattern.current_node_id for id_, pattern in patterns.items()}
        versions = await lineage.versions([node_id for node_id in current.values() if node_id])
        texts = {id_: versions[node_id].template_code for id_, node_id in current.items() if node_id in versions}
        candidates = await asyncio.to_thread(
            lambda: [Candidate(id_, similarity(text, texts.get(id_, ""))) for id_ in ids]
        )
    late = window_of(max(window.since, min(window.until, now) - timedelta(days=recent_days)), window.until, now)
    basis, recent_basis = await buckets.basis(window, principal), await buckets.basis(late, principal)
    subjects = [Subject(SubjectKind.PATTERN, id_) for id_ in ids]
    history, recent = await asyncio.gather(
        buckets.sums(subjects, window, (Dimension.UNIT,)), buckets.sums(subjects, late, (Dimension.UNIT,))
    )
    return PatternRanking(
        basis=basis,
        recent_basis=recent_basis,
        patterns=tuple(
            ranked(
                candidates,
                {subject.name: history[subject] for subject in subjects},
                {subject.name: recent[subject] for subject in subjects},
                THRESHOLD,
            )
        ),
    )
