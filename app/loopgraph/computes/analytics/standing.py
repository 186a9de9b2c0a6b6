"""Which of the patterns in force say nearly the same, and which stand idle."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from loopgraph.computes.definitions.similarity import nearly_same
from loopgraph.contracts.analytics.standing import SimilarPair, SimilarPatterns, UnusedPattern, UnusedPatterns
from loopgraph.contracts.lineage.text_form import given

MOST_COMPARED: Final = 20_000_000
"""So many runs of words are compared in all types together: about a second's work."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class StandingText(NamedTuple):
    """A pattern in force and the text of its version in use, as it is stored; ``path`` is that of its file, if it has one."""

    pattern_id: str
    pattern_type: str
    text: str
    path: str = ""


def similar_patterns(texts: Sequence[StandingText], at_least: float, first: int, *, more: bool) -> SimilarPatterns:
    """The ``first`` most similar pairs of each type together, compared by what a model is given. ``more``: there are patterns
    beside these."""
    of_type: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for each in texts:
        of_type[each.pattern_type][each.pattern_id] = given(each.pattern_type, each.text, each.path)
    found = [nearly_same(each, at_least, first, MOST_COMPARED // len(of_type)) for each in of_type.values()]
    pairs = [pair for each in found for pair in each.pairs]
    best = heapq.nsmallest(first, pairs, key=lambda pair: (-pair.similarity, str(pair.one), str(pair.other)))
    return SimilarPatterns(
        pairs=tuple(
            SimilarPair(pattern_id=str(pair.one), other_pattern_id=str(pair.other), similarity=pair.similarity)
            for pair in best
        ),
        compared=len(texts),
        whole=not more and len(best) == len(pairs) and all(each.whole for each in found),
    )


def unused_patterns(found: Sequence[UnusedPattern], since: datetime, first: int, *, more: bool) -> UnusedPatterns:
    """The ``first`` of the patterns that were not used since an instant. ``more``: there are patterns that were not looked at."""
    ordered = sorted(found, key=lambda each: (each.last_used_at or _NEVER, each.pattern_id))
    return UnusedPatterns(since=since, patterns=tuple(ordered[:first]), total=len(ordered), whole=not more)
