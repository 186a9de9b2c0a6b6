"""The mean of ratings and its interval, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loopgraph.computes.loop.told.ratings import summary
from loopgraph.contracts.loop.user_feedback import FeedbackSums, Sentiment, TagCount


def sums(*ratings: int, tags: tuple[TagCount, ...] = ()) -> FeedbackSums:
    counts = tuple(ratings.count(rating) for rating in range(1, 6))
    return FeedbackSums(len(ratings), counts, dict.fromkeys(Sentiment, 0), tags)


@pytest.mark.parametrize("ratings", [(3, 4), (2, 3, 3, 4), (5, 4, 4, 3, 5, 2, 4, 4, 3, 5), (1,) * 40 + (5,) * 60])
def test_the_interval_is_students_cut_at_the_ends_of_the_scale(ratings: tuple[int, ...]) -> None:
    found = summary(sums(*ratings))
    assert found.mean_rating == pytest.approx(np.mean(ratings), abs=1e-12)
    expected = stats.t.interval(0.95, len(ratings) - 1, np.mean(ratings), stats.sem(ratings))
    assert found.rating_interval == pytest.approx(np.clip(expected, 1, 5), abs=1e-9)


def test_a_published_example() -> None:
    # t(0.975, 4) = 2.776 (any table): 3 ± 2.776·√2.5/√5
    found = summary(sums(1, 2, 3, 4, 5))
    assert found.rating_interval == pytest.approx((3 - 1.963, 3 + 1.963), abs=1e-3)


@pytest.mark.parametrize("ratings", [(), (4,), (5, 5, 5)])
def test_what_tells_nothing_of_how_ratings_vary_has_no_interval(ratings: tuple[int, ...]) -> None:
    found = summary(sums(*ratings))
    assert found.rating_interval is None
    assert found.mean_rating == (np.mean(ratings) if ratings else None)


def test_ten_tags_are_told() -> None:
    tags = tuple(TagCount(f"t{number:02}", 20 - number) for number in range(12))
    assert summary(sums(3, tags=tags)).tags == tags[:10]
