"""The events of a trace, as methods: each makes one event with its id and its instant, and emits it.

The fields are those of ``POST /api/traces/…``; what a method does not name goes in as a keyword argument. Ids are made here,
before anything is sent, so that sending an event twice records it once. Durations are in milliseconds.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from loopgraph.clients.context import TraceContext, at, current, new_id


class TraceEvents(ABC):
    """Makes events; ``emit`` says where they go. Ids that are left out come from the running context.

    ``project`` is what the traces that begin here are for, unless they name another.
    """

    project: str | None = None

    @abstractmethod
    def emit(self, event: Mapping[str, Any]) -> bool:
        """Takes one event: an object with ``kind`` (start, routing, hook, endpoint or complete) and that event's fields."""

    def start_trace(
        self,
        *,
        correlation_id: str | None = None,
        root_id: str | None = None,
        parent_id: str | None = None,
        **fields: Any,
    ) -> TraceContext:
        """Begins a trace, below the running one if there is one (``session_id, project, prompt_text, tags, context, …``)."""
        around = current()
        if around is not None and around.correlation_id != correlation_id:
            parent_id = parent_id or around.correlation_id
            root_id = root_id or around.root_id
        correlation_id = correlation_id or new_id()
        fields = {"project": self.project, **fields}
        self._emit("start", correlation_id, root_id=root_id or correlation_id, parent_id=parent_id, **fields)
        return TraceContext(correlation_id, root_id or correlation_id)

    def record_routing(self, *, correlation_id: str | None = None, **fields: Any) -> None:
        """The agent that was chosen (``selected_agent, confidence_total, alternatives, …``)."""
        self._emit("routing", _trace_id(correlation_id), **fields)

    def record_hook(
        self,
        hook_type: str,
        *,
        correlation_id: str | None = None,
        execution_id: str | None = None,
        parent_id: str | None = None,
        **fields: Any,
    ) -> str:
        """One step of a trace (``tool_name, success, duration_ms, node_id, experiment_id, unit, …``); answers its
        ``execution_id``. ``unit`` is what the version was assigned to.

        A step that is over needs ``success`` or ``status``; one without them is in progress, and a second call with the
        same ``execution_id`` ends it.
        """
        execution_id = execution_id or new_id()
        parent_id = parent_id or _running_step(correlation_id)
        self._emit(
            "hook",
            _trace_id(correlation_id),
            execution_id=execution_id,
            parent_id=parent_id if parent_id != execution_id else None,
            hook_type=hook_type,
            **fields,
        )
        return execution_id

    def record_endpoint_call(
        self,
        service_name: str,
        endpoint_path: str,
        *,
        correlation_id: str | None = None,
        call_id: str | None = None,
        hook_execution_id: str | None = None,
        **fields: Any,
    ) -> str:
        """One call of an endpoint (``http_method, response_status, success, duration_ms, …``); answers its ``call_id``."""
        call_id = call_id or new_id()
        self._emit(
            "endpoint",
            _trace_id(correlation_id),
            call_id=call_id,
            hook_execution_id=hook_execution_id or _running_step(correlation_id),
            service_name=service_name,
            endpoint_path=endpoint_path,
            **fields,
        )
        return call_id

    def complete_trace(self, *, correlation_id: str | None = None, success: bool | None = None, **fields: Any) -> None:
        """The trace is over; it takes ``success``, or ``status`` (success, error, timeout, denied or interrupted)."""
        self._emit("complete", _trace_id(correlation_id), success=success, **fields)

    @contextlib.contextmanager
    def trace(self, **fields: Any) -> Iterator[TraceContext]:
        """The block is a trace: begun, run in its context, and completed, as an error if the block raises."""
        place, began = self.start_trace(**fields), time.perf_counter()
        failure: BaseException | None = None
        try:
            with at(place):
                yield place
        except BaseException as error:
            failure = error
            raise
        finally:
            self.complete_trace(
                correlation_id=place.correlation_id, duration_ms=_ms_since(began), **outcome_fields(failure)
            )

    @contextlib.contextmanager
    def step(self, hook_type: str, **fields: Any) -> Iterator[TraceContext]:
        """The block is a step of the running trace; steps and calls inside it are nested in it."""
        around, execution_id = current(), fields.pop("execution_id", None) or new_id()
        if around is None:
            raise ValueError(_NO_TRACE)
        place = replace(around, parent_execution_id=execution_id)
        started_at, began = now(), time.perf_counter()
        failure: BaseException | None = None
        try:
            with at(place):
                yield place
        except BaseException as error:
            failure = error
            raise
        finally:
            self.record_hook(
                hook_type,
                correlation_id=around.correlation_id,
                execution_id=execution_id,
                parent_id=around.parent_execution_id,
                started_at=started_at,
                duration_ms=_ms_since(began),
                **outcome_fields(failure),
                **fields,
            )

    def _emit(self, kind: str, correlation_id: str, **fields: Any) -> None:
        said = {name: value for name, value in fields.items() if value is not None}
        self.emit({"kind": kind, "correlation_id": correlation_id, "timestamp": now(), **said})


_NO_TRACE = "no trace is running here: give correlation_id, or run inside `with recorder.trace():`"


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def outcome_fields(failure: BaseException | None) -> dict[str, Any]:
    """``success``, and what went wrong."""
    if failure is None:
        return {"success": True}
    return {"success": False, "error_type": type(failure).__qualname__[:255], "error_message": str(failure)[:10_000]}


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _trace_id(given: str | None) -> str:
    """The correlation id that is given, or that of the running trace. Raises ValueError without either."""
    if given is not None:
        return given
    if (place := current()) is None:
        raise ValueError(_NO_TRACE)
    return place.correlation_id


def _running_step(correlation_id: str | None) -> str | None:
    """The step that is running, if it belongs to this trace."""
    place = current()
    if place is None or correlation_id not in (None, place.correlation_id):
        return None
    return place.parent_execution_id
