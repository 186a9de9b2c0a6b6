"""How alike two texts are, and which of many are nearly the same.

Texts are compared by their shingles: all runs of three words, without case and punctuation. The similarity is that of Jaccard:
the shingles that both have over those that either has. So it is 1 for the same words in the same order, little for texts on the
same subject, and does not depend on order among larger parts much.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

K = TypeVar("K")

NEARLY_SAME: Final = 0.8
"""From this similarity on, two texts are nearly the same: of a hundred words, some four differ in one place or two each."""

MOST_PAIRS: Final = 100
MOST_COMPARED: Final = 20_000_000
"""So many shingles are compared: about a second's work."""

_WORDS: Final = 3
_WORD: Final = re.compile(r"\w+")

Shingles = frozenset[int]
"""Runs of words by their hashes, of 64 bits: they take a fraction of the room, and of the time to compare."""


class Alike(NamedTuple):
    """Two texts and how alike they are, 0..1."""

    one: object
    other: object
    similarity: float


def shingles(text: str) -> Shingles:
    """All runs of three words; of a shorter text, the whole."""
    words = _WORD.findall(text.casefold())
    if len(words) <= _WORDS:
        return frozenset({hash(tuple(words))} if words else ())
    return frozenset(map(hash, zip(*(words[at:] for at in range(_WORDS)), strict=False)))


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0..1; two without words are the same."""
    return jaccard(shingles(one), shingles(other))


class AlikeTexts(NamedTuple):
    """The pairs that were found, the most alike first. ``whole``: there are no more."""

    pairs: list[Alike]
    whole: bool


def nearly_same(
    texts: Mapping[K, str],
    at_least: float = NEARLY_SAME,
    most_pairs: int = MOST_PAIRS,
    most_compared: int = MOST_COMPARED,
) -> AlikeTexts:
    """The pairs that are at least so alike (more than 0); texts without words are in none. Of texts that are the same, the first
    stands for all: each other one is in a pair with it, and in no more.

    Much less than a comparison of all with all: of two such texts each has a shingle of the other among its rarest
    ``n - ceil(at_least * n) + 1``, so only those that share one of these are compared (Chaudhuri, Ganti, Kaushik 2006). Where
    all are alike, that is still each with each: so no more than ``most_compared`` shingles are, in the order of the texts.
    """
    sets: dict[K, Shingles] = {}
    same: dict[Shingles, K] = {}
    pairs: list[Alike] = []
    for key, text in texts.items():
        if not (found := shingles(text)):
            continue
        first = same.setdefault(found, key)
        if first is key:
            sets[key] = found
        else:
            pairs.append(Alike(first, key, 1.0))
    counts = Counter(shingle for found in sets.values() for shingle in found)
    having: defaultdict[int, list[K]] = defaultdict(list)
    left = most_compared
    for key, found in sets.items():
        size = len(found)
        rarest = sorted(found, key=lambda shingle: (counts[shingle], shingle))[: size - math.ceil(at_least * size) + 1]
        candidates = dict.fromkeys(other for shingle in rarest for other in having[shingle])
        for other in candidates:
            if at_least * size <= len(sets[other]) <= size / at_least:  # else they cannot be so alike
                left -= size
                if left < 0:
                    break
                alike = jaccard(found, sets[other])
                if alike >= at_least:
                    pairs.append(Alike(other, key, alike))
        if left < 0:
            break
        for shingle in rarest:
            having[shingle].append(key)
    best = heapq.nsmallest(most_pairs, pairs, key=lambda pair: -pair.similarity)
    return AlikeTexts(best, left >= 0 and len(best) == len(pairs))


def jaccard(one: Shingles, other: Shingles) -> float:
    """How alike two sets of shingles are, 0..1; two empty ones are the same."""
    if not one and not other:
        return 1.0
    both = len(one & other)
    return both / (len(one) + len(other) - both)
