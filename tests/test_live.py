"""Two service processes on one graph: who follows one of them is told what the other records, whatever is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse
from websockets import connect

from loopgraph.effects.clock import new_id
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.process import service
from support.service import PROTOCOL, operation
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

FOLLOW = operation("traces_follow")


class Follower:
    """Follows one session as a browser does: it comes back by itself, with the id of the last event."""

    def __init__(self, port: int, session: str) -> None:
        self.port = port
        self.ids: list[str] = []
        self.missed = 0
        self.connected = 0
        self._last: str | None = None
        variables = json.dumps({"filter": {"sessionId": session}})
        self._params = {"query": FOLLOW, "variables": variables}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await self._follow()
            await asyncio.sleep(0.05)

    async def _follow(self) -> None:
        headers = {"last-event-id": self._last} if self._last else {}
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=PATIENCE_S, trust_env=False) as client,
            aconnect_sse(client, "GET", "/graphql", params=self._params, headers=headers) as source,
        ):
            self.connected += 1
            async for event in source.aiter_sse():
                answer = event.json() if event.data else {}
                if "errors" in answer:
                    assert answer["errors"][0]["extensions"]["code"].startswith("GRAPH_"), answer
                    return
                if answer:
                    update = answer["data"]["traceUpdates"]
                    self.missed += update["missed"]
                    self.ids.append(update["executionId"])
                    self._last = event.id

    async def has(self, count: int) -> None:
        await until(lambda: len(self.ids) >= count)


class Sender:
    """Records executions by one process or another, and again what was not acknowledged."""

    def __init__(self, session: str) -> None:
        self.ids: list[str] = []
        self._session = session

    async def send(self, port: int, count: int = 1) -> None:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False
        ) as client:
            for _ in range(count):
                id_ = new_id()
                body: dict[str, Any] = {
                    "kind": "hook",
                    "execution_id": id_,
                    "session_id": self._session,
                    "hook_type": "Stop",
                    "success": True,
                }
                headers = {"x-correlation-id": self._session + "-trace"}

                async def acknowledged(body: dict[str, Any] = body, headers: dict[str, str] = headers) -> bool:
                    answer = await client.post("/api/traces/hook", json=body, headers=headers)
                    return answer.status_code == 200

                await until(acknowledged, pause_s=0.1)
                self.ids.append(id_)


async def started(port: int, session: str) -> None:
    """The trace that everything is recorded in."""
    headers = {"x-correlation-id": session + "-trace"}
    body = {"session_id": session, "source": "test"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False) as client:
        assert (await client.post("/api/traces/start", json=body, headers=headers)).status_code == 200


async def test_a_follower_of_one_process_is_told_what_the_other_records(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    settings = {
        "LOOPGRAPH_GRAPH_URL": engine.url,
        "LOOPGRAPH_GRAPH_USER": engine.user,
        "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
        **({"LOOPGRAPH_GRAPH_DATABASE": engine.database} if engine.database else {}),
    }
    a, b, session = free_port(), free_port(), new_id()
    with service(a, tmp_path / "a.log", **settings), service(b, tmp_path / "b.log", **settings):
        await started(a, session)
        sender, ones, others = Sender(session), Follower(a, session), Follower(b, session)
        async with ones.running(), others.running():
            await until(lambda: bool(ones.connected and others.connected))
            while not (ones.ids and others.ids):  # when they follow is known when they are told
                await sender.send(a)
                await asyncio.sleep(0.1)
            await asyncio.gather(sender.send(a, 40), sender.send(b, 40), sender.send(a, 40))
            await until(lambda: {*sender.ids[-120:]} <= {*ones.ids} & {*others.ids})
        for follower in (ones, others):
            assert len(follower.ids) == len({*follower.ids})
            assert follower.missed == 0


@pytest.mark.exhaustive
async def test_streams_end_with_the_service(tmp_path: Path) -> None:
    """Whole and at once, so that the service is not waited for; browsers come back by the id of the last event."""
    port, log = free_port(), tmp_path / "log"
    params = {"query": FOLLOW, "variables": json.dumps({"filter": {"sessionId": new_id()}})}
    watch = {"query": operation("analytics_follow_dashboard"), "variables": json.dumps({"every": 3_600})}
    accept = {"accept": "text/event-stream"}
    with service(port, log, LOOPGRAPH_GRAPH_URL=f"embedded:{tmp_path / 'graph'}") as process:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False) as client,
            client.stream("GET", "/graphql", params=params, headers=accept) as traces,
            client.stream("GET", "/graphql", params=watch, headers=accept) as figures,
            client.stream("GET", "/api/pattern-analytics/stream", params={"every": 3_600}) as rates,
            connect(
                f"ws://127.0.0.1:{port}/graphql",
                subprotocols=[PROTOCOL],
                proxy=None,
                open_timeout=PATIENCE_S,
            ) as socket,
        ):
            await socket.send(json.dumps({"type": "connection_init"}))
            await asyncio.wait_for(socket.recv(), PATIENCE_S)
            await socket.send(json.dumps({"type": "subscribe", "id": "one", "payload": {"query": FOLLOW}}))
            lines = [stream.aiter_lines() for stream in (traces, figures, rates)]
            for one in lines[1:]:
                await anext(one)
            process.terminate()
            texts = ["\n".join([line async for line in one]) for one in lines]  # none is cut off
            await socket.wait_closed()
        await asyncio.to_thread(process.wait, PATIENCE_S)
    assert all("SHUTTING_DOWN" in text for text in texts)
    assert socket.close_code == 1012
    said = log.read_text()
    assert "Traceback" not in said
    assert "timeout graceful shutdown exceeded" not in said


@pytest.mark.exhaustive
async def test_who_is_killed_loses_nobody_his_place(tmp_path: Path) -> None:
    settings = {"LOOPGRAPH_GRAPH_URL": f"embedded:{tmp_path / 'graph'}"}
    a, b, session = free_port(), free_port(), new_id()
    with contextlib.ExitStack() as running:
        first = running.enter_context(service(a, tmp_path / "a.log", **settings))
        second = running.enter_context(service(b, tmp_path / "b.log", **settings))
        await started(a, session)
        sender, follower = Sender(session), Follower(b, session)
        async with follower.running():
            await until(lambda: bool(follower.connected))
            while not follower.ids:
                await sender.send(a)
                await asyncio.sleep(0.1)
            begun = sender.ids.index(follower.ids[0])

            second.kill()  # the process that is followed
            second.wait(PATIENCE_S)
            await sender.send(a, 20)
            second = running.enter_context(service(b, tmp_path / "b.log", **settings))
            await sender.send(b, 5)
            await follower.has(len(sender.ids) - begun)

            first.kill()  # the process that has the engine: the other starts it again
            first.wait(PATIENCE_S)
            await sender.send(b, 10)
            running.enter_context(service(a, tmp_path / "a.log", **settings))
            await asyncio.gather(sender.send(a, 10), sender.send(b, 10))
            await follower.has(len(sender.ids) - begun)
        assert sorted(follower.ids) == sorted(sender.ids[begun:])
        assert follower.missed == 0
