"""Decisions in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loopgraph.computes.loop.experiments.explaining import explanation
from loopgraph.contracts.loop.experiments import Decision
from loopgraph.contracts.loop.feedback import ImprovementStatus, Reason, Verdict

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

OF_NO_DECISION = {Reason.INSUFFICIENT_UNITS, Reason.SAMPLE_RATIO_MISMATCH, Reason.IN_FLIGHT, Reason.UNDECIDED}
"""Reasons to wait."""


def decided(verdict: Verdict, reason: Reason, note: str = "") -> Decision:
    return Decision(
        decision_id="d",
        improvement_id="i",
        verdict=verdict,
        reason=reason,
        note=note,
        decided_at=NOON,
        decided_by="loop",
    )


@pytest.mark.parametrize("reason", sorted(set(Reason) - OF_NO_DECISION))
def test_every_reason_of_a_decision_is_a_sentence(reason: Reason) -> None:
    words = explanation(decided(Verdict.REVIEW, reason))
    assert words.endswith(".")
    assert reason.value not in words


def test_what_is_risky_says_so_and_why() -> None:
    words = explanation(decided(Verdict.REVIEW, Reason.HIGH_RISK, "a constraint is taken out"))
    assert words == (
        "The candidate is shown to be better, but so risky that a reviewer is to look at it. a constraint is taken out."
    )


def test_what_was_approved_and_rolled_back_says_both() -> None:
    approved = decided(Verdict.APPLY, Reason.REVIEWED, "looks right")
    assert explanation(approved, ImprovementStatus.APPLIED) == "A reviewer approved it. looks right."
    assert explanation(approved, ImprovementStatus.ROLLED_BACK).endswith(
        "Applied, it got worse than in its proof and was rolled back: what was in use before is in use again."
    )
