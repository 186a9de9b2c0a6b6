"""The three signals of OTLP, as its doors read and answer them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from loopgraph.computes.otel import json as otel_json
from loopgraph.computes.otel import protobuf as otel_protobuf
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.computes.otel.report import Report
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.errors import UserError


@dataclass(frozen=True)
class Signal:
    """How the requests of one signal are read, and how they are answered.

    ``service`` is the name of its gRPC service, ``rejected`` the field of ``partialSuccess`` that counts what was refused.
    """

    from_json: Callable[[Any], Report]
    from_protobuf: Callable[[bytes], Report]
    response: type[Message]
    service: str
    rejected: str

    def answer(self, report: Report, outcomes: Sequence[object]) -> dict[str, Any]:
        """The response in JSON: empty, or with how many items were refused, and the first reason."""
        refused: dict[int | None, str] = dict(report.refused.items())
        for item, outcome in zip(report.items, outcomes, strict=True):
            if isinstance(outcome, UserError):
                refused.setdefault(item, str(outcome))
        if not refused:
            return {}
        # What several items say together is none of the counted items: by the protocol, 0 with a message is a warning.
        count = len(refused.keys() - {None})
        first = min(refused, key=lambda item: len(report.items) if item is None else item)
        where = "" if first is None else f"number {first}, counted from 0: "
        return {"partialSuccess": {self.rejected: str(count), "errorMessage": f"{where}{refused[first]}"}}

    def protobuf(self, answer: dict[str, Any]) -> bytes:
        """The response in protobuf."""
        return ParseDict(answer, self.response()).SerializeToString()


SIGNALS = {
    "traces": Signal(
        lambda body: observe_spans(otel_json.read_spans(body)),
        lambda body: observe_spans(otel_protobuf.read_spans(body)),
        ExportTraceServiceResponse,
        "opentelemetry.proto.collector.trace.v1.TraceService",
        "rejectedSpans",
    ),
    "logs": Signal(
        lambda body: observe_logs(otel_json.read_logs(body)),
        lambda body: observe_logs(otel_protobuf.read_logs(body)),
        ExportLogsServiceResponse,
        "opentelemetry.proto.collector.logs.v1.LogsService",
        "rejectedLogRecords",
    ),
    "metrics": Signal(
        lambda body: observe_points(otel_json.read_points(body)),
        lambda body: observe_points(otel_protobuf.read_points(body)),
        ExportMetricsServiceResponse,
        "opentelemetry.proto.collector.metrics.v1.MetricsService",
        "rejectedDataPoints",
    ),
}
"""By the last part of their paths."""
