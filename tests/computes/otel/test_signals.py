"""Log records and data points of any instrumentation as observations."""

from __future__ import annotations

from typing import Any

from loopgraph.computes.otel.json import read_logs, read_points
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, Temporality
from support.otlp import START_NS, TRACE, any_value, attributes, logs, metrics

Json = dict[str, Any]

LINE: Json = {
    "timeUnixNano": str(START_NS),
    "severityText": "WARN",
    "body": any_value("low on stock"),
    "attributes": attributes({"item": 7, "session.id": "s-1"}),
    "traceId": TRACE,
    "spanId": f"{5:016x}",
}
TIMES = {"startTimeUnixNano": str(START_NS), "timeUnixNano": str(START_NS + 1_000_000_000)}


def records(*lines: Json) -> list[LogRecorded]:
    report = observe_logs(read_logs(logs(*lines)))
    assert not report.refused
    return [item.event for item in report.observations if isinstance(item.event, LogRecorded)]


def test_a_line_belongs_to_its_trace_and_its_session() -> None:
    [line] = records(LINE)
    assert (line.correlation_id, line.session_id, line.severity, line.body) == (TRACE, "s-1", "WARN", "low on stock")
    assert line.context == {"item": 7, "span_id": f"{5:016x}", "resource": {"service.name": "shop"}}


def test_a_resource_names_the_session_of_signals_that_do_not() -> None:
    of_resource = {"session.id": "s-9"}
    lines = [item.event for item in observe_logs(read_logs(logs(LINE, {}, **of_resource))).observations]
    assert [line.session_id for line in lines if isinstance(line, LogRecorded)] == ["s-1", "s-9"]
    items = [{**TIMES, "asInt": 1, "attributes": attributes(own)} for own in ({"session.id": "s-1"}, {})]
    sold = metrics({"name": "sold", "gauge": {"dataPoints": items}}, **of_resource)
    points = [item.event for item in observe_points(read_points(sold)).observations]
    assert [point.session_id for point in points if isinstance(point, MetricMeasured)] == ["s-1", "s-9"]


def test_a_line_without_anything_is_still_a_line() -> None:
    [line] = records({})
    assert (line.correlation_id, line.session_id, line.body, line.timestamp) == (None, None, None, None)


def test_lines_are_told_apart_and_known_again() -> None:
    other = {**LINE, "body": any_value("out of stock")}
    ids = [line.record_id for line in records(LINE, other, LINE)]
    assert ids[0] == ids[2] != ids[1]


def test_a_trace_id_of_zeros_is_none_and_a_wrong_one_is_refused() -> None:
    report = observe_logs(read_logs(logs({**LINE, "traceId": "0" * 32}, {**LINE, "traceId": "12"})))
    assert list(report.refused) == [1]
    [line] = [item.event for item in report.observations]
    assert isinstance(line, LogRecorded)
    assert line.correlation_id is None


def point(metric: Json) -> MetricMeasured:
    [item] = observe_points(read_points(metrics(metric))).observations
    assert isinstance(item.event, MetricMeasured)
    return item.event


def test_a_gauge_a_sum_and_a_histogram() -> None:
    gauge = point({"name": "stock", "unit": "1", "gauge": {"dataPoints": [{**TIMES, "asInt": "3"}]}})
    assert (gauge.name, gauge.unit, gauge.value, gauge.count) == ("stock", "1", 3.0, None)
    assert gauge.temporality is Temporality.GAUGE
    total = {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [{**TIMES, "asDouble": 2.5}]}
    counter = point({"name": "sold", "sum": total})
    assert (counter.temporality, counter.value) == (Temporality.CUMULATIVE, 2.5)
    assert counter.context["monotonic"] is True
    assert counter.context["resource"] == {"service.name": "shop"}
    spread = {"aggregationTemporality": 1, "dataPoints": [{**TIMES, "count": "4", "sum": 10, "bucketCounts": ["4"]}]}
    histogram = point({"name": "basket", "histogram": spread})
    assert (histogram.temporality, histogram.value, histogram.count) == (Temporality.DELTA, 10.0, 4)
    assert histogram.context["bucket_counts"] == [4]


def test_points_are_told_apart_and_known_again() -> None:
    def sold(**changes: Any) -> str:
        item = {**TIMES, "asInt": 1, **changes}
        return point({"name": "sold", "gauge": {"dataPoints": [item]}}).point_id

    assert sold() == sold()
    different = [sold(), sold(timeUnixNano="9"), sold(attributes=attributes({"a": 1})), sold(startTimeUnixNano="9")]
    assert len(set(different)) == 4


def test_a_point_without_a_value_is_passed_over_or_refused() -> None:
    no_value_now = {**TIMES, "flags": 1}
    not_a_number = {**TIMES, "asDouble": "NaN"}
    report = observe_points(
        read_points(
            metrics(
                {"name": "a", "gauge": {"dataPoints": [no_value_now, not_a_number]}},
                {"name": "b", "sum": {"dataPoints": [{**TIMES, "asInt": 1}]}},
                {"name": "c", "histogram": {"aggregationTemporality": 1, "dataPoints": [{**TIMES, "count": 1}]}},
            )
        )
    )
    assert report.observations == []
    assert {i: reason.partition(":")[0] for i, reason in report.refused.items()} == {
        1: "value",
        2: "aggregationTemporality",
        3: "sum",
    }
