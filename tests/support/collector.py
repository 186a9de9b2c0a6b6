"""A receiver of OTLP over HTTP that keeps what it is told, and can pass it on."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_HOP = frozenset({"host", "connection", "content-length", "accept-encoding"})


@dataclass
class Collector:
    """What it was told, at ``url``. What comes is passed on to ``next_url`` with its headers, if there is one; with ``status`` it
    takes nothing."""

    url: str
    spans: list[Any] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)
    next_url: str = ""
    passed_on: list[int] = field(default_factory=list)
    status: int = 200

    def named(self, name: str) -> list[Any]:
        """The spans with this name."""
        return [span for span in list(self.spans) if span.name == name]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """One request."""
        self.headers.append(headers)
        if self.status != 200:
            return self.status
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        if path == "/v1/traces":
            for of in ExportTraceServiceRequest.FromString(plain).resource_spans:
                self.resources.append({one.key: one.value.string_value for one in of.resource.attributes})
                self.spans += [span for scope in of.scope_spans for span in scope.spans]
        else:
            for told in ExportMetricsServiceRequest.FromString(plain).resource_metrics:
                self.metrics |= {metric.name: metric for scope in told.scope_metrics for metric in scope.metrics}
        if self.next_url:
            kept = {name: value for name, value in headers.items() if name not in _HOP}
            answer = httpx.post(f"{self.next_url}{path}", content=body, headers=kept, timeout=None, trust_env=False)  # noqa: S113
            self.passed_on.append(answer.status_code)
        return 200


def attributes_of(span: Any) -> dict[str, Any]:
    """The attributes of a span or a data point."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """A receiver until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(collector.take(self.path, headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield collector
        server.shutdown()
