"""The trace context that a request brings along: the correlation headers of Loopgraph, or W3C Trace Context."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from loopgraph.clients.context import TraceContext, new_id
from loopgraph.clients.traceparent import TraceParent

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+#=-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Inbound:
    """Where a request belongs. ``new``: nothing told, so a trace begins here. ``call_id`` is the client's id of this call."""

    place: TraceContext
    call_id: str
    new: bool


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> Inbound:
    """The context of a request by its headers, names in lower case.

    ``X-Correlation-ID`` goes before ``traceparent``, whose trace id is the correlation id where it stands alone. A header
    that is not valid, or is there twice, counts as missing.
    """
    found: dict[bytes, str | None] = {}
    states: list[str] = []
    for name, value in headers:
        if name in _NAMES:
            found[name] = None if name in found else value.decode("latin-1").strip()
        elif name == b"tracestate":
            states.append(value.decode("latin-1").strip())
    w3c = TraceParent.parse(found.get(b"traceparent") or "")
    correlation_id = _id(found.get(b"x-correlation-id")) or (w3c and w3c.trace_id)
    call_id, parent = _id(found.get(b"x-execution-id")), _id(found.get(b"x-parent-id"))
    place_id = correlation_id or new_id()
    place = TraceContext(
        correlation_id=place_id,
        root_id=_id(found.get(b"x-root-id")) or place_id,
        # Clients name the trace, or the call itself, as the parent of what has none.
        parent_execution_id=None if parent in (correlation_id, call_id) or correlation_id is None else parent,
        flags=1 if w3c is None else w3c.flags,
        tracestate=",".join(states) or None if w3c is not None else None,
    )
    return Inbound(place, call_id or new_id(), new=correlation_id is None)


_NAMES = frozenset({b"x-correlation-id", b"x-root-id", b"x-parent-id", b"x-execution-id", b"traceparent"})


def _id(value: str | None) -> str | None:
    """The value, if it is an id as the service takes them."""
    return value if value is not None and _ID.fullmatch(value) else None
