"""Criteria that go by outcomes from outside."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.success import Criterion, UnknownReason, Work

MUST_PASS: dict[str, Any] = {
    "outcomes": ["tests", "merged"],
    "criteria": {"reported_outcomes": {"weight": 0, "at_least": 1}},
}


def work(**reported: float) -> Work:
    return Work("skill", TraceStatus.SUCCESS, reported=reported)


@pytest.mark.parametrize(
    ("reported", "value", "success"),
    [
        ({}, None, True),
        ({"tests": 1.0}, 1.0, True),
        ({"tests": 1.0, "merged": 0.0}, 0.0, False),
        ({"tests": 0.5}, 0.5, False),
        ({"lint": 0.0}, None, True),
        ({"tests": 12.0}, None, True),
        ({"tests": -1.0, "merged": 1.0}, 1.0, True),
    ],
)
def test_the_least_of_the_named_outcomes_counts(reported: dict[str, float], value: float | None, success: bool) -> None:
    [outcome] = OwnCriteria.model_validate(MUST_PASS).judge([work(**reported)])
    found = {each.criterion: each.value for each in outcome.criteria}
    assert (found[Criterion.REPORTED_OUTCOMES], outcome.success) == (value, success)


def test_with_a_large_weight_nothing_is_known_before_it_is_reported() -> None:
    criteria = {"outcomes": ["tests"], "criteria": {"reported_outcomes": {"weight": 2, "at_least": 1}}}
    own = OwnCriteria.model_validate(criteria)
    before, after = own.judge([work(), work(tests=1.0)])
    assert (before.success, before.reason) == (None, UnknownReason.TOO_LITTLE_KNOWN)
    assert after.success is True


def test_by_default_they_count_for_nothing() -> None:
    [outcome] = OwnCriteria().judge([work(tests=0.0)])
    assert outcome.success is True
    assert Criterion.REPORTED_OUTCOMES not in {each.criterion for each in outcome.criteria}


@pytest.mark.parametrize(
    "criteria",
    [
        {"outcomes": ["tests"]},
        {"criteria": {"reported_outcomes": {"weight": 1}}},
        {"types": {"skill": {"criteria": {"reported_outcomes": {"at_least": 1}}}}},
        {"outcomes": ["not a name"], "criteria": {"reported_outcomes": {"weight": 1}}},
    ],
)
def test_outcomes_are_named_and_count_for_something(criteria: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="outcomes"):
        OwnCriteria.model_validate(criteria)
