"""What of the patterns in force stands idle, and what says the same."""

from __future__ import annotations

from loopgraph.contracts.base import Contract, Id, Instant, Unit


class UnusedPattern(Contract):
    """A pattern in force that was not used lately; ``last_used_at`` None: never."""

    pattern_id: Id
    last_used_at: Instant | None


class UnusedPatterns(Contract):
    """Patterns in force of which no version was used since ``since``, by anybody: those that never were first, then those that
    were not for the longest. ``total`` is how many there are, ``whole``: all patterns were looked at."""

    since: Instant
    patterns: tuple[UnusedPattern, ...]
    total: int
    whole: bool


class SimilarPair(Contract):
    """Two patterns of one type whose texts are alike; ``similarity`` is 0..1."""

    pattern_id: Id
    other_pattern_id: Id
    similarity: Unit


class SimilarPatterns(Contract):
    """Pairs of patterns in force, the most similar first; of patterns with the same text, one stands for all. ``whole``: there
    are no others."""

    pairs: tuple[SimilarPair, ...]
    compared: int
    whole: bool
