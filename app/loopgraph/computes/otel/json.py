"""Reads OTLP in its JSON encoding: ids are hexadecimal, 64-bit integers may be texts, and what is not known is ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

from loopgraph.computes.otel.json_members import (
    Json,
    array,
    as_array,
    as_integer,
    as_number,
    each,
    enum,
    integer,
    map_of,
    member,
    number,
    numbers,
    text,
)
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
from loopgraph.errors import InvalidInput

P = ParamSpec("P")
T = TypeVar("T")
MAX_DEPTH: Final = 64
"""Deepest nesting of attribute values that is read."""

_VALUES = ("stringValue", "bytesValue", "intValue", "boolValue", "doubleValue", "arrayValue", "kvlistValue")
_POINT_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
_OF_METRICS = frozenset({*_POINT_KINDS, "name", "description", "unit", "metadata"})
_OF_DATA = ("aggregationTemporality", "isMonotonic")
_NO_VALUE_FLAG: Final = 1


def read_spans(request: Any) -> Read[Span]:
    """The spans of an ``ExportTraceServiceRequest``. Raises InvalidInput where there is no telling what its spans are."""
    return tuple(span for _, span in _signals(request, "resourceSpans", "scopeSpans", "spans", _span))


def read_logs(request: Any) -> Read[Log]:
    """The records of an ``ExportLogsServiceRequest``. Raises InvalidInput where there is no telling what its records are."""
    return tuple(log for _, log in _signals(request, "resourceLogs", "scopeLogs", "logRecords", _log))


def read_points(request: Any) -> Read[Point]:
    """The data points of an ``ExportMetricsServiceRequest``. Raises InvalidInput where there is no telling what they are."""
    points: list[Point | InvalidInput] = []
    for place, found in _signals(request, "resourceMetrics", "scopeMetrics", "metrics", _points, _count):
        points += [found] if isinstance(found, InvalidInput) else [_under(place, point) for point in found]
    return tuple(points)


def _signals(
    request: Any,
    resources: str,
    scopes: str,
    items: str,
    read: Callable[[Origin, Json], T],
    count: Callable[[Any], int] = lambda item: 1,
) -> Iterator[tuple[str, T | InvalidInput]]:
    """The paths of the items and what they are read as; errors, which name the path of what is wrong, in the places of those that
    cannot be, as many as ``count`` says of an item."""
    if not isinstance(request, dict):
        raise InvalidInput("body", "must be a JSON object")
    yield from _not_understood(request, "", resources)
    for place, per_resource in _objects(request, resources, ""):
        resource = _tried(place, _resource, per_resource)
        yield from _not_understood(per_resource, place, scopes, "resource", "schemaUrl")
        for scope_place, per_scope in _objects(per_resource, scopes, place):
            scope, of_scope = (
                _tried(scope_place, _scope, per_scope),
                _placed(scope_place, as_array, per_scope.get(items), items),
            )
            yield from _not_understood(per_scope, scope_place, items, "scope", "schemaUrl")
            if isinstance(resource, InvalidInput):
                yield from [(place, resource)] * sum(map(count, of_scope))
            elif isinstance(scope, InvalidInput):
                yield from [(scope_place, scope)] * sum(map(count, of_scope))
            else:
                reading = partial(read, Origin(resource, scope))
                for i, item in enumerate(of_scope):
                    item_place = f"{scope_place}.{items}.{i}"
                    yield item_place, _tried(item_place, reading, item)


def _not_understood(parent: Json, place: str, wanted: str, *known: str) -> Iterator[tuple[str, InvalidInput]]:
    """An error in the place of what an object holds that has not what is read of it, but something else."""
    others = sorted(parent.keys() - {wanted, *known})
    if others and parent.get(wanted) is None:
        named = ", ".join(others[:3])
        yield place, InvalidInput(place or "body", f"has no {wanted}, which is all that is read here; it has {named}")


def _resource(per_resource: Json) -> Attributes:
    return _placed("resource", _attributes, map_of(per_resource, "resource"))


def _scope(per_scope: Json) -> Attributes:
    scope = map_of(per_scope, "scope")

    def read() -> Attributes:
        return known(name=text(scope, "name"), version=text(scope, "version"), attributes=_attributes(scope))

    return _placed("scope", read)


def _objects(parent: Json, key: str, place: str) -> Iterator[tuple[str, Json]]:
    """The objects of an array, with their places."""
    for i, item in enumerate(_placed(place, as_array, parent.get(key), key)):
        inner = f"{place}.{key}.{i}" if place else f"{key}.{i}"
        if not isinstance(item, dict):
            raise InvalidInput(inner, "must be an object")
        yield inner, item


def _placed(place: str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What is read there; the path of an error begins with the place."""
    try:
        return read(*args, **kwargs)
    except InvalidInput as error:
        raise InvalidInput(f"{place}.{error.field}" if place else error.field, error.problem) from None


def _under(place: str, item: T | InvalidInput) -> T | InvalidInput:
    """The same item; the path of an error begins with the place."""
    return InvalidInput(f"{place}.{item.field}", item.problem) if isinstance(item, InvalidInput) else item


def _tried(place: str, read: Callable[[Json], T], item: Any) -> T | InvalidInput:
    """What an object is read as, or why it cannot be."""
    if not isinstance(item, dict):
        return InvalidInput(place, "must be an object")
    try:
        return read(item)
    except InvalidInput as error:
        return _under(place, error)


def _span(origin: Origin, item: Json) -> Span:
    status = map_of(item, "status")
    more = known(
        events=each(item, "events", _event),
        links=each(item, "links", _link),
        trace_state=text(item, "traceState"),
        dropped_attributes=integer(item, "droppedAttributesCount"),
        dropped_events=integer(item, "droppedEventsCount"),
        dropped_links=integer(item, "droppedLinksCount"),
    )
    return Span(
        origin=origin,
        trace_id=text(item, "traceId").lower(),
        span_id=text(item, "spanId").lower(),
        parent_id=text(item, "parentSpanId").lower(),
        name=text(item, "name"),
        kind=SPAN_KINDS[enum(item, "kind", "SPAN_KIND_", SPAN_KINDS)],
        start_ns=integer(item, "startTimeUnixNano"),
        end_ns=integer(item, "endTimeUnixNano"),
        attributes=_attributes(item),
        status_code=enum(status, "code", "STATUS_CODE_", ("unset", "ok", "error")),
        status_message=text(status, "message"),
        more=more,
        parent_is_remote=parent_is_remote(integer(item, "flags")),
    )


def _event(item: Json) -> Attributes:
    return span_event(text(item, "name"), integer(item, "timeUnixNano"), _attributes(item))


def _link(item: Json) -> Attributes:
    trace_id, span_id = text(item, "traceId").lower(), text(item, "spanId").lower()
    return known(trace_id=trace_id, span_id=span_id, attributes=_attributes(item))


def _log(origin: Origin, item: Json) -> Log:
    severity, observed = enum(item, "severityNumber", "SEVERITY_NUMBER_", ()), integer(item, "observedTimeUnixNano")
    return Log(
        origin=origin,
        time_ns=integer(item, "timeUnixNano") or observed,
        severity=text(item, "severityText") or severity_name(severity),
        event_name=text(item, "eventName") or None,
        body=_value(item.get("body"), 0),
        attributes=_attributes(item),
        trace_id=text(item, "traceId").lower(),
        span_id=text(item, "spanId").lower(),
    )


def _points(origin: Origin, metric: Json) -> list[Point | InvalidInput]:
    kind = next((kind for kind in _POINT_KINDS if metric.get(kind) is not None), None)
    if kind is None:
        unknown = sorted(name for name in metric.keys() - _OF_METRICS if metric[name] is not None)
        problem = (
            f"is none of the kinds that are read here ({', '.join(_POINT_KINDS)}); it has {', '.join(unknown[:3])}"
        )
        return [InvalidInput(unknown[0], problem)] if unknown else []
    if problems := list(_not_understood(data := map_of(metric, kind), kind, "dataPoints", *_OF_DATA)):
        return [problem for _, problem in problems]
    reading, items = partial(_point, origin, metric, kind), array(data, "dataPoints")
    return [_tried(f"{kind}.dataPoints.{i}", reading, item) for i, item in enumerate(items)]


def _count(metric: Any) -> int:
    """How many points a metric has, if it has that form; else it counts as one."""
    data = (
        [metric[kind] for kind in _POINT_KINDS if isinstance(metric.get(kind), dict)]
        if isinstance(metric, dict)
        else []
    )
    points = data[0].get("dataPoints") if data else None
    return len(points) if isinstance(points, list) else 1


def _point(origin: Origin, metric: Json, kind: str, item: Json) -> Point:
    data, numeric = metric[kind], kind in ("gauge", "sum")
    value = number(item, "asDouble" if numeric else "sum")
    if numeric and value is None and member(item, "asInt") is not None:
        value = float(integer(item, "asInt"))
    about = known(type=kind, description=text(metric, "description"), monotonic=member(data, "isMonotonic") is True)
    temporality = enum(data, "aggregationTemporality", "AGGREGATION_TEMPORALITY_", TEMPORALITIES)
    return Point(
        origin=origin,
        metric=text(metric, "name"),
        unit=text(metric, "unit"),
        kind=kind,
        temporality=TEMPORALITIES[temporality],
        measured=not integer(item, "flags") & _NO_VALUE_FLAG,
        value=value,
        count=None if numeric else integer(item, "count"),
        start_ns=integer(item, "startTimeUnixNano"),
        time_ns=integer(item, "timeUnixNano"),
        attributes=_attributes(item),
        more={**about, **_distribution(kind, item)},
    )


def _distribution(kind: str, item: Json) -> Attributes:
    """What a histogram or a summary says beside its sum and its count."""
    extremes = {name: plain_number(as_number(item[name], name)) for name in ("min", "max") if name in item}
    match kind:
        case "histogram":
            bounds, counts = numbers(item, "explicitBounds", as_number), numbers(item, "bucketCounts", as_integer)
            return extremes | known(explicit_bounds=bounds, bucket_counts=counts)
        case "exponentialHistogram":
            positive, negative = _buckets(item, "positive"), _buckets(item, "negative")
            return extremes | {
                "scale": integer(item, "scale"),
                **known(zero_count=integer(item, "zeroCount"), positive=positive, negative=negative),
                "zero_threshold": number(item, "zeroThreshold") or 0.0,
            }
        case "summary":
            return known(quantiles=each(item, "quantileValues", _quantile))
    return {}


def _buckets(item: Json, key: str) -> Attributes:
    buckets = map_of(item, key)
    counts = numbers(buckets, "bucketCounts", as_integer)
    return {"offset": integer(buckets, "offset"), "bucket_counts": counts} if counts else {}


def _quantile(item: Json) -> Attributes:
    quantile, value = number(item, "quantile"), number(item, "value")
    return {"quantile": plain_number(quantile or 0.0), "value": plain_number(value or 0.0)}


# Attributes


def _attributes(item: Json) -> Attributes:
    return _pairs(item.get("attributes"), "attributes", 0)


def _pairs(pairs: Any, key: str, depth: int) -> Attributes:
    if pairs is None:
        return {}
    if not isinstance(pairs, list):
        raise InvalidInput(key, "must be an array")
    result = {}
    for i, pair in enumerate(pairs):
        if not isinstance(pair, dict) or not isinstance(pair.get("key"), str):
            raise InvalidInput(f"{key}.{i}", "must be an object with a key, which is a text, and a value")
        try:
            result[pair["key"]] = _value(pair.get("value"), depth)
        except InvalidInput as error:
            raise InvalidInput(f"{key}.{i}.{error.field}", error.problem) from None
    return result


def _value(value: Any, depth: int) -> Any:
    """An ``AnyValue``; None if it is empty or of a kind that is not known."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidInput("value", 'must be an object such as {"stringValue": …}')
    if depth > MAX_DEPTH:
        raise InvalidInput("value", f"is nested more than {MAX_DEPTH} levels deep")
    for kind, raw in value.items():
        match kind:
            case "stringValue" | "bytesValue":
                return text(value, kind)
            case "intValue":
                return as_integer(raw, kind)
            case "boolValue":
                if not isinstance(raw, bool):
                    raise InvalidInput(kind, "must be true or false")
                return raw
            case "doubleValue":
                return plain_number(as_number(raw, kind))
            case "arrayValue":
                values = array(map_of(value, kind), "values")
                return [_value(item, depth + 1) for item in values]
            case "kvlistValue":
                return _pairs(map_of(value, kind).get("values"), "values", depth + 1)
    for kind in _VALUES if value else ():
        member(value, kind)
    return None
