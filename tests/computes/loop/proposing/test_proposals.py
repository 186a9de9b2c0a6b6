import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.loop.proposing.proposals import BUILT_IN, MOST_PROPOSALS, understood
from loopgraph.computes.loop.rules.parameters import MIN_EXECUTIONS
from loopgraph.computes.loop.rules.reliability import MAX_RETRIES
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.patterns import Baseline
from loopgraph.contracts.loop.feedback import FeedbackType, ImprovementType, PerformanceSummary
from loopgraph.contracts.loop.proposals import Analysis, Proposal


def summary(
    execution_count: int = 200,
    *,
    p50: float | None = 100.0,
    p95: float | None = 120.0,
    p99: float | None = 150.0,
    error_counts: dict[str, int] | None = None,
    timeout_count: int = 0,
    quality: float | None = None,
) -> PerformanceSummary:
    errors = error_counts or {}
    return PerformanceSummary(
        execution_count=execution_count,
        success_count=max(0, execution_count - sum(errors.values())),
        success_rate=None,
        success_rate_interval=None,
        baseline=Baseline(p50=p50, p95=p95, p99=p99),
        min_duration_ms=None,
        max_duration_ms=None,
        std_duration_ms=None,
        mean_quality_score=quality,
        error_counts=errors,
        timeout_count=timeout_count,
    )


def analysis(measured: PerformanceSummary, parameters: JsonMap, repeated_share: float | None = None) -> Analysis:
    return Analysis(
        pattern_id="p",
        pattern_name="greet",
        pattern_type="prompt",
        node_id="p-1",
        version=1,
        feedback_type=FeedbackType.ALL,
        template_code="Say hello.",
        parameters=parameters,
        summary=measured,
        repeated_share=repeated_share,
    )


def propose(measured: PerformanceSummary, parameters: JsonMap, repeated_share: float | None = None) -> list[Proposal]:
    asked = analysis(measured, parameters, repeated_share)
    answers: list[Proposal] = []
    for generator in BUILT_IN.values():
        proposals, problem = understood(generator(asked))  # type: ignore[arg-type]
        assert problem is None
        answers += proposals
    return answers


def changes(proposal: Proposal) -> JsonMap:
    assert proposal.parameters is not None
    return proposal.parameters


def by_rule(measured: PerformanceSummary, parameters: JsonMap) -> dict[str, Proposal]:
    return {proposal.rule: proposal for proposal in propose(measured, parameters)}


TIMING_OUT = summary(p95=1000.0, p99=1000.4, error_counts={"timeout": 20}, timeout_count=20, p50=900.0)
TAILED = summary(p50=100.0, p95=400.2, p99=2000.0)


def test_timeouts_raise_the_timeout_over_the_99th_percentile() -> None:
    proposal = by_rule(TIMING_OUT, {"timeout_ms": 1000, "model": "m"})["raise_timeout"]
    assert proposal.parameters == {"timeout_ms": 1501, "model": "m"}
    assert proposal.improvement_type is ImprovementType.RELIABILITY
    assert proposal.description == (
        "20 of 200 executions (10.0%) timed out; the 99th percentile of the duration is at least 1000 ms. "
        "Change timeout_ms from 1000 to 1501 to cover 1.5 times that."
    )
    assert proposal.evidence == {
        "execution_count": 200,
        "timeout_count": 20,
        "p99_duration_ms": 1000.4,
        "timeout_margin": 1.5,
        "assumes": "what timed out would succeed as often as the rest",
    }
    assert proposal.expected_delta == 20 / 180


@pytest.mark.parametrize(
    ("key", "current", "raised"),
    [
        ("timeout_milliseconds", 1000, 1501),
        ("timeout_ms", 999.5, 1500.6),
        ("timeout_s", 1, 2),
        ("timeout_seconds", 1.0, 1.501),
        ("timeout_sec", 1.2, 1.501),
        ("timeout_secs", 1, 2),
    ],
)
def test_the_unit_is_in_the_name(key: str, current: float, raised: float) -> None:
    parameters = changes(by_rule(TIMING_OUT, {key: current})["raise_timeout"])
    assert parameters == {key: raised}
    assert type(parameters[key]) is type(current)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"timeout": 1},
        {"connect_timeout_ms": 1000},
        {"timeout_ms": "1000"},
        {"timeout_ms": True},
        {"timeout_ms": None},
        {"timeout_ms": 0},
        {"timeout_ms": -1},
        {"timeout_ms": float("inf")},
        {"timeout_ms": 1501},
        {"timeout_s": 30},
    ],
)
def test_a_timeout_that_is_unknown_or_long_enough_is_left_alone(parameters: JsonMap) -> None:
    assert "raise_timeout" not in by_rule(TIMING_OUT, parameters)


def test_rare_timeouts_raise_nothing() -> None:
    at_the_edge = summary(error_counts={"timeout": 10}, timeout_count=10, p99=1000.0)
    below = summary(error_counts={"timeout": 9}, timeout_count=9, p99=1000.0)
    assert "raise_timeout" in by_rule(at_the_edge, {"timeout_ms": 1000})
    assert "raise_timeout" not in by_rule(below, {"timeout_ms": 1000})


def test_timeouts_without_any_duration_raise_nothing() -> None:
    blind = summary(error_counts={"timeout": 200}, timeout_count=200, p50=None, p95=None, p99=None)
    assert propose(blind, {"timeout_ms": 1000}) == []


def test_transient_failures_add_a_retry() -> None:
    measured = summary(error_counts={"ValueError": 30, "ConnectionResetError": 6, "rate_limit": 4})
    proposal = by_rule(measured, {"max_retries": 2})["add_retry"]
    assert proposal.parameters == {"max_retries": 3}
    assert proposal.improvement_type is ImprovementType.RELIABILITY
    assert proposal.description == (
        "10 of 200 executions (5.0%) failed with errors that are often transient (ConnectionResetError, rate_limit). "
        "Change max_retries from 2 to 3."
    )
    assert proposal.evidence == {
        "execution_count": 200,
        "transient_error_counts": {"ConnectionResetError": 6, "rate_limit": 4},
        "assumes": "one more attempt succeeds as often as executions do",
    }
    assert proposal.expected_delta == 10 / 200


@pytest.mark.parametrize(
    "error_type",
    [
        "TimeoutError",
        "connection_error",
        "RateLimitError",
        "TooManyRequests",
        "HTTP 503",
        "http_429",
        "ServiceUnavailable",
    ],
)
def test_errors_that_are_often_transient(error_type: str) -> None:
    assert "add_retry" in by_rule(summary(error_counts={error_type: 10}), {"retries": 0})


@pytest.mark.parametrize("error_type", ["ValueError", "unknown", "http_404", "E1503", "AssertionError"])
def test_errors_that_a_retry_does_not_mend(error_type: str) -> None:
    assert propose(summary(error_counts={error_type: 100}), {"retries": 0}) == []


@pytest.mark.parametrize(
    "parameters", [{}, {"retries": MAX_RETRIES}, {"retries": -1}, {"retries": 1.0}, {"retries": True}, {"retries": "1"}]
)
def test_retries_that_are_unknown_or_many_are_left_alone(parameters: JsonMap) -> None:
    assert propose(summary(error_counts={"connection_error": 100}), parameters) == []


def test_refusals_for_too_much_at_once_halve_what_is_done_at_once() -> None:
    measured = summary(error_counts={"RateLimitError": 10})
    assert changes(by_rule(measured, {"max_concurrency": 9})["lower_concurrency"]) == {"max_concurrency": 4}
    assert "lower_concurrency" not in by_rule(measured, {"max_concurrency": 1})
    assert "lower_concurrency" not in by_rule(summary(error_counts={"TimeoutError": 50}), {"max_concurrency": 9})


def test_answers_that_are_cut_off_may_be_longer() -> None:
    measured = summary(error_counts={"max_output_tokens": 10})
    assert changes(by_rule(measured, {"max_tokens": 500})["raise_output_limit"]) == {"max_tokens": 1000}
    assert "raise_output_limit" not in by_rule(measured, {"max_tokens": 100_000})


def test_results_are_kept_where_inputs_come_again() -> None:
    [proposal] = propose(summary(), {"use_cache": False}, repeated_share=0.25)
    assert (proposal.rule, proposal.parameters, proposal.expected_delta) == ("enable_cache", {"use_cache": True}, 0.25)
    assert propose(summary(), {"use_cache": True}, repeated_share=0.25) == []
    assert propose(summary(), {"use_cache": False}, repeated_share=0.1) == []
    assert propose(summary(), {"use_cache": False}) == []
    assert propose(summary(), {}, repeated_share=0.9) == []


def test_slow_work_in_batches_is_done_in_larger_ones() -> None:
    slow = summary(p50=1000.0, p95=1100.0)
    assert changes(by_rule(slow, {"batch_size": 8})["enlarge_batch"]) == {"batch_size": 16}
    assert propose(slow, {"batch_size": 100}) == []
    assert propose(summary(p50=999.0, p95=1100.0), {"batch_size": 8}) == []


def test_poor_results_are_given_less_freedom_and_more_thought() -> None:
    poor = summary(quality=0.6)
    found = by_rule(poor, {"temperature": 0.9, "reasoning_effort": "low"})
    assert {rule: changes(proposal) for rule, proposal in found.items()} == {
        "lower_temperature": {"temperature": 0.45, "reasoning_effort": "low"},
        "raise_effort": {"temperature": 0.9, "reasoning_effort": "medium"},
    }
    assert {proposal.improvement_type for proposal in found.values()} == {ImprovementType.QUALITY}
    assert propose(summary(quality=0.9), {"temperature": 0.9, "reasoning_effort": "low"}) == []
    assert propose(summary(), {"temperature": 0.9, "reasoning_effort": "low"}) == []
    assert propose(poor, {"temperature": 0.1, "reasoning_effort": "high"}) == []


def test_of_an_answer_only_proposals_are_understood() -> None:
    good = Proposal(rule="r", improvement_type=ImprovementType.QUALITY, description="better", parameters={"a": 1})
    assert understood([good]) == ([good], None)
    unchecked = good.model_copy(update={"improvement_type": "speed"})
    odd = good.model_copy(update={"parameters": {"a": object()}})
    found, problem = understood([good, "more", unchecked, odd, good])
    assert found == [good, good]
    assert problem is not None
    for part in ("proposal 2 is str", "proposal 3: improvement_type", "proposal 4 holds what is no JSON"):
        assert part in problem
    many, problem = understood([good] * (MOST_PROPOSALS + 5))
    assert (len(many), problem) == (MOST_PROPOSALS, f"more than {MOST_PROPOSALS} proposals")


def test_a_heavy_tail_is_cut_where_retries_are_allowed() -> None:
    proposal = by_rule(TAILED, {"timeout_ms": 30_000, "max_retries": 1})["cut_tail"]
    assert proposal.parameters == {"timeout_ms": 401, "max_retries": 1}
    assert proposal.improvement_type is ImprovementType.PERFORMANCE
    assert proposal.description == (
        "The slowest 5 % of 200 executions took longer than 400 ms, the median is 100 ms. "
        "Change timeout_ms from 30000 to 401, so that a slow attempt is retried instead of waited for."
    )


@pytest.mark.parametrize(
    ("measured", "parameters"),
    [
        (TAILED, {"timeout_ms": 30_000}),
        (TAILED, {"timeout_ms": 30_000, "max_retries": 0}),
        (TAILED, {"timeout_ms": 801, "max_retries": 1}),
        (TAILED, {"timeout_s": 1, "max_retries": 1}),
        (summary(p50=100.0, p95=300.0), {"timeout_ms": 30_000, "max_retries": 1}),
        (summary(p50=0.0, p95=0.0, p99=0.0), {"timeout_ms": 30_000, "max_retries": 1}),
        (summary(p50=0.0, p95=1e-9, p99=1e-9), {"timeout_ms": 30_000, "max_retries": 1}),
    ],
)
def test_a_tail_is_left_alone_without_retries_or_room(measured: PerformanceSummary, parameters: JsonMap) -> None:
    assert propose(measured, parameters) == []


def test_timeouts_are_never_raised_and_lowered_at_once() -> None:
    both = summary(p50=100.0, p95=1000.0, p99=1000.0, error_counts={"timeout": 20}, timeout_count=20)
    assert set(by_rule(both, {"timeout_ms": 1000, "max_retries": 1})) == {"raise_timeout", "add_retry"}


def test_few_executions_propose_nothing() -> None:
    parameters = {"max_retries": 0}
    errors = {"timeout": MIN_EXECUTIONS - 1}
    assert propose(summary(MIN_EXECUTIONS - 1, error_counts=errors), parameters) == []
    assert [proposal.rule for proposal in propose(summary(MIN_EXECUTIONS, error_counts=errors), parameters)] == [
        "add_retry"
    ]


def test_a_healthy_pattern_is_left_alone() -> None:
    assert propose(summary(), {"timeout_ms": 1000, "max_retries": 2}) == []


durations = st.none() | st.floats(0, 1e6)
values = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats() | st.sampled_from(["", "1000", "m"])
keys = st.sampled_from(["timeout_ms", "timeout_s", "timeout_seconds", "timeout", "max_retries", "retries", "model"])


@pytest.mark.lengthy
@given(
    st.builds(
        summary,
        st.integers(0, 500),
        p50=durations,
        p95=durations,
        p99=durations,
        error_counts=st.dictionaries(st.sampled_from(["timeout", "connection", "ValueError"]), st.integers(1, 100)),
        timeout_count=st.integers(0, 500),
    ),
    st.dictionaries(keys, values),
)
def test_every_proposal_changes_something_and_only_known_keys(
    measured: PerformanceSummary, parameters: JsonMap
) -> None:
    before = copy.deepcopy(parameters)
    proposals = propose(measured, parameters)
    assert repr(proposals) == repr(propose(measured, parameters))
    assert repr(parameters) == repr(before)
    for proposal in proposals:
        new = changes(proposal)
        assert new.keys() == parameters.keys()
        changed = {key for key in parameters if new[key] is not parameters[key]}
        assert changed
        assert changed <= {"timeout_ms", "timeout_s", "timeout_seconds", "max_retries", "retries"}
        assert all(new[key] != parameters[key] for key in changed)
        assert all(new[key] > 0 for key in changed)
        assert all(type(new[key]) is type(parameters[key]) for key in changed)
