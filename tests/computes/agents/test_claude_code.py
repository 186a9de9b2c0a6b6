"""Hook events as observations: the recorded session, every rule of the mapping, and whatever else might be sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import SessionSeen, SpawnRule
from loopgraph.errors import InvalidInput
from support.agent_session import AGENT, NOTICE, PROMPT, RECORDING, SESSION

Json = dict[str, Any]

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN_ID = "own-1"
SUBAGENT = f"{SESSION}/{AGENT}"
CALL = f"{SESSION}/toolu_Fix-the-failing-test_4_0"

HOOKS: list[Json] = [line["j"] for line in map(json.loads, RECORDING.read_text().splitlines()) if line["k"] == "hook"]


def sent(event: str, number: int = 0, **changes: Any) -> Json:
    """The recorded event of this name, the ``number``-th of them, with other fields; a field that becomes None is left out."""
    body = {**[hook for hook in HOOKS if hook["hook_event_name"] == event][number], **changes}
    return {name: value for name, value in body.items() if value is not None}


def of_kind(event: str, **fields: Any) -> Json:
    """An event that was not recorded, with the fields that all have."""
    common = {"session_id": SESSION, "transcript_path": "/t.jsonl", "cwd": "/src", "prompt_id": PROMPT}
    return {**common, "hook_event_name": event, **fields}


def observed(body: Any, *, stamped: bool = False) -> tuple[Any, ...]:
    return observe_hook(body, Arrival(at=AT, stamped=stamped, execution_id=OWN_ID))


def events(body: Any) -> list[Any]:
    return [observation.event for observation in observed(body)]


def only(body: Any, kind: type) -> Any:
    """The one event of this kind."""
    [event] = [event for event in events(body) if isinstance(event, kind)]
    return event


def test_a_prompt_starts_its_trace() -> None:
    started = only(sent("UserPromptSubmit"), TraceStarted)
    assert started == TraceStarted(
        correlation_id=PROMPT,
        session_id=SESSION,
        timestamp=AT,
        source="user_prompt",
        prompt_text="Fix-the-failing-test please",
        context={"permission_mode": "default"},
    )


def test_the_end_of_background_work_continues_and_says_who_spawned_the_subagent() -> None:
    started, spawned, ended, _ = observed(sent("UserPromptSubmit", 1))
    assert (ended.event.correlation_id, ended.event.status) == (spawned.event.correlation_id, TraceStatus.SUCCESS)
    assert isinstance(started.event, TraceStarted)
    assert (started.event.correlation_id, started.event.source) == (NOTICE, "task_notification")
    assert started.event.continues == CALL
    assert spawned.spawn_rule is SpawnRule.TASK_NOTIFICATION
    assert spawned.event == TraceStarted(
        correlation_id=SUBAGENT, session_id=SESSION, source="subagent", agent_id=AGENT, spawned_by=CALL
    )


def test_a_background_command_is_no_subagent() -> None:
    prompt = (
        "<task-notification>\n<task-id>b7</task-id>\n<tool-use-id>toolu_9</tool-use-id>\n<status>completed</status>\n"
        '<summary>Background command "sleep 5" completed (exit code 0)</summary>\n</task-notification>'
    )
    [started] = [event for event in events(sent("UserPromptSubmit", prompt=prompt)) if isinstance(event, TraceStarted)]
    assert (started.source, started.continues) == ("task_notification", f"{SESSION}/toolu_9")


def test_ids_in_the_result_of_background_work_are_not_taken_for_its_own() -> None:
    prompt = "<task-notification><result><task-id>x</task-id><tool-use-id>y</tool-use-id></result></task-notification>"
    started = only(sent("UserPromptSubmit", prompt=prompt), TraceStarted)
    assert (started.source, started.continues) == ("task_notification", None)


def test_a_tool_call_begins_and_ends_as_one_execution() -> None:
    before, after = only(sent("PreToolUse"), HookExecuted), only(sent("PostToolUse"), HookExecuted)
    assert before.execution_id == after.execution_id == f"{SESSION}/toolu_Fix-the-failing-test_0_0"
    assert (before.status, before.started_at, before.completed_at) == (TraceStatus.IN_PROGRESS, AT, None)
    assert (after.status, after.completed_at, after.duration_ms) == (TraceStatus.SUCCESS, AT, 32)
    assert before.tool_input == {"command": "echo running tests", "description": "run the tests"}
    assert after.tool_response["stdout"] == "running tests"
    for event in (before, after):
        assert (event.correlation_id, event.root_id, event.session_id) == (PROMPT, PROMPT, SESSION)
        assert (event.hook_type, event.tool_name) == ("ToolUse", "Bash")
        assert event.context == {"permission_mode": "default", "effort": {"level": "medium"}}


def test_a_failed_tool_call_says_why() -> None:
    failed = only(sent("PostToolUseFailure", 1), HookExecuted)
    assert (failed.status, failed.error_type) == (TraceStatus.ERROR, "tool_error")
    assert (failed.error_message, failed.duration_ms) == ("Exit code 1\nbroken", 7)
    assert only(sent("PostToolUseFailure", is_interrupt=True), HookExecuted).error_type == "interrupt"


def test_the_call_that_spawned_a_subagent_says_so() -> None:
    ran, spawned, _ = observed(sent("PostToolUse", 2))
    assert isinstance(ran.event, HookExecuted)
    assert ran.event.execution_id == CALL
    assert spawned.spawn_rule is SpawnRule.TOOL_RESPONSE
    assert spawned.event == TraceStarted(
        correlation_id=SUBAGENT,
        session_id=SESSION,
        source="subagent",
        agent_id=AGENT,
        agent_type="general-purpose",
        spawned_by=CALL,
    )


def test_a_tool_call_of_a_subagent_belongs_to_its_trace() -> None:
    inside = next(body for body in HOOKS if body["hook_event_name"] == "PreToolUse" and "agent_id" in body)
    ran, place, _ = events(inside)
    assert (ran.correlation_id, ran.root_id) == (SUBAGENT, PROMPT)
    assert place == TraceStarted(
        correlation_id=SUBAGENT,
        session_id=SESSION,
        source="subagent",
        agent_id=AGENT,
        agent_type="general-purpose",
        root_id=PROMPT,
        parent_id=PROMPT,
    )


def test_a_subagent_starts_and_stops() -> None:
    started = events(sent("SubagentStart"))[0]
    assert (started.correlation_id, started.timestamp, started.parent_id) == (SUBAGENT, AT, PROMPT)
    completed = only(sent("SubagentStop"), TraceCompleted)
    assert (completed.correlation_id, completed.success, completed.response_text) == (SUBAGENT, True, "No callers.")
    assert completed.context["background_tasks"][0]["id"] == AGENT


def test_a_prompt_ends() -> None:
    completed = only(sent("Stop"), TraceCompleted)
    assert (completed.correlation_id, completed.timestamp, completed.success) == (PROMPT, AT, True)
    assert completed.response_text == "The test is fixed."
    assert completed.context["background_tasks"][0]["status"] == "running"
    failed = only(of_kind("StopFailure", error="rate_limit", error_details="slow down"), TraceCompleted)
    assert (failed.success, failed.error_message, failed.error_type) == (False, "rate_limit", "rate_limit")
    assert failed.context == {"error_details": "slow down"}
    shown = "API Error: 429 slow down"
    failed = only(of_kind("StopFailure", error="rate_limit", last_assistant_message=shown), TraceCompleted)
    assert (failed.error_message, failed.error_type, failed.response_text) == (shown, "rate_limit", None)


def test_a_batch_says_where_its_calls_belong_and_leaves_their_course_open() -> None:
    ran, _, session = observed(sent("PostToolBatch", 5))
    assert isinstance(ran.event, HookExecuted)
    assert ran.rank == 1
    assert (ran.event.correlation_id, ran.event.tool_name) == (SUBAGENT, "Bash")
    assert (ran.event.status, ran.event.success, ran.event.completed_at) == (None, None, None)
    assert ran.event.context["tool_response"] == "callers"
    assert isinstance(session.event, SessionSeen)


def test_a_batch_that_names_no_calls_is_kept_whole() -> None:
    kept = only(of_kind("PostToolBatch", tool_calls=[{"tool_name": "Bash"}]), HookExecuted)
    assert (kept.hook_type, kept.context) == ("PostToolBatch", {"tool_calls": [{"tool_name": "Bash"}]})


@pytest.mark.parametrize("event", ["Notification", "PermissionRequest", "WorktreeCreate", "SomethingNew"])
def test_every_other_event_is_an_execution_of_its_own_and_no_use_of_a_tool(event: str) -> None:
    told = {"tool_use_id": "toolu_1", "tool_name": "Bash", "tool_input": {"command": "ls"}, "new": {"deep": [1]}}
    ran = only(of_kind(event, **told), HookExecuted)
    assert (ran.execution_id, ran.hook_type, ran.status, ran.completed_at) == (OWN_ID, event, TraceStatus.SUCCESS, AT)
    assert (ran.correlation_id, ran.tool_use_id, ran.tool_name, ran.tool_input) == (PROMPT, None, None, None)
    assert ran.context == told


def test_a_tool_event_without_the_id_of_its_call_is_kept_as_it_is() -> None:
    ran = only(sent("PreToolUse", tool_use_id=None), HookExecuted)
    assert (ran.execution_id, ran.hook_type, ran.tool_name) == (OWN_ID, "PreToolUse", "Bash")


def test_the_session_is_seen_with_every_event() -> None:
    [ended] = observed(sent("SessionEnd"))
    assert isinstance(ended.event, SessionSeen)
    assert (ended.event.ended_at, ended.event.end_reason) == (AT, "other")
    for body in HOOKS:
        [seen] = [observation for observation in observed(body) if isinstance(observation.event, SessionSeen)]
        assert seen.event.session_id == SESSION
        assert (seen.event.client, seen.event.cwd) == ("claude-code", "/home/dev/proj")
        assert seen.rank < ended.rank or body["hook_event_name"] == "SessionEnd"


def test_a_session_that_goes_on_did_not_begin_now() -> None:
    [fresh] = observed(of_kind("SessionStart", source="startup", model="opus", prompt_id=None))
    [resumed] = observed(of_kind("SessionStart", source="resume", prompt_id=None))
    assert fresh.event == SessionSeen(
        session_id=SESSION,
        timestamp=AT,
        client="claude-code",
        cwd="/src",
        transcript_path="/t.jsonl",
        started_at=AT,
        source="startup",
        model="opus",
    )
    assert resumed.rank < fresh.rank
    assert resumed.clock < fresh.clock


def test_what_belongs_to_no_prompt_belongs_to_a_trace_of_the_session() -> None:
    ran, place, _ = events(sent("PreToolUse", prompt_id=None))
    assert (ran.correlation_id, ran.root_id) == (SESSION, None)
    assert place == TraceStarted(correlation_id=SESSION, session_id=SESSION, source="session")
    inside, agent, _ = events(sent("PreToolUse", prompt_id=None, agent_id="a1"))
    assert (inside.correlation_id, inside.root_id) == (f"{SESSION}/a1", None)
    assert (agent.agent_id, agent.root_id, agent.parent_id) == ("a1", None, None)


def test_times_are_trusted_more_if_the_client_stamped_them() -> None:
    assert {observation.clock for observation in observed(sent("PreToolUse"))} == {1}
    assert {observation.clock for observation in observed(sent("PreToolUse"), stamped=True)} == {2}


def test_a_field_of_an_odd_type_is_kept_as_it_is() -> None:
    ran = only(sent("PostToolUse", duration_ms="long", tool_name=7, cwd=["x"]), HookExecuted)
    assert (ran.duration_ms, ran.tool_name) == (None, None)
    assert ran.context["duration_ms"] == "long"
    assert ran.context["tool_name"] == 7
    assert ran.context["cwd"] == ["x"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        (None, "body"),
        ({}, "hook_event_name"),
        ({"hook_event_name": "Stop"}, "session_id"),
        ({"hook_event_name": " ", "session_id": "s"}, "hook_event_name"),
        ({"hook_event_name": "Stop", "session_id": ""}, "session_id"),
        ({"hook_event_name": "Stop", "session_id": 7}, "session_id"),
        ({"hook_event_name": "Stop", "session_id": "s", "prompt_id": {}}, "prompt_id"),
        ({"hook_event_name": "Stop", "session_id": "s", "agent_id": 1}, "agent_id"),
        ({"hook_event_name": "PreToolUse", "session_id": "s", "tool_use_id": 1}, "tool_use_id"),
        ({"hook_event_name": "Stop", "session_id": "s", "agent_id": "a", "prompt_id": "s/a"}, "agent_id"),
    ],
)
def test_what_cannot_be_placed_is_refused_by_its_field(body: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        observed(body)
    assert refused.value.field == field


def test_two_subagents_at_once_are_told_apart_by_the_calls_that_spawned_them() -> None:
    """The recorded subagent and a twin of it, whose events come in the opposite order."""
    twin = [
        json.loads(json.dumps(body).replace(AGENT, "b22").replace("test_4_0", "test_5_0").replace("callers_0", "tw_0"))
        for body in HOOKS
        if AGENT in json.dumps(body)
    ]
    together = [
        event for pair in zip(twin[::-1], HOOKS[13:], strict=False) for body in pair for event in observed(body)
    ]
    spawned = {
        (item.event.agent_id, item.event.spawned_by, item.spawn_rule.value)
        for item in together
        if item.spawn_rule and isinstance(item.event, TraceStarted)
    }
    assert {pair for pair in spawned if pair[2] == "tool_response"} == {
        (AGENT, CALL, "tool_response"),
        ("b22", f"{SESSION}/toolu_Fix-the-failing-test_5_0", "tool_response"),
    }
    inside = {
        item.event.execution_id: item.event.correlation_id
        for item in together
        if isinstance(item.event, HookExecuted) and item.event.correlation_id != PROMPT
    }
    assert inside == {
        f"{SESSION}/toolu_Explore-tw_0_0": f"{SESSION}/b22",
        f"{SESSION}/toolu_Explore-callers_0_0": SUBAGENT,
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
FIELDS = sorted({name for body in HOOKS for name in body} | {"source", "model", "error", "reason"})
EVENTS = sorted({body["hook_event_name"] for body in HOOKS} | {"SessionStart", "Setup", "StopFailure", "New"})


def observed_or_field(body: Json) -> tuple[Any, ...] | str:
    """What an event says, or the field for which it is refused."""
    try:
        return observed(body)
    except InvalidInput as error:
        return error.field


@pytest.mark.lengthy
@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=10), JSON), st.sampled_from(EVENTS) | JSON, JSON)
def test_any_object_is_observed_or_refused(fields: Json, event: Any, session_id: Any) -> None:
    found = observed_or_field({**fields, "hook_event_name": event, "session_id": session_id})
    assert isinstance(found, str) or any(isinstance(observation.event, SessionSeen) for observation in found)


@pytest.mark.lengthy
@given(st.sampled_from(HOOKS), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3))
def test_a_recorded_event_with_odd_fields_is_observed_or_refused(body: Json, odd: Json) -> None:
    found = observed_or_field({**body, **odd})
    assert found in ("body", *FIELDS) if isinstance(found, str) else found
