"""The two encodings of OTLP are read alike, whatever is in them; what is wrong is named."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.otel import json as otel_json
from loopgraph.computes.otel import protobuf as otel_protobuf
from loopgraph.errors import InvalidInput
from support.otlp import (
    REQUESTS,
    START_NS,
    TRACE,
    any_value,
    attributes,
    logs,
    metrics,
    protobuf,
    recorded,
    span,
    traces,
)

Json = dict[str, Any]

READERS: dict[str, tuple[Callable[[Any], Any], Callable[[bytes], Any]]] = {
    "/v1/traces": (otel_json.read_spans, otel_protobuf.read_spans),
    "/v1/logs": (otel_json.read_logs, otel_protobuf.read_logs),
    "/v1/metrics": (otel_json.read_points, otel_protobuf.read_points),
}


def read_alike(path: str, body: Json) -> Any:
    """What both readers make of a body."""
    from_json, from_protobuf = READERS[path]
    found = from_json(body)
    assert from_protobuf(protobuf(path, body)) == found
    return found


@pytest.mark.parametrize(("path", "items"), [("/v1/traces", [28, 1]), ("/v1/logs", [95, 7]), ("/v1/metrics", [15])])
def test_the_recorded_session_is_read_alike_in_both_encodings(path: str, items: list[int]) -> None:
    assert [len(read_alike(path, body)) for body in recorded(path)] == items


WHOLE_SPAN = {
    **span(2, 1, "GET /", 3, **{"http.route": "/"}),
    "traceState": "a=b",
    "status": {"code": 2, "message": "broken"},
    "events": [{"timeUnixNano": str(START_NS), "name": "exception", "attributes": attributes({"n": 1})}],
    "links": [{"traceId": TRACE.upper(), "spanId": "00000000000000ff"}],
    "droppedAttributesCount": 1,
    "droppedEventsCount": 2,
    "droppedLinksCount": 3,
}


def test_a_span_with_everything() -> None:
    whole = {**WHOLE_SPAN, "unknownField": {"is": ["ignored"]}}
    [found] = otel_json.read_spans(traces(whole))
    del whole["unknownField"]
    assert read_alike("/v1/traces", traces(whole)) == (found,)
    assert (found.trace_id, found.span_id, found.parent_id) == (TRACE, f"{2:016x}", f"{1:016x}")
    assert (found.kind, found.failed, found.status_message, found.duration_ms) == ("client", True, "broken", 100.0)
    assert found.attributes == {"http.route": "/"}
    assert found.origin.service == "shop"
    assert found.more == {
        "events": [{"name": "exception", "time": "2026-03-01T12:00:00+00:00", "attributes": {"n": 1}}],
        "links": [{"trace_id": TRACE, "span_id": "00000000000000ff"}],
        "trace_state": "a=b",
        "dropped_attributes": 1,
        "dropped_events": 2,
        "dropped_links": 3,
    }


def test_a_log_record_is_dated_by_its_observation_if_need_be() -> None:
    record = {"observedTimeUnixNano": str(START_NS), "severityNumber": 17, "eventName": "e", "body": any_value([1, {}])}
    [found] = read_alike("/v1/logs", logs(record))
    assert (found.time_ns, found.severity, found.event_name, found.body) == (START_NS, "ERROR", "e", [1, {}])


TIMES = {"startTimeUnixNano": "1", "timeUnixNano": "2"}
EVERY_METRIC = metrics(
    {"name": "g", "unit": "1", "gauge": {"dataPoints": [{**TIMES, "asInt": "-3"}]}},
    {
        "name": "s",
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [{**TIMES, "asDouble": 1.5}]},
    },
    {
        "name": "h",
        "histogram": {
            "aggregationTemporality": 1,
            "dataPoints": [
                {**TIMES, "count": "3", "sum": 6.5, "bucketCounts": ["1", "2"], "explicitBounds": [4], "min": 0}
            ],
        },
    },
    {
        "name": "e",
        "exponentialHistogram": {
            "aggregationTemporality": 2,
            "dataPoints": [
                {
                    **TIMES,
                    "count": 4,
                    "sum": 1,
                    "scale": -2,
                    "zeroCount": "1",
                    "positive": {"offset": 1, "bucketCounts": ["3"]},
                }
            ],
        },
    },
    {
        "name": "q",
        "summary": {
            "dataPoints": [{**TIMES, "count": "2", "sum": 9, "quantileValues": [{"quantile": 0.5, "value": 4.5}]}]
        },
    },
    {"name": "none"},
)


def test_every_kind_of_metric() -> None:
    found = read_alike("/v1/metrics", EVERY_METRIC)
    assert [(point.metric, point.kind, point.temporality, point.value, point.count) for point in found] == [
        ("g", "gauge", "unspecified", -3.0, None),
        ("s", "sum", "cumulative", 1.5, None),
        ("h", "histogram", "delta", 6.5, 3),
        ("e", "exponentialHistogram", "cumulative", 1.0, 4),
        ("q", "summary", "unspecified", 9.0, 2),
    ]
    assert found[2].more == {"type": "histogram", "min": 0.0, "explicit_bounds": [4.0], "bucket_counts": [1, 2]}
    assert found[3].more["positive"] == {"offset": 1, "bucket_counts": [3]}
    assert found[4].more["quantiles"] == [{"quantile": 0.5, "value": 4.5}]


@pytest.mark.parametrize(("number", "text"), [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("Infinity", "Infinity")])
def test_numbers_that_json_does_not_have_are_texts(number: str, text: str) -> None:
    body = traces({**span(1), "attributes": [{"key": "a", "value": {"doubleValue": number}}]})
    [found] = read_alike("/v1/traces", body)
    assert found.attributes == {"a": text}


PLAIN = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.lengthy
@given(st.dictionaries(st.text(max_size=10), PLAIN, max_size=4))
def test_every_attribute_value_is_read_alike_and_is_json(values: Json) -> None:
    [found] = read_alike("/v1/traces", traces({**span(1), "attributes": attributes(values)}))
    assert json.loads(json.dumps(found.attributes)) == found.attributes
    assert {k: v for k, v in found.attributes.items() if isinstance(v, bool | int)} == {
        k: v for k, v in values.items() if isinstance(v, bool | int)
    }
    for name, value in values.items():
        if isinstance(value, float):
            assert math.isclose(found.attributes[name], value)


WRONG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=2), max_leaves=3
)


def refused_field(path: str, body: Json) -> str:
    """The path of what a JSON body is refused for, or the first of its items, or ``nothing``."""
    try:
        items = READERS[path][0](body)
    except InvalidInput as error:
        return error.field
    return next((item.field for item in items if isinstance(item, InvalidInput)), "nothing")


@pytest.mark.lengthy
@settings(max_examples=50)
@given(st.sampled_from(list(READERS)), st.data())
def test_a_body_with_one_wrong_part_is_read_or_refused_by_its_path(path: str, data: st.DataObject) -> None:
    body = json.loads(json.dumps(recorded(path)[-1]))
    place: Any = body
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(WRONG)
            break
        place = place[key]
    assert refused_field(path, body).startswith(("resource", "nothing"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano"),
        ({"attributes": {}}, "attributes"),
        ({"attributes": [{"key": "a", "value": 1}]}, "attributes.0.value"),
        ({"attributes": [{"key": "a", "value": {"intValue": 2**64}}]}, "attributes.0.intValue"),
        ({"name": 1}, "name"),
        ({"events": [7]}, "events.0"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(change: Json, field: str) -> None:
    found = refused_field("/v1/traces", traces(span(1), {**span(2), **change}))
    assert found == f"resourceSpans.0.scopeSpans.0.spans.1.{field}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scope": {"name": 1}}, "scopeSpans.0.scope.name"),
        ({"scope": {"attributes": 1}}, "scopeSpans.0.scope.attributes"),
        ({"scope": 1}, "scopeSpans.0.scope"),
    ],
)
def test_what_is_wrong_around_the_items_is_named_by_its_path(change: Json, field: str) -> None:
    body = traces(span(1))
    body["resourceSpans"][0]["scopeSpans"][0] |= change
    assert refused_field("/v1/traces", body) == f"resourceSpans.0.{field}"
    body = traces(span(1))
    body["resourceSpans"][0]["resource"]["attributes"] = [{"key": 1}]
    assert refused_field("/v1/traces", body) == "resourceSpans.0.resource.attributes.0"


def test_values_nested_beyond_reason_are_refused() -> None:
    value: Any = 1
    for _ in range(otel_json.MAX_DEPTH + 2):
        value = [value]
    body = traces({**span(1), "attributes": attributes({"a": value})})
    [refused] = otel_json.read_spans(body)
    assert isinstance(refused, InvalidInput)
    assert "nested" in refused.problem


def test_names_of_enumerations_are_read_as_well_as_their_numbers() -> None:
    named = {**span(1), "kind": "SPAN_KIND_SERVER", "status": {"code": "STATUS_CODE_ERROR"}}
    [found] = otel_json.read_spans(traces(named))
    assert (found.kind, found.failed) == ("server", True)
    assert otel_json.read_spans(traces({**span(2), "kind": 99}))[0].kind == "unspecified"


def test_bytes_that_are_no_protobuf_are_refused() -> None:
    for _, read in READERS.values():
        with pytest.raises(InvalidInput, match="protobuf"):
            read(b"\xff\xff\xff")
        assert read(b"") == ()


WHOLE_LOG = {
    "timeUnixNano": "1",
    "observedTimeUnixNano": "2",
    "severityNumber": 17,
    "severityText": "bad",
    "eventName": "e",
    "body": any_value([1, "text", 1.5, True, b"x", {"a": "b"}]),
    "traceId": TRACE,
    "spanId": f"{1:016x}",
}


def capitals(place: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all members of a body that have a name of several words."""
    inner = place.items() if isinstance(place, dict) else enumerate(place) if isinstance(place, list) else ()
    for key, value in inner:
        if isinstance(key, str) and not key.islower():
            yield (*way, key)
        yield from capitals(value, (*way, key))


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/traces", traces(WHOLE_SPAN)), ("/v1/logs", logs(WHOLE_LOG)), ("/v1/metrics", EVERY_METRIC)],
)
def test_in_json_no_member_that_is_named_as_in_protobuf_is_passed_over(path: str, body: Json) -> None:
    assert refused_field(path, body) == "nothing"
    for way in capitals(body):
        renamed = json.loads(json.dumps(body))
        place = renamed
        for key in way[:-1]:
            place = place[key]
        other = re.sub("([A-Z])", r"_\1", way[-1]).lower()
        place[other] = place.pop(way[-1])
        found = [item for item in READERS[path][0](renamed) if isinstance(item, InvalidInput)]
        assert found, way
        assert any(other in str(item) and way[-1] in str(item) for item in found), found


# One bad item loses no other

POINT = {"timeUnixNano": "2", "asInt": "1"}
GOOD: dict[str, Json] = {
    "/v1/traces": traces(span(1), span(2), span(3)),
    "/v1/logs": logs(*({"body": any_value(text)} for text in ("one", "two", "three"))),
    "/v1/metrics": metrics(
        {"name": "m", "gauge": {"dataPoints": [POINT, {**POINT, "asInt": "2"}, {**POINT, "asInt": "3"}]}}
    ),
}


def errors(items: Any) -> list[int]:
    return [i for i, item in enumerate(items) if isinstance(item, InvalidInput)]


def items_of(path: str, body: Json) -> list[Json]:
    [resource] = next(iter(body.values()))
    [scope] = next(value for name, value in resource.items() if name.startswith("scope"))
    found: list[Json] = next(value for name, value in scope.items() if name != "scope")
    return found if path != "/v1/metrics" else found[0]["gauge"]["dataPoints"]


@pytest.mark.parametrize("path", list(GOOD))
@pytest.mark.parametrize(
    "wrong",
    [
        7,
        None,
        {"attributes": {}},
        {"attributes": [{"key": "a", "value": {"stringValue": 1}}]},
        {"attributes": [{"key": "a", "value": {"intValue": str(2**64)}}]},
        {"attributes": [7]},
        {"timeUnixNano": "soon", "startTimeUnixNano": "soon"},
        {"timeUnixNano": 10**30, "startTimeUnixNano": 10**30},
        {"timeUnixNano": [], "startTimeUnixNano": []},
    ],
)
def test_in_json_a_bad_item_loses_no_other(path: str, wrong: Any) -> None:
    sound = READERS[path][0](GOOD[path])
    body = json.loads(json.dumps(GOOD[path]))
    items = items_of(path, body)
    items[1] = {**items[1], **wrong} if isinstance(wrong, dict) else wrong
    found = READERS[path][0](body)
    assert errors(found) == [1]
    assert (found[0], found[2]) == (sound[0], sound[2])
    assert ".1" in found[1].field
    assert found[1].field.startswith("resource")


@pytest.mark.parametrize("path", list(GOOD))
@pytest.mark.parametrize("at", ["resource", "scope"])
def test_a_bad_resource_or_scope_is_the_fault_of_its_own_items(path: str, at: str) -> None:
    good, bad = json.loads(json.dumps(GOOD[path])), json.loads(json.dumps(GOOD[path]))
    [[resource]] = bad.values()
    holder = (
        resource if at == "resource" else next(value for name, value in resource.items() if name.startswith("scope"))[0]
    )
    holder[at] = {"attributes": 5}
    [resources] = bad.values()
    resources += next(iter(good.values()))
    found = READERS[path][0](bad)
    assert errors(found) == [0, 1, 2]
    assert found[3:] == READERS[path][0](good)


MARK, INVALID = "\u00e9\u00e9", b"\xff\xfe\xff\xfe"
"""A text that is easily found in a message, and as many bytes that are no text."""


def spoiled(path: str, body: Json, times: int = 1) -> bytes:
    """The body in protobuf, with bytes that are no UTF-8 in the place of the mark."""
    whole = protobuf(path, body)
    assert whole.count(MARK.encode()) == times
    return whole.replace(MARK.encode(), INVALID)


@pytest.mark.parametrize("path", list(GOOD))
def test_in_protobuf_a_text_that_is_none_loses_no_other_item(path: str) -> None:
    sound = READERS[path][1](protobuf(path, GOOD[path]))
    body = json.loads(json.dumps(GOOD[path]))
    items_of(path, body)[1]["attributes"] = attributes({"deep": [{"down": MARK}]})
    found = READERS[path][1](spoiled(path, body))
    assert errors(found) == [1]
    assert (found[0], found[2]) == (sound[0], sound[2])
    assert "UTF-8" in found[1].problem


@pytest.mark.parametrize("path", list(GOOD))
@pytest.mark.parametrize("at", ["resource", "scope"])
def test_in_protobuf_a_bad_resource_or_scope_is_the_fault_of_its_own_items(path: str, at: str) -> None:
    good, bad = GOOD[path], json.loads(json.dumps(GOOD[path]))
    [[resource]] = bad.values()
    holder = (
        resource if at == "resource" else next(value for name, value in resource.items() if name.startswith("scope"))[0]
    )
    holder[at] = {"attributes": attributes({"a": MARK})}
    found = READERS[path][1](spoiled(path, bad) + protobuf(path, good))  # messages one after the other are one
    assert errors(found) == [0, 1, 2]
    assert found[3:] == READERS[path][1](protobuf(path, good))


def test_a_metric_whose_own_name_is_no_text_is_lost_with_all_its_points() -> None:
    body = json.loads(json.dumps(GOOD["/v1/metrics"]))
    body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["name"] = MARK
    assert errors(otel_protobuf.read_points(spoiled("/v1/metrics", body))) == [0, 1, 2]


@settings(max_examples=200)
@given(st.sampled_from(list(GOOD)), st.data())
@pytest.mark.slow
def test_protobuf_with_damage_is_read_or_refused(path: str, data: st.DataObject) -> None:
    """Whatever stands there; and what is read is read as Google's own code reads it."""
    whole = bytearray(protobuf(path, GOOD[path]))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    read = READERS[path][1]
    try:
        found = read(bytes(whole))
    except InvalidInput:
        return
    try:
        REQUESTS[path].FromString(bytes(whole))
    except DecodeError:
        return
    # What a newer version may have added is no damage; where nothing else is there, that is said.
    assert [item for item in found if isinstance(item, InvalidInput) and "another version" not in str(item)] == []
    assert len(found) <= 6
