"""OTLP over gRPC: the official exporter as a client of the whole service."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from conftest import settings_for
from loopgraph.api.access import principals
from loopgraph.api.http.otel.otlp_grpc import otlp_grpc
from loopgraph.api.http.serving.limits import Room
from loopgraph.effects.clock import new_id
from loopgraph.errors import SetupError
from support.engines import EngineUnderTest
from support.otlp import TRACE, logs, protobuf
from support.service import Service, serving
from support.traces import statement
from support.waiting import PATIENCE_S

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    changes = {"otlp_grpc_port": free_port(), "max_batch_bytes": 100_000}
    async with serving(settings_for(embedded_engine).model_copy(update=changes)) as service:
        yield service


def address(service: Service) -> str:
    return f"127.0.0.1:{service.parts.settings.otlp_grpc_port}"


def program(endpoint: str, name: str) -> str:
    """A traced program; its trace id."""
    tracing = TracerProvider(resource=Resource.create({"service.name": name}))
    exporter = OTLPSpanExporter(endpoint, insecure=True, compression=grpc.Compression.Gzip)
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
    with tracing.get_tracer("t").start_as_current_span("work") as root:
        trace_id = f"{root.get_span_context().trace_id:032x}"
    tracing.shutdown()
    return trace_id


async def export(service: Service, body: bytes) -> ExportLogsServiceResponse:
    async with grpc.aio.insecure_channel(address(service)) as channel:
        answer: bytes = await channel.unary_unary(EXPORT)(body, timeout=PATIENCE_S)
        return ExportLogsServiceResponse.FromString(answer)


@pytest.mark.lengthy
async def test_a_program_with_the_official_exporter(service: Service) -> None:
    trace_id = await asyncio.to_thread(program, f"http://{address(service)}", "grpc-shop")
    rows = await statement(
        service.parts.graph,
        "MATCH (t:Trace {correlation_id: $id}) RETURN t.source AS source, t.status AS status",
        id=trace_id,
    )
    assert rows == [{"source": "grpc-shop", "status": "success"}]


async def test_refused_items_and_an_empty_request(service: Service) -> None:
    line = {"body": {"stringValue": new_id()}}
    body = protobuf("/v1/logs", logs({**line, "traceId": TRACE}, {**line, "traceId": "12"}))
    answer = await export(service, body)
    assert answer.partial_success.rejected_log_records == 1
    assert "traceId" in answer.partial_success.error_message
    assert await export(service, ExportLogsServiceRequest().SerializeToString()) == ExportLogsServiceResponse()


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"\xff\xff", grpc.StatusCode.INVALID_ARGUMENT), (b"\x00" * 100_001, grpc.StatusCode.RESOURCE_EXHAUSTED)],
)
async def test_what_is_wrong_is_not_to_be_sent_again(service: Service, body: bytes, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await export(service, body)
    assert refused.value.code() is code


async def test_a_port_that_is_taken_is_told_at_the_start(service: Service) -> None:
    with pytest.raises(SetupError, match="cannot be served"):
        async with otlp_grpc(service.parts.settings, service.parts.recorder):
            pass


async def test_a_text_that_is_none_loses_no_other_item(service: Service) -> None:
    mark = new_id()
    lines = logs(
        {"body": {"stringValue": f"{mark} 0"}},
        {"body": {"stringValue": f"{mark} éé"}},
        {"body": {"stringValue": f"{mark} 2"}},
    )
    answer = await export(service, protobuf("/v1/logs", lines).replace("éé".encode(), b"\xff\xff\xff\xff"))
    assert answer.partial_success.rejected_log_records == 1
    assert "UTF-8" in answer.partial_success.error_message
    rows = await statement(
        service.parts.graph,
        "MATCH (l:LogRecord) WHERE l.body CONTAINS $mark RETURN l.body AS body ORDER BY body",
        mark=mark,
    )
    assert rows == [{"body": f'"{mark} 0"'}, {"body": f'"{mark} 2"'}]


@pytest.mark.slow
async def test_what_swells_beyond_the_limit_is_refused(service: Service) -> None:
    """The limit holds for what a message is once it is decompressed."""
    body = protobuf("/v1/logs", logs({"body": {"stringValue": "x" * 5_000_000}}))
    async with grpc.aio.insecure_channel(address(service), compression=grpc.Compression.Gzip) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(EXPORT)(body, timeout=PATIENCE_S)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_who_may_not_write_is_told_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principals, "allowed", lambda principal, action: False)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await export(service, ExportLogsServiceRequest().SerializeToString())
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_body_for_which_there_is_no_room_may_be_sent_again(service: Service) -> None:
    changes = {"otlp_grpc_port": free_port(), "max_batch_bytes": 1_000_000}
    settings, room = service.parts.settings.model_copy(update=changes), Room(1_000_000)
    body = protobuf("/v1/logs", logs({"body": {"stringValue": "x" * 500_000}}))
    async with (
        otlp_grpc(settings, service.parts.recorder, room),
        grpc.aio.insecure_channel(f"127.0.0.1:{settings.otlp_grpc_port}") as channel,
    ):
        with room.share() as others:
            others.grow(600_000)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary(EXPORT)(body, timeout=PATIENCE_S)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert await channel.unary_unary(EXPORT)(body, timeout=PATIENCE_S) == b""
