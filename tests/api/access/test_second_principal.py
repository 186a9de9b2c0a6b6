"""Somebody else asks for what Ann recorded: by 200 ids of hers, on every door, and sees nothing of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pytest
import websockets

from loopgraph.contracts.access import Role
from loopgraph.effects.clock import new_id
from support.access import Team
from support.quick import first_quick
from support.service import PROTOCOL, Service, Socket

TRACES: Final = 40
Json = dict[str, Any]


@dataclass(frozen=True)
class Anns:
    """What Ann recorded. ``said`` stands in every text of it, and in no id."""

    said: str
    traces: list[str]
    steps: list[str]
    calls: list[str]
    sessions: list[str]
    pattern: str
    version: str

    @property
    def ids(self) -> list[tuple[str, str]]:
        """The ids of all of it, with their kinds."""
        return [
            *(("Trace", id_) for id_ in self.traces),
            *(("HookExecution", id_) for id_ in self.steps),
            *(("EndpointCall", id_) for id_ in self.calls),
            *(("Session", id_) for id_ in self.sessions),
        ]


def global_id(kind: str, id_: str) -> str:
    """The id of a node."""
    return base64.b64encode(f"{kind}:{id_}".encode()).decode()


async def made(service: Service, document: str, **variables: Any) -> Json:
    """The payload of a mutation, which must not be an expected error."""
    [answer] = (await service.query(document, **variables)).values()
    assert "message" not in answer, answer
    found: Json = answer
    return found


CREATE: Final = """mutation($input: CreatePatternInput!) { createPattern(input: $input) {
  ... on VersionPayload { version { nodeId createdBy } } ... on Error { message } } }"""


@pytest.fixture(scope="module")
async def anns(office: Team) -> AsyncIterator[Anns]:
    """Forty traces with steps, calls, logs, points and feedback, in their sessions."""
    mark = new_id()
    found = Anns(
        said=f"said{mark.replace('-', '')}",
        traces=[f"t{number}-{mark}" for number in range(TRACES)],
        steps=[f"s{number}-{mark}" for number in range(2 * TRACES)],
        calls=[f"c{number}-{mark}" for number in range(TRACES)],
        sessions=[f"e{number}-{mark}" for number in range(TRACES)],
        pattern=f"p-{mark}",
        version=f"v-{mark}",
    )
    async with office.caller(f"ann-{mark}", projects=["shop"]) as ann:
        await made(ann, CREATE, input={"patternId": found.pattern, "nodeId": found.version, "name": f"sort {mark}"})
        events: list[Json] = []
        for number, trace in enumerate(found.traces):
            said = {"correlation_id": trace}
            step = {**said, "kind": "hook", "hook_type": "PostToolUse", "success": False, "error_message": found.said}
            steps = iter(found.steps[2 * number : 2 * number + 2])
            events += [
                {**said, "kind": "start", "session_id": found.sessions[number], "prompt_text": found.said,
                 "user_id": found.said, "project": found.said},
                {**said, "kind": "routing", "selected_agent": found.said},
                {**step, "execution_id": next(steps), "node_id": found.version, "tool_name": found.said},
                {**step, "execution_id": next(steps), "tool_name": found.said},
                {**said, "kind": "endpoint", "call_id": found.calls[number], "service_name": found.said,
                 "endpoint_path": "/x", "success": False, "error_message": found.said, "model": found.said},
                {**said, "kind": "complete", "success": False, "error_message": found.said},
            ]  # fmt: skip
        answer = (await ann.http.post("/api/traces/batch", json=events)).json()
        assert not [one for one in answer["results"] if "error" in one], answer
        for path, body in _telemetry(found):
            assert (await ann.http.post(path, json=body)).status_code == 200
        rate = "mutation($input: SubmitFeedbackInput!) { submitFeedback(input: $input) { __typename } }"
        for about in ({"correlationId": found.traces[0]}, {"executionId": found.steps[0]}):
            assert await made(ann, rate, input={**about, "rating": 1, "comment": found.said})
        begun = {
            "session_id": found.sessions[0],
            "hook_event_name": "SessionStart",
            "source": "startup",
            "cwd": f"/home/{found.said}",
        }
        assert (await ann.http.post("/api/hooks/claude-code", json=begun)).status_code == 200
        hook = {
            "session_id": f"hooked-{mark}",
            "hook_event_name": "UserPromptSubmit",
            "prompt": found.said,
            "cwd": "/home/ann/x",
        }
        assert (await ann.http.post("/api/hooks/claude-code", json=hook)).status_code == 200
        assert found.said in (await ann.http.get("/api/export/tables/traces")).text  # it is there, and she sees it
        yield found


def _telemetry(anns: Anns) -> list[tuple[str, Json]]:
    """A log record and a data point, with a session and without one."""
    at, said = "1772366400000000000", {"stringValue": anns.said}
    found: list[tuple[str, Json]] = []
    for session in ([{"key": "session.id", "value": {"stringValue": anns.sessions[0]}}], []):
        record = {"timeUnixNano": at, "body": said, "attributes": [*session, {"key": "x", "value": said}]}
        point = {"timeUnixNano": at, "asInt": "1", "attributes": [*session, {"key": "x", "value": said}]}
        metric = {"name": f"n.{anns.said}", "sum": {"aggregationTemporality": 1, "dataPoints": [point]}}
        found += [
            ("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}),
            ("/v1/metrics", {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}),
        ]
    return found


STEP: Final = "{ executionId toolName errorMessage toolInput trace { promptText } endpointCalls { errorMessage } }"
TRACE: Final = "{ correlationId promptText userId project errorMessage session { id project } }"
BY_ID: Final[dict[str, str]] = {
    "trace": "query($id: ID!) { trace(correlationId: $id) { promptText errorMessage } }",
    "episode": "query($id: ID!) { episode(id: $id) { __typename } }",
    "traceTimeline": "query($id: ID!) { traceTimeline(correlationId: $id) { __typename } }",
    "session": "query($id: ID!) { session(id: $id) { id project client traces(first: 5) { edges { node { promptText } } } } }",
    "traceDiff": "query($id: ID!) { traceDiff(a: $id, b: $id) { __typename } }",
    "logs": "query($id: ID!) { logs(first: 50, filter: {sessionId: $id}) { edges { node { name body } } } }",
    "metrics": "query($id: ID!) { metrics(first: 50, filter: {sessionId: $id}) { edges { node { name } } } }",
    "traces": "query($id: ID!) { traces(first: 50, filter: {sessionId: $id}) { edges { node { promptText } } } }",
    "node": """query($id: ID!, $global: ID!) { node(id: $global) { id __typename ... on Trace { promptText }
      ... on HookExecution { toolName errorMessage } ... on Session { project } ... on EndpointCall { errorMessage } } }""",
}
"""What is asked by each id, whatever it is of."""


def lists(anns: Anns) -> dict[str, tuple[str, Json]]:
    """Lists, searches and figures, and paths from what everybody sees to what only Ann may."""
    since = 'window: {since: "2020-01-01T00:00:00Z", until: "2040-01-01T00:00:00Z"}'
    by = f"query($v: String!) {{ traces(first: 50, filter: {{FILTER: $v}}) {{ edges {{ node {TRACE} }} }} }}"
    version = f'patternVersion(nodeId: "{anns.version}")'
    return {
        "traces": (f"{{ traces(first: 500) {{ edges {{ node {TRACE} }} }} }}", {}),
        "by user": (by.replace("FILTER", "userId"), {"v": anns.said}),
        "by project": (by.replace("FILTER", "project"), {"v": anns.said}),
        "sessions": ("{ sessions(first: 500) { edges { node { id project cwd } } } }", {}),
        "logs": ("{ logs(first: 500) { edges { node { name body } } } }", {}),
        "metrics": ("{ metrics(first: 500) { edges { node { name } } } }", {}),
        "logs of a session": (BY_ID["logs"], {"id": anns.sessions[0]}),
        "metrics of a session": (BY_ID["metrics"], {"id": anns.sessions[0]}),
        "agents": (f"{{ agentSuccessRates({since}) {{ agent }} }}", {}),
        "hooks": (f"{{ hookPerformance({since}) {{ __typename }} }}", {}),
        "models": (f"{{ modelUsage({since}, by: [PROJECT, USER]) {{ model project userId }} }}", {}),
        "executions": (f"{{ {version} {{ executions(first: 100) {{ totalCount edges {{ node {STEP} }} }} }} }}", {}),
        "pattern": (
            f'{{ pattern(patternId: "{anns.pattern}") {{ versions(first: 9) {{ edges {{ node {{ executions(first: 100) '
            f"{{ edges {{ node {STEP} }} }} }} }} }} }} }}", {},
        ),
        "events": (
            "{ lineageEvents(first: 200) { edges { node { eventType data version { executions(first: 5) "
            "{ edges { node { errorMessage } } } } } } } }",
            {},
        ),
    }  # fmt: skip


def refuses(answer: Json) -> bool:
    """Whether an answer says that who asks may not see figures of everybody."""
    return [error["extensions"]["code"] for error in answer.get("errors", ())] == ["FORBIDDEN"]


@pytest.mark.lengthy
@pytest.mark.parametrize("every", first_quick([10, 1]))
async def test_another_member_sees_nothing_by_graphql(office: Team, anns: Anns, every: int) -> None:
    """By each tenth of her ids, and by each in the exhaustive run: those of one kind are alike."""
    assert len(anns.ids) == 200
    async with office.caller(f"bob-{new_id()}", projects=["other"]) as bob:
        for kind, id_ in anns.ids[::every]:
            for name, document in BY_ID.items():
                more = {"global": global_id(kind, id_)} if name == "node" else {}
                answer = await bob.ask(document, id=id_, **more)
                assert anns.said not in json.dumps(answer), (name, kind, id_)
                data = answer.get("data") or {}
                assert name in ("logs", "metrics", "traces") or not data.get(name), (name, kind, answer)
        everything = [global_id(kind, id_) for kind, id_ in anns.ids]
        document = "query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
        for start in range(0, len(everything), 50):
            found = await bob.query(document, ids=everything[start : start + 50])
            assert found["nodes"] == [None] * 50


async def _without_errors(service: Service, name: str, document: str, variables: Json) -> str:
    answer = await service.ask(document, **variables)
    assert "errors" not in answer or refuses(answer), (name, answer)
    return json.dumps(answer)


@pytest.mark.lengthy
async def test_lists_and_paths_lead_nowhere(office: Team, anns: Anns) -> None:
    async with office.caller(f"bob-{new_id()}") as bob, office.caller(f"op-{new_id()}", Role.OPERATOR) as operator:
        seen = set()
        for name, (document, variables) in lists(anns).items():
            assert anns.said not in await _without_errors(bob, name, document, variables), name
            if anns.said in await _without_errors(operator, name, document, variables):
                seen.add(name)
        # What others have made is longer than some of these lists, in a graph that all tests share.
        assert {"by project", "logs of a session", "metrics of a session", "executions", "pattern"} <= seen


@pytest.mark.lengthy
async def test_another_member_sees_nothing_by_rest_exports_and_mcp(office: Team, anns: Anns) -> None:
    async with office.caller(f"bob-{new_id()}") as bob, office.caller(f"op-{new_id()}", Role.OPERATOR) as operator:
        tables = list((await operator.http.get("/api/export/tables")).json()["tables"])
        held = set()
        for table in tables:
            for query in ("", f"?session={anns.sessions[0]}", f"?project={anns.said}", f"?agent={anns.said}"):
                answer = await bob.http.get(f"/api/export/tables/{table}{query}")
                assert anns.said not in answer.text.replace(anns.said, "", query.count(anns.said)), (table, query)
            if anns.said in (await operator.http.get(f"/api/export/tables/{table}")).text:
                held.add(table)
        assert {"traces", "sessions", "executions", "calls", "uses"} <= held
        for path in (
            "/api/pattern-analytics/usage-stats", "/api/pattern-analytics/dashboard-summary",
            f"/api/pattern-analytics/patterns/{anns.pattern}", f"/api/analytics/pattern/{anns.pattern}",
            f"/api/lineage/{anns.pattern}", "/api/export/series?metric=executions&kind=user",
        ):  # fmt: skip
            assert anns.said not in (await bob.http.get(path)).text, path
        for tool, arguments in await _tools(bob, anns):
            assert anns.said not in await _called(bob, tool, arguments), tool


async def _mcp(service: Service, method: str, **params: Any) -> Json:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = await service.http.post("/mcp", json=body, headers={"accept": "application/json, text/event-stream"})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def _tools(service: Service, anns: Anns) -> list[tuple[str, Json]]:
    """The tools, each with arguments about what Ann did."""
    tools = (await _mcp(service, "tools/list"))["result"]["tools"]
    assert tools
    texts = islice((anns.traces[0], anns.pattern, anns.sessions[0]), 3)
    values = list(texts)
    found = []
    for tool in tools:
        names, wanted = tool["inputSchema"].get("properties", {}), tool["inputSchema"].get("required", ())
        for value in values:
            needed = {name: value for name, one in names.items() if one.get("type") == "string" and name in wanted}
            found.append((tool["name"], needed))
    return found


async def _called(service: Service, tool: str, arguments: Json) -> str:
    return json.dumps(await _mcp(service, "tools/call", name=tool, arguments=arguments))


@pytest.mark.lengthy
async def test_a_cursor_of_anothers_leads_to_ones_own(office: Team, anns: Anns) -> None:
    document = "query($after: String) { traces(first: 3, after: $after) { edges { cursor node { promptText } } } }"
    async with office.caller(f"op-{new_id()}", Role.OPERATOR) as operator, office.caller(f"bob-{new_id()}") as bob:
        edges = (await operator.query(document))["traces"]["edges"]
        assert edges
        for edge in edges:
            assert (await bob.query(document, after=edge["cursor"]))["traces"]["edges"] == []


@pytest.mark.lengthy
async def test_nobody_follows_what_anothers_traces_tell(office: Team) -> None:
    document = "subscription { traceUpdates { correlationId trace { promptText } } }"
    name, mark = f"ann-{new_id()}", new_id()
    async with office.caller(name) as ann, office.caller(f"bob-{new_id()}") as bob:
        hers, his = ann.events(document), bob.events(document)
        waits = [asyncio.create_task(anext(each)) for each in (hers, his)]
        while not all(
            task.done() for task in waits
        ):  # a subscription may begin after an event: then the next one tells
            for service, text in ((ann, f"hers {mark}"), (bob, f"his {mark}")):
                event = {"correlation_id": new_id(), "prompt_text": text}
                assert (await service.http.post("/api/traces/start", json=event)).status_code == 200
            await asyncio.wait(waits, timeout=0.05)
        told = [json.dumps(task.result()) for task in waits]
        assert [f"hers {mark}" in text for text in told] == [True, False]
        assert [f"his {mark}" in text for text in told] == [False, True]
        for each in (hers, his):
            await each.aclose()


@pytest.mark.lengthy
async def test_a_project_is_shared_with_those_who_have_it(office: Team) -> None:
    mark = new_id()
    document = "query($id: ID!) { trace(correlationId: $id) { promptText session { id } } }"
    async with (
        office.caller(f"ann-{mark}", projects=["shop", "till"]) as ann,
        office.caller(f"cat-{mark}", projects=["shop"]) as cat,
        office.caller(f"dan-{mark}", projects=["till"]) as dan,
        office.caller(f"eve-{mark}", Role.VIEWER, projects=["shop"]) as eve,
    ):
        shared, other, private = (f"{name}-{mark}" for name in ("shared", "other", "private"))
        for trace, project in ((shared, "/home/ann/src/shop"), (other, "till"), (private, "/home/ann/diary")):
            event = {"correlation_id": trace, "session_id": f"s-{trace}", "prompt_text": trace, "project": project}
            assert (await ann.http.post("/api/traces/start", json=event)).status_code == 200
        for service, sees in ((ann, {shared, other, private}), (cat, {shared}), (dan, {other}), (eve, {shared})):
            for trace in (shared, other, private):
                found = (await service.query(document, id=trace))["trace"]
                assert (found is not None) == (trace in sees), (trace, found)
                assert found is None or found["session"], found
        # a folder that is told of later shares what was recorded before
        late = f"late-{mark}"
        start = {"correlation_id": late, "session_id": f"s-{late}", "prompt_text": late}
        assert (await ann.http.post("/api/traces/start", json=start)).status_code == 200
        assert (await cat.query(document, id=late))["trace"] is None
        hook = {
            "hook_event_name": "SessionStart",
            "session_id": f"s-{late}",
            "cwd": "/home/ann/src/shop",
            "source": "startup",
        }
        assert (await ann.http.post("/api/hooks/claude-code", json=hook)).status_code == 200
        assert (await cat.query(document, id=late))["trace"]["promptText"] == late


@pytest.mark.lengthy
async def test_nobody_writes_into_what_others_recorded(office: Team) -> None:
    mark = new_id()
    trace, session, step = f"t-{mark}", f"s-{mark}", f"x-{mark}"
    async with office.caller(f"ann-{mark}") as ann, office.caller(f"bob-{mark}") as bob:
        start = {"correlation_id": trace, "session_id": session, "prompt_text": "hers"}
        hook = {"correlation_id": trace, "execution_id": step, "hook_type": "T", "success": True}
        assert (await ann.http.post("/api/traces/start", json=start)).status_code == 200
        assert (await ann.http.post("/api/traces/hook", json=hook)).status_code == 200
        attempts: list[tuple[str, Json]] = [
            ("/api/traces/complete", {"correlation_id": trace, "success": False}),
            ("/api/traces/hook", {"correlation_id": trace, "hook_type": "T", "success": True}),
            (
                "/api/traces/hook",
                {"correlation_id": f"bobs-{mark}", "execution_id": step, "hook_type": "T", "success": True},
            ),
            ("/api/traces/start", {"correlation_id": f"bobs-{mark}", "session_id": session}),
            ("/api/traces/start", {"correlation_id": f"bobs-{mark}", "parent_id": trace}),
            ("/api/traces/start", start),
            ("/api/hooks/claude-code", {"hook_event_name": "SessionEnd", "session_id": session, "reason": "clear"}),
        ]
        for path, body in attempts:
            answer = await bob.http.post(path, json=body)
            assert answer.status_code == 403, (path, body, answer.text)
            assert "may not write events into what others recorded" in answer.text
        document = "query($id: ID!) { trace(correlationId: $id) { promptText status hookExecutions { executionId } } }"
        assert (await bob.query(document, id=trace))["trace"] is None
        found = (await ann.query(document, id=trace))["trace"]
        assert (found["promptText"], found["status"], len(found["hookExecutions"])) == ("hers", "IN_PROGRESS", 1)
    # a service does: it works for others, and what it tells of before them becomes theirs
    async with office.caller(f"api-{mark}", Role.SERVICE) as api, office.caller(f"cat-{mark}") as cat:
        assert (
            await api.http.post("/api/traces/hook", json={**hook, "execution_id": f"api-{mark}"})
        ).status_code == 200
        early = {"correlation_id": f"early-{mark}", "hook_type": "T", "success": True}
        assert (await api.http.post("/api/traces/hook", json=early)).status_code == 200
        begun = {"correlation_id": f"early-{mark}", "prompt_text": "cats"}
        assert (await cat.http.post("/api/traces/start", json=begun)).status_code == 200
        found = (await cat.query(document, id=f"early-{mark}"))["trace"]
        assert (found["promptText"], len(found["hookExecutions"])) == ("cats", 1)


@pytest.mark.lengthy
async def test_the_audit_trail_names_the_principal(office: Team) -> None:
    mark = new_id()
    name, pattern = f"ann-{mark}", f"p-{mark}"
    async with office.caller(name) as ann:
        given = {
            "patternId": pattern, "nodeId": f"v-{mark}", "name": "p", "createdBy": "the boss",
            "actor": {"type": "SYSTEM", "id": "the boss"},
        }  # fmt: skip
        created = await made(ann, CREATE, input=given)
        assert created["version"]["createdBy"] == name
        events = "query($p: ID!) { lineageEvents(filter: {patternId: $p}, first: 9) { edges { node { actorId actorType } } } }"
        found = [edge["node"] for edge in (await ann.query(events, p=pattern))["lineageEvents"]["edges"]]
        assert found
        assert all(one == {"actorId": name, "actorType": "USER"} for one in found), found
        start = {"correlation_id": f"t-{mark}", "user_id": "the boss"}
        assert (await ann.http.post("/api/traces/start", json=start)).status_code == 200
        trace = (await ann.query("query($id: ID!) { trace(correlationId: $id) { userId } }", id=f"t-{mark}"))["trace"]
        assert trace["userId"] == name


@pytest.mark.lengthy
async def test_a_websocket_says_who_asks_by_its_header_or_its_first_message(office: Team) -> None:
    _, secret = await office.token(f"ann-{new_id()}")
    url = office.service.url.replace("http", "ws", 1) + "/graphql"
    shown = {"Authorization": f"Bearer {secret}"}
    for headers, payload in ((shown, {}), ({}, shown), ({}, {"authorization": f"Bearer {secret}"})):
        async with websockets.connect(
            url, subprotocols=[PROTOCOL], proxy=None, additional_headers=headers
        ) as connection:
            socket = Socket(connection)
            await socket.send("connection_init", payload=payload)
            assert await socket.receive() == {"type": "connection_ack"}
            await socket.subscribe("1", "{ traces(first: 1) { edges { cursor } } }")
            assert (await socket.receive())["payload"]["data"] == {"traces": {"edges": []}}
    for payload in ({}, {"Authorization": "Bearer lgt_wrong"}, {"Authorization": 5}):
        async with websockets.connect(url, subprotocols=[PROTOCOL], proxy=None) as connection:
            await Socket(connection).send("connection_init", payload=payload)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4403
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(
            url, subprotocols=[PROTOCOL], proxy=None, additional_headers={"Authorization": "Bearer lgt_wrong"}
        ):
            pass
    assert refused.value.response.status_code == 401
