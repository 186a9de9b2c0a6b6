"""What traces add to buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.buckets import contribution_text, joined
from loopgraph.computes.analytics.contribution import Contributions
from loopgraph.contracts.analytics.counting import CallFacts, Contribution, Facts, StepFacts, TraceFacts
from loopgraph.contracts.analytics.subjects import SubjectKind
from loopgraph.reducers.histogram import index_of

BEGUN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
OF_STEPS = (SubjectKind.TOOL, SubjectKind.ENDPOINT, SubjectKind.MODEL)

TIMES = st.none() | st.integers(-7_200, 7_200).map(lambda seconds: BEGUN + timedelta(seconds=seconds))
DURATIONS = st.none() | st.sampled_from([0.0, 0.001, 12.5, 12.6, 5_000.0])
STATUSES = st.sampled_from(["in_progress", "success", "error", "denied", "timeout"])
ERRORS = st.sampled_from([None, "Oops", "Bad"])
TOKENS = st.none() | st.integers(0, 9)


def trace(user: str | None = "ada") -> TraceFacts:
    return TraceFacts(
        correlation_id="t", root_id=None, session_id="s", session_key=None, user_id=user, agent="coder", project=None,
        is_prompt=False, has_uses=False, status="success", error_type=None, started_at=BEGUN, completed_at=None,
        duration_ms=None, created_at=BEGUN, tags=("a",), context=None,
    )  # fmt: skip


STEPS = st.builds(
    StepFacts,
    execution_id=st.uuids().map(str), hook_type=st.sampled_from([None, "ToolUse", "Pattern"]),
    tool_name=st.sampled_from([None, "Bash", "Read"]), status=STATUSES, error_type=ERRORS, started_at=TIMES, completed_at=TIMES,
    duration_ms=DURATIONS, created_at=st.just(BEGUN), quality_score=st.sampled_from([None, None, 0.5]),
    functions=st.sampled_from([None, 0, 2]), gates=st.sampled_from([None, 3]), node_id=st.none(), unit=st.none(),
    is_use=st.just(False), context=st.sampled_from([None, None, '{"cache_hits": 2}']),
)  # fmt: skip
CALLS = st.builds(
    CallFacts,
    call_id=st.uuids().map(str), hook_execution_id=st.none(), service_name=st.sampled_from(["llm", "mail"]),
    endpoint_path=st.sampled_from(["/a", "/b"]), status=STATUSES, error_type=ERRORS, started_at=TIMES, completed_at=TIMES,
    duration_ms=DURATIONS, created_at=st.just(BEGUN), retry_count=st.sampled_from([None, 0, 2]),
    model=st.sampled_from([None, "small", "large"]), input_tokens=TOKENS, cache_read_tokens=TOKENS, cache_write_tokens=TOKENS,
    output_tokens=TOKENS, reasoning_tokens=TOKENS, cost_usd=st.sampled_from([None, 0.25, 0.1]),
    price_usd=st.sampled_from([None, 0.7]), retold=st.just(False), paid_by=st.none(), pays_for=st.none(),
)  # fmt: skip


def added(facts: Facts) -> Contribution:
    """What a trace adds for its tools, endpoints and models."""
    return tuple(part for part in Contributions(index_of).of(facts) if part.subjects[0].kind in OF_STEPS)


@pytest.mark.lengthy
@given(st.lists(STEPS, max_size=8), st.lists(CALLS, max_size=6))
def test_steps_and_calls_that_are_alike_add_what_each_of_them_adds(
    steps: list[StepFacts], calls: list[CallFacts]
) -> None:
    one_by_one = [added(Facts(trace(), (step,))) for step in steps]
    one_by_one += [added(Facts(trace(), (), (call,))) for call in calls]
    together = added(Facts(trace(), tuple(steps), tuple(calls)))
    assert contribution_text(together) == contribution_text(joined(*one_by_one))


@pytest.mark.lengthy
@given(st.lists(STEPS, max_size=8), st.lists(CALLS, max_size=6), st.randoms())
def test_the_order_of_steps_cannot_matter(steps: list[StepFacts], calls: list[CallFacts], chance: Random) -> None:
    contributions = Contributions(index_of)
    before = contribution_text(contributions.of(Facts(trace(), tuple(steps), tuple(calls))))
    chance.shuffle(steps)
    chance.shuffle(calls)
    assert contribution_text(contributions.of(Facts(trace(), tuple(steps), tuple(calls)))) == before


def test_a_step_counts_with_the_calls_within_it_and_many_alike_as_one_part() -> None:
    step = StepFacts(
        "1", "ToolUse", "Bash", "success", None, BEGUN, None, 2.0, BEGUN, None, None, None, None, None, False, None
    )
    steps = (step, *(step._replace(execution_id=str(number)) for number in range(2, 5)))
    call = CallFacts(
        "c", "2", "llm", "/chat", "success", None, BEGUN, None, 1.0, BEGUN, None, "small", 5, None, None, 7, None, 0.25, None,
        False, None, None,
    )  # fmt: skip
    found = {part.subjects[0].kind: part for part in added(Facts(trace(None), steps, (call,)))}
    tool = found[SubjectKind.TOOL]
    assert tool.counts == {
        "n": 4, "s:success": 4, "ok": 4, "t": 4, "t1": 8_000, "t2": 4 * 2_000**2, f"d:{index_of(2_000)}": 4,
        "in": 5, "out": 7, "cost": 250_000_000, "cost_told": 250_000_000, "priced": 1,
    }  # fmt: skip
    assert tool.tallies == {"agent": {"coder": [4, 4, 0, 4, 8_000, 250_000_000]}}
    assert found[SubjectKind.MODEL].counts["cost"] == 250_000_000
