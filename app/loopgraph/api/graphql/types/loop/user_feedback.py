"""What people and agents said of work that was done, and what it comes to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import ActorType, Sentiment, SentimentSource
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.nodes import STEP, TRACE, VERSION, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts.loop import user_feedback as contracts


@presents(contracts.Feedback)
@strawberry.type(description="What somebody said of a trace, of one of its steps, or of a version of a pattern.")
class Feedback(Loaded, relay.Node):
    loader = "feedback"
    feedback_id: relay.NodeID[str]
    execution_id: strawberry.ID | None = strawberry.field(
        description="The own id of the execution that it is about; null if it is about something else."
    )
    correlation_id: strawberry.ID | None = strawberry.field(
        description="The correlation id of the trace that it is about; null if it is about something else."
    )
    node_id: strawberry.ID | None = strawberry.field(
        description="The own id of the version that it is about; null if it is about something else."
    )
    rating: int | None = strawberry.field(description="1 (worst) to 5 (best); null where none was given.")
    score: float | None = strawberry.field(description="The rating as 0..1: 1 is 0, 5 is 1; null where none was given.")
    sentiment: Sentiment | None = strawberry.field(description="Null where none was given and the comment tells none.")
    sentiment_source: SentimentSource | None = strawberry.field(
        description="On what the sentiment rests; null where there is none."
    )
    comment: str | None = strawberry.field(
        description="In its own words, without secrets, as far as content is kept; null where there are none."
    )
    tags: list[str] = short_list()
    metadata: JSON = strawberry.field(description="What else its sender says, as far as content is kept.")
    created_at: datetime
    actor_type: ActorType
    created_by: str

    @classmethod
    def of(cls, feedback: contracts.Feedback) -> Self:
        return shape(cls, feedback)

    raw_id = own_id("feedback_id")
    execution = link(
        "hook_execution", "execution_id", STEP, "The execution that it is about; null if it is another thing."
    )
    trace = link("head", "correlation_id", TRACE, "The trace that it is about; null if it is another thing.")
    version = link("version", "node_id", VERSION, "The version that it is about; null if it is another thing.")


@strawberry.type(description="How often a rating was given.")
class RatingCount:
    rating: int = strawberry.field(description="1 (worst) to 5 (best).")
    count: Long = strawberry.field(description="How often it was given.")


@strawberry.type(description="How often a sentiment was given, or told by a comment.")
class SentimentCount:
    sentiment: Sentiment = strawberry.field(description="Which one was given or told.")
    count: Long = strawberry.field(description="How often it was given or told.")


@strawberry.type(description="How often a tag was given with feedback.")
class FeedbackTagCount:
    tag: str = strawberry.field(description="What was written as one.")
    count: Long = strawberry.field(description="With how much feedback it was given.")


@presents(contracts.FeedbackSummary)
@strawberry.type(
    description="What feedback comes to. What was said of one trace counts once, however often the version was used in it."
)
class FeedbackSummary:
    count: Long = strawberry.field(description="How much feedback there is, with a rating or without.")
    mean_rating: float | None = strawberry.field(description="Mean of the ratings, 1..5; null where there is none.")
    rating_interval: Interval | None = strawberry.field(
        description="Student's interval of that mean, at 95 %, cut at 1 and 5; rough below some 20 ratings. Null below two "
        "ratings, and where all are equal: that tells nothing of how they vary."
    )
    ratings: list[RatingCount] = strawberry.field(
        description="How often each rating was given, from 1 to 5.", directives=[at_most(contracts.HIGHEST)]
    )
    sentiments: list[SentimentCount] = strawberry.field(
        description="How often each sentiment was given, or told by a comment.",
        directives=[at_most(len(contracts.Sentiment))],
    )
    tags: list[FeedbackTagCount] = strawberry.field(
        description="The ten tags that were given most often, the most frequent first.",
        directives=[at_most(contracts.TOP_TAGS)],
    )

    @classmethod
    def of(cls, summary: contracts.FeedbackSummary) -> Self:
        ratings: Any = enumerate(summary.ratings, contracts.LOWEST)
        return cls(
            count=Long(summary.count),
            mean_rating=summary.mean_rating,
            rating_interval=Interval.of(summary.rating_interval),
            ratings=[RatingCount(rating=rating, count=Long(count)) for rating, count in ratings],
            sentiments=[SentimentCount(sentiment=one, count=Long(count)) for one, count in summary.sentiments.items()],
            tags=[FeedbackTagCount(tag=one.tag, count=Long(one.times)) for one in summary.tags],
        )
