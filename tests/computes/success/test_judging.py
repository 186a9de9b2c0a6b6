"""What criteria come to: golden numbers by hand, and what holds for any of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.success.judging import judged, weighed
from loopgraph.computes.success.own import DEFAULT
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.success import (
    WEIGHTS,
    Criterion,
    Limits,
    Outcome,
    SuccessCriteria,
    UnknownReason,
    Weight,
    Work,
)

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
DONE = Work("skill", TraceStatus.SUCCESS, answered_at=NOON)


def said(text: str) -> dict[str, object]:
    """What was written a minute later."""
    return {"next_prompt": text, "next_at": NOON + timedelta(minutes=1)}


def test_the_weights_are_those_of_the_seed() -> None:
    assert {each.value: weight for each, (weight, _) in WEIGHTS.items()} == {
        "execution_completed": 0.25,
        "no_errors": 0.25,
        "hooks_succeeded": 0.15,
        "quality_gates_passed": 0.15,
        "within_performance_thresholds": 0.10,
        "intelligence_gathered": 0.05,
        "user_confirmed_success": 0.05,
        "reported_outcomes": 0.0,  # not of the seed: until somebody names outcomes, it counts for nothing
    }
    assert sum(Fraction(str(weight)) for weight, _ in WEIGHTS.values()) == 1


@pytest.mark.parametrize(
    ("changes", "score", "success", "known"),
    [
        ({}, 1.0, True, 0.5),
        ({"status": TraceStatus.ERROR}, 0.5, False, 0.5),
        ({"status": TraceStatus.TIMEOUT}, 0.0, False, 0.5),
        ({"status": TraceStatus.INTERRUPTED}, 0.5, False, 0.5),
        ({"status": TraceStatus.DENIED}, 0.5, False, 0.5),
        # (0.25 + 0.25 + 0.15 · 3/4) / 0.65
        ({"steps": 5, "open_steps": 1, "unsuccessful_steps": 1}, 0.6125 / 0.65, True, 0.65),
        ({"steps": 4, "unsuccessful_steps": 4}, 0.5 / 0.65, False, 0.65),
        # (0.25 + 0.25 · 9/10) / 0.5
        ({"model_calls": 10, "failed_model_calls": 1}, 0.95, True, 0.5),
        ({"model_calls": 10, "failed_model_calls": 6}, 0.7, False, 0.5),
        # (0.25 + 0.25 + 0.15 · 0.6) / 0.65
        ({"quality_score": 0.6}, 0.59 / 0.65, True, 0.65),
        ({"gathering_steps": 2, "gathered_steps": 1}, 0.525 / 0.55, True, 0.55),
        (said("Thanks, now the next"), 1.0, True, 0.55),
        (said("No, that's wrong"), 0.5 / 0.55, False, 0.55),
        # all but the limits, of which there are none: (0.25 + 0.25 + 0.15 · 0.5 + 0.15 · 0.8 + 0.05 + 0.05) / 0.9
        (
            {
                "steps": 2,
                "unsuccessful_steps": 1,
                "quality_score": 0.8,
                "gathering_steps": 1,
                "gathered_steps": 1,
                **said("Good."),
            },
            0.795 / 0.9,
            True,
            0.9,
        ),
    ],
)
def test_golden_numbers(changes: dict[str, object], score: float, success: bool, known: float) -> None:
    outcome = judged(DONE._replace(**changes), DEFAULT)
    assert outcome.score == pytest.approx(score, abs=1e-12)
    assert (outcome.success, outcome.reason) == (success, None)
    assert outcome.known_weight == pytest.approx(known, abs=1e-12)


def test_before_its_end_nothing_is_said() -> None:
    outcome = judged(DONE._replace(status=TraceStatus.IN_PROGRESS, steps=9, quality_score=1.0), DEFAULT)
    assert (outcome.score, outcome.success, outcome.reason) == (None, None, UnknownReason.IN_PROGRESS)


def test_where_too_little_is_known_nothing_is_said() -> None:
    strict = DEFAULT.model_copy(update={"least_known": 0.55})
    assert judged(DONE, strict).reason is UnknownReason.TOO_LITTLE_KNOWN
    assert judged(DONE, strict).success is None
    assert judged(DONE._replace(**said("Good.")), strict).success is True, "0.55 is 0.55"
    only = DEFAULT.model_copy(update={"weights": {Criterion.USER_CONFIRMED_SUCCESS: Weight(1.0)}})
    assert judged(DONE, only).success is None
    assert judged(DONE._replace(**said("that's wrong")), only).success is False


@pytest.mark.parametrize(
    ("limits", "changes", "value"),
    [
        (Limits(), {"duration_ms": 9.0}, None),
        (Limits(duration_ms=10), {"duration_ms": 10.0}, 1.0),
        (Limits(duration_ms=10), {"duration_ms": 10.1}, 0.0),
        (Limits(duration_ms=10), {}, None),
        (Limits(cost_usd=1), {"cost_usd": 0.9, "model_calls": 2}, 1.0),
        (Limits(cost_usd=1), {"cost_usd": 0.9, "model_calls": 2, "unpriced_calls": 1}, None),
        (Limits(cost_usd=1), {"cost_usd": 1.1, "model_calls": 2, "unpriced_calls": 1}, 0.0),
        (Limits(tokens=100), {"tokens": 101, "model_calls": 1}, 0.0),
        (Limits(tokens=100), {}, None),
        (Limits(duration_ms=10, tokens=100), {"duration_ms": 9.0}, None),
        (Limits(duration_ms=10, tokens=100), {"duration_ms": 11.0}, 0.0),
        (Limits(duration_ms=10, tokens=100), {"duration_ms": 9.0, "tokens": 1, "model_calls": 1}, 1.0),
    ],
)
def test_limits(limits: Limits, changes: dict[str, object], value: float | None) -> None:
    outcome = judged(DONE._replace(**changes), DEFAULT.model_copy(update={"limits": limits}))
    [found] = [each for each in outcome.criteria if each.criterion is Criterion.WITHIN_PERFORMANCE_THRESHOLDS]
    assert found.value == value


shares = st.floats(0, 1)
values = st.fixed_dictionaries({}, optional=dict.fromkeys(Criterion, shares))
weights = st.builds(Weight, st.floats(0, 1_000), st.none() | shares)
criteria = st.builds(
    SuccessCriteria,
    weights=st.fixed_dictionaries(dict.fromkeys(Criterion, weights)),
    threshold=shares,
    least_known=shares,
    corrected_within=st.just(timedelta(hours=1)),
)


@pytest.mark.lengthy
@given(values, criteria, st.sampled_from(Criterion), shares)
def test_a_better_criterion_is_never_worse(
    known: dict[Criterion, float], by: SuccessCriteria, which: Criterion, better: float
) -> None:
    low = {**known, which: min(better, known.get(which, better))}
    high = {**known, which: max(better, known.get(which, better))}
    before, after = weighed(low, by), weighed(high, by)
    assert before.reason is after.reason, "how much is known does not depend on how good it is"
    if before.score is not None and after.score is not None:
        assert before.score <= after.score
        assert (before.success, after.success) != (True, False)


@pytest.mark.lengthy
@given(values, values, criteria, st.sets(st.sampled_from(Criterion)))
def test_what_is_unknown_of_both_never_turns_their_order(
    one: dict[Criterion, float], other: dict[Criterion, float], by: SuccessCriteria, unknown: set[Criterion]
) -> None:
    """What is unknown of both leaves them in the order of what is known of both, which is that of the weighted sums."""
    both = (one.keys() & other.keys()) - unknown
    a, b = ({each: each_of[each] for each in both} for each_of in (one, other))
    first, second = weighed(a, by), weighed(b, by)
    if first.score is None or second.score is None:
        assert first.score is second.score is None
        return
    exact = [
        sum((Fraction(by.weights[each].weight) * Fraction(v) for each, v in of.items()), Fraction()) for of in (a, b)
    ]
    if abs(exact[0] - exact[1]) > Fraction(1, 10**9) * (exact[0] + exact[1]):
        assert (first.score < second.score) == (exact[0] < exact[1])


def test_a_tiny_weight_weighs_as_any_other() -> None:
    alone = {each: Weight(0.0) for each in Criterion} | {Criterion.NO_ERRORS: Weight(5e-324)}
    by = SuccessCriteria(weights=alone, threshold=0.5, least_known=1.0, corrected_within=timedelta(hours=1))
    assert weighed({Criterion.NO_ERRORS: 0.5}, by).score == 0.5


@pytest.mark.lengthy
@given(values, criteria)
def test_a_score_lies_between_the_least_and_the_best_that_is_known(
    known: dict[Criterion, float], by: SuccessCriteria
) -> None:
    outcome = weighed(known, by)
    assert (outcome.score is None) == (outcome.success is None) == (outcome.reason is not None)
    counted = [value for each, value in known.items() if by.weights[each].weight]
    if outcome.score is not None:
        assert min(counted) - 1e-9 <= outcome.score <= max(counted) + 1e-9
        assert outcome.known_weight >= by.least_known - 1e-9
    if outcome.success:
        assert all(each.met is not False for each in outcome.criteria)
        assert outcome.score is not None
        assert outcome.score >= by.threshold - 1e-9


def test_a_criterion_that_must_be_met_and_counts_for_nothing() -> None:
    by = DEFAULT.model_copy(update={"weights": {**WEIGHTS, Criterion.USER_CONFIRMED_SUCCESS: Weight(0.0, 1.0)}})
    outcome: Outcome = judged(DONE._replace(**said("that's wrong")), by)
    assert (outcome.score, outcome.success) == (1.0, False)
