"""The metrics of the service by OTLP: those of ``/metrics``, under the same names, with their values since the start.

https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics says what becomes of what.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Gauge,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

CONTENT_TYPE: Final = "application/x-protobuf"


def export_request(families: Iterable[Any], resource: Mapping[str, str], began_ns: int, now_ns: int) -> bytes:
    """The body of ``POST /v1/metrics`` for what a registry of Prometheus collects."""
    request = ExportMetricsServiceRequest()
    of = request.resource_metrics.add()
    of.resource.attributes.extend(_attributes(resource))
    scope = of.scope_metrics.add()
    scope.scope.name = "loopgraph"
    scope.metrics.extend(_metric(family, began_ns, now_ns) for family in families if family.samples)
    return bytes(request.SerializeToString())


def _metric(family: Any, began_ns: int, now_ns: int) -> Metric:
    metric = Metric(name=family.name, description=family.documentation)
    match family.type:
        case "counter":
            metric.sum.is_monotonic = True
            metric.sum.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
            metric.sum.data_points.extend(_number(sample, began_ns, now_ns) for sample in family.samples)
        case "histogram":
            metric.histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
            metric.histogram.data_points.extend(_histograms(family, began_ns, now_ns))
        case _:
            metric.gauge.CopyFrom(Gauge(data_points=[_number(sample, 0, now_ns) for sample in family.samples]))
    return metric


def _number(sample: Any, began_ns: int, now_ns: int) -> NumberDataPoint:
    return NumberDataPoint(
        attributes=_attributes(sample.labels),
        start_time_unix_nano=began_ns,
        time_unix_nano=now_ns,
        as_double=sample.value,
    )


def _histograms(family: Any, began_ns: int, now_ns: int) -> Iterable[HistogramDataPoint]:
    """A point for each set of labels: Prometheus counts what is up to a bound, OTLP what is between two."""
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = defaultdict(lambda: {"bounds": [], "sum": 0.0})
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        one = found[tuple(sorted(labels.items()))]
        if bound is not None:
            one["bounds"].append((float(bound), sample.value))
        elif sample.name.endswith("_sum"):
            one["sum"] = sample.value
    for labels_, one in found.items():
        bounds = sorted(one["bounds"])
        counts = [round(count) for _, count in bounds]
        yield HistogramDataPoint(
            attributes=_attributes(dict(labels_)),
            start_time_unix_nano=began_ns,
            time_unix_nano=now_ns,
            count=counts[-1] if counts else 0,
            sum=one["sum"],
            bucket_counts=[high - low for low, high in itertools.pairwise([0, *counts])],
            explicit_bounds=[bound for bound, _ in bounds if math.isfinite(bound)],
        )


def _attributes(values: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items()]
