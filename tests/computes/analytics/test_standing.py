"""What says nearly the same, and what stands idle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from loopgraph.computes.analytics.standing import StandingText, similar_patterns, unused_patterns
from loopgraph.contracts.analytics.standing import UnusedPattern

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG = " ".join(f"w{number}" for number in range(100))


def test_pairs_of_one_type_by_what_a_model_is_given() -> None:
    texts = [
        StandingText("a", "prompt", LONG),
        StandingText("b", "prompt", f"{LONG} more"),
        StandingText("c", "code", LONG),
        StandingText("d", "skill", f"---\nname: one\n---\n{LONG}"),
        StandingText("e", "skill", f"---\nname: another\ndescription: else\n---\n{LONG}"),
        StandingText("f", "prompt", "else"),
    ]
    found = similar_patterns(texts, 0.8, 10, more=False)
    assert [(pair.pattern_id, pair.other_pattern_id) for pair in found.pairs] == [("d", "e"), ("a", "b")]
    assert (found.pairs[0].similarity, found.compared, found.whole) == (1.0, 6, True)
    cut = similar_patterns(texts, 0.8, 1, more=False)
    assert (len(cut.pairs), cut.whole) == (1, False)
    assert not similar_patterns(texts, 0.8, 10, more=True).whole
    assert similar_patterns([], 0.8, 10, more=False).whole


def test_those_that_never_were_used_come_first() -> None:
    found = [
        UnusedPattern(pattern_id=id_, last_used_at=None if days is None else NOON - timedelta(days=days))
        for id_, days in (("b", 40), ("c", None), ("d", 90), ("a", None))
    ]
    answer = unused_patterns(found, NOON, 3, more=True)
    assert [each.pattern_id for each in answer.patterns] == ["a", "c", "d"]
    assert (answer.total, answer.whole, answer.since) == (4, False, NOON)
