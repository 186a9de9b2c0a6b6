"""What is made of failures: what counts once, how bad it is, and what people know of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.analytics.error_patterns import annotation_of, error_patterns, once_each, severity
from loopgraph.computes.analytics.templates import template_id
from loopgraph.contracts.analytics.failures import ErrorAnnotation, FailedPart, Failure, FailureFilter, Failures

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = FailureFilter()


def failure(
    message: str | None, trace: str = "t", *, at: int = 0, part: FailedPart = FailedPart.STEP, **more: Any
) -> Failure:
    ids = {"execution_id": f"{trace}-step"} if part is FailedPart.STEP else {}
    return Failure(part, trace, NOON + timedelta(seconds=at), message, **{**ids, **more})


def annotation(template: str, day: int = 1) -> ErrorAnnotation:
    return ErrorAnnotation(
        template_id=template_id(template), template=template, known_fix="mend it", prevention=None,
        updated_at=datetime(2026, 1, day, tzinfo=UTC), updated_by="ann",
    )  # fmt: skip


def test_what_is_told_in_several_places_counts_once_where_it_is_told_most_exactly() -> None:
    call = failure(
        "no answer", part=FailedPart.CALL, execution_id="t-step", call_id="c", service_name="s", endpoint_path="/"
    )
    step, trace = failure("no answer", at=1), failure("no answer", at=2, part=FailedPart.TRACE, ended=True)
    [left] = once_each([trace, step, call])
    assert (left.call_id, left.ended) == ("c", True)


@pytest.mark.parametrize(
    ("call", "status", "trace", "count"),
    [
        ("the model refuses", 400, "API Error: 400 the model refuses", 1),
        ("Overloaded", 529, "API Error: Repeated 529\n overloaded errors", 1),
        ('529 {"type": "error", "message": "Overloaded, try again"}', None, "Overloaded, try again", 1),
        ('{"type":"rate_limit_error"}', 429, "API Error: 429 slow down", 1),
        ("server_error", None, "server_error", 1),
        ("the model refuses", 400, "unknown", 2),
        ("unknown", 400, "API Error: an unknown model", 2),
        ("disk full", 507, "line 5070 of the file is wrong: 507.25", 2),
        ("no answer", 200, "the answer was 200 lines", 2),
        ("overload", None, "the operators are overloaded", 2),
    ],
)
@pytest.mark.parametrize("part", [FailedPart.TRACE, FailedPart.STEP])
def test_a_model_that_fails_and_what_fails_by_it_are_one_error_of_the_call(
    part: FailedPart, call: str, status: int | None, trace: str, count: int
) -> None:
    of_step = {"execution_id": "t-step"} if part is FailedPart.STEP else {}
    inner = failure(
        call, part=FailedPart.CALL, call_id="c", endpoint_path="/v1/messages", response_status=status, **of_step
    )
    found = once_each([failure(trace, at=1, part=part, ended=part is FailedPart.TRACE), inner])
    assert len(found) == count
    assert (found[0].call_id, found[0].message) == ("c", call)
    assert found[0].ended == (part is FailedPart.TRACE and count == 1)


def test_an_error_of_another_trace_or_step_is_another() -> None:
    call = failure("the model refuses", part=FailedPart.CALL, execution_id="other", call_id="c")
    assert len(once_each([call, failure("Error: the model refuses", at=1)])) == 2
    assert len(once_each([call, failure("Error: the model refuses", "u", at=1, part=FailedPart.TRACE)])) == 2


def test_what_says_nothing_beside_what_does_is_told_there() -> None:
    """A trace that failed without a word, in which something failed with one: it is not known that it ended with that."""
    [left] = once_each([failure("no answer"), failure(None, part=FailedPart.TRACE, ended=True)])
    assert (left.message, left.ended) == ("no answer", False)
    assert len(once_each([failure("one"), failure("other", part=FailedPart.TRACE, ended=True)])) == 2
    assert len(once_each([failure("one", "a"), failure("one", "b", part=FailedPart.TRACE)])) == 2


def test_patterns_say_where_and_since_when() -> None:
    found = error_patterns(
        Failures(
            [
                failure("user bob not found", "a", agent="x", tool_name="Bash", error_type="E", node_ids=("v1",), at=5),
                failure(
                    "user eve not found", "b", agent="x", tool_name="Bash", error_type="E", node_ids=("v1", "v2"), at=1
                ),
                failure("user eve not found", "c", agent="y", hook_type="Stop", at=9),
                failure(
                    "disk full", "c", part=FailedPart.CALL, service_name="api", endpoint_path="/x", response_status=507
                ),
                failure(None, "d", part=FailedPart.CALL, service_name="api", endpoint_path="/x", response_status=504),
                failure(None, "e"),
            ],
            traces=20,
            since=NOON,
        ),
        ALL,
        [],
        first=2,
    )
    assert (found.total, found.failures, found.untold, found.traces, found.reaches_back_to) == (3, 6, 1, 20, NOON)
    users, disk = found.patterns
    assert (users.template, users.count, users.traces, users.severity) == ("user <*> not found", 3, 3, "high")
    assert users.template_id == template_id("user <*> not found")
    assert (users.first_seen, users.last_seen) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=9))
    assert [(one.name, one.count) for one in users.agents] == [("x", 2), ("y", 1)]
    assert [(one.name, one.count) for one in users.tools] == [("Bash", 2), ("Stop", 1)]
    assert [(one.name, one.count) for one in users.versions] == [("v1", 2), ("v2", 1)]
    assert [(one.name, one.count) for one in users.error_types] == [("E", 2)]
    assert [(one.message, one.correlation_id) for one in users.samples] == [
        ("user eve not found", "c"),
        ("user bob not found", "a"),
    ]
    assert (disk.template, disk.severity) == ("disk full", "low")
    assert [(one.service_name, one.endpoint_path, one.count) for one in disk.endpoints] == [("api", "/x", 1)]


def test_without_a_message_the_kind_of_the_error_or_the_status_stands_for_it() -> None:
    said = [failure(None, "a", error_type="ToolError"), failure("  ", "b", response_status=504, part=FailedPart.CALL)]
    found = error_patterns(Failures(said, 2, None), ALL, [], 9)
    assert [pattern.template for pattern in found.patterns] == ["ToolError", "status 504"]


@pytest.mark.parametrize(
    ("filter", "count"),
    [
        (ALL, 3),
        (FailureFilter(agent="x"), 1),
        (FailureFilter(tool="Bash"), 2),
        (FailureFilter(endpoint="/x"), 1),
        (FailureFilter(node_id="v"), 1),
        (FailureFilter(agent="x", tool="Grep"), 0),
    ],
)
def test_filters(filter: FailureFilter, count: int) -> None:
    those = [
        failure("one", "a", agent="x", tool_name="Bash"),
        failure("two", "b", tool_name="Bash", node_ids=("v",)),
        failure("three", "c", part=FailedPart.CALL, endpoint_path="/x"),
    ]
    assert error_patterns(Failures(those, 3, None), filter, [], 9).failures == count


@pytest.mark.parametrize(
    ("traces", "ended", "looked_at", "expected"),
    [
        (1, 0, 1, "low"), (2, 0, 2, "medium"), (3, 0, 60, "high"), (3, 0, 61, "medium"), (1, 1, 100, "high"),
        (5, 1, 100, "critical"), (4, 1, 100, "high"), (2, 2, 2, "high"),
    ],
)  # fmt: skip
def test_severity(traces: int, ended: int, looked_at: int, expected: str) -> None:
    assert severity(traces, ended, looked_at) == expected


def test_what_people_know_stays_when_the_template_changes() -> None:
    special, general, other = (
        annotation("user bob not found"),
        annotation("user <*> not found", 2),
        annotation("disk full"),
    )
    assert annotation_of("user <*> not found", [special, other]) == special
    assert annotation_of("user eve not found", [general, other]) == general
    assert annotation_of("user bob not found", [general, special]) == special
    assert annotation_of("user bob not <*>", [special, annotation("user <*> not <*>", 3)]) == annotation(
        "user <*> not <*>", 3
    )
    assert annotation_of("disk gone", [special, general, other]) is None


def test_the_order_of_failures_does_not_matter() -> None:
    chance = random.Random(5)
    texts = [
        "user bob not found",
        "user eve not found",
        "disk full",
        "no answer from 10.0.0.1",
        "no answer from 10.0.0.2",
    ]
    those = [
        failure(chance.choice(texts), f"t{n % 7}", at=n, execution_id=f"e{n}", part=FailedPart.CALL, call_id=f"c{n}")
        for n in range(60)
    ]  # fmt: skip
    expected = error_patterns(Failures(those, 7, None), ALL, [], 9)
    for _ in range(5):
        chance.shuffle(those)
        assert error_patterns(Failures(those, 7, None), ALL, [], 9) == expected
