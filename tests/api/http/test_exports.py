"""Exports over HTTP: their heads, what is refused, and that no reader takes a part for the whole."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from loopgraph.api.http import streaming
from loopgraph.contracts.exports.requests import LineageRequest, SeriesRequest, TableRequest
from loopgraph.contracts.exports.tables import TABLES
from loopgraph.effects.clock import new_id
from loopgraph.effects.exports import keys
from loopgraph.effects.exports.tables import TableReads
from loopgraph.errors import GraphUnavailable
from support.service import Service
from support.waiting import until

PATH = "/api/export/tables/executions"


async def session_with_steps(service: Service, steps: int, said: str = "hello") -> str:
    """The id of a session with one trace of so many steps."""
    session = new_id()
    events: list[dict[str, Any]] = [{"kind": "start", "correlation_id": session, "session_id": session}]
    for place in range(steps):
        step = {"kind": "hook", "correlation_id": session, "execution_id": f"{session}.{place:04}", "success": True}
        events.append({**step, "hook_type": "ToolUse", "tool_response": {"said": said}})
    answer = await service.http.post("/api/traces/batch", json=events)
    assert answer.status_code == 200
    return session


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in (("PAGE", 5), ("SLICE_ROWS", 5)):
        monkeypatch.setattr(keys, name, size)


@pytest.mark.lengthy
async def test_the_tables_are_told_with_their_columns(service: Service) -> None:
    told = (await service.http.get("/api/export/tables")).json()
    assert list(told["tables"]) == [name.value for name in TABLES]
    assert {"name": "duration_ms", "type": "number", "unit": "ms", "description": "How long it took."} in told[
        "tables"
    ]["traces"]["columns"]
    assert [column["name"] for column in told["series"]["columns"]][:2] == ["metric", "group"]


@pytest.mark.lengthy
@pytest.mark.parametrize("format", ["csv", "ndjson", "parquet"])
async def test_a_table_in_each_format(service: Service, format: str) -> None:
    import pyarrow.parquet

    session = await session_with_steps(service, 12)
    answer = await service.http.get(
        PATH, params={"session_id": session, "format": format, "columns": "execution_id,status"}
    )
    assert answer.status_code == 200
    kind = {"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson",
            "parquet": "application/vnd.apache.parquet"}[format]  # fmt: skip
    assert answer.headers["content-type"] == kind
    name = answer.headers["content-disposition"].removeprefix('attachment; filename="').removesuffix('"')
    assert name.startswith("loopgraph-executions-")
    assert name.endswith(f"Z.{format}")
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    match format:
        case "csv":
            read = [tuple(row.values()) for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
        case "ndjson":
            read = [tuple(json.loads(line).values()) for line in answer.text.splitlines()]
        case _:
            table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
            read = list(zip(*table.to_pydict().values(), strict=True))
    assert read == [(f"{session}.{n:04}", "success") for n in range(12)]


@pytest.mark.lengthy
async def test_a_series_and_a_graph(service: Service) -> None:
    params = {"metric": "executions", "since": "2026-01-01T00:00:00Z", "until": "2026-01-03T00:00:00Z"}
    answer = await service.http.get("/api/export/series", params=params)
    assert len(answer.text.splitlines()) == 3
    created = await service.execute(
        "lineage_create_pattern", input={"patternId": f"p/{new_id()}", "name": 'a "b"\r\nc'}
    )
    version = created["version"]
    answer = await service.http.get(
        "/api/export/lineage/ancestors", params={"node_id": version["nodeId"], "format": "jgf"}
    )
    assert list(answer.json()["graph"]["nodes"]) == [version["nodeId"]]
    assert answer.headers["content-type"] == "application/vnd.jgf+json"
    assert "\r" not in answer.headers["content-disposition"]


@pytest.mark.lengthy
async def test_pandas_reads_an_address(service: Service) -> None:
    import pandas

    session = await session_with_steps(service, 12)
    frame = await asyncio.to_thread(
        pandas.read_csv, f"{service.url}{PATH}?session_id={session}&columns=execution_id,status"
    )
    assert frame["execution_id"].tolist() == [f"{session}.{n:04}" for n in range(12)]
    assert set(frame["status"]) == {"success"}


@pytest.mark.lengthy
async def test_head_answers_without_the_table(service: Service) -> None:
    answer = await service.http.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("tables/nothing", 404, None),
        ("tables/traces?format=xlsx", 400, "format"),
        ("tables/traces?since=yesterday", 400, "since"),
        ("tables/traces?since=2026-01-01", 400, "since"),
        ("tables/traces?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", 400, "since"),
        ("tables/traces?limit=5", 400, "limit"),
        ("tables/traces?agent=a&agent=b", 400, "agent"),
        ("tables/traces?columns=x", 400, "columns"),
        ("tables/patterns?agent=a", 400, "agent"),
        ("tables/versions?pattern_id=none", 404, None),
        ("series?metric=executions", 400, "since"),
        ("series?metric=joy&since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z", 400, "metric"),
        ("lineage/nothing", 404, None),
        ("lineage/ancestors", 400, "node_id"),
        ("lineage/ancestors?node_id=none", 404, None),
        ("lineage/ancestors?node_id=a&relationship_types=LOVES", 400, "relationship_types"),
        ("lineage/ancestors?node_id=a&query=path", 400, "query"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(service: Service, path: str, status: int, field: str | None) -> None:
    answer = await service.http.get(f"/api/export/{path}")
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert str(error.get("field", "")).split(".")[0] == (field or "")


async def test_a_time_that_is_none_is_told_what_would_be_one(service: Service) -> None:
    answer = await service.http.get("/api/export/tables/traces?since=30d")
    told = "must be an instant with its time zone, such as 2026-01-31T12:00:00Z"
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, told)


@pytest.mark.parametrize("contract", [TableRequest, SeriesRequest, LineageRequest])
def test_every_parameter_is_described(contract: type[TableRequest]) -> None:
    for name, field in contract.model_fields.items():
        assert field.description, name
    assert contract.model_json_schema()["properties"].keys() == contract.model_fields.keys()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("format", ["csv", "ndjson", "parquet"])
async def test_a_failure_on_the_way_breaks_the_connection(
    service: Service, monkeypatch: pytest.MonkeyPatch, format: str, caplog: pytest.LogCaptureFixture
) -> None:
    session = await session_with_steps(service, 30)
    read, reads = TableReads._by_id, 0

    def failing(self: TableReads, *arguments: Any) -> Any:
        by_id = read(self, *arguments)

        async def once_or_twice(ids: Sequence[str]) -> Any:
            nonlocal reads
            reads += 1
            if reads > 2:
                raise GraphUnavailable("the graph went away")
            return await by_id(list(ids))

        return once_or_twice

    monkeypatch.setattr(TableReads, "_by_id", failing)
    got = b""

    async def read_all() -> None:
        nonlocal got
        async with service.http.stream("GET", PATH, params={"session_id": session, "format": format}) as answer:
            assert answer.status_code == 200
            async for part in answer.aiter_bytes():
                got += part

    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        await read_all()
    assert got
    if format == "csv":
        assert got.endswith(b"\r\n"), "whole rows only"
    assert "an export was broken off: GraphUnavailable: the graph went away" in caplog.text
    await until(lambda: service.parts.exports.running == 0)


async def test_a_failure_before_the_first_row_is_an_answer(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise GraphUnavailable("the graph is away")

    monkeypatch.setattr(service.parts.graph.__class__, "read", away)
    answer = await service.http.get(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "GRAPH_UNAVAILABLE")
    assert "retry-after" in answer.headers


@pytest.fixture
async def slow_reader(service: Service) -> AsyncIterator[socket.socket]:
    """A client that has asked for many rows, and reads none of them."""
    session = await session_with_steps(service, 200, said="x" * 50_000)
    address = urlsplit(service.url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((address.hostname, address.port))
        client.sendall(f"GET {PATH}?session_id={session} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        await until(lambda: service.parts.exports.running == 1)
        yield client


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_slow_reader_is_waited_for_and_one_that_goes_ends_the_reading(
    service: Service, slow_reader: socket.socket
) -> None:
    async def settled() -> bool:
        before = service.parts.graph.statements
        await asyncio.sleep(0.3)
        return service.parts.graph.statements == before

    await until(settled)  # not all is read: 10 MB are more than sockets hold
    assert service.parts.exports.running == 1
    slow_reader.close()
    await until(lambda: service.parts.exports.running == 0)


async def test_exports_at_once_are_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.parts.exports, "running", service.parts.settings.max_exports)
    answer = await service.http.get(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "OVERLOADED")
    assert answer.headers["retry-after"] == "1" or int(answer.headers["retry-after"]) > 1


@pytest.mark.slow
async def test_a_reader_that_reads_nothing_for_long_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(streaming.StreamedExport.__init__, "__defaults__", (0.2,))
    session = await session_with_steps(service, 200, said="x" * 50_000)
    address = urlsplit(service.url)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((address.hostname, address.port))
        client.sendall(f"GET {PATH}?session_id={session} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        await until(lambda: "an export was given up" in caplog.text)
        await until(lambda: service.parts.exports.running == 0)
