"""Where in a trace the running code is, by context variables: tasks and threads inherit it, and nested blocks nest."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from loopgraph.clients.traceparent import TraceParent, span_id_of, trace_id_of


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace.

    ``parent_execution_id`` is the hook execution that is running, None directly below the trace. ``flags`` and
    ``tracestate`` are those of the caller's W3C trace context, passed on as they came.
    """

    correlation_id: str
    root_id: str
    parent_execution_id: str | None = None
    flags: int = 1
    tracestate: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers that tell another service of this place.

        The trace id of ``traceparent`` is the correlation id where that is 32 hex digits, as those made here are;
        otherwise, and for the span id, it is a digest, so that the same place always has the same.
        """
        parent = self.parent_execution_id or self.correlation_id
        traceparent = TraceParent(trace_id_of(self.correlation_id), span_id_of(parent), self.flags)
        told = {
            "X-Correlation-ID": self.correlation_id,
            "X-Root-ID": self.root_id,
            "X-Parent-ID": parent,
            "traceparent": str(traceparent),
        }
        return told if self.tracestate is None else {**told, "tracestate": self.tracestate}


# Not the operating system's randomness for each id, which costs a system call; and a child process must not repeat its parent's.
_ids = random.Random()  # noqa: S311 - ids are no secrets
os.register_at_fork(after_in_child=_ids.seed)

_current: ContextVar[TraceContext | None] = ContextVar("loopgraph_trace", default=None)


def new_id() -> str:
    """A fresh id: 32 hex digits, so that it is a W3C trace id, too."""
    return f"{_ids.getrandbits(128) or 1:032x}"


def current() -> TraceContext | None:
    """The place in which the caller runs; None outside of any trace."""
    return _current.get()


def headers() -> dict[str, str]:
    """The headers for an outgoing call; none outside of any trace."""
    place = _current.get()
    return {} if place is None else place.headers()


@contextlib.contextmanager
def at(place: TraceContext) -> Iterator[TraceContext]:
    """Runs the block in this place."""
    token = _current.set(place)
    try:
        yield place
    finally:
        _current.reset(token)
