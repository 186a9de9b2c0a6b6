"""What the attributes of a span mean that calls another service, by OpenTelemetry's conventions for HTTP, RPC and databases, with
their older names; and what any failed span says of its failure."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from loopgraph.computes.agents.fields import LONGEST_NAME, LONGEST_TEXT, Fields, said, shortened
from loopgraph.computes.otel.model import Span
from loopgraph.contracts.traces.events import MOST_RETRIES

_CALLS: Final = ("http.", "url.", "rpc.", "db.")


def is_call(span: Span) -> bool:
    """Whether a span is a call by HTTP, by RPC or of a database."""
    return span.kind == "client" and any(name.startswith(_CALLS) for name in span.attributes)


def call_fields(fields: Fields, span: Span) -> dict[str, Any]:
    """The fields of a call of another service by HTTP, by RPC or of a database."""
    url = fields.text("url.full", "http.url")
    host, path = _parts_of(url)
    service = fields.name("peer.service", "service.peer.name", "server.address", "net.peer.name", "http.host")
    system = fields.name("db.system.name", "db.system", "rpc.system.name", "rpc.system")
    return said(
        service_name=service or host or system or name_of(span) or "unknown",
        endpoint_path=fields.text("url.path", "http.route", "http.target", "url.template")
        or path
        or _operation(fields)
        or path_of(span),
        http_method=fields.name("http.request.method", "http.method"),
        response_status=http_status(fields),
        retry_count=fields.count("http.request.resend_count", largest=MOST_RETRIES),
    )


def _operation(fields: Fields) -> str | None:
    """What is asked of an RPC service or a database."""
    called, method = fields.name("rpc.service"), fields.name("rpc.method")
    if method:
        return f"/{called}/{method}" if called else f"/{method}"
    if summary := fields.name("db.query.summary"):
        return summary
    asked = (
        fields.name("db.operation.name", "db.operation"),
        fields.name("db.namespace", "db.name"),
        fields.name("db.collection.name", "db.sql.table"),
    )
    return " ".join(filter(None, asked)) or None


def _parts_of(url: str | None) -> tuple[str | None, str | None]:
    """The host and the path of a URL; what it asks for and who asks stay out."""
    try:
        parts = urlsplit(url or "")
        return shortened(parts.hostname or "", LONGEST_NAME) or None, parts.path or None
    except ValueError:
        return None, None


def http_status(fields: Fields) -> int | None:
    """The status of an HTTP response."""
    return fields.count("http.response.status_code", "http.status_code", smallest=100, largest=599)


def name_of(span: Span) -> str | None:
    """The name of a span, where a short text is asked for."""
    return shortened(span.name.strip(), LONGEST_NAME).strip() or None


def path_of(span: Span) -> str:
    """The name of a span, where a path is asked for."""
    return shortened(span.name, LONGEST_TEXT) or "/"


def failure(fields: Fields, span: Span) -> dict[str, Any]:
    """The error of a span that failed: what its status says, else the last exception among its events."""
    if not span.failed:
        return {}
    exceptions = [
        event.get("attributes", {}) for event in span.more.get("events", ()) if event.get("name") == "exception"
    ]
    last = Fields(exceptions[-1] if exceptions else {})
    message, kind = last.text("exception.message"), last.name("exception.type")
    return said(
        error_message=shortened(span.status_message, LONGEST_TEXT) or message,
        error_type=fields.name("error.type") or kind,
    )
