"""The door for hook events of the agent client, through a real socket."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from loopgraph.effects.clock import new_id
from support.agent_session import story, tell
from support.feedback_api import make_client
from support.service import Service
from support.traces import statement

Json = dict[str, Any]

DOOR = "/api/hooks/claude-code"
AT = "2026-03-01T12:00:00.123Z"


def event(name: str, session: str, **fields: Any) -> Json:
    return {"hook_event_name": name, "session_id": session, "cwd": "/src", **fields}


async def error_of(service: Service, status: int, **request: Any) -> Json:
    answer = await service.http.post(DOOR, **request)
    assert answer.status_code == status, answer.text
    error: Json = answer.json()["error"]
    return error


async def executions(service: Service, session: str) -> list[Json]:
    """The executions of a session."""
    rows = await statement(
        service.parts.graph,
        "MATCH (h:HookExecution {session_id: $session}) RETURN properties(h) AS h ORDER BY h.execution_id",
        session=session,
    )
    return [row["h"] for row in rows]


@pytest.mark.lengthy
async def test_a_recorded_session_becomes_one_tree(service: Service) -> None:
    """The hooks alone, without OpenTelemetry: what they know is exact, too."""
    telling = tell()
    for sent in telling.sent:
        if sent.is_hook:
            answer = await service.http.post(DOOR, json=sent.body, headers={"X-Event-Timestamp": sent.at})
            assert (answer.status_code, answer.json()) == (200, {})
    told = await story(service.parts.graph, telling)
    by_source = {trace["source"]: trace for trace in told["traces"]}
    main, subagent, notice = (by_source[source] for source in ("user_prompt", "subagent", "task_notification"))
    assert (main["status"], main["response_text"]) == ("success", "The test is fixed.")
    assert subagent["parent"] == main["correlation_id"]
    assert subagent["hook"].endswith("toolu_Fix-the-failing-test_4_0")
    assert subagent["rule"].startswith("exact: t")
    assert notice["earlier"] == main["correlation_id"]
    ran = sorted(
        (hook["tool_name"], hook["status"]) for hook in told["hooks"] if hook["trace"] == main["correlation_id"]
    )
    assert ran == [
        ("Agent", "success"),
        ("Bash", "error"),
        ("Bash", "success"),
        ("Read", "error"),
        ("Write", "success"),
    ]


@pytest.mark.lengthy
async def test_an_event_can_be_sent_later_and_again(service: Service) -> None:
    session, prompt, own = new_id(), new_id(), new_id()
    body = event("Notification", session, prompt_id=prompt, message="look")
    headers = {"X-Event-Timestamp": AT, "X-Execution-ID": own}
    for _ in range(2):
        assert (await service.http.post(DOOR, json=body, headers=headers)).status_code == 200
    [ran] = await executions(service, session)
    assert (ran["execution_id"], ran["hook_type"], ran["correlation_id"]) == (own, "Notification", prompt)
    assert ran["completed_at"].isoformat() == "2026-03-01T12:00:00.123000+00:00"


@pytest.mark.lengthy
async def test_without_headers_it_happened_now_under_an_id_of_its_own(service: Service) -> None:
    session = new_id()
    for _ in range(2):
        await service.http.post(DOOR, json=event("FileChanged", session, file="a.py"))
    assert len(await executions(service, session)) == 2


@pytest.mark.lengthy
async def test_secrets_do_not_get_through(service: Service) -> None:
    session, secret = new_id(), "ghp_" + "a1B2" * 9
    body = event("PreToolUse", session, tool_use_id="t-1", tool_name="Bash", tool_input={"command": f"echo {secret}"})
    assert (await service.http.post(DOOR, json=body)).status_code == 200
    [ran] = await executions(service, session)
    assert secret not in str(ran)
    assert "echo" in ran["tool_input"]


async def test_the_answer_need_not_wait_for_the_commit(service: Service) -> None:
    session = new_id()
    answer = await service.http.post(f"{DOOR}?ack=queued", json=event("CwdChanged", session))
    assert (answer.status_code, answer.json()) == (202, {})
    # One writer records in turn: when this one is there, so is what came before.
    await service.http.post(DOOR, json=event("CwdChanged", session))
    assert len(await executions(service, session)) == 2


@pytest.mark.lengthy
async def test_prompts_use_the_pattern_that_the_address_names(service: Service) -> None:
    pattern = await make_client(service)
    session, prompt, asked = new_id(), new_id(), {"pattern": pattern.pattern_id}

    async def send(name: str, at: str, **fields: Any) -> Json:
        body = event(name, session, prompt_id=prompt, **fields)
        answer = await service.http.post(DOOR, params=asked, json=body, headers={"X-Event-Timestamp": at})
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    assert await send("UserPromptSubmit", "2026-03-01T12:00:00Z", prompt="greet me") == {
        "hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": "print('good')"}
    }
    assert await send("PreToolUse", "2026-03-01T12:00:01Z", tool_use_id="t-1", tool_name="Bash") == {}
    assert await send("Stop", "2026-03-01T12:00:02.5Z") == {}
    assert await send("Stop", "2026-03-01T12:00:09Z") == {}
    ran = next(found for found in await executions(service, session) if found["hook_type"] == "Pattern")
    assert (ran["node_id"], ran["status"], ran["correlation_id"]) == (pattern.node_id, "success", prompt)
    version = "query($id: ID!) { patternVersion(nodeId: $id) { usageCount successRate avgExecutionTimeMs } }"
    assert (await service.query(version, id=pattern.node_id))["patternVersion"] == {
        "usageCount": 1,
        "successRate": 1.0,
        "avgExecutionTimeMs": 2500.0,
    }


@pytest.mark.lengthy
async def test_only_prompts_of_people_use_a_pattern(service: Service) -> None:
    pattern = await make_client(service)
    session, prompt = new_id(), new_id()
    notice = "<task-notification><task-id>a</task-id></task-notification>"
    for body in (
        event("UserPromptSubmit", session, prompt_id=prompt, prompt=notice),
        event("UserPromptSubmit", session, prompt="without an id"),
        event("Stop", session, prompt_id=prompt),
    ):
        answer = await service.http.post(DOOR, params={"pattern": pattern.pattern_id}, json=body)
        assert (answer.status_code, answer.json()) == (200, {})
    assert [ran for ran in await executions(service, session) if ran["hook_type"] == "Pattern"] == []


async def test_a_pattern_that_is_not_there_is_told_after_the_event_was_recorded(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = new_id()
    body = event("UserPromptSubmit", new_id(), prompt_id=prompt, prompt="hello")
    error = await error_of(service, 404, params={"pattern": "no-such-pattern"}, json=body)
    assert (error["kind"], error["id"]) == ("Pattern", "no-such-pattern")
    [warned] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "was given no template of the pattern 'no-such-pattern'" in warned
    found = await statement(
        service.parts.graph, "MATCH (t:Trace {correlation_id: $id}) RETURN t.prompt_text AS prompt", id=prompt
    )
    assert found == [{"prompt": "hello"}]


@pytest.mark.parametrize(
    ("body", "headers", "field"),
    [
        (b"[]", {}, "body"),
        (b"{", {}, "body"),
        (b"{}", {}, "hook_event_name"),
        (b'{"hook_event_name": "Stop"}', {}, "session_id"),
        (b'{"hook_event_name": "Stop", "session_id": 1}', {}, "session_id"),
        (b'{"hook_event_name": "Stop", "session_id": "s"}', {"X-Event-Timestamp": "noon"}, "X-Event-Timestamp"),
        (b'{"hook_event_name": "Stop", "session_id": "s"}', {"X-Event-Timestamp": "2026-03-01T12:00"}, "X-Event-Timestamp"),
        (b'{"hook_event_name": "Stop", "session_id": "s"}', {"X-Execution-ID": "a b"}, "X-Execution-ID"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(service: Service, body: bytes, headers: dict[str, str], field: str) -> None:
    error = await error_of(service, 400, content=body, headers={"content-type": "application/json", **headers})
    assert (error["code"], error["field"]) == ("INVALID_INPUT", field)


async def test_other_bodies_and_other_acknowledgements_are_refused(service: Service) -> None:
    error = await error_of(service, 415, content=b"x", headers={"content-type": "text/plain"})
    assert error["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert (await error_of(service, 400, params={"ack": "never"}, json={}))["field"] == "ack"


@pytest.mark.lengthy
async def test_only_post(service: Service) -> None:
    answer: httpx.Response = await service.http.get(DOOR)
    assert answer.status_code == 405
