"""What of the patterns in force stands idle, and what says the same."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.nodes import PATTERN, link
from loopgraph.contracts.analytics import standing as contracts


@strawberry.type(description="A pattern in force that was not used lately.")
class UnusedPattern:
    pattern_id: strawberry.ID
    last_used_at: datetime | None = strawberry.field(
        description="When a version of it was last used by anybody, in UTC; null: never."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")


@strawberry.type(description="Patterns in force that nobody has used lately.")
class UnusedPatterns:
    since: datetime = strawberry.field(description="Since when they were not used.")
    patterns: list[UnusedPattern] = strawberry.field(
        description="Those that were never used, then those that were not for the longest; as many as `first` says."
    )
    total_patterns: Long = strawberry.field(description="How many there are.")
    complete: bool = strawberry.field(
        description="Whether all patterns in force were looked at, and not the newest 2,000 alone."
    )

    @classmethod
    def of(cls, found: contracts.UnusedPatterns) -> Self:
        patterns = [shape(UnusedPattern, one) for one in found.patterns]
        return shape(cls, found, patterns=patterns, total_patterns=found.total, complete=found.whole)


@strawberry.type(description="Two patterns of one type whose texts are alike.")
class SimilarPair:
    pattern_id: strawberry.ID
    other_pattern_id: strawberry.ID = strawberry.field(description="The own id of the one that it is compared with.")
    similarity: float = strawberry.field(
        description="The runs of three words that both have over those that either has, 0..1, without case and punctuation."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "The one pattern.")
    other_pattern = link("pattern", "other_pattern_id", PATTERN, "The pattern that it is compared with.")


@strawberry.type(description="Patterns in force that say nearly the same.")
class SimilarPatterns:
    pairs: list[SimilarPair] = strawberry.field(
        description="The most similar pairs, as many as `first` says; of patterns with the same text, one stands for all."
    )
    compared: Long = strawberry.field(description="How many patterns were compared.")
    complete: bool = strawberry.field(
        description="Whether there are no other pairs; else there are, or so many patterns are alike that not all were compared."
    )

    @classmethod
    def of(cls, found: contracts.SimilarPatterns) -> Self:
        return shape(cls, found, pairs=[shape(SimilarPair, one) for one in found.pairs], complete=found.whole)
