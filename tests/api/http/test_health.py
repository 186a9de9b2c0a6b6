"""``/healthz`` and ``/readyz``, also while the graph is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from conftest import settings_for
from loopgraph import __version__
from loopgraph.effects.schema.schema import SCHEMA_VERSION
from support.engines import EngineUnderTest
from support.service import Service, serving


@pytest.mark.lengthy
async def test_the_process_answers(service: Service) -> None:
    response = await service.http.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "version": __version__})


@pytest.mark.lengthy
async def test_the_graph_answers_and_its_schema_is_in_place(service: Service) -> None:
    response = await service.http.get("/readyz")
    ready = response.json()
    assert (response.status_code, ready["status"], ready["engine"]) == (200, "ok", "embedded")
    assert "ArcadeDB" in ready["agent"]
    assert ready["schema_version"] == SCHEMA_VERSION
    assert ready["latency_ms"] > 0


class Wire:
    """A way to an engine that can be cut and mended."""

    def __init__(self, url: str) -> None:
        self._engine = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._engine.hostname, self._engine.port)
        self._open |= {writer, there_writer}
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        self._open -= {writer, there_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def wired(engine: EngineUnderTest) -> AsyncIterator[Wire]:
    wire = Wire(engine.url)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()


@pytest.mark.lengthy
async def test_readyz_follows_the_graph(embedded_engine: EngineUnderTest) -> None:
    async with wired(embedded_engine) as wire:
        settings = settings_for(embedded_engine).model_copy(update={"graph_url": f"bolt://127.0.0.1:{wire.port}"})
        async with serving(settings) as service:
            assert (await service.http.get("/readyz")).status_code == 200

            await wire.cut()
            gone = await service.http.get("/readyz")
            assert (gone.status_code, gone.headers["retry-after"]) == (503, "1")
            assert (gone.json()["status"], gone.json()["code"]) == ("unavailable", "GRAPH_UNAVAILABLE")
            assert "does not answer" in gone.json()["message"]
            assert (await service.http.get("/healthz")).status_code == 200

            await wire.mend()
            assert (await service.http.get("/readyz")).status_code == 200
