"""Waterfalls and critical paths, on hand-made trees and on any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.traces.assembly import assemble, episode
from loopgraph.contracts.traces.assembly import AssembledTrace, WaterfallRow
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace
from support.assembly import call, critical_path, forest, step, trace, waterfall


def built(*records: Trace | HookExecution | EndpointCall) -> AssembledTrace:
    [head, *_] = found = forest(*records).parts
    return assemble(forest(*records), found)[head]


def rows(*records: Trace | HookExecution | EndpointCall) -> dict[str, WaterfallRow]:
    return {row.id: row for row in waterfall([built(*records)])}


def segments(traces: list[AssembledTrace]) -> list[tuple[str | None, float, float]]:
    """The critical path from the beginning, in milliseconds."""
    return [(item.id, item.start / 1000, item.end / 1000) for item in reversed(critical_path(traces))]


def test_rows_are_drawn_under_what_they_belong_to_in_the_order_of_time() -> None:
    found = waterfall(
        [
            built(
                trace("p", 0, 100, source="user_prompt"),
                step("later", "p", 50, 90, tool_name="Agent"),
                step("first", "p", 10, 20, tool_name="Bash"),
                step("in", "p", 55, 60, parent_id="later"),
                call("c", "p", 56, 57, hook_execution_id="in", http_method="GET"),
                call("llm", "p", 30, 40, model="opus"),
                trace("sub", 61, 80, parent_id="p", spawned_by="later", agent_type="Explore"),
            )
        ]
    )
    assert [(row.depth, row.id, row.kind.value, row.name, row.parent_id) for row in found] == [
        (0, "p", "trace", "user_prompt", None),
        (1, "first", "step", "Bash", "p"),
        (1, "llm", "call", "opus", "p"),
        (1, "later", "step", "Agent", "p"),
        (2, "in", "step", "ToolUse", "later"),
        (3, "c", "call", "GET s /p", "in"),
        (2, "sub", "trace", "Explore", "later"),
    ]
    assert [(row.start_offset_ms, row.duration_ms, row.self_ms) for row in found] == [
        (0, 100, 40), (10, 10, 10), (30, 10, 10), (50, 40, 16), (55, 5, 4), (56, 1, 1), (61, 19, 19),
    ]  # fmt: skip


def test_self_time_counts_what_overlaps_once_and_only_what_is_within() -> None:
    found = rows(trace("p", 0, 100), step("a", "p", 10, 40), step("b", "p", 30, 50), step("c", "p", 90, 150))
    assert found["p"].self_ms == 100 - 40 - 10


def test_what_is_unknown_is_null_and_lets_its_children_through() -> None:
    found = rows(
        trace("p", 0, 100),
        step("stub", "p", status=TraceStatus.IN_PROGRESS),
        call("c", "p", 10, 30, hook_execution_id="stub"),
        step("running", "p", 50, status=TraceStatus.IN_PROGRESS),
    )
    stub, running = found["stub"], found["running"]
    assert (stub.start_offset_ms, stub.duration_ms, stub.self_ms, stub.critical) == (None, None, None, False)
    assert (running.start_offset_ms, running.duration_ms, running.self_ms) == (50, None, None)
    assert (found["p"].self_ms, found["c"].critical) == (80, True)
    nothing = rows(trace("p"), step("a", "p"))
    assert [(row.start_offset_ms, row.self_ms) for row in nothing.values()] == [(None, None)] * 2
    assert critical_path([built(trace("p"))]) == ()


def test_a_clock_that_is_behind_shows_as_a_negative_offset() -> None:
    assert rows(trace("p", 0, 10), step("a", "p", -5, 2))["a"].start_offset_ms == -5


def test_the_path_goes_back_through_what_finished_last() -> None:
    # a and b overlap: the end waited for b, and b's start for what had finished by then.
    whole = built(
        trace("p", 0, 100), step("first", "p", 5, 20), step("a", "p", 25, 60), step("b", "p", 30, 90),
        call("in-b", "p", 40, 80, hook_execution_id="b"),
    )  # fmt: skip
    assert segments([whole]) == [
        ("p", 0, 5), ("first", 5, 20), ("p", 20, 30), ("b", 30, 40), ("in-b", 40, 80), ("b", 80, 90), ("p", 90, 100),
    ]  # fmt: skip
    critical = {row.id for row in waterfall([whole]) if row.critical}
    assert critical == {"p", "first", "b", "in-b"}


def test_background_work_leads_back_to_the_step_that_spawned_it() -> None:
    # The prompt ends at 50 while its subagent runs; the completion comes back as a second prompt.
    records = (
        trace("p", 0, 50),
        step("bash", "p", 5, 15),
        step("agent", "p", 20, 22),
        step("other", "p", 30, 45),
        trace("sub", 21, 80, parent_id="p", spawned_by="agent"),
        trace("second", 85, 100),
    )
    story = episode(forest(*records, continued={"second": "p"}))
    assert segments(list(story.traces)) == [
        ("p", 0, 5), ("bash", 5, 15), ("p", 15, 20), ("agent", 20, 21), ("sub", 21, 80), (None, 80, 85),
        ("second", 85, 100),
    ]  # fmt: skip
    # The first prompt alone did not wait for it.
    assert [id_ for id_, *_ in segments([story.traces[0]])] == ["p", "bash", "p", "agent", "p", "other", "p"]


Interval = tuple[int, int]
intervals = st.tuples(st.integers(0, 60), st.integers(0, 40)).map(lambda it: (it[0], it[0] + it[1]))


@st.composite
def any_tree(draw: st.DrawFn) -> AssembledTrace:
    """A prompt with steps nested at random, of any times, some of them unknown, and subagents under some."""
    records: list[Trace | HookExecution] = [trace("p", 0, draw(st.integers(1, 100)))]
    names = ["p"]
    for number in range(draw(st.integers(0, 10))):
        begin, end = draw(intervals)
        known = draw(st.integers(0, 4)) > 0
        times = (begin, end) if known else (None, None)
        under = draw(st.sampled_from(names))
        if draw(st.booleans()) and under != "p":
            records.append(trace(f"t{number}", *times, parent_id="p", spawned_by=under))
        else:
            records.append(step(f"h{number}", "p", *times, parent_id=under))
            names.append(f"h{number}")
    return built(*records)


@pytest.mark.lengthy
@given(any_tree())
def test_the_segments_of_a_critical_path_adjoin_and_fill_the_whole(whole: AssembledTrace) -> None:
    path = critical_path([whole])
    assert path[0].end == round((whole.trace.duration_ms or 0) * 1000)
    assert path[-1].start == 0
    assert all(item.start < item.end for item in path)
    assert [item.start for item in path[:-1]] == [item.end for item in path[1:]]
    drawn = {row.id: row for row in waterfall([whole])}
    for item in path:
        row = drawn[item.id or ""]
        begin = (row.start_offset_ms or 0) * 1000
        assert row.critical
        assert begin <= item.start < item.end <= begin + (row.duration_ms or 0) * 1000


@pytest.mark.lengthy
@given(any_tree())
def test_self_times_are_never_negative_nor_longer_than_the_span(whole: AssembledTrace) -> None:
    for row in waterfall([whole]):
        assert (row.self_ms is None) == (row.duration_ms is None)
        assert row.self_ms is None or 0 <= row.self_ms <= (row.duration_ms or 0)


@st.composite
def sequential(draw: st.DrawFn) -> AssembledTrace:
    """A tree in which every span is within its parent and siblings do not overlap."""
    records: list[Trace | HookExecution] = [trace("p", 0, 1000)]
    waiting: list[tuple[str, int, int]] = [("p", 0, 1000)]
    while waiting and len(records) < 20:
        name, low, high = waiting.pop(0)
        cuts = sorted(draw(st.lists(st.integers(low, high), max_size=6, unique=True)))
        for begin, end in zip(cuts[::2], cuts[1::2], strict=False):
            inner = f"h{len(records)}"
            records.append(step(inner, "p", begin, end, parent_id=name))
            waiting.append((inner, begin, end))
    return built(*records)


@pytest.mark.lengthy
@given(sequential())
def test_sequential_self_times_add_up_to_the_whole_and_all_of_it_is_critical(whole: AssembledTrace) -> None:
    found = waterfall([whole])
    assert sum(row.self_ms or 0 for row in found) == whole.trace.duration_ms
    assert all(row.critical for row in found)
