"""Both ways of every workload give the same result; which is faster is measured here as the demo measures it."""

from __future__ import annotations

import ast
import copy
import gc
import sys
import time
from collections.abc import Mapping
from random import Random
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.demo.workloads import (
    AGGREGATE_RUNS,
    COUNT_WORDS,
    DEDUPLICATE_CALLS,
    FIND_IDS,
    PARSE_LOG,
    READ_ARGUMENTS,
    WORKLOADS,
    Haystack,
    Way,
    Workload,
)

every_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)


def both(workload: Workload, given_input: Any, **parameters: Any) -> Any:
    """The result that both ways agree on."""
    arguments = {**workload.parameters, **parameters}
    result = workload.baseline.run(given_input, arguments)
    assert workload.candidate.run(given_input, arguments) == result
    return result


@pytest.mark.lengthy
@every_workload
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(), size=st.integers(0, 300))
def test_both_ways_agree_and_leave_their_input_alone(workload: Workload, seed: int, size: int) -> None:
    made = workload.make_input(Random(seed), size)
    before = copy.deepcopy(made)
    both(workload, made)
    assert made == before == workload.make_input(Random(seed), size)


@every_workload
def test_both_ways_agree_at_the_size_of_the_demo(workload: Workload) -> None:
    made = workload.make_input(Random(1), workload.default_size)
    assert len(both(workload, made)) > 1
    assert made != workload.make_input(Random(2), workload.default_size)


@every_workload
def test_a_way_shows_the_source_of_what_runs(workload: Workload) -> None:
    for way in (workload.baseline, workload.candidate):
        (function,) = ast.parse(way.source).body
        assert isinstance(function, ast.FunctionDef)
        assert function.name == way.run.__name__
    assert workload.baseline.source != workload.candidate.source


def test_names_are_unique() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS) == 6


@pytest.mark.lengthy
@settings(deadline=None)
@given(seed=st.integers(), cut=st.integers(0, 400))
def test_a_log_that_breaks_off_is_refused_by_both_parsers_or_read_alike(seed: int, cut: int) -> None:
    log = PARSE_LOG.make_input(Random(seed), 4)[:-cut]
    try:
        expected = PARSE_LOG.baseline.run(log, PARSE_LOG.parameters)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - whichever value is wrong
            PARSE_LOG.candidate.run(log, PARSE_LOG.parameters)
    else:
        assert PARSE_LOG.candidate.run(log, PARSE_LOG.parameters) == expected


def test_a_log_line_is_read_field_by_field() -> None:
    line = "2026-03-01T08:00:00.250000+00:00 INFO hooks.run 12.5ms read  the plan"
    (parsed,) = both(PARSE_LOG, line)
    assert parsed.at.isoformat() == "2026-03-01T08:00:00.250000+00:00"
    assert parsed[1:] == ("INFO", "hooks.run", 12.5, "read  the plan")
    assert both(PARSE_LOG, line, ignored_levels=["INFO"]) == []


@pytest.mark.lengthy
@given(st.lists(st.fixed_dictionaries({"call_id": st.text(max_size=2), "tool": st.text(max_size=1)})))
def test_the_first_of_equal_calls_is_kept(calls: list[dict[str, Any]]) -> None:
    first: dict[str, dict[str, Any]] = {}
    for call in calls:
        first.setdefault(call["call_id"], call)
    assert both(DEDUPLICATE_CALLS, calls) == list(first.values())
    assert len(both(DEDUPLICATE_CALLS, calls, key="tool")) == len({call["tool"] for call in calls})


@pytest.mark.lengthy
@given(
    st.lists(
        st.fixed_dictionaries({"tool": st.sampled_from("abc"), "duration_ms": st.floats(0, 1e9), "ok": st.booleans()})
    )
)
def test_groups_have_the_figures_of_their_runs(runs: list[dict[str, Any]]) -> None:
    groups = both(AGGREGATE_RUNS, runs)
    assert sum(group["count"] for group in groups.values()) == len(runs)
    assert max((group["max_ms"] for group in groups.values()), default=0) == max(
        (run["duration_ms"] for run in runs), default=0
    )
    assert list(both(AGGREGATE_RUNS, runs, group_by="ok")) == sorted({run["ok"] for run in runs})


@pytest.mark.lengthy
@given(text=st.text("abAB ", max_size=60), ids=st.lists(st.text("ab", min_size=3, max_size=3), max_size=8))
def test_ids_are_found_also_where_they_overlap(text: str, ids: list[str]) -> None:
    assert both(FIND_IDS, Haystack(text, ids), ignore_case=False) == [id_ for id_ in ids if id_ in text]
    assert both(FIND_IDS, Haystack(text, ids)) == [id_ for id_ in ids if id_ in text.lower()]


@pytest.mark.lengthy
@given(prompt=st.text("aAbB .,\n", max_size=200), top=st.integers(1, 5), min_length=st.integers(0, 3))
def test_words_are_counted_without_case_and_punctuation(prompt: str, top: int, min_length: int) -> None:
    counts = both(COUNT_WORDS, prompt, top=top, min_length=min_length)
    assert len(counts) <= top
    assert [count for _, count in counts] == sorted((count for _, count in counts), reverse=True)
    assert all(word == word.lower().strip(".,") and len(word) >= min_length for word, _ in counts)


@pytest.mark.lengthy
@given(seed=st.integers(), size=st.integers(1, 80))
def test_work_that_has_changed_has_the_same_results_both_ways(seed: int, size: int) -> None:
    assert READ_ARGUMENTS.later_input is not None
    made = READ_ARGUMENTS.later_input(Random(seed), size)
    assert len(set(both(READ_ARGUMENTS, made))) == size
    assert len(set(READ_ARGUMENTS.make_input(Random(seed), size))) <= max(1, size // 40)


def fastest_ms(workload: Workload, *, later: bool = False) -> tuple[float, float]:
    """The processor's time of the fastest of several runs of the baseline and of the candidate in turn: what other load
    disturbs least."""

    def duration_ms(way: Way, made: Any) -> float:
        start = time.thread_time()
        way.run(made, workload.parameters)
        return (time.thread_time() - start) * 1000

    make = (workload.later_input if later else None) or workload.make_input
    inputs = [make(Random(seed), workload.default_size) for seed in range(12)]
    gc.collect()
    runs = [(duration_ms(workload.baseline, made), duration_ms(workload.candidate, made)) for made in inputs]
    baseline, candidate = zip(*runs, strict=True)
    return min(baseline), min(candidate)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "workload", [PARSE_LOG, DEDUPLICATE_CALLS, AGGREGATE_RUNS, READ_ARGUMENTS], ids=lambda workload: workload.name
)
def test_four_candidates_are_truly_faster(workload: Workload) -> None:
    baseline, candidate = fastest_ms(workload)
    assert baseline > 1.5 * candidate
    assert 0.3 < baseline < 60


@pytest.mark.lengthy
def test_one_candidate_is_slower() -> None:
    baseline, candidate = fastest_ms(FIND_IDS)
    assert candidate > 1.5 * baseline
    assert 0.3 < candidate < 60


def instructions(way: Way, made: Any, parameters: Mapping[str, Any]) -> int:
    """How many Python instructions a run executes. Unlike a time, this is the same whenever it is measured."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        way.run(made, parameters)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.lengthy
def test_one_candidate_makes_no_difference() -> None:
    made = COUNT_WORDS.make_input(Random(1), COUNT_WORDS.default_size)
    baseline = instructions(COUNT_WORDS.baseline, made, COUNT_WORDS.parameters)
    assert baseline > 100_000
    assert instructions(COUNT_WORDS.candidate, made, COUNT_WORDS.parameters) == pytest.approx(baseline, rel=0.001)


@pytest.mark.lengthy
def test_a_candidate_that_was_faster_is_slower_when_the_work_has_changed() -> None:
    _, proof = fastest_ms(READ_ARGUMENTS)
    baseline, candidate = fastest_ms(READ_ARGUMENTS, later=True)
    assert candidate > 3 * proof
    assert candidate > baseline
