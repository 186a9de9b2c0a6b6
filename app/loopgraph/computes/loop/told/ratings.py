"""The mean of ratings, and how far it can be relied on."""

from __future__ import annotations

import math
from typing import Final

from loopgraph.contracts.loop.user_feedback import HIGHEST, LOWEST, TOP_TAGS, FeedbackSummary, FeedbackSums

_LEVEL: Final = 0.95


def summary(sums: FeedbackSums) -> FeedbackSummary:
    """What feedback comes to, with the tags that were given most often.

    The interval of the mean is Student's: mean ± t(0.975, n - 1)·s/√n, cut at the ends of the scale. Ratings are not normal, so
    below some 20 of them it is a rough one. Each rating counts for itself, also where one person gave several.
    """
    n = sum(sums.ratings)
    mean = math.fsum(rating * count for rating, count in enumerate(sums.ratings, LOWEST)) / n if n else None
    return FeedbackSummary(
        count=sums.total,
        ratings=sums.ratings,
        mean_rating=mean,
        rating_interval=_interval(sums.ratings, n, mean) if mean is not None else None,
        sentiments=sums.sentiments,
        tags=sums.tags[:TOP_TAGS],
    )


def _interval(ratings: tuple[int, ...], n: int, mean: float) -> tuple[float, float] | None:
    squares = math.fsum(count * (rating - mean) ** 2 for rating, count in enumerate(ratings, LOWEST))
    if n < 2 or not squares:
        return None
    from scipy import special

    reach = float(special.stdtrit(n - 1, (1 + _LEVEL) / 2)) * math.sqrt(squares / (n - 1) / n)
    return max(LOWEST, mean - reach), min(HIGHEST, mean + reach)
