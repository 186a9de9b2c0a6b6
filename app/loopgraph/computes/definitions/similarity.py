"""How alike two texts are, and which of many are nearly the same.

Texts are compared by their shingles: all runs of three words, without case and punctuation. The similarity is that of Jaccard:
the shingles that both have over those that either has. So it is 1 for the same words in the same order, little for texts on the
same subject, and does not depend on order among larger parts much.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

K = TypeVar("K")

NEARLY_SAME: Final = 0.8
"""From this similarity on, two texts are nearly the same: of a hundred words, some four differ in one place or two each."""

_WORDS: Final = 3
_WORD: Final = re.compile(r"\w+")

Shingles = frozenset[tuple[str, ...]]


class Alike(NamedTuple):
    """Two texts and how alike they are, 0..1."""

    one: object
    other: object
    similarity: float


def shingles(text: str) -> Shingles:
    """All runs of three words; of a shorter text, the whole."""
    words = _WORD.findall(text.casefold())
    if len(words) <= _WORDS:
        return frozenset({tuple(words)} if words else ())
    return frozenset(tuple(words[at : at + _WORDS]) for at in range(len(words) - _WORDS + 1))


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0..1; two without words are the same."""
    return _jaccard(shingles(one), shingles(other))


def nearly_same(texts: Mapping[K, str], at_least: float = NEARLY_SAME) -> list[Alike]:
    """All pairs that are at least so alike (more than 0), the most alike first; texts without words are in none.

    Exact, and much less than a comparison of all with all: of two such texts each has a shingle of the other among its rarest
    ``n - ceil(at_least * n) + 1``, so only those that share one of these are compared (Chaudhuri, Ganti, Kaushik 2006).
    """
    sets = {key: found for key, text in texts.items() if (found := shingles(text))}
    counts = Counter(shingle for found in sets.values() for shingle in found)
    having: defaultdict[tuple[str, ...], list[K]] = defaultdict(list)
    pairs: list[Alike] = []
    for key, found in sets.items():
        size = len(found)
        rarest = sorted(found, key=lambda shingle: (counts[shingle], shingle))[: size - math.ceil(at_least * size) + 1]
        candidates = dict.fromkeys(other for shingle in rarest for other in having[shingle])
        for other in candidates:
            alike = _jaccard(found, sets[other])
            if alike >= at_least:
                pairs.append(Alike(other, key, alike))
        for shingle in rarest:
            having[shingle].append(key)
    return sorted(pairs, key=lambda pair: -pair.similarity)


def _jaccard(one: Shingles, other: Shingles) -> float:
    if not one and not other:
        return 1.0
    both = len(one & other)
    return both / (len(one) + len(other) - both)
