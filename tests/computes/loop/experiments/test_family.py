"""The candidates of one run are corrected for together, while they are tested one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from loopgraph.computes.loop.experiments.deciding import rule
from loopgraph.computes.loop.experiments.experiment import decide
from loopgraph.computes.loop.experiments.explaining import explanation
from loopgraph.computes.loop.experiments.family import decided_before, in_family
from loopgraph.contracts.loop.arms import SampleStatistics
from loopgraph.contracts.loop.design import PLAIN, Metric
from loopgraph.contracts.loop.experiments import Decision, ExperimentResult, WelchOfUnitMeans
from loopgraph.contracts.loop.feedback import Arm, Reason, Verdict
from support.designed import drawn, executions, experiment, look

LEVEL = 0.05
EMPTY = SampleStatistics(n=0, mean=0.0, m2=0.0)


def result(p_value: float | None, **more: Any) -> ExperimentResult:
    fields: dict[str, Any] = {
        "metric": Metric.DURATION_MS,
        "effect": -1.0,
        "details": WelchOfUnitMeans(t_statistic=-2.0, degrees_of_freedom=20.0),
        "confidence_score": None if p_value is None else min(0.99, 1 - p_value),
        **more,
    }
    return ExperimentResult(
        control=EMPTY, treatment=EMPTY, control_executions=0, control_successes=0, treatment_executions=0,
        treatment_successes=0, p_value=p_value, **fields,
    )  # fmt: skip


def holm(p_values: Sequence[float]) -> list[float]:
    """As textbooks have it: of the i-th smallest of m, the greatest of (m - j + 1) times the j-th, j up to i."""
    order, m = np.argsort(p_values), len(p_values)
    steps = np.maximum.accumulate(np.minimum(1.0, (m - np.arange(m)) * np.asarray(p_values)[order]))
    found = np.empty(m)
    found[order] = steps
    return [float(each) for each in found]


def adjusted(p_values: list[float], size: int) -> list[float]:
    """One after the other, as a run tests them."""
    found = [in_family(result(p), [result(q) for q in p_values[:n]], size) for n, p in enumerate(p_values)]
    return [each.adjusted_p_value or 0.0 for each in found]


def test_the_last_candidate_has_the_p_value_of_holm_over_all() -> None:
    for p_values in permutations([0.001, 0.012, 0.013, 0.02, 0.6]):
        expected = holm(p_values)
        assert adjusted(list(p_values), 5)[-1] == pytest.approx(expected[-1], rel=1e-12)


@pytest.mark.lengthy
def test_what_is_shown_on_the_way_is_shown_by_holm_over_all() -> None:
    random = np.random.default_rng(14)
    for p_values in random.beta(0.3, 1.0, (300, 5)):
        shown = np.array(adjusted(p_values.tolist(), 5)) < LEVEL
        in_the_end = np.array(holm(p_values)) < LEVEL
        assert not (shown & ~in_the_end).any()


def test_candidates_to_come_count_and_so_do_those_without_a_p_value() -> None:
    assert in_family(result(0.012), [], 5).adjusted_p_value == pytest.approx(0.06)
    assert in_family(result(0.012), [result(0.001)], 5).adjusted_p_value == pytest.approx(0.048)
    assert in_family(result(0.012), [result(None)], 5).adjusted_p_value == pytest.approx(0.06)
    # More were decided than the run says it has: none is left out.
    assert in_family(result(0.012), [result(0.5)] * 6, 5).family_size == 7
    assert in_family(result(None), [], 5).adjusted_p_value is None


def test_one_candidate_is_as_it_was() -> None:
    alone = in_family(result(0.012), [], 1)
    assert (alone.family_size, alone.adjusted_p_value, alone.confidence_score) == (1, 0.012, 0.988)


def test_of_successes_both_tests_are_corrected() -> None:
    details = WelchOfUnitMeans(success_p_value=0.03)
    found = in_family(result(0.001, metric=Metric.SUCCESS_RATE, effect=0.2, details=details), [], 2)
    assert found.adjusted_p_value == pytest.approx(0.06)
    assert decide(found, significance_level=LEVEL, auto_apply_threshold=0.9) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT)


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [(1, (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)), (5, (Verdict.REJECT, Reason.NOT_SIGNIFICANT))],
)
def test_a_plain_look_goes_by_the_family(candidates: int, expected: tuple[Verdict, Reason]) -> None:
    found = in_family(result(0.012), [], candidates)
    assert decide(found, significance_level=LEVEL, auto_apply_threshold=0.95) == expected


def test_a_look_that_would_decide_alone_goes_on_as_one_of_five() -> None:
    on = experiment()
    arms = executions(Arm.CONTROL, drawn(100.0, 30)), executions(Arm.TREATMENT, drawn(91.0, 30))
    alone = look(on, *arms)
    assert rule(in_family(alone, [], 1), on, 0.95) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert rule(in_family(alone, [], 5), on, 0.95) is None
    # Four that were shown before leave it the level of the last.
    assert rule(in_family(alone, [result(1e-4)] * 4, 5), on, 0.95) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)


def test_the_threshold_is_reached_by_the_corrected_p_value() -> None:
    found = in_family(result(0.008), [], 5)
    assert found.confidence_score == pytest.approx(0.96)
    assert decide(found, significance_level=LEVEL, auto_apply_threshold=0.98)[0] is Verdict.REVIEW
    assert decide(found, significance_level=LEVEL, auto_apply_threshold=0.95)[0] is Verdict.APPLY


def test_each_other_experiment_counts_once() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def decision(minute: int, experiment_id: str | None, p: float | None) -> Decision:
        return Decision(
            decision_id=f"d{minute}", experiment_id=experiment_id, improvement_id="i", verdict=Verdict.REVIEW,
            reason=Reason.TRADE_OFF, result=None if experiment_id is None else result(p), decided_by="loop",
            decided_at=noon + timedelta(minutes=minute),
        )  # fmt: skip

    decisions = [decision(3, "b", 0.2), decision(1, "a", 0.1), decision(2, "a", 0.1), decision(4, None, None)]
    assert [each.p_value for each in decided_before(decisions, "c", {"i"})] == [0.1, 0.2]
    assert [each.p_value for each in decided_before(decisions, "a", {"i"})] == [0.2]


def test_the_decision_says_so_in_words() -> None:
    on = experiment(PLAIN)
    found = in_family(
        look(on, executions(Arm.CONTROL, drawn(100, 20)), executions(Arm.TREATMENT, drawn(93, 20))), [], 5
    )
    told = Decision(
        decision_id="d", experiment_id="e", improvement_id="i", verdict=Verdict.REJECT, reason=Reason.NOT_SIGNIFICANT,
        result=found, decided_at=datetime(2026, 1, 1, tzinfo=UTC), decided_by="loop",
    )  # fmt: skip
    assert found.p_value is not None
    assert (found.p_value < LEVEL, found.adjusted_p_value) == (True, pytest.approx(5 * found.p_value))
    assert "It is one of 5 candidates of its run: p is 0.0" in explanation(told)
    assert "corrected for all of them." in explanation(told)
