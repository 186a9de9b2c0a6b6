"""The running service as its clients meet it: a real socket, and the operation documents of ``graphql/operations``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import pytest
import strawberry
import uvicorn
import websockets
from httpx._transports import default
from httpx_sse import aconnect_sse
from starlette.applications import Starlette

from loopgraph.api.graphql.schema import build_schema
from loopgraph.api.services import Services
from loopgraph.assets import asset
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.main import create_app
from loopgraph.orchestrators.analytics.remembering import Remembered
from loopgraph.settings import Settings
from support.usage import read_anew
from support.waiting import PATIENCE_S, until

# It takes a twentieth of a second of a processor to make, and no client of a test changes it.
default.create_ssl_context = cache(default.create_ssl_context)

Json = dict[str, Any]
PROTOCOL = websockets.Subprotocol("graphql-transport-ws")


def operation(name: str) -> str:
    """The document ``graphql/operations/<name>.graphql``."""
    return asset("graphql", "operations", f"{name}.graphql").read_text(encoding="utf-8")


def operation_names() -> list[str]:
    """The names of all operation documents."""
    return sorted(path.stem for path in asset("graphql", "operations").glob("*.graphql"))


def nodes(connection: Json) -> list[Json]:
    """The nodes of a connection."""
    return [edge["node"] for edge in connection["edges"]]


@dataclass(frozen=True)
class Service:
    """A running service: its address, a client of it, and its parts, for a look behind the door."""

    url: str
    http: httpx.AsyncClient
    parts: Services

    async def execute(self, name: str, /, **variables: Any) -> Any:
        """What the one field of an operation document answers, which must be without errors."""
        (answer,) = (await self.query(operation(name), **variables)).values()
        return answer

    async def query(self, document: str, /, **variables: Any) -> Json:
        """The data of a document, which must be answered without errors. It is asked for again, as clients do, while the graph is
        too slow for the service's patience."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await self.ask(document, **variables)
                errors = [error.get("extensions", {}) for error in answer.get("errors", ())]
                if not errors or any(error.get("code") != "GRAPH_UNAVAILABLE" for error in errors):
                    break
                await asyncio.sleep(errors[0]["retryAfterS"])
        assert not errors, answer["errors"]
        data: Json = answer["data"]
        return data

    async def errors(self, document: str, /, **variables: Any) -> list[Json]:
        """The errors that a document is answered with."""
        errors: list[Json] = (await self.ask(document, **variables))["errors"]
        return errors

    async def ask(self, document: str, /, **variables: Any) -> Json:
        """The whole answer to a document."""
        response = await self.http.post("/graphql", json={"query": document, "variables": variables})
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    async def follow(self, name: str, /, **variables: Any) -> AsyncGenerator[Any, None]:
        """What the one field of a subscription document answers, time after time, by server-sent events."""
        async for answer in self.events(operation(name), **variables):
            assert "errors" not in answer, answer["errors"]
            yield next(iter(answer["data"].values()))

    async def events(self, document: str, /, **variables: Any) -> AsyncGenerator[Json, None]:
        """The answers to a document by server-sent events, until the service says that they are complete."""
        body, headers = {"query": document, "variables": variables}, {"Accept": "text/event-stream"}
        async with aconnect_sse(self.http, "POST", "/graphql", json=body, headers=headers) as source:
            async for event in source.aiter_sse():
                if event.event == "complete":
                    return
                assert event.event == "next"
                yield event.json()
        raise AssertionError("the stream ended before it was complete")

    @contextlib.asynccontextmanager
    async def socket(self) -> AsyncIterator[Socket]:
        """An initialised WebSocket."""
        url = self.url.replace("http", "ws", 1) + "/graphql"
        async with websockets.connect(url, subprotocols=[PROTOCOL], proxy=None, open_timeout=PATIENCE_S) as connection:
            socket = Socket(connection)
            await socket.send("connection_init")
            assert await socket.receive() == {"type": "connection_ack"}
            yield socket

    async def statements(self, document: str, /, **variables: Any) -> int:
        """How many statements the graph runs for a document; nothing else may go on meanwhile. The answer is made in one slice:
        which of its reads share a statement is no matter of how busy the machine is. Nothing is remembered of buckets."""
        before = self.parts.graph.statements
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("loopgraph.api.graphql.pace.SLICE_S", math.inf)
            patch.setattr(Remembered, "get", read_anew)
            await self.query(document, **variables)
        return self.parts.graph.statements - before


@dataclass(frozen=True)
class Socket:
    """A client that speaks ``graphql-transport-ws``."""

    connection: websockets.ClientConnection

    async def send(self, type_: str, **fields: Any) -> None:
        """Sends a message."""
        await self.connection.send(json.dumps({"type": type_, **fields}))

    async def receive(self) -> Json:
        """The next message, which must be a text frame, as browsers read no others."""
        message = await asyncio.wait_for(self.connection.recv(), PATIENCE_S)
        assert isinstance(message, str)
        decoded: Json = json.loads(message)
        return decoded

    async def subscribe(self, id_: str, document: str, /, **variables: Any) -> None:
        """Asks for a document under an id of the client's; the answers come by ``receive``."""
        await self.send("subscribe", id=id_, payload={"query": document, "variables": variables})


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are for the test runner."""
        yield


@contextlib.asynccontextmanager
async def listening(app: Starlette, **options: Any) -> AsyncIterator[str]:
    """The address of an application that serves in this event loop, until the end of the block; ``options`` are uvicorn's.

    Connections are kept for an hour: a busy machine lets clients wait for longer than the usual five seconds between requests,
    and those that ask on a connection just as it is closed fail.
    """
    more = {"timeout_graceful_shutdown": 5, "timeout_keep_alive": 3_600, **options}
    server = _Server(uvicorn.Config(app, port=0, log_level="warning", **more))
    running = asyncio.create_task(server.serve())
    while not server.started:  # uvicorn has no event for it
        if running.done():
            raise RuntimeError("the service did not start") from running.exception()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:  # what works beside the doors would work on under the tests that follow
        server.should_exit = True
        await running


_schemas: dict[str, strawberry.Schema] = {}


def _schema_of(settings: Settings) -> strawberry.Schema:
    """Built once for all services with these settings: that is a large part of what a service takes to start."""
    key = repr(settings)
    if key not in _schemas:
        _schemas[key] = build_schema(settings)
    return _schemas[key]


@cache
def _offline_model() -> OfflineModel:
    """One for all services: it takes a second of a processor to load, and a service loads it where something was learned."""
    return OfflineModel()


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Service]:
    """The whole service with these settings, until the end of the block."""
    async with contextlib.AsyncExitStack() as running:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("loopgraph.api.doors.build_schema", _schema_of)
            patch.setattr("loopgraph.configured.OfflineModel", _offline_model)
            app = create_app(settings)
            url = await running.enter_async_context(listening(app))
        client = httpx.AsyncClient(base_url=url, timeout=PATIENCE_S, trust_env=False)
        yield Service(url, await running.enter_async_context(client), app.state.services)


_BESIDE = (
    "archive.housekeeping.Housekeeping",
    "learning.prompt_search.PromptSearch",
    "live.keeping.ChangeKeeping",
    "loop.schedules.Schedules",
    "loop.watching.VersionWatcher",
)
"""What works beside the doors and does nothing for who asks."""


@contextlib.asynccontextmanager
async def serving_quietly(settings: Settings) -> AsyncIterator[Service]:
    """A service whose graph is asked nothing but what requests ask for: its worker and its linker of uses have looked and look no
    more, all is counted, and nothing else works beside its doors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.analytics.rolling.LEAST_S", 3_600.0)
        for name in _BESIDE:
            patch.setattr(f"loopgraph.orchestrators.{name}.run_forever", _never)
        async with serving(settings.model_copy(update={"loop_poll_ms": 3_600_000})) as service:
            worker, use_linker = service.parts.worker, service.parts.use_linker
            await until(lambda: worker.looks > 0 and not worker.busy and use_linker.looks > 0)
            await service.parts.rolling.caught_up()  # after the round that goes on in the background, if one does
            yield service


async def _never(_: object) -> None:
    await asyncio.Event().wait()
