"""Many who look at the console at once: their subscriptions, by server-sent events as its pages have them and by WebSocket, and a
few pages themselves. All follow one process; another one writes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import websockets
from httpx_sse import aconnect_sse

from console.chromium import Tab, tab
from loopgraph.effects.clock import new_id, now
from support.service import PROTOCOL, operation
from support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from playwright.async_api import Browser

FOLLOW = operation("console/follow_traces")


@dataclass
class Client:
    """One who follows: the traces that it was told of."""

    seen: set[str] = field(default_factory=set)

    def take(self, payload: Any) -> None:
        assert "errors" not in payload, payload
        self.seen.add(payload["data"]["traceUpdates"]["correlationId"])

    async def by_socket(self, port: int) -> None:
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL], proxy=None, open_timeout=PATIENCE_S
        ) as socket:
            await socket.send('{"type": "connection_init"}')
            await socket.recv()
            await socket.send(
                json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW, "variables": {}}})
            )
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "next":
                    self.take(message["payload"])
                else:
                    assert message["type"] in ("ping", "pong"), message

    async def by_events(self, client: httpx.AsyncClient) -> None:
        body, headers = {"query": FOLLOW, "variables": {}}, {"accept": "text/event-stream"}
        async with aconnect_sse(client, "POST", "/graphql", json=body, headers=headers) as source:
            async for event in source.aiter_sse():
                if event.data:  # not what only keeps the stream alive
                    self.take(event.json())


@dataclass(frozen=True)
class Audience:
    """All who look at the service of one process, and the address of the one that writes."""

    clients: list[Client]
    pages: list[Tab]
    writer: httpx.AsyncClient

    async def write(self) -> str:
        """Records a whole trace by the other process; its id."""
        trace = new_id()
        headers, at = {"x-correlation-id": trace}, now().isoformat()
        start = {"prompt_text": f"Look at {trace}", "timestamp": at, "source": "test"}
        for path, body in (("start", start), ("complete", {"success": True, "timestamp": at})):
            answer = await self.writer.post(f"/api/traces/{path}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
        return trace

    async def saw(self, trace: str) -> None:
        """Returns when every one of them has seen a trace."""
        await until(lambda: all(trace in client.seen for client in self.clients))
        for opened in self.pages:
            await opened.page.locator(f'a[href="#/traces/{trace}"]').wait_for()

    async def begin(self) -> None:
        """Returns when all follow: nothing but being told of something tells that."""
        for opened in self.pages:
            await opened.page.locator(".live.on").wait_for()
        while not all(client.seen for client in self.clients):
            await self.write()
            await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def audience(
    browser: Browser, followed: int, writing: int, *, clients: int, pages: int
) -> AsyncIterator[Audience]:
    """So many who follow the service on one port, while that on another one writes; half of those without a page by WebSocket."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with contextlib.AsyncExitStack() as stack:
        reader, writer = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, limits=limits, trust_env=False
                )
            )
            for port in (followed, writing)
        ]
        tabs = [await stack.enter_async_context(tab(browser, f"http://127.0.0.1:{followed}")) for _ in range(pages)]
        everybody = [Client() for _ in range(clients - pages)]
        tasks = [
            asyncio.create_task(one.by_socket(followed) if place % 2 else one.by_events(reader))
            for place, one in enumerate(everybody)
        ]
        try:
            looking = Audience(everybody, tabs, writer)
            await looking.write()  # on an empty graph the page has other things to show
            for opened in tabs:
                await opened.visit("/")
            await looking.begin()
            yield looking
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(outcome, asyncio.CancelledError), outcome
