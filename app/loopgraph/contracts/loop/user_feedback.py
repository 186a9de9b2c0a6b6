"""What people and agents say of work that was done: ratings, sentiments, comments and tags."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from loopgraph.contracts.audit import ActorType
from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name, Tags, Unit

LOWEST, HIGHEST = 1, 5
"""The scale of ratings; seed 002 has 0..1, which ``Feedback.score`` tells."""

MOST_TAGS: Final = 20

TOP_TAGS: Final = 10
"""So many tags a summary has."""

Rating = Annotated[int, Field(ge=LOWEST, le=HIGHEST)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class Sentiment(StrEnum):
    """Whether somebody was content (seed 002)."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class SentimentSource(StrEnum):
    """On what a sentiment rests: it was given, or the words of the comment tell it (``computes/loop/told/sentiment``)."""

    GIVEN = "given"
    COMMENT = "comment"


class NewFeedback(Contract):
    """Feedback as it is submitted: about exactly one execution, trace or version, and saying something.

    ``feedback_id`` makes a retry safe.
    """

    feedback_id: Id | None = None
    execution_id: Id | None = None
    correlation_id: Id | None = None
    node_id: Id | None = None
    rating: Rating | None = None
    sentiment: Sentiment | None = None
    comment: Comment | None = None
    tags: Annotated[Tags, Field(max_length=MOST_TAGS)] = ()
    metadata: JsonMap = {}

    @model_validator(mode="after")
    def _is_about_one(self) -> Self:
        if sum(id_ is not None for id_ in (self.execution_id, self.correlation_id, self.node_id)) != 1:
            raise ValueError("must name exactly one of execution_id, correlation_id and node_id")
        if self.rating is None and self.sentiment is None and self.comment is None and not self.tags:
            raise ValueError("must say something: at least one of rating, sentiment, comment and tags")
        return self


class Feedback(Contract):
    """Feedback as it is kept. One of ``execution_id``, ``correlation_id`` and ``node_id`` is what it is about.

    ``sentiment_source`` is None where there is no sentiment.
    """

    feedback_id: Id
    execution_id: Id | None = None
    correlation_id: Id | None = None
    node_id: Id | None = None
    rating: Rating | None = None
    sentiment: Sentiment | None = None
    sentiment_source: SentimentSource | None = None
    comment: str | None = None
    tags: Tags = ()
    metadata: JsonMap = {}
    created_at: Instant
    actor_type: ActorType
    created_by: Name

    @property
    def score(self) -> Unit | None:
        """The rating as 0..1, as seed 002 has it: 1 is 0, 5 is 1."""
        return None if self.rating is None else (self.rating - LOWEST) / (HIGHEST - LOWEST)


class FeedbackPage(NamedTuple):
    """Feedback, newest first, and whether more follows."""

    items: tuple[Feedback, ...]
    has_more: bool


class SaidAlike(NamedTuple):
    """How often (``times``) the same rating, sentiment and tags were given."""

    rating: int | None
    sentiment: Sentiment | None
    tags: tuple[str, ...]
    times: int


class TagCount(NamedTuple):
    """How often a tag was given."""

    tag: str
    times: int


class FeedbackSums(NamedTuple):
    """What feedback comes to, as sums. ``ratings`` are counts of the ratings 1..5; ``tags`` the most frequent first."""

    total: int
    ratings: tuple[int, ...]
    sentiments: dict[Sentiment, int]
    tags: tuple[TagCount, ...]


class FeedbackSummary(Contract):
    """What feedback comes to.

    ``mean_rating`` is None without ratings; ``rating_interval`` covers the mean that ratings like these have in 95 of 100 cases,
    and is None where fewer than two ratings, or only equal ones, tell nothing of how they vary.
    """

    count: int
    ratings: tuple[int, ...]
    mean_rating: float | None
    rating_interval: tuple[float, float] | None
    sentiments: dict[Sentiment, int]
    tags: tuple[TagCount, ...]
