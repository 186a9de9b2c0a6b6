"""Which steps of two sequences are the same step: a longest common subsequence.

Sequences of plans are short (after folding some twenty steps, two hundred at most), and what is wanted of them is which step of
one stands for which of the other. That is forty lines; a library would be a dependency for them. How long a common subsequence
is, which is asked much more often, is told by bits (Hyyrö 2004: Bit-parallel LCS-length computation revisited).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence


def common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How long the longest common subsequence is."""
    places: defaultdict[Hashable, int] = defaultdict(int)
    for at, item in enumerate(one):
        places[item] |= 1 << at
    mask = (1 << len(one)) - 1
    free = mask
    for item in other:
        matching = free & places.get(item, 0)
        free = ((free + matching) | (free - matching)) & mask
    return len(one) - free.bit_count()


def similarity(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """How alike two sequences are, 0..1: twice what they have in common over what they have. Two empty ones are the same."""
    whole = len(one) + len(other)
    return 2 * common(one, other) / whole if whole else 1.0


def aligned(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The places of a longest common subsequence in both, in order; of several, the one that is earliest in both."""
    rows, columns = len(one), len(other)
    lengths = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        row, below, item = lengths[i], lengths[i + 1], one[i]
        for j in range(columns - 1, -1, -1):
            row[j] = below[j + 1] + 1 if item == other[j] else max(below[j], row[j + 1])
    pairs, i, j = [], 0, 0
    while i < rows and j < columns:
        if one[i] == other[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
