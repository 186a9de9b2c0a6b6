"""What feedback comes to, as sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from loopgraph.contracts.loop.user_feedback import HIGHEST, LOWEST, FeedbackSums, SaidAlike, Sentiment, TagCount


def sums_of(said: Iterable[SaidAlike]) -> FeedbackSums:
    """The sums of what was said; tags in the order of how often they were given, then of the alphabet."""
    total, ratings = 0, Counter[int]()
    sentiments, tags = Counter[Sentiment](), Counter[str]()
    for one in said:
        total += one.times
        if one.rating is not None:
            ratings[one.rating] += one.times
        if one.sentiment is not None:
            sentiments[one.sentiment] += one.times
        for tag in set(one.tags):
            tags[tag] += one.times
    return FeedbackSums(
        total=total,
        ratings=tuple(ratings[rating] for rating in range(LOWEST, HIGHEST + 1)),
        sentiments={sentiment: sentiments[sentiment] for sentiment in Sentiment},
        tags=tuple(TagCount(*item) for item in sorted(tags.items(), key=lambda item: (-item[1], item[0]))),
    )
