"""The service while its engine hangs, cannot start, or has no space left: what is sent is answered soon, kept by its sender, and
recorded when the graph is back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from support import waiting
from support.engines.processes import free_port
from support.process import service

pytestmark = pytest.mark.slow

PATIENCE_S = 2.0
"""So long the hooks of an agent wait."""


async def eventually(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(waiting.PATIENCE_S):
        while not await check():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.1)


class Client:
    """A client of a service on an engine of its own. ``sent`` are the ids of events that were acknowledged."""

    def __init__(self, port: int, folder: Path, dead: Path) -> None:
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=waiting.PATIENCE_S, trust_env=False)
        self.folder, self.dead = folder, dead
        self.stored: list[str] = []
        self.took_s, self.usual_s = 0.0, list[float]()

    def event(self, **more: Any) -> dict[str, Any]:
        fields = {"kind": "hook", "correlation_id": "t", "execution_id": uuid4().hex, "hook_type": "PostToolUse"}
        return {**fields, "success": True, **more}

    async def hook(self, **more: Any) -> httpx.Response:
        """One event by the agent's door, and one by that for single events, which answer alike."""
        one, other = await self._hooks(**more)
        assert one.status_code == other.status_code
        return other

    async def _hooks(self, **more: Any) -> tuple[httpx.Response, httpx.Response]:
        """Both answers. They differ while the graph is just going or coming back."""
        event, began = self.event(**more), time.monotonic()
        body = {"hook_event_name": "PostToolUse", "session_id": "s", "tool_name": "Bash", "tool_use_id": uuid4().hex}
        answers = await asyncio.gather(
            self.http.post("/api/hooks/claude-code", json=body), self.http.post("/api/traces/hook", json=event)
        )
        self.took_s = time.monotonic() - began
        if answers[1].status_code == 200:
            self.stored.append(event["execution_id"])
        return answers

    async def get_used_to(self) -> None:
        """Notes how long hooks take on this machine while the graph answers."""
        for _ in range(6):
            await eventually(self._takes_a_hook)
            self.usual_s.append(self.took_s)

    def was_in_time(self) -> bool:
        """Whether the last hook was answered within an agent's patience, but for what a busy machine adds to any answer."""
        return self.took_s < PATIENCE_S + 10 * max(self.usual_s[1:])  # the first one finds everything cold

    async def batch(self, events: list[dict[str, Any]], query: str = "") -> httpx.Response:
        answer = await self.http.post(f"/api/traces/batch{query}", json=events)
        if answer.status_code < 300:
            assert not [item for item in answer.json()["results"] if "error" in item]
            self.stored += [event["execution_id"] for event in events]
        return answer

    async def comes_back(self) -> None:
        """Waits until the service says that it is ready, and a hook is recorded."""
        await eventually(self._is_ready)
        await eventually(self._takes_a_hook)

    async def check_all_is_there(self, *, exactly: bool = True) -> None:
        """Everything acknowledged is in the graph, and nothing was put aside. What was not may be there all the same if the
        service could not know what became of it."""

        async def there() -> bool:
            return await self.count() >= len(set(self.stored))  # what is only queued comes a little later

        await eventually(there)
        assert not exactly or await self.count() == len(set(self.stored))
        assert not (self.dead / "dead-letters.jsonl").exists()

    async def _is_ready(self) -> bool:
        return (await self.http.get("/readyz")).status_code == 200

    async def _takes_a_hook(self) -> bool:
        return all(answer.status_code == 200 for answer in await self._hooks())

    async def count(self) -> int:
        query = '{ trace(correlationId: "t") { totalHooks } }'
        answer = (await self.http.post("/graphql", json={"query": query})).json()
        return int(answer["data"]["trace"]["totalHooks"])


@contextlib.asynccontextmanager
async def running(folder: Path, elsewhere: Path, **changes: str) -> AsyncIterator[Client]:
    port, dead = free_port(), elsewhere / "dead"
    settings = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}", "LOOPGRAPH_DEAD_LETTER_FOLDER": str(dead), **changes}
    with service(port, elsewhere / "log", **settings) as process:
        client = Client(port, folder, dead)
        await client.get_used_to()
        yield client
        await client.http.aclose()
        assert process.poll() is None, "the service has lived through it"


def engine_of(folder: Path) -> int:
    return int(json.loads((folder / "engine.json").read_text())["pid"])


async def test_an_engine_that_hangs_keeps_no_hook_waiting(tmp_path: Path) -> None:
    async with running(tmp_path / "graph", tmp_path) as client:
        engine = engine_of(client.folder)
        os.kill(engine, signal.SIGSTOP)
        try:
            queued = [client.event() for _ in range(50)]
            assert (await client.batch(queued, "?ack=queued")).status_code == 202
            for _ in range(3):
                answer = await client.hook()
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) >= 1
                assert client.was_in_time()
            ready = await client.http.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
            assert "has not answered for" in ready.json()["message"]
            assert (await client.http.get("/healthz")).status_code == 200
        finally:
            os.kill(engine, signal.SIGCONT)
        await client.comes_back()
        client.stored += [event["execution_id"] for event in queued]
        await client.check_all_is_there(exactly=False)


@pytest.fixture(scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """A client of a service that gives an operation three seconds."""
    folder = tmp_path_factory.mktemp("hasty")
    async with running(folder / "graph", folder, LOOPGRAPH_OPERATION_TIMEOUT_MS="3000") as client:
        yield client


@pytest.mark.exhaustive
async def test_an_engine_that_hangs_is_no_queries_fault(hasty: Client) -> None:
    """Who is told to ask for less would look for the fault in what he asks."""
    engine = engine_of(hasty.folder)
    os.kill(engine, signal.SIGSTOP)
    try:
        for operation in (
            '{ trace(correlationId: "t") { totalHooks } }',
            "{ traces(first: 5) { edges { node { stepsConnection(first: 3) { totalCount } } } } }",
            'mutation { createPattern(input: { name: "n" }) { __typename } }',
        ):
            answer = (await hasty.http.post("/graphql", json={"query": operation})).json()
            codes = {error["extensions"]["code"] for error in answer["errors"]}
            assert codes == {"GRAPH_UNAVAILABLE"}, answer
            told = re.findall(r"the graph has not answered for ([\d.]+) s;", answer["errors"][0]["message"])
            assert [float(seconds) > 1 for seconds in told] == [True], answer
    finally:
        os.kill(engine, signal.SIGCONT)
    await hasty.comes_back()


@pytest.mark.exhaustive
async def test_an_engine_that_hung_until_the_time_was_over_is_no_queries_fault(hasty: Client) -> None:
    """It is back when it is asked whether it is there; too late for the answer, or just in time."""
    engine = engine_of(hasty.folder)
    query = {"query": '{ trace(correlationId: "t") { totalHooks } }'}
    for before_s in (0.0, 0.02, 0.1):
        os.kill(engine, signal.SIGSTOP)
        try:
            asked = asyncio.create_task(hasty.http.post("/graphql", json=query))
            await asyncio.wait({asked}, timeout=3.0 - before_s)
        finally:
            os.kill(engine, signal.SIGCONT)
        answer = (await asked).json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert codes in ([], ["GRAPH_UNAVAILABLE"]), answer
    await hasty.comes_back()


@pytest.mark.exhaustive
async def test_an_engine_that_cannot_start_again_is_no_events_fault(tmp_path: Path) -> None:
    async with running(tmp_path / "graph", tmp_path) as client:
        assert (await client.hook()).status_code == 200
        marker = client.folder / "loopgraph.json"
        known = marker.read_text()
        marker.write_text(json.dumps({**json.loads(known), "version": 99}))
        os.kill(engine_of(client.folder), signal.SIGKILL)

        async def said() -> bool:
            ready = await client.http.get("/readyz")
            return (ready.status_code, "retry-after" in ready.headers) == (503, True) and "version 99" in ready.text

        await eventually(said)
        queued = [client.event() for _ in range(50)]
        assert (await client.batch(queued, "?ack=queued")).status_code == 202
        for _ in range(3):
            answer = await client.hook()
            assert answer.status_code == 503, answer.text
            assert client.was_in_time()
        assert (await client.batch([client.event() for _ in range(100)])).status_code == 503
        marker.write_text(known)
        await client.comes_back()
        await client.check_all_is_there()


def fill(disk: Path) -> Path:
    """A file that takes all the space there is."""
    file = disk / "fill"
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filling:
        while True:
            filling.write(b"\0" * 65_536)
    return file


@pytest.mark.exhaustive
async def test_a_full_disk_is_no_events_fault(small_disk: Path, tmp_path: Path) -> None:
    async with running(small_disk / "graph", tmp_path) as client:
        assert (await client.hook()).status_code == 200
        filling = fill(small_disk)
        ready = await client.http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["message"].startswith("no space left on the disk of ")

        large = "x" * 3_000
        refused = 0
        queued = [client.event(tool_response=large) for _ in range(100)]
        assert (await client.batch(queued, "?ack=queued")).status_code == 202
        for _ in range(3):
            answer = await client.batch([client.event(tool_response=large) for _ in range(100)])
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) >= 1
            assert "no space left" in answer.json()["error"]["message"]
            single = await client.hook(tool_response=large)
            refused += single.status_code == 503
            assert client.was_in_time()
        assert refused, "small events may still fit into what the engine has allocated, but not for long"
        spans = {"resourceSpans": [{"scopeSpans": [{"spans": [span(large)]}]}]}
        otlp = await client.http.post("/v1/traces", json=spans)
        assert (otlp.status_code, "retry-after" in otlp.headers) == (503, True)
        mutation = 'mutation($t: String!) { createPattern(input: {name: "n", templateCode: $t}) { __typename } }'
        made = await client.http.post("/graphql", json={"query": mutation, "variables": {"t": large * 30}})
        assert made.json()["errors"][0]["extensions"]["code"] == "GRAPH_FULL"
        assert await client.count() >= 1, "reads go on"
        assert (await client.http.get("/readyz")).status_code == 503

        filling.unlink()
        await client.comes_back()
        assert (await client.batch([client.event(tool_response=large) for _ in range(100)])).status_code == 200
        await client.check_all_is_there()


def span(text: str) -> dict[str, Any]:
    started = int(time.time() * 1e9)
    return {
        "traceId": uuid4().hex,
        "spanId": uuid4().hex[:16],
        "name": "work",
        "startTimeUnixNano": str(started),
        "endTimeUnixNano": str(started + 1_000_000),
        "attributes": [{"key": f"text.{n}", "value": {"stringValue": text}} for n in range(20)],
    }
