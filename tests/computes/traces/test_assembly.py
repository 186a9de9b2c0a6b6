"""Trees of traces, put together from hand-made records."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.traces.assembly import assemble, episode
from loopgraph.contracts.traces.assembly import AssembledStep, AssembledTrace, Forest
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.pricing import CostSource
from support.assembly import call, forest, ms, step, trace


def tree(one: AssembledTrace) -> Any:
    """A trace as its id, its steps, its direct calls and the subagents of which no step is known."""
    return (
        one.trace.correlation_id,
        [steps(inner) for inner in one.steps],
        [item.call_id for item in one.direct_calls],
        [tree(child) for child in one.direct_traces],
    )


def test_the_use_of_a_pattern_is_no_step_of_the_work() -> None:
    use = step("use", "p", 1, 9, hook_type="Pattern", status=TraceStatus.ERROR)
    one = built(forest(trace("p", 0, 100), use, step("bash", "p", 2, 3), step("untyped", "p", 2, 3, hook_type=None)))
    assert (one.own.steps, one.own.failed_steps, len(one.steps)) == (2, 0, 3)


def steps(one: AssembledStep) -> Any:
    return (
        one.execution.execution_id,
        [steps(inner) for inner in one.steps],
        [item.call_id for item in one.endpoint_calls],
        [tree(child) for child in one.spawned],
    )


def built(found: Forest, head: str = "p") -> AssembledTrace:
    return assemble(found, [head])[head]


TOKENS = {
    "input_tokens": 10,
    "cache_read_tokens": 6,
    "cache_write_tokens": 1,
    "output_tokens": 2,
    "reasoning_tokens": 1,
}
PROMPT = (
    trace("p", 0, 100, session_id="s"),
    step("bash", "p", 1, 5, status=TraceStatus.ERROR, quality_gates_validated=("a", "b")),
    step("agent", "p", 10, 12),
    step("inner", "p", 10, 11, parent_id="agent", rag_queries_executed=({"q": 1},)),
    call("llm", "p", 0, 1, model="m", **TOKENS, cost_usd=0.5, cost_source=CostSource.REPORTED),
    call("deep", "p", 10, 11, hook_execution_id="inner", status=TraceStatus.TIMEOUT),
    trace("sub", 11, 60, parent_id="p", root_id="p", agent_id="a1", spawned_by="inner", spawn_rule="exact: otlp"),
    step("sub-bash", "sub", 20, 30),
    call("sub-llm", "sub", 12, 20, model="unheard-of", input_tokens=7),
    call("sub-cheap", "sub", 13, 20, model="n", input_tokens=1, cost_usd=0.25, cost_source=CostSource.COMPUTED),
    trace("loose", 13, 14, parent_id="p", root_id="p", agent_id="a2", spawn_rule="inferred: prompt"),
)


def test_every_thing_hangs_where_it_happened() -> None:
    whole = built(forest(*PROMPT))
    assert tree(whole) == (
        "p",
        [
            ("bash", [], [], []),
            (
                "agent",
                [("inner", [], ["deep"], [("sub", [("sub-bash", [], [], [])], ["sub-llm", "sub-cheap"], [])])],
                [],
                [],
            ),
        ],
        ["llm"],
        [("loose", [], [], [])],
    )
    assert whole.child_ids == ("sub", "loose")
    assert [child.trace.correlation_id for child in whole.child_traces] == ["sub", "loose"]


def test_totals_of_a_trace_and_of_its_tree() -> None:
    whole = built(forest(*PROMPT))
    assert whole.own.model_dump() == {
        "subagents": 2, "steps": 3, "failed_steps": 1, "endpoint_calls": 2, "failed_endpoint_calls": 1,
        "input_tokens": 10, "cache_read_tokens": 6, "cache_write_tokens": 1, "output_tokens": 2, "reasoning_tokens": 1,
        "cost_usd": 0.5, "reported_cost_usd": 0.5, "unpriced_models": (), "rag_queries": 1, "quality_gates": 2,
    }  # fmt: skip
    assert whole.whole.model_dump() == {
        "subagents": 2, "steps": 4, "failed_steps": 1, "endpoint_calls": 4, "failed_endpoint_calls": 1,
        "input_tokens": 18, "cache_read_tokens": 6, "cache_write_tokens": 1, "output_tokens": 2, "reasoning_tokens": 1,
        "cost_usd": 0.75, "reported_cost_usd": 0.5, "unpriced_models": ("unheard-of",), "rag_queries": 1, "quality_gates": 2,
    }  # fmt: skip
    loose = whole.direct_traces[0].whole
    assert (loose.input_tokens, loose.cost_usd, loose.steps) == (None, None, 0)


def test_a_spawning_step_says_more_than_a_parent_and_a_parent_more_than_the_prompt() -> None:
    records = [
        trace("p", 0, 9),
        trace("q", 1, 9, parent_id="p"),
        step("of-q", "q", 2, 3),
        trace("by-step", 2, 9, parent_id="p", root_id="p", spawned_by="of-q"),
        trace("by-parent", 3, 9, parent_id="q", root_id="p", spawned_by="elsewhere"),
        trace("by-prompt", 4, 9, parent_id="hidden", root_id="p"),
        trace("later", 5, 9, root_id="p"),
    ]
    whole = built(forest(*records, continued={"later": "p"}))
    assert tree(whole) == (
        "p",
        [],
        [],
        [
            ("q", [("of-q", [], [], [("by-step", [], [], [])])], [], [("by-parent", [], [], [])]),
            ("by-prompt", [], [], []),
        ],
    )


def test_what_is_missing_is_said() -> None:
    assert built(forest(trace("p", 0, 1), step("a", "p", 0, 1))).missing == ()
    found = forest(
        trace("p", None, 5, started=False, closed_by="timeout", status=TraceStatus.TIMEOUT),
        *(step(f"h{i}", "p", i, status=TraceStatus.IN_PROGRESS) for i in range(5)),
        step("stub", "p", status=TraceStatus.IN_PROGRESS, hook_type=None),
        call("c", "p", 1, status=TraceStatus.IN_PROGRESS),
        trace("guess", 1, 2, parent_id="p", agent_id="a", spawned_by="h0", spawn_rule="inferred: only call"),
        trace("lost", 2, parent_id="p", agent_id="b"),
    )
    whole = built(found)
    assert whole.incomplete
    assert whole.missing == (
        "the start of trace p is unknown",
        "the end of trace p is unknown: it was closed by timeout",
        "step of which only endpoint calls are known: stub",
        "steps without an end: h0, h1, h2 and 2 more",
        "endpoint call without an end: c",
        "that step h0 spawned trace guess is inferred: only call",
        "trace lost has not ended",
        "which step spawned trace lost is unknown",
    )


def test_the_skew_of_clocks_is_the_largest_contradiction_in_the_tree() -> None:
    sound = [trace("p", 0, 100), step("a", "p", 10, 20), step("b", "p", 12, 40, parent_id="a"), call("c", "p", 0, 200)]
    assert built(forest(*sound)).skew_ms == 0.0
    for wrong, skew in (
        (step("x", "p", -3, 5), 3),
        (step("x", "p", 6, 8, parent_id="a"), 4),
        (step("x", "p", 30, 25), 5),
        (call("x", "p", 4, 9, hook_execution_id="a"), 6),
        (trace("x", 3, 50, parent_id="p", spawned_by="a"), 7),
        (trace("x", -8, 50, parent_id="p"), 8),
    ):
        assert built(forest(*sound, wrong)).skew_ms == skew
    outer = trace("o", 0, 1)
    inner = trace("p", 0, 9, parent_id="o")
    assert built(forest(outer, inner, step("x", "p", -3, 5)), "o").skew_ms == 3


def test_an_episode_is_its_prompts_in_the_order_of_time() -> None:
    records = [
        trace("second", 200, 300, root_id="second", status=TraceStatus.ERROR),
        *PROMPT,
        trace("third", 400, 500, root_id="p"),
        trace("late-sub", 250, 350, parent_id="second", root_id="second"),
    ]
    continued = {"second": "p", "third": "second"}
    story = episode(forest(*records, continued=continued))
    assert [(one.trace.correlation_id, one.continued_from) for one in story.traces] == [
        ("p", None),
        ("second", "p"),
        ("third", "second"),
    ]
    assert (story.episode_id, story.session_id, story.status, story.success) == ("p", "s", TraceStatus.SUCCESS, True)
    assert (story.started_at, story.completed_at, story.duration_ms) == (ms(0), ms(500), 500.0)
    assert (story.whole.subagents, story.whole.steps, story.whole.input_tokens) == (3, 4, 18)

    running = episode(forest(*records, trace("more", 90, parent_id="p"), continued=continued))
    assert (running.status, running.success, running.completed_at, running.duration_ms) == (
        TraceStatus.IN_PROGRESS,
        None,
        None,
        None,
    )
    assert running.missing[-1] == "trace more has not ended"


def test_limits_are_said() -> None:
    chain = [trace(str(i), i, 99, parent_id=str(i - 1)) for i in range(10)]
    whole = assemble(forest(*chain), ["0"], max_depth=4)["0"]
    assert (whole.whole.subagents, whole.truncated) == (4, True)
    assert not assemble(forest(*chain), ["0"])["0"].truncated
    assert assemble(forest(*chain, truncated=True), ["0"])["0"].truncated


@pytest.mark.lengthy
@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_every_trace_is_in_the_forest_once_whatever_names_whom(parents: list[int]) -> None:
    found = forest(*(trace(str(i), i, 99, parent_id=str(parent)) for i, parent in enumerate(parents)))
    trees = assemble(found, found.parts)
    below = [child for one in trees.values() for child in one.child_ids]
    tops = set(trees) - set(below)
    assert len(below) == len(set(below))
    assert sum(trees[id_].whole.subagents + 1 for id_ in tops) == len(parents)
    assert episode(found).whole.subagents + len(tops) == len(parents)
