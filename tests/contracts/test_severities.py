"""What an event's severity says follows from what happened."""

from __future__ import annotations

from loopgraph.contracts.audit import SEVERITIES, EventType, Severity


def test_what_goes_wrong_or_out_of_use_is_more_than_information() -> None:
    ended = {
        kind
        for kind in EventType
        if kind.value.endswith(
            ("deprecated", "rejected", "deactivated", "cancelled", "failed", "regressed", "rolled_back", "revoked")
        )
    }
    assert {
        kind for kind in EventType if SEVERITIES.get(kind, Severity.INFO) in (Severity.WARNING, Severity.ERROR)
    } == {
        *ended,
        EventType.IMPROVEMENT_AWAITS_REVIEW,
    }


def test_what_failed_is_an_error_and_nothing_is_critical() -> None:
    assert {kind for kind, severity in SEVERITIES.items() if severity is Severity.ERROR} == {
        EventType.FEEDBACK_RUN_FAILED
    }
    assert Severity.CRITICAL not in SEVERITIES.values()
