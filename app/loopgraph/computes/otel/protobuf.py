"""Reads OTLP in its protobuf encoding, by the official messages, item by item: one that is damaged loses no other."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

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
    Read,
    Span,
    known,
    parent_is_remote,
    plain_number,
    severity_name,
    span_event,
)
from loopgraph.computes.otel.wire import delimited, parts
from loopgraph.errors import InvalidInput

T = TypeVar("T")
M = TypeVar("M", bound=Message)

_Reader = Callable[[Origin | InvalidInput, bytes], Iterator[T | InvalidInput]]
"""What becomes of an item: nothing, one thing, or several; errors if its origin is one."""

_DATA: Final = tuple(
    field.number
    for field in Metric.DESCRIPTOR.fields
    if field.containing_oneof and field.containing_oneof.name == "data"
)
"""The fields of a metric that hold its points, each as their field 1."""

_KIND_NAMES: Final = {"exponential_histogram": "exponentialHistogram"}


def read_spans(body: bytes) -> Read[Span]:
    """The spans of an ``ExportTraceServiceRequest``. Raises InvalidInput if it is no protobuf."""
    return tuple(_signals(body, ExportTraceServiceRequest, _each(SpanMessage, _span)))


def read_logs(body: bytes) -> Read[Log]:
    """The records of an ``ExportLogsServiceRequest``. Raises InvalidInput if it is no protobuf."""
    return tuple(_signals(body, ExportLogsServiceRequest, _each(LogRecord, _log)))


def read_points(body: bytes) -> Read[Point]:
    """The data points of an ``ExportMetricsServiceRequest``. Raises InvalidInput if it is no protobuf."""
    return tuple(_signals(body, ExportMetricsServiceRequest, _metric))


# The three signals have the same shape: a request of resources (1), each with its resource (1) and scopes (2), each with its
# scope (1) and items (2). What is not a part of that is read item by item.

_HEAD: Final = 1
_PARTS: Final = 2
_SCHEMA_URL: Final = 3


def _signals(body: bytes, request: type[Message], read: _Reader[T]) -> Iterator[T | InvalidInput]:
    """What the items are read as; errors in the places of those that cannot be."""
    try:
        resources = [part.content for part in parts(body) if part.number == _HEAD and part.content is not None]
    except InvalidInput as error:
        raise InvalidInput("body", f"is no {request.DESCRIPTOR.full_name} in protobuf") from error
    if body and not resources:
        yield _not_understood(request)
    for per_resource in resources:
        head, scopes, rest = _split(per_resource)
        if not scopes and not rest and _has_others(per_resource):
            yield _not_understood(request)
        resource = _parsed(Resource, head)
        for per_scope in scopes:
            scope_head, items, scope_rest = _split(per_scope)
            scope = _parsed(InstrumentationScope, scope_head)
            origin: Origin | InvalidInput
            if isinstance(resource, InvalidInput):
                origin = resource
            elif isinstance(scope, InvalidInput):
                origin = scope
            else:
                origin = Origin(_attributes(resource.attributes), _scope(scope))
            for item in items:
                yield from read(origin, bytes(item))
            yield from scope_rest
        yield from rest


def _not_understood(request: type[Message]) -> InvalidInput:
    return InvalidInput(
        "body", f"holds nothing that a {request.DESCRIPTOR.full_name} has; is it of another version or signal?"
    )


def _has_others(per_resource: memoryview) -> bool:
    """Whether there are members that are not read, but for the address of a schema."""
    return any(part.number not in (_HEAD, _PARTS, _SCHEMA_URL) for part in parts(per_resource))


def _split(message: memoryview) -> tuple[bytes, list[memoryview], list[InvalidInput]]:
    """The head of a message, its parts, and an error if there is no telling what comes after them."""
    heads: list[memoryview] = []
    found: list[memoryview] = []
    try:
        for part in parts(message):
            if part.content is not None and part.number in (_HEAD, _PARTS):
                (heads if part.number == _HEAD else found).append(part.content)
    except InvalidInput as error:
        return b"".join(heads), found, [error]
    return b"".join(heads), found, []


def _parsed(kind: type[M], content: bytes) -> M | InvalidInput:
    try:
        return kind.FromString(content)
    except DecodeError:
        problem = "cannot be read in protobuf: it is damaged, or holds a text that is no UTF-8"
        return InvalidInput(kind.DESCRIPTOR.full_name, problem)


def _each(kind: type[M], make: Callable[[Origin, M], T]) -> _Reader[T]:
    """Reads an item as a message of this kind, and makes of it what it says."""

    def read(origin: Origin | InvalidInput, item: bytes) -> Iterator[T | InvalidInput]:
        message = _parsed(kind, item)
        if isinstance(origin, InvalidInput):
            yield origin
        else:
            yield message if isinstance(message, InvalidInput) else make(origin, message)

    return read


def _metric(origin: Origin | InvalidInput, item: bytes) -> Iterator[Point | InvalidInput]:
    for metric in _sound_metrics(item):
        if isinstance(metric, InvalidInput):
            yield metric
        elif isinstance(origin, InvalidInput):
            yield from [origin] * _count(metric)
        else:
            yield from _points(origin, metric)


def _sound_metrics(item: bytes) -> Iterator[Metric | InvalidInput]:
    """A metric; one that cannot be read, point by point."""
    whole = _parsed(Metric, item)
    if not isinstance(whole, InvalidInput):
        yield whole
        return
    about, points = [], []
    try:
        for part in parts(item):
            if part.number in _DATA and part.content is not None:
                inner = list(parts(part.content))
                kind = b"".join(bytes(each.raw) for each in inner if each.number != _HEAD)
                points += [delimited(part.number, kind + bytes(each.raw)) for each in inner if each.number == _HEAD]
            else:
                about.append(bytes(part.raw))
    except InvalidInput:
        yield whole
        return
    for point in points:
        yield _parsed(Metric, b"".join(about) + point)
    if not points:
        yield whole


def _count(metric: Metric) -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0


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
        parent_is_remote=parent_is_remote(span.flags),
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
    # Nearly all are texts, and those that are not empty need no look at what they are.
    return {pair.key: pair.value.string_value or _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
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
