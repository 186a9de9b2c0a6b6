"""The metrics of a registry as OTLP: the same names and values."""

from __future__ import annotations

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from loopgraph.effects.telemetry.metrics import export_request
from support.collector import attributes_of


def test_what_is_counted_is_told_with_its_labels() -> None:
    registry = CollectorRegistry()
    Counter("events", "Events.", ["outcome"], registry=registry).labels("recorded").inc(3)
    Gauge("waiting", "Waiting.", registry=registry).set(2.5)
    seconds = Histogram("seconds", "Time.", ["of"], buckets=(0.1, 1.0), registry=registry)
    for value in (0.05, 0.5, 0.5, 7.0):
        seconds.labels("a").observe(value)
    seconds.labels("b").observe(0.2)

    body = export_request(registry.collect(), {"service.name": "loopgraph"}, 1_000, 2_000)
    [of] = ExportMetricsServiceRequest.FromString(body).resource_metrics
    assert [(one.key, one.value.string_value) for one in of.resource.attributes] == [("service.name", "loopgraph")]
    metrics = {metric.name: metric for metric in of.scope_metrics[0].metrics}

    [events] = [point for point in metrics["events"].sum.data_points if attributes_of(point)]
    assert (attributes_of(events), events.as_double) == ({"outcome": "recorded"}, 3)
    assert (events.start_time_unix_nano, events.time_unix_nano) == (1_000, 2_000)
    assert metrics["events"].sum.is_monotonic
    [waiting] = metrics["waiting"].gauge.data_points
    assert waiting.as_double == 2.5
    points = {attributes_of(point)["of"]: point for point in metrics["seconds"].histogram.data_points}
    assert list(points["a"].explicit_bounds) == [0.1, 1.0]
    assert list(points["a"].bucket_counts) == [1, 2, 1], "what is between two bounds, not what is up to one"
    assert (points["a"].count, points["a"].sum) == (4, 8.05)
    assert list(points["b"].bucket_counts) == [0, 1, 0]
