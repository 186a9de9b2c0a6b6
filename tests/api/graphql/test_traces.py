"""Traces by GraphQL, through a real socket."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from loopgraph.api.graphql.types.common import camel
from loopgraph.contracts.traces.events import TraceEvent
from loopgraph.effects.clock import new_id
from support.service import Json, Service, nodes
from support.traces import at, make_version, statement, story


def body(event: TraceEvent) -> Json:
    """An event as a client sends it to the HTTP doors."""
    return event.model_dump(mode="json", exclude_unset=True, exclude={"kind"})


def input_of(event: TraceEvent) -> Json:
    """The same event as the input of a mutation."""
    fields = {camel(name): value for name, value in body(event).items()}
    return {**fields, "status": fields["status"].upper()} if "status" in fields else fields


async def record(service: Service, event: TraceEvent) -> Json:
    """Records an event by its mutation, and returns the payload."""
    match event.kind:
        case "start":
            payload = await service.execute("traces_start", input=input_of(event))
        case "routing":
            payload = await service.execute("traces_record_routing", input=input_of(event))
        case "hook":
            payload = await service.execute("traces_record_hook", input=input_of(event))
        case "endpoint":
            payload = await service.execute("traces_record_endpoint", input=input_of(event))
        case "complete":
            payload = await service.execute("traces_complete", input=input_of(event))
    assert payload["__typename"] == "RecordPayload", payload
    recorded: Json = payload
    return recorded


async def hook(service: Service, correlation_id: str, **fields: Any) -> Json:
    """What a hook execution is answered with."""
    input_ = {"correlationId": correlation_id, "hookType": "PostToolUse", **fields}
    answer: Json = await service.execute("traces_record_hook", input=input_)
    return answer


def nested(levels: int) -> Json:
    value: Json = {}
    for _ in range(levels):
        value = {"a": value}
    return value


async def whole(service: Service, correlation_id: str) -> Json:
    trace: Json = await service.execute("traces_whole", correlationId=correlation_id)
    return trace


@pytest.mark.lengthy
async def test_a_trace_by_graphql_equals_the_same_by_http(service: Service) -> None:
    seen = []
    for door in ("http", "graphql"):
        node_id, trace = await make_version(service.parts.graph), new_id()
        for event in story(trace, node_id):
            if door == "http":
                answer = await service.http.post(f"/api/traces/{event.kind}", json=body(event))
                assert answer.status_code == 200, answer.text
            else:
                await record(service, event)
        found = {
            "whole": await whole(service, trace),
            "parent": await whole(service, f"{trace}-parent"),
            "timeline": await service.execute("traces_timeline", correlationId=trace),
        }
        told = re.sub(r'"endCursor": "[^"]+"', '"endCursor": "…"', json.dumps(found))
        seen.append(json.loads(told.replace(trace, "TRACE").replace(node_id, "NODE")))
    by_http, by_graphql = seen
    assert by_graphql == by_http

    trace = by_graphql["whole"]
    assert (trace["status"], trace["success"], trace["durationMs"], trace["agent"]) == (
        "ERROR",
        False,
        9000.0,
        "sorter",
    )
    assert trace["tags"] == ["sorting", "demo"]
    assert trace["startedAt"] == "2026-03-01T12:00:00.123456+00:00"
    assert [(item["executionId"], item["parentId"]) for item in nodes(trace["hookExecutions"])] == [
        ("TRACE-hook", None),
        ("TRACE-nested", "TRACE-hook"),
    ]
    ran = nodes(trace["hookExecutions"])[0]
    assert (ran["version"]["nodeId"], ran["version"]["usageCount"]) == ("NODE", 1)
    assert ran["context"] == {"command": "sort", "attempt": 2, "exit": 0}
    assert [call["responseStatus"] for call in nodes(trace["endpointCalls"])] == [504, None]
    assert nodes(trace["endpointCalls"])[1]["requestBody"] == 0
    totals = [trace[name] for name in ("totalHooks", "totalEndpoints", "totalRagQueries", "totalQualityGates")]
    assert totals == [2, 2, 1, 2]
    assert [entry["kind"] for entry in nodes(by_graphql["timeline"])] == [
        "PROMPT_SUBMITTED", "AGENT_ROUTED", "HOOK_EXECUTED", "HOOK_EXECUTED", "ENDPOINT_CALLED", "ENDPOINT_CALLED",
        "EXECUTION_COMPLETED",
    ]  # fmt: skip
    # The parent has not arrived itself; its child and grandchild hang under what is known of it.
    parent = by_graphql["parent"]
    assert (parent["started"], parent["status"]) == (False, "IN_PROGRESS")
    [child] = nodes(parent["childTraces"])
    assert (child["correlationId"], child["rootId"], child["totalHooks"]) == ("TRACE", "TRACE-parent", 2)
    assert [grandchild["correlationId"] for grandchild in nodes(child["childTraces"])] == ["TRACE-child"]


@pytest.mark.lengthy
@pytest.mark.parametrize("door", ["http", "graphql"])
async def test_secrets_are_redacted_before_anything_is_stored(service: Service, door: str) -> None:
    trace, execution, mark = new_id(), new_id(), new_id().replace("-", "")
    password, token, key = f"pw{mark}", f"sk-proj-{mark}{mark}", f"key{mark}"
    events: list[tuple[str, str, Json]] = [
        ("start", "startTrace", {"prompt_text": f"use password={password} please", "context": {"api_key": key, "cwd": "/src"}}),
        ("routing", "recordRoutingDecision", {"user_request": f"log in with {token}", "selected_agent": "sorter"}),
        (
            "hook",
            "recordHookExecution",
            {
                "execution_id": execution,
                "hook_type": "ToolUse",
                "context": {"nested": [{"PASSWORD": password}], "tool": "Bash"},
                "modifications_made": {"env": {"AWS_SECRET_ACCESS_KEY": key}},
                "rag_queries_executed": [{"query": f"Bearer {token}"}],
            },
        ),
        (
            "endpoint",
            "recordEndpointCall",
            {
                "hook_execution_id": execution,
                "service_name": "search",
                "endpoint_path": f"/q?api_key={key}&page=2",
                "headers": {"Authorization": f"Bearer {token}", "accept": "text/plain"},
                "request_body": {"login": {"secret": password}},
                "response_body": [f"token: {token}"],
            },
        ),
        ("complete", "completeTrace", {"success": False, "error_message": f"denied: password={password}"}),
    ]  # fmt: skip
    for path, field, fields in events:
        fields = {"correlation_id": trace, **fields}
        if door == "http":
            assert (await service.http.post(f"/api/traces/{path}", json=fields)).status_code == 200
        else:
            type_ = field[0].upper() + field[1:] + "Input"
            document = f"mutation($input: {type_}!) {{ {field}(input: $input) {{ __typename }} }}"
            answer = await service.query(document, input={camel(name): value for name, value in fields.items()})
            assert answer[field]["__typename"] == "RecordPayload"

    rows = await statement(
        service.parts.graph,
        "MATCH (t:Trace {correlation_id: $id})-[:ROUTED_BY|RAN|CALLED*0..3]->(n) RETURN DISTINCT properties(n) AS stored",
        id=trace,
    )
    stored = json.dumps([row["stored"] for row in rows], default=str)
    assert len(rows) == 4
    assert mark not in stored
    assert mark not in json.dumps(await whole(service, trace))
    for kept in ("/src", "sorter", "Bash", "page=2", "text/plain", "please"):
        assert kept in stored


@pytest.mark.lengthy
async def test_an_event_is_taken_once_and_other_content_is_a_conflict(service: Service) -> None:
    trace, execution, call = new_id(), new_id(), new_id()
    start = {"correlationId": trace, "promptText": "sort", "timestamp": at(0).isoformat()}
    step = {"executionId": execution, "success": True, "durationMs": 12.5, "timestamp": at(1).isoformat()}
    endpoint = {"correlationId": trace, "callId": call, "serviceName": "search", "endpointPath": "/q", "success": True}
    end = {"correlationId": trace, "status": "SUCCESS", "timestamp": at(2).isoformat()}
    routing = {"correlationId": trace, "selectedAgent": "sorter", "timestamp": at(0.5).isoformat()}
    for repeated in (False, True):
        payloads = [
            await service.execute("traces_start", input=start),
            await service.execute("traces_record_routing", input=routing),
            await hook(service, trace, **step),
            await service.execute("traces_record_endpoint", input={**endpoint, "timestamp": at(1.5).isoformat()}),
            await service.execute("traces_complete", input=end),
        ]
        assert [payload["__typename"] for payload in payloads] == ["RecordPayload"] * 5
        assert [payload["repeated"] for payload in payloads] == [repeated] * 5
        assert [payload.get("executionId") for payload in payloads] == [None, None, execution, call, None]
    before = await whole(service, trace)

    conflicts = [
        await service.execute("traces_start", input={**start, "promptText": "search"}),
        await service.execute("traces_record_routing", input={**routing, "selectedAgent": "searcher"}),
        await hook(service, trace, **{**step, "durationMs": 99.0}),
        await service.execute("traces_record_endpoint", input={**endpoint, "responseStatus": 500}),
        await service.execute("traces_complete", input={**end, "status": "ERROR"}),
    ]
    assert [(item["__typename"], item["kind"], item["conflictingId"]) for item in conflicts] == [
        ("Conflict", "Trace", trace),
        ("Conflict", "RoutingDecision", trace),
        ("Conflict", "HookExecution", execution),
        ("Conflict", "EndpointCall", call),
        ("Conflict", "Trace", trace),
    ]
    assert conflicts[2]["message"] == f"HookExecution {execution!r}: its end was recorded with other content"
    assert await whole(service, trace) == before


@pytest.mark.lengthy
async def test_steps_before_their_trace_and_begun_before_they_end(service: Service) -> None:
    trace, execution = new_id(), new_id()
    begun = {"executionId": execution, "status": "IN_PROGRESS", "startedAt": at(1).isoformat()}
    await hook(service, trace, **begun, context={"a": 1})
    known = await whole(service, trace)
    assert (known["started"], known["status"], known["startedAt"]) == (False, "IN_PROGRESS", None)
    [step] = nodes(known["hookExecutions"])
    assert (step["status"], step["success"], step["durationMs"]) == ("IN_PROGRESS", None, None)

    await service.execute("traces_start", input={"correlationId": trace, "timestamp": at(0).isoformat()})
    await hook(service, trace, executionId=execution, success=True, completedAt=at(3).isoformat(), context={"b": 2})
    known = await whole(service, trace)
    assert (known["started"], known["rootId"]) == (True, trace)
    [step] = nodes(known["hookExecutions"])
    assert (step["status"], step["success"], step["durationMs"]) == ("SUCCESS", True, 2000.0)
    assert step["context"] == {"a": 1, "b": 2}


@pytest.mark.lengthy
async def test_ids_are_made_where_a_client_brings_none(service: Service) -> None:
    trace = new_id()
    made = await hook(service, trace, success=True)
    call = await service.execute(
        "traces_record_endpoint", input={"correlationId": trace, "serviceName": "search", "endpointPath": "/q"}
    )
    found = await whole(service, trace)
    assert [item["executionId"] for item in nodes(found["hookExecutions"])] == [made["executionId"]]
    assert [item["callId"] for item in nodes(found["endpointCalls"])] == [call["executionId"]]


async def test_what_is_not_there_is_null(service: Service) -> None:
    assert await service.execute("traces_whole", correlationId=new_id()) is None
    assert await service.execute("traces_timeline", correlationId=new_id()) is None


@pytest.mark.lengthy
async def test_expected_errors_say_what_would_be_right(service: Service) -> None:
    trace, node_id = new_id(), await make_version(service.parts.graph)
    nowhere = await hook(service, trace, nodeId="nowhere", success=True)
    assert nowhere == {
        "__typename": "NotFound",
        "message": "no PatternVersion has the id 'nowhere'",
        "kind": "PatternVersion",
        "missingId": "nowhere",
    }
    wrong: list[tuple[Json, str, str]] = [
        ({"durationMs": -1.0, "success": True}, "input.durationMs", "must be greater than or equal to 0"),
        ({"executionId": "two words"}, "input.executionId", "must begin with a letter or digit"),
        ({"hookType": "  "}, "input.hookType", "at least 1 character"),
        ({"startedAt": "2026-01-31T12:00:00"}, "input.startedAt", "must name its time zone"),
        ({"status": "SUCCESS", "success": False}, "input.success", "success is false but status is SUCCESS"),
        ({"status": "TIMEOUT", "success": True}, "input.success", "success is true but status is TIMEOUT"),
        ({"status": "IN_PROGRESS", "success": True}, "input.status", "status is IN_PROGRESS, so success"),
        (
            {"durationMs": 1.0},
            "input.success",
            "needs success, or status: SUCCESS, ERROR, TIMEOUT, DENIED or INTERRUPTED",
        ),
        ({"context": [1]}, "input.context", "must be a valid dictionary"),
        ({"context": nested(300)}, "input.context", "nested more than"),
        ({"experimentId": "any"}, "input.experimentId", "experimentId needs the nodeId of the version"),
        ({"experimentId": "any", "nodeId": node_id}, "input.experimentId", "there is no experiment 'any'"),
    ]
    for fields, field, problem in wrong:
        answer = await hook(service, trace, **fields)
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", field), answer
        assert answer["message"].startswith(f"{field}: ")
        assert problem in answer["message"]
    endless = await service.execute("traces_complete", input={"correlationId": trace})
    assert (endless["__typename"], endless["field"]) == ("InvalidInput", "input.success")
    assert "give success, or status: SUCCESS, ERROR, TIMEOUT, DENIED or INTERRUPTED" in endless["message"]
    for status, problem in (
        ("IN_PROGRESS", "status: must be SUCCESS, ERROR, TIMEOUT, DENIED or INTERRUPTED"),
        ("ERROR", "success is true but status is ERROR"),
    ):
        wrongly = {"correlationId": trace, "status": status, "success": True}
        assert problem in (await service.execute("traces_complete", input=wrongly))["message"]
    own_parent = await service.execute("traces_start", input={"correlationId": trace, "parentId": trace})
    assert (own_parent["__typename"], own_parent["field"]) == ("InvalidInput", "input.parentId")
    assert await service.execute("traces_whole", correlationId=trace) is None


@pytest.mark.lengthy
async def test_a_page_of_traces(service: Service) -> None:
    session, ids = new_id(), [new_id() for _ in range(5)]
    for number, trace in enumerate(ids):
        start = {"correlationId": trace, "sessionId": session, "timestamp": at(number).isoformat()}
        await service.execute("traces_start", input={**start, "tags": ["odd" if number % 2 else "even"]})
    await service.execute("traces_complete", input={"correlationId": ids[1], "success": False})
    agent = f"agent-{session}"
    await service.execute("traces_record_routing", input={"correlationId": ids[2], "selectedAgent": agent})

    async def page(first: int = 20, after: str | None = None, **filter_: Any) -> Json:
        filter_ = {"sessionId": session, **filter_}
        found: Json = await service.execute("traces_page", first=first, after=after, filter=filter_)
        return found

    async def found(**filter_: Any) -> list[int]:
        edges = (await page(**filter_))["edges"]
        return [ids.index(edge["node"]["correlationId"]) for edge in edges]

    assert await found() == [4, 3, 2, 1, 0]
    assert await found(allTags=["odd"]) == [3, 1]
    assert await found(status="ERROR") == [1]
    assert await found(agent=agent) == [2]
    assert await found(since=at(1).isoformat(), until=at(3).isoformat()) == [2, 1]
    assert await found(allTags=["none"]) == []

    walked, after = [], None
    for more in (True, True, False):
        one = await page(2, after)
        assert one["pageInfo"]["hasNextPage"] is more
        assert one["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = one["pageInfo"]["endCursor"]
        assert after == one["edges"][-1]["cursor"]
        walked += [edge["node"]["correlationId"] for edge in one["edges"]]
    assert walked == ids[::-1]

    wrong: list[tuple[Json, str]] = [({"first": 0}, "first"), ({"first": 501}, "first"), ({"after": "?"}, "after")]
    for arguments, field in wrong:
        [error] = await service.errors(
            "query($first: Int! = 20, $after: String) { traces(first: $first, after: $after) { pageInfo { endCursor } } }",
            **arguments,
        )
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", field)
    [error] = await service.errors('{ traces(filter: {allTags: [" "]}) { pageInfo { endCursor } } }')
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "filter.allTags.0"}


@pytest.mark.lengthy
async def test_traces_and_steps_have_global_ids(service: Service) -> None:
    trace = new_id()
    execution = (await hook(service, trace, success=True))["executionId"]
    ids = (await service.query(
        "query($trace: ID!) { trace(correlationId: $trace) { id hookExecutions { id } } }", trace=trace
    ))["trace"]  # fmt: skip
    node = """
    query($id: ID!) {
      node(id: $id) { __typename id ... on Trace { correlationId } ... on HookExecution { executionId hookType } }
    }
    """
    trace_id, hook_id = ids["id"], ids["hookExecutions"][0]["id"]
    assert (await service.query(node, id=trace_id))["node"] == {
        "__typename": "Trace",
        "id": trace_id,
        "correlationId": trace,
    }
    assert (await service.query(node, id=hook_id))["node"] == {
        "__typename": "HookExecution",
        "id": hook_id,
        "executionId": execution,
        "hookType": "PostToolUse",
    }


@pytest.mark.lengthy
async def test_counts_may_be_of_more_than_32_bits_and_so_may_their_sums(service: Service) -> None:
    trace, most, retries = new_id(), 2**53 - 1, 2**31 - 1
    call = {"kind": "endpoint", "correlation_id": trace, "service_name": trace, "endpoint_path": "/x", "success": True}
    tokens = {"input_tokens": most, "output_tokens": 2**31, "retry_count": retries}
    answer = await service.http.post("/api/traces/batch", json=[{**call, **tokens}] * 2)
    assert [result.get("error") for result in answer.json()["results"]] == [None, None]
    calls = nodes((await whole(service, trace))["endpointCalls"])
    assert [(call["inputTokens"], call["outputTokens"], call["retryCount"]) for call in calls] == [
        (most, 2**31, retries)
    ] * 2
    query = """query($id: ID!) {
        episode(id: $id) { totals { inputTokens outputTokens } } endpointReliability(first: 500) { serviceName totalRetries }
    }"""
    read = (await service.http.post("/graphql", json={"query": query, "variables": {"id": trace}})).json()
    assert read.get("errors") is None
    assert read["data"]["episode"]["totals"] == {"inputTokens": 2 * most, "outputTokens": 2**32}
    assert {"serviceName": trace, "totalRetries": 2 * retries} in read["data"]["endpointReliability"]


@pytest.mark.parametrize("count", [2**31, 2**63, 10**30])
async def test_a_count_that_no_engine_can_add_up_is_refused_and_not_put_aside(service: Service, count: int) -> None:
    call = {
        "kind": "endpoint",
        "correlation_id": new_id(),
        "service_name": "s",
        "endpoint_path": "/x",
        "retry_count": count,
    }
    answer = await service.http.post("/api/traces/batch", json=[call])
    error = answer.json()["results"][0]["error"]
    assert (error["code"], error["field"]) == ("INVALID_INPUT", "retry_count")
