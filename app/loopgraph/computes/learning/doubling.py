"""Which learned patterns should be one, and which should be two.

Two should be one where the prompts of each match the other as surely as a prompt that joins a pattern, they ask for the same to
be done, and their plans go much the same way. One should be two where its prompts are of two kinds that match each other little,
and were done in different ways: then the plan is that of neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.computes.learning.grouping import SAME_WAY
from loopgraph.computes.learning.plans.alignment import similarity
from loopgraph.computes.learning.plans.merging import merge, sequence_of
from loopgraph.contracts.learning.embeddings import Vectors
from loopgraph.contracts.learning.lessons import Known, Lesson, Role
from loopgraph.contracts.learning.plans import Plan, Standing
from loopgraph.contracts.learning.proposals import ProposalEvidence

LEAST_OF_A_KIND: Final = 3
"""So many successful traces each of two kinds needs."""

LEAST_SHARE: Final = 0.2
"""So large a share of the traces each of them needs."""

LEAST_APART: Final = 0.3
"""By so much more prompts of one kind match each other than those of the other."""

_STEPS: Final = 20


class Kinds(NamedTuple):
    """Two kinds of prompts: for each whether it is of the second, and the mean cosine of prompts of one kind (the lesser of
    the two), and of one of each."""

    second: tuple[bool, ...]
    within: float
    between: float


def merge_evidence(one: Known, other: Known, score: float) -> ProposalEvidence | None:
    """Why one should be part of the other; None if it should not. ``score`` is the least with which prompts of each match the
    other."""
    if one.pattern.action != other.pattern.action or Standing.MERGED in (one.pattern.standing, other.pattern.standing):
        return None
    alike = similarity(sequence_of(one.plan), sequence_of(other.plan))
    if alike < SAME_WAY:
        return None
    return ProposalEvidence(
        score=score,
        plan_similarity=alike,
        successes=one.pattern.successes,
        failures=one.pattern.failures,
        other_successes=other.pattern.successes,
        other_failures=other.pattern.failures,
    )


def smaller_first(one: Known, other: Known) -> tuple[Known, Known]:
    """Which of two would be merged, and into which: into the one with more successes; of equals, with the lesser id."""
    first, second = sorted((one, other), key=lambda known: (-known.pattern.successes, known.pattern.pattern_id))
    return second, first


def two_kinds(vectors: Vectors) -> Kinds | None:
    """The two kinds that prompts are of, by their vectors of length 1: two means that begin with the two that are farthest apart.
    None where there are not two."""
    if len(vectors) < 2:
        return None
    cosines = vectors @ vectors.T
    centres = vectors[list(np.unravel_index(int(np.argmin(cosines)), cosines.shape))]
    second = np.zeros(len(vectors), dtype=bool)
    for _ in range(_STEPS):
        nearer = np.argmax(vectors @ centres.T, axis=1) == 1
        if nearer.all() or not nearer.any():
            return None
        if (nearer == second).all():
            break
        second = nearer
        centres = np.stack([_centre(vectors[~second]), _centre(vectors[second])])
    within = [_mean(cosines[np.ix_(part, part)], own=True) for part in (~second, second)]
    between = _mean(cosines[np.ix_(~second, second)], own=False)
    return Kinds(tuple(map(bool, second)), min(within), between)


def goes_other_ways(plan: Plan, lessons: Sequence[Lesson]) -> bool:
    """Whether enough successful traces went quite another way than the plan: else the pattern is of one kind."""
    way = sequence_of(plan)
    others = [one for one in lessons if one.role is Role.SUCCESS and similarity(one.plan.sequence, way) < SAME_WAY]
    return len(others) >= LEAST_OF_A_KIND


def split_evidence(
    lessons: Sequence[Lesson], kinds: Kinds, within: float, between: float, exemplar_ids: Sequence[str]
) -> ProposalEvidence | None:
    """Why a pattern should be two; None if it should not. ``within`` and ``between`` are those of ``kinds`` as parts of a score.
    ``exemplar_ids`` are the prompts of the second kind: those would go."""
    if within - between < LEAST_APART or not exemplar_ids:
        return None
    parts = [
        [lesson for lesson, second in zip(lessons, kinds.second, strict=True) if second is which]
        for which in (False, True)
    ]
    good = [sum(lesson.role is Role.SUCCESS for lesson in part) for part in parts]
    if min(good) < LEAST_OF_A_KIND or min(map(len, parts)) < LEAST_SHARE * len(lessons):
        return None
    ways = [sequence_of(merge(part).plan) for part in parts]
    if (alike := similarity(*ways)) >= SAME_WAY:
        return None
    return ProposalEvidence(
        score=between,
        plan_similarity=alike,
        successes=good[1],
        failures=len(parts[1]) - good[1],
        other_successes=good[0],
        other_failures=len(parts[0]) - good[0],
        exemplar_ids=tuple(exemplar_ids),
        trace_ids=tuple(lesson.correlation_id for lesson in parts[1]),
    )


def _centre(vectors: Vectors) -> NDArray[np.float32]:
    middle = vectors.mean(axis=0)
    length = float(np.linalg.norm(middle))
    centre: NDArray[np.float32] = middle / length if length else middle
    return centre


def _mean(cosines: NDArray[np.float32], *, own: bool) -> float:
    """The mean of pairs; of a kind's own, without each with itself. One alone is as near to its kind as can be."""
    count = len(cosines)
    if not own:
        return float(cosines.mean())
    return float((cosines.sum() - np.trace(cosines)) / (count * (count - 1))) if count > 1 else 1.0
