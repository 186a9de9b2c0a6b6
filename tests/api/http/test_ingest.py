"""The HTTP doors of traces, through a real socket, on every engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from conftest import settings_for
from loopgraph.api.http.ingest import ingest_routes
from loopgraph.api.http.serving.limits import BodyLimit
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.orchestrators.access.rate_limits import RateLimits
from loopgraph.orchestrators.recording.recorder import Recorder
from support.engines import EngineUnderTest
from support.service import Service, listening
from support.traces import Traces, at, make_version
from support.waiting import PATIENCE_S

MAX_BODY = 10_000


@contextlib.asynccontextmanager
async def doors(graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the doors on this graph."""
    app = Starlette(routes=ingest_routes, middleware=[Middleware(BodyLimit, maximum=MAX_BODY)])
    app.state.services = SimpleNamespace(
        callers=None, rate_limits=RateLimits(None, None, None), recorder=Recorder(Traces(graph), Privacy())
    )
    async with listening(app) as url, httpx.AsyncClient(base_url=f"{url}/api/traces", timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture(scope="session")
async def client(graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    async with doors(graph) as client:
        yield client


async def parts(graph: Graph, correlation_id: str) -> TraceParts:
    return (await Traces(graph).parts([correlation_id], None))[correlation_id]


async def error_of(client: httpx.AsyncClient, path: str, status: int, **request: Any) -> dict[str, Any]:
    response = await client.post(path, **request)
    assert response.status_code == status, response.text
    error: dict[str, Any] = response.json()["error"]
    return error


@pytest.mark.lengthy
async def test_a_trace_as_the_clients_of_the_seed_send_it(graph: Graph, client: httpx.AsyncClient) -> None:
    """The bodies and headers of seed 003 §2.1 and §5.1, word for word where they are whole."""
    trace, session, hook = new_id(), new_id(), new_id()
    headers = {"X-Correlation-ID": trace, "X-Root-ID": trace, "X-Parent-ID": trace}

    start = {
        "correlation_id": trace,
        "session_id": session,
        "source": "user_prompt",
        "prompt_text": "sort the list",
        "timestamp": at(0).isoformat(),
    }
    answer = await client.post("/start", headers={"X-Correlation-ID": trace}, json=start)
    assert answer.status_code == 200
    assert answer.json() == {"correlation_id": trace, "execution_id": None, "repeated": False}
    assert answer.headers["x-correlation-id"] == trace

    routing = {
        "correlation_id": trace,
        "user_request": "sort the list",
        "selected_agent": "sorter",
        "alternatives": [{"agent": "searcher", "confidence": 0.4}],
        "selection_reason": "it sorts",
    }
    assert (await client.post("/routing", headers=headers, json=routing)).status_code == 200

    # The shell library sends a new X-Execution-ID each time and, by then, the execution itself as X-Parent-ID.
    begun = {"execution_id": hook, "hook_type": "PreToolUse", "tool_name": "Bash", "status": "started"}
    ended = {**begun, "duration_ms": 12, "intelligence_functions_executed": ["IC-001"], "status": "success"}
    for body in (begun, ended):
        sent = {**headers, "X-Parent-ID": hook, "X-Execution-ID": new_id()}
        answer = await client.post("/hook", headers=sent, json=body)
        assert answer.json() == {"correlation_id": trace, "execution_id": hook, "repeated": False}

    prompt = {"hook_type": "UserPromptSubmit", "duration_ms": 3, "agent_detected": "sorter", "status": "success"}
    own = new_id()
    answer = await client.post("/hook", headers={**headers, "X-Execution-ID": own}, json=prompt)
    assert answer.json()["execution_id"] == own

    call = {"service_name": "archon", "endpoint_path": "/api/rag/query", "success": True, "response_status": 200}
    sent = {**headers, "X-Parent-ID": hook, "X-Execution-ID": f"{own}-call"}
    answer = await client.post("/endpoint", headers=sent, json=call)
    assert answer.json()["execution_id"] == f"{own}-call"

    assert (await client.post("/complete", headers=headers, json={"success": True})).status_code == 200

    whole = await parts(graph, trace)
    assert (whole.trace.prompt_text, whole.trace.session_id, whole.trace.root_id) == ("sort the list", session, trace)
    assert (whole.trace.status, whole.trace.agent, whole.trace.parent_id) == (TraceStatus.SUCCESS, "sorter", None)
    hooks = {found.execution_id: found for found in whole.hooks}
    assert set(hooks) == {hook, own}
    assert (hooks[hook].status, hooks[hook].duration_ms, hooks[hook].parent_id) == (TraceStatus.SUCCESS, 12.0, None)
    assert (hooks[own].context, hooks[own].duration_ms) == ({"agent_detected": "sorter"}, 3.0)
    assert [(found.call_id, found.hook_execution_id) for found in whole.endpoints] == [(f"{own}-call", hook)]


async def test_ids_that_are_missing_are_made(graph: Graph, client: httpx.AsyncClient) -> None:
    trace = new_id()
    hook = (await client.post("/hook", json={"correlation_id": trace, "hook_type": "T"})).json()["execution_id"]
    call = {"correlation_id": trace, "hook_execution_id": hook, "service_name": "s", "endpoint_path": "/p"}
    made = (await client.post("/endpoint", json=call)).json()["execution_id"]
    whole = await parts(graph, trace)
    assert [found.execution_id for found in whole.hooks] == [hook]
    assert [(found.call_id, found.hook_execution_id) for found in whole.endpoints] == [(made, hook)]


async def test_a_retry_is_told_that_it_is_one(client: httpx.AsyncClient) -> None:
    body = {"correlation_id": new_id(), "execution_id": new_id(), "hook_type": "T", "success": True}
    answers = [(await client.post("/hook", json=body)).json()["repeated"] for _ in range(3)]
    assert answers == [False, True, True]
    error = await error_of(client, "/hook", 409, json={**body, "success": False})
    assert (error["code"], error["kind"], error["id"]) == ("CONFLICT", "HookExecution", body["execution_id"])


async def test_headers_and_body_that_disagree(client: httpx.AsyncClient) -> None:
    body = {"correlation_id": "one", "execution_id": new_id(), "hook_type": "T", "root_id": "root"}
    error = await error_of(client, "/hook", 400, json=body, headers={"X-Correlation-ID": "two"})
    assert error["field"] == "correlation_id"
    assert "X-Correlation-ID" in error["message"]
    error = await error_of(client, "/hook", 400, json=body, headers={"X-Root-ID": "two"})
    assert error["field"] == "root_id"


@pytest.mark.parametrize(
    ("path", "body", "field", "message"),
    [
        ("/start", {}, "correlation_id", "is required"),
        ("/start", {"correlation_id": "t", "parent_id": "t"}, "parent_id", "must name another trace"),
        ("/routing", {"correlation_id": "t", "confidence_total": 1.5}, "confidence_total", "less than or equal to 1"),
        (
            "/routing",
            {"correlation_id": "t", "alternatives": [{"confidence": 1}]},
            "alternatives.0.agent",
            "is required",
        ),
        ("/hook", {"correlation_id": "t"}, "hook_type", "is required"),
        ("/hook", {"correlation_id": "t", "hook_type": "T", "node": "v"}, "node", "known are correlation_id, "),
        ("/hook", {"correlation_id": "t", "hook_type": "T", "duration_ms": 5}, "success", "or status: success, error"),
        (
            "/hook",
            {"correlation_id": "t", "hook_type": "T", "timestamp": "yesterday"},
            "timestamp",
            "must be an instant with its time zone, such as",
        ),
        ("/endpoint", {"correlation_id": "t", "service_name": "s"}, "endpoint_path", "is required"),
        ("/complete", {"correlation_id": "t"}, "success", "or status: success, error, timeout, denied or interrupted"),
        (
            "/complete",
            {"correlation_id": "t", "status": "in_progress"},
            "status",
            "must be success, error, timeout, denied or interrupted",
        ),
        ("/start", [], "body", "must be a JSON object"),
    ],
)
async def test_bad_input_names_its_field(
    client: httpx.AsyncClient, path: str, body: Any, field: str, message: str
) -> None:
    error = await error_of(client, path, 400, json=body)
    assert (error["code"], error["field"]) == ("INVALID_INPUT", field)
    assert message in error["message"]


async def test_nothing_of_a_bad_body_is_shown(client: httpx.AsyncClient) -> None:
    for body in (
        {"correlation_id": "ghp_0123456789abcdefghijABCDEFGHIJ"},
        {"correlation_id": "t", "tags": ["hunter2" * 40]},
    ):
        answer = await client.post("/start", json=body)
        assert answer.status_code == 400
        assert "ghp_" not in answer.text
        assert "hunter2" not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"a": NaN}', b"[" * 5_000, b'{"correlation_id": "\\ud800"}'])
async def test_what_is_no_json(client: httpx.AsyncClient, content: bytes) -> None:
    error = await error_of(client, "/start", 400, content=content, headers={"Content-Type": "application/json"})
    assert error["code"] == "INVALID_INPUT"
    assert error["field"] == "body"


async def test_a_value_nested_too_deeply(client: httpx.AsyncClient) -> None:
    deep = b'{"correlation_id": "t", "context": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}"
    error = await error_of(client, "/start", 400, content=deep, headers={"Content-Type": "application/json"})
    assert error["field"] == "context"


async def test_other_kinds_of_content(client: httpx.AsyncClient) -> None:
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"}, {}):
        error = await error_of(client, "/start", 415, content=b"{}", headers=headers)
        assert "application/json" in error["message"]
    body = f'{{"correlation_id": "{new_id()}"}}'.encode()
    for kind in ("application/json; charset=utf-8", "application/vnd.trace+json", "Application/JSON"):
        assert (await client.post("/start", content=body, headers={"Content-Type": kind})).status_code == 200


async def test_a_body_that_is_too_large(client: httpx.AsyncClient) -> None:
    body = {"correlation_id": "t", "prompt_text": "x" * MAX_BODY}
    assert (await error_of(client, "/start", 413, json=body))["code"] == "BODY_TOO_LARGE"


async def test_an_execution_of_an_unknown_version(client: httpx.AsyncClient) -> None:
    body = {"correlation_id": new_id(), "hook_type": "T", "node_id": new_id(), "success": True}
    error = await error_of(client, "/hook", 404, json=body, headers={"X-Correlation-ID": body["correlation_id"]})
    assert (error["kind"], error["id"]) == ("PatternVersion", body["node_id"])


async def test_an_execution_of_a_version(graph: Graph, client: httpx.AsyncClient) -> None:
    version, trace = await make_version(graph), new_id()
    body = {"correlation_id": trace, "hook_type": "T", "node_id": version, "success": True, "duration_ms": 7.5}
    assert (await client.post("/hook", json=body)).status_code == 200
    [execution] = await Traces(graph).executions([version], at(-1), limit=5)
    assert (execution.duration_ms, execution.success) == (7.5, True)


class Relay:
    """Passes bytes on to an engine until it is cut."""

    def __init__(self, engine: EngineUnderTest) -> None:
        self._engine = urlsplit(engine.url)
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> str:
        """The address to use in place of the engine's."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1")
        return f"bolt://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._engine.hostname, self._engine.port)
        self._writers += [writer, far_writer]
        await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    def cut(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()


@pytest.mark.lengthy
async def test_a_graph_that_goes_away(embedded_engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.effects.graph.client.RETRY_S", 0.1)
    relay, body = Relay(embedded_engine), {"correlation_id": new_id()}
    settings = settings_for(embedded_engine).model_copy(update={"graph_url": await relay.start()})
    async with Graph.open(settings) as graph, doors(graph) as client:
        assert (await client.post("/start", json=body)).status_code == 200
        relay.cut()
        answer = await client.post("/start", json=body, headers={"X-Correlation-ID": body["correlation_id"]})
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"]["code"] == "GRAPH_UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-correlation-id"] == body["correlation_id"]


async def test_only_post(client: httpx.AsyncClient) -> None:
    assert (await client.get("/start")).status_code == 405


@pytest.mark.parametrize(
    ("given", "echoed"), [("t-1", "t-1"), ("<script>alert(1)</script> ; a b", None), ("z" * 20_000, None)]
)
async def test_only_an_id_is_echoed(client: httpx.AsyncClient, given: str, echoed: str | None) -> None:
    answer = await client.post(
        "/start", content=b"[]", headers={"X-Correlation-ID": given, "content-type": "application/json"}
    )
    assert (answer.status_code, answer.headers.get("x-correlation-id")) == (400, echoed)


@pytest.mark.lengthy
async def test_paths_and_methods_that_there_are_not_are_refused_like_all_else(service: Service) -> None:
    answer = await service.http.post("/api/traces/nothing", json={})
    assert answer.status_code == 404
    assert answer.json() == {"error": {"code": "NOT_FOUND", "message": "there is nothing at /api/traces/nothing"}}
    answer = await service.http.get("/api/traces/hook")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": {"code": "METHOD_NOT_ALLOWED", "message": "/api/traces/hook does not take GET"}}
