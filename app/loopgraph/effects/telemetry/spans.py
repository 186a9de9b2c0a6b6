"""Spans of the service itself, by OpenTelemetry's SDK. Nothing of it is global: two services of one process do not mix.

The requests that bring them carry ``MARK``. A Loopgraph that gets one makes no span of it, and none of what follows from it: so
one that is told of itself, or two that are told of each other, come to an end.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from loopgraph.contracts.spans import MARK, Attributes, Work
from loopgraph.effects.telemetry.outage import Outage

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 5.0
"""So long a receiver is tried with one batch. What it does not take then is lost: telemetry waits for nobody."""

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_CARRIED: Final = frozenset({b"traceparent", b"tracestate"})
_LINKS: Final = 64
"""So many requests at most are named by work that is done for them together."""


class _Going:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def called(self, name: str) -> None:
        self._span.update_name(name)

    def told(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def failed(self, why: str) -> None:
        self._span.set_attribute("error.type", why)
        self._span.set_status(Status(StatusCode.ERROR, why))


class OtelSpans:
    """Spans that a receiver of OTLP is sent. ``instance`` tells this service from others, ``share`` of the requests without a
    trace of their own are followed."""

    def __init__(
        self, url: str, headers: dict[str, str], resource: dict[str, str], instance: str, share: float
    ) -> None:
        exporter = OTLPSpanExporter(f"{url}/v1/traces", headers={**headers, MARK: instance}, timeout=TIMEOUT_S)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)), resource=Resource(dict(resource)), shutdown_on_exit=False
        )
        self._batches = BatchSpanProcessor(_Told(exporter, url))
        self._provider.add_span_processor(self._batches)
        self._tracer = self._provider.get_tracer("loopgraph", resource.get("service.version"))

    @contextlib.contextmanager
    def request(self, name: str, headers: Sequence[tuple[bytes, bytes]], attributes: Attributes) -> Iterator[_Going]:
        """See ``Spans``."""
        carried = {key.decode(): value.decode("latin-1") for key, value in headers if key in _CARRIED}
        parent = _PROPAGATOR.extract(carried, context=contexts.Context())
        with self._going(name, parent, SpanKind.SERVER, attributes) as going:
            yield going

    @contextlib.contextmanager
    def stage(self, name: str, attributes: Attributes) -> Iterator[_Going]:
        """See ``Spans``."""
        with self._going(name, contexts.Context(), SpanKind.INTERNAL, attributes) as going:
            yield going

    @contextlib.contextmanager
    def together(self, name: str, places: Sequence[object], attributes: Attributes) -> Iterator[_Going]:
        """See ``Spans``. For one request it is a part of that, for several a trace of its own that names them."""
        known = {place.span_id: place for place in places if isinstance(place, SpanContext)}
        if not known:
            yield _Going(trace.INVALID_SPAN)
            return
        parent, links = contexts.Context(), list[Link]()
        if len(known) == 1:
            parent = trace.set_span_in_context(trace.NonRecordingSpan(*known.values()), parent)
        else:
            links = [Link(known[span_id]) for span_id in sorted(known)[:_LINKS]]
        with self._going(name, parent, SpanKind.INTERNAL, attributes, links) as going:
            yield going

    @contextlib.contextmanager
    def _going(
        self,
        name: str,
        parent: contexts.Context,
        kind: SpanKind,
        attributes: Attributes,
        links: Sequence[Link] = (),
    ) -> Iterator[_Going]:
        span = self._tracer.start_span(name, parent, kind, dict(attributes), links)
        token = contexts.attach(trace.set_span_in_context(span))
        try:
            yield _Going(span)
        except BaseException as error:
            _Going(span).failed(getattr(error, "code", None) or type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            span.end()

    def ended(self, name: str, seconds: float, attributes: Attributes, *, alone: bool = False) -> None:
        """See ``Spans``."""
        around = trace.get_current_span()
        if not around.is_recording() and (not alone or around.get_span_context().is_valid):
            return
        end = time.time_ns()
        kind = SpanKind.INTERNAL
        span = self._tracer.start_span(name, None, kind, dict(attributes), start_time=end - round(seconds * 1e9))
        span.end(end)

    def here(self) -> object | None:
        """See ``Spans``."""
        span = trace.get_current_span()
        return span.get_span_context() if span.is_recording() else None

    def bound(self, work: Work) -> Work:
        """See ``Spans``."""
        place = contexts.get_current()

        async def carried(*arguments: Any) -> Any:
            token = contexts.attach(place)
            try:
                return await work(*arguments)
            finally:
                contexts.detach(token)

        return carried  # type: ignore[return-value]

    def close(self) -> None:
        """Sends what is left, for some seconds at most. Blocks."""
        self._batches.force_flush(round(TIMEOUT_S * 1000))
        self._provider.shutdown()


class _Told(SpanExporter):
    """Says in the log that a receiver takes nothing, and that it does again."""

    def __init__(self, exporter: SpanExporter, url: str) -> None:
        self._exporter = exporter
        self._outage = Outage(logger, "the service's spans", url)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends a batch."""
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._outage.is_over()
        else:
            self._outage.is_so()
        return result

    def shutdown(self) -> None:
        """Ends it."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Whether nothing is left of what it was given; it keeps nothing."""
        return True
