"""What exports say, put together as the graph would: traces, steps and calls by their ids, the best reports first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from loopgraph.computes.otel.json import read_logs, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import LogRecorded, Observation

Json = dict[str, Any]
Export = tuple[str, Json]
"""A signal, ``traces`` or ``logs``, and a request of it in JSON."""


@dataclass
class Picture:
    """What is known of each thing, by id."""

    traces: dict[str, Json] = field(default_factory=dict)
    steps: dict[str, Json] = field(default_factory=dict)
    calls: dict[str, Json] = field(default_factory=dict)
    logs: dict[str, Json] = field(default_factory=dict)

    def add(self, seen: Observation) -> None:
        """Puts an observation in; those of less trust come later."""
        event = seen.event
        match event:
            case TraceStarted() | TraceCompleted():
                known = self.traces.setdefault(event.correlation_id, {})
            case HookExecuted():
                known = self.steps.setdefault(event.execution_id, {})
            case EndpointCalled():
                known = self.calls.setdefault(event.call_id, {"nested_in": seen.nested_in, "messages": {}})
                if seen.part:
                    known["messages"][seen.part] = event.request_body or event.response_body
                    return
            case LogRecorded():
                known = self.logs.setdefault(event.record_id, {})
            case _:
                return
        for name in event.model_fields_set:
            value = getattr(event, name)
            if value not in (None, (), {}):
                known.setdefault(name, value)


def picture_of(exports: Iterable[Export]) -> Picture:
    """What these exports say. Nothing in them may be refused."""
    observations: list[Observation] = []
    for signal, request in exports:
        report = observe_spans(read_spans(request)) if signal == "traces" else observe_logs(read_logs(request))
        assert not report.refused, report.refused
        observations += report.observations
    picture = Picture()
    for seen in sorted(observations, key=lambda seen: -seen.rank):
        picture.add(seen)
    return picture
