"""Reads OTLP in its protobuf encoding, by the official messages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags, Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from loopgraph.computes.otel.model import (
    SPAN_KINDS,
    TEMPORALITIES,
    Attributes,
    Log,
    Origin,
    Point,
    Span,
    known,
    plain_number,
    severity_name,
    span_event,
)
from loopgraph.errors import InvalidInput

_KIND_NAMES: Final = {"exponential_histogram": "exponentialHistogram"}


def read_spans(body: bytes) -> tuple[Span, ...]:
    """The spans of an ``ExportTraceServiceRequest``. Raises InvalidInput."""
    request = ExportTraceServiceRequest()
    _parse(request, body)
    return tuple(
        _span(origin, span)
        for per_resource in request.resource_spans
        for per_scope, origin in _scopes(per_resource.resource, per_resource.scope_spans)
        for span in per_scope.spans
    )


def read_logs(body: bytes) -> tuple[Log, ...]:
    """The records of an ``ExportLogsServiceRequest``. Raises InvalidInput."""
    request = ExportLogsServiceRequest()
    _parse(request, body)
    return tuple(
        _log(origin, record)
        for per_resource in request.resource_logs
        for per_scope, origin in _scopes(per_resource.resource, per_resource.scope_logs)
        for record in per_scope.log_records
    )


def read_points(body: bytes) -> tuple[Point, ...]:
    """The data points of an ``ExportMetricsServiceRequest``. Raises InvalidInput."""
    request = ExportMetricsServiceRequest()
    _parse(request, body)
    return tuple(
        point
        for per_resource in request.resource_metrics
        for per_scope, origin in _scopes(per_resource.resource, per_resource.scope_metrics)
        for metric in per_scope.metrics
        for point in _points(origin, metric)
    )


def _parse(message: Message, body: bytes) -> None:
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        raise InvalidInput("body", f"is no {message.DESCRIPTOR.full_name} in protobuf") from error


def _scopes(resource: Resource, scopes: Iterable[Any]) -> Iterator[tuple[Any, Origin]]:
    about = _attributes(resource.attributes)
    for per_scope in scopes:
        yield per_scope, Origin(about, _scope(per_scope.scope))


def _scope(scope: InstrumentationScope) -> Attributes:
    return known(name=scope.name, version=scope.version, attributes=_attributes(scope.attributes))


def _span(origin: Origin, span: SpanMessage) -> Span:
    more = known(
        events=[span_event(event.name, event.time_unix_nano, _attributes(event.attributes)) for event in span.events],
        links=[
            known(trace_id=link.trace_id.hex(), span_id=link.span_id.hex(), attributes=_attributes(link.attributes))
            for link in span.links
        ],
        trace_state=span.trace_state,
        dropped_attributes=span.dropped_attributes_count,
        dropped_events=span.dropped_events_count,
        dropped_links=span.dropped_links_count,
    )
    return Span(
        origin=origin,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=SPAN_KINDS[span.kind] if 0 <= span.kind < len(SPAN_KINDS) else SPAN_KINDS[0],
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        status_code=span.status.code,
        status_message=span.status.message,
        more=more,
    )


def _log(origin: Origin, record: LogRecord) -> Log:
    return Log(
        origin=origin,
        time_ns=record.time_unix_nano or record.observed_time_unix_nano,
        severity=record.severity_text or severity_name(record.severity_number),
        event_name=record.event_name or None,
        body=_value(record.body),
        attributes=_attributes(record.attributes),
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
    )


def _points(origin: Origin, metric: Metric) -> Iterator[Point]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data: Any = getattr(metric, kind)
    temporality = getattr(data, "aggregation_temporality", 0)
    about = known(
        type=_KIND_NAMES.get(kind, kind),
        description=metric.description,
        monotonic=getattr(data, "is_monotonic", False),
    )
    numeric = kind in ("gauge", "sum")
    for item in data.data_points:
        yield Point(
            origin=origin,
            metric=metric.name,
            unit=metric.unit,
            kind=_KIND_NAMES.get(kind, kind),
            temporality=TEMPORALITIES[temporality] if 0 <= temporality < len(TEMPORALITIES) else TEMPORALITIES[0],
            measured=not item.flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK,
            value=_number(item) if numeric else _sum(kind, item),
            count=None if numeric else item.count,
            start_ns=item.start_time_unix_nano,
            time_ns=item.time_unix_nano,
            attributes=_attributes(item.attributes),
            more={**about, **_DISTRIBUTIONS.get(kind, _nothing)(item)},
        )


def _number(item: Any) -> float | None:
    which = item.WhichOneof("value")
    return None if which is None else float(getattr(item, which))


def _sum(kind: str, item: Any) -> float | None:
    known_sum = kind == "summary" or item.HasField("sum")
    return item.sum if known_sum else None


def _nothing(item: Any) -> Attributes:
    return {}


def _extremes(item: Any) -> Attributes:
    return {name: plain_number(getattr(item, name)) for name in ("min", "max") if item.HasField(name)}


def _histogram(item: Any) -> Attributes:
    bounds = [plain_number(bound) for bound in item.explicit_bounds]
    return _extremes(item) | known(explicit_bounds=bounds, bucket_counts=list(item.bucket_counts))


def _exponential(item: Any) -> Attributes:
    def buckets(of: Any) -> Attributes:
        return {"offset": of.offset, "bucket_counts": list(of.bucket_counts)} if of.bucket_counts else {}

    return _extremes(item) | {
        "scale": item.scale,
        **known(zero_count=item.zero_count, positive=buckets(item.positive), negative=buckets(item.negative)),
        "zero_threshold": item.zero_threshold,
    }


def _summary(item: Any) -> Attributes:
    return known(
        quantiles=[
            {"quantile": plain_number(each.quantile), "value": plain_number(each.value)}
            for each in item.quantile_values
        ]
    )


_DISTRIBUTIONS = {"histogram": _histogram, "exponential_histogram": _exponential, "summary": _summary}


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case "double_value":
            return plain_number(value.double_value)
        case which:
            return getattr(value, which)
