"""A service that listens before it is up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from loopgraph.api.http.serving.starting import Early
from loopgraph.api.metrics import CONTENT_TYPE, Metrics
from loopgraph.api.startup import PlainStart
from loopgraph.errors import SetupError
from support.service import listening
from support.waiting import until


class Slow:
    """An application that is up, or cannot be, when the test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.problem: Exception | None = None
        self.ended = self.cancelled = False
        self.told = list[str]()

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
            if self.problem is not None:
                raise self.problem
            yield
            self.ended = True

        async def here(_: object) -> PlainTextResponse:
            return PlainTextResponse("here")

        app = Starlette(routes=[Route("/graphql", here)], lifespan=lifespan)
        self.metrics = Metrics()
        self.early = Early(PlainStart(app), lambda: self.told.append("ready"), self.told.append, self.metrics)


@pytest.mark.lengthy
async def test_the_port_is_open_before_the_service_is_up_and_says_why() -> None:
    slow = Slow()
    async with listening(slow.early) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:  # type: ignore[arg-type]
        assert (await http.get("/livez")).json()["status"] == "ok"
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.json()["code"]) == (503, "starting", "STARTING")
        asked = await http.post("/graphql", json={})
        assert (asked.status_code, asked.json()["error"]["code"]) == (503, "STARTING")
        assert asked.headers["retry-after"] == "1"
        scraped = await http.get("/metrics")
        assert (scraped.status_code, scraped.headers["content-type"]) == (200, CONTENT_TYPE)
        assert 'loopgraph_state{state="starting"} 1.0' in scraped.text
        assert 'loopgraph_state{state="serving"} 0.0' in scraped.text
        assert "loopgraph_graph_up 0.0" in scraped.text
        assert "process_start_time_seconds" in scraped.text
        with pytest.raises((websockets.InvalidStatus, websockets.ConnectionClosed)):
            async with websockets.connect(f"{url.replace('http', 'ws')}/graphql", proxy=None) as socket:
                await socket.recv()
        assert slow.told == []
        slow.go.set()
        await until(lambda: slow.told == ["ready"])
        assert (await http.get("/graphql")).text == "here"
    assert slow.ended


@pytest.mark.lengthy
async def test_one_that_cannot_be_says_so_once() -> None:
    slow = Slow()
    slow.problem = SetupError("the folder is another's")
    async with listening(slow.early):  # type: ignore[arg-type]
        slow.go.set()
        await until(lambda: bool(slow.told))
    assert slow.told == ["the folder is another's"]


@pytest.mark.lengthy
async def test_one_that_is_ended_while_it_starts_gives_up_in_order() -> None:
    slow = Slow()
    async with listening(slow.early) as url, httpx.AsyncClient(trust_env=False) as http:  # type: ignore[arg-type]
        assert (await http.get(f"{url}/readyz")).status_code == 503
    assert (slow.cancelled, slow.told) == (True, [])


def test_the_server_runs_it_as_it_runs_any_application() -> None:
    config = uvicorn.Config(Slow().early, lifespan="on")
    config.load()
    assert config.loaded_app is not None
