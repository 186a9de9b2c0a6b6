"""OTLP for tests: what the agent client sent, the same in protobuf, and signals written in few words."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.agent_session import RECORDING

Json = dict[str, Any]

TRACE = "0af7651916cd43dd8448eb211c80319c"
START_NS = 1_772_366_400_000_000_000
"""Noon of the first of March 2026."""

REQUESTS: dict[str, type[Message]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}
_IDS = {"traceId", "spanId", "parentSpanId"}


def recorded(path: str) -> list[Json]:
    """The bodies that the recorded session sent to this path."""
    lines = [json.loads(line) for line in RECORDING.read_text().splitlines()]
    return [line["j"] for line in lines if line.get("u") == path]


def protobuf(path: str, body: Json) -> bytes:
    """A JSON body of this path in protobuf, written by Google's own code."""
    return ParseDict(_with_base64_ids(body), REQUESTS[path]()).SerializeToString()


def _with_base64_ids(value: Any) -> Any:
    """Google's JSON has bytes in base64, where OTLP's has ids in hexadecimal."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: b64encode(bytes.fromhex(item)).decode() if name in _IDS else _with_base64_ids(item)
        for name, item in value.items()
    }


def any_value(value: Any) -> Json:
    """A plain value as an ``AnyValue``."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": b64encode(value).decode()}
        case list():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": attributes(value)}}
    return {}


def attributes(values: Mapping[str, Any]) -> list[Json]:
    """Plain values as attributes."""
    return [{"key": name, "value": any_value(value)} for name, value in values.items()]


def span(number: int, parent: int | None = None, name: str = "work", kind: int = 1, /, **values: Any) -> Json:
    """A span of a tenth of a second, with these attributes."""
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent is not None else "",
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(START_NS),
        "endTimeUnixNano": str(START_NS + 100_000_000),
        "attributes": attributes(values),
    }


def traces(*spans: Json, **resource: Any) -> Json:
    """A request with these spans, of the service ``shop``."""
    scope = {"scope": {"name": "tests"}, "spans": list(spans)}
    about = {"service.name": "shop", **resource}
    return {"resourceSpans": [{"resource": {"attributes": attributes(about)}, "scopeSpans": [scope]}]}


def logs(*records: Json, **resource: Any) -> Json:
    """A request with these log records, of the service ``shop``."""
    about = {"attributes": attributes({"service.name": "shop", **resource})}
    return {"resourceLogs": [{"resource": about, "scopeLogs": [{"logRecords": list(records)}]}]}


def metrics(*found: Json, **resource: Any) -> Json:
    """A request with these metrics, of the service ``shop``."""
    about = {"attributes": attributes({"service.name": "shop", **resource})}
    return {"resourceMetrics": [{"resource": about, "scopeMetrics": [{"metrics": list(found)}]}]}
