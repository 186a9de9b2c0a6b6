"""Sums of feedback."""

from __future__ import annotations

from loopgraph.contracts.loop.user_feedback import SaidAlike, Sentiment
from loopgraph.reducers.user_feedback import sums_of


def test_sums() -> None:
    said = [
        SaidAlike(5, Sentiment.POSITIVE, ("b", "a"), 2),
        SaidAlike(5, None, (), 1),
        SaidAlike(None, Sentiment.NEGATIVE, ("b", "c"), 3),
        SaidAlike(1, None, ("a",), 4),
    ]
    found = sums_of(said)
    assert (found.total, found.ratings) == (10, (4, 0, 0, 0, 3))
    assert found.sentiments == {Sentiment.POSITIVE: 2, Sentiment.NEUTRAL: 0, Sentiment.NEGATIVE: 3}
    assert found.tags == (("a", 6), ("b", 5), ("c", 3))


def test_nothing_was_said() -> None:
    found = sums_of([])
    assert (found.total, found.ratings, found.tags) == (0, (0,) * 5, ())
