"""The service under load while the engine or the service is killed: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from support.engines.processes import free_port
from support.process import gone, service
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

CLIENTS = 8


@contextmanager
def embedded_service(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """``loopgraph serve`` on an engine in this folder, ready."""
    with service(port, folder.parent / "service.log", LOOPGRAPH_GRAPH_URL=f"embedded:{folder}") as process:
        yield process


class Load:
    """Clients that record hook executions and add versions, and note which of them were acknowledged."""

    def __init__(self, port: int, pattern_id: str, node_id: str) -> None:
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S)
        self.pattern_id, self.node_id = pattern_id, node_id
        self.executions: set[str] = set()
        self.versions: set[str] = set()
        self.refusals: list[str] = []
        self._stop = asyncio.Event()

    async def hook(self) -> None:
        id_ = uuid4().hex
        body = {
            "correlation_id": f"trace-{id_}",
            "execution_id": id_,
            "hook_type": "PostToolUse",
            "node_id": self.node_id,
            "success": True,
            "duration_ms": 5,
        }
        answer = await self.client.post("/api/traces/hook", json=body)
        if answer.status_code == 200:
            self.executions.add(id_)
        else:
            self.refusals.append(answer.json()["error"]["code"])

    async def version(self) -> None:
        id_ = uuid4().hex
        query = "mutation($i: AddVersionInput!) { addVersion(input: $i) { __typename ... on Error { message } } }"
        variables = {"i": {"patternId": self.pattern_id, "nodeId": id_, "parents": []}}
        answer = (await self.client.post("/graphql", json={"query": query, "variables": variables})).json()
        if (answer.get("data") or {}).get("addVersion", {}).get("__typename") == "VersionPayload":
            self.versions.add(id_)
        else:
            self.refusals.append(answer["errors"][0]["extensions"]["code"])

    async def one_client(self, number: int) -> None:
        while not self._stop.is_set():
            try:
                await (self.hook() if number % 2 else self.version())
            except httpx.TransportError:
                await asyncio.sleep(0.05)  # the service is gone

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        clients = [asyncio.create_task(self.one_client(number)) for number in range(CLIENTS)]
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.gather(*clients)
            await self.client.aclose()

    async def grows(self, seconds: float = PATIENCE_S) -> None:
        """Waits until both kinds of writes are acknowledged again."""
        executions, versions = len(self.executions), len(self.versions)
        deadline = time.monotonic() + seconds
        while len(self.executions) <= executions + 5 or len(self.versions) <= versions + 5:
            assert time.monotonic() < deadline, f"no writes any more; last refusals: {self.refusals[-3:]}"
            await asyncio.sleep(0.05)


async def ask(port: int, query: str, **variables: object) -> dict[str, object]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
        answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
        assert "errors" not in answer, answer
        data: dict[str, object] = answer["data"]
        return data


async def new_load(port: int) -> Load:
    query = (
        'mutation { createPattern(input: {name: "kill"}) { ... on VersionPayload { version { nodeId patternId } } } }'
    )
    made = (await ask(port, query))["createPattern"]["version"]  # type: ignore[index]
    return Load(port, made["patternId"], made["nodeId"])


async def check_everything_is_there(port: int, load: Load) -> None:
    """Every acknowledged write exactly once, the counters equal to what is stored, the version numbers without a gap."""
    versions: list[dict[str, object]] = []
    after = None
    while True:
        page = await ask(
            port,
            "query($p: ID!, $a: String) { pattern(patternId: $p) { latestVersion versions(first: 500, after: $a) {"
            " edges { node { nodeId version usageCount } } pageInfo { hasNextPage endCursor } } } }",
            p=load.pattern_id,
            a=after,
        )
        found = page["pattern"]["versions"]  # type: ignore[index]
        versions += [edge["node"] for edge in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    ids = [version["nodeId"] for version in versions]
    assert len(ids) == len(set(ids))
    assert load.versions <= set(ids)
    assert sorted(version["version"] for version in versions) == list(range(1, len(versions) + 1))  # type: ignore[type-var]
    stored = 0
    for start in range(0, len(load.executions), 40):
        chunk = sorted(load.executions)[start : start + 40]
        fields = " ".join(f't{n}: trace(correlationId: "trace-{id_}") {{ totalHooks }}' for n, id_ in enumerate(chunk))
        answer = await ask(port, f"{{ {fields} }}")
        assert all(trace == {"totalHooks": 1} for trace in answer.values()), answer
        stored += len(chunk)
    [used] = [version for version in versions if version["nodeId"] == load.node_id]
    assert int(str(used["usageCount"])) >= stored


@pytest.mark.exhaustive
async def test_killing_the_engine_loses_nothing_acknowledged(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "graph"
    with embedded_service(folder, port):
        load = await new_load(port)
        async with load.running():
            for _ in range(2):
                await load.grows()
                os.kill(json.loads((folder / "engine.json").read_text())["pid"], signal.SIGKILL)
                await load.grows()
        assert set(load.refusals) <= {"GRAPH_UNAVAILABLE", "GRAPH_TIMEOUT"}, set(load.refusals)
        await check_everything_is_there(port, load)


async def test_killing_the_service_loses_nothing_acknowledged(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "graph"
    with ExitStack() as services:
        process = services.enter_context(embedded_service(folder, port))
        load = await new_load(port)
        async with load.running():
            await load.grows()
            engine = json.loads((folder / "engine.json").read_text())["pid"]
            process.kill()
            process.wait(PATIENCE_S)
            await gone(engine)
            services.enter_context(embedded_service(folder, port))
            await load.grows()
        await check_everything_is_there(port, load)
