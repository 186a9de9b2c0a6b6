"""What the graph holds of what events are about. It is read without locks; what is written checks that it is still so."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from loopgraph.assets import Query, query
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, SessionSeen
from loopgraph.contracts.traces.pricing import Pricing
from loopgraph.contracts.traces.uses import MemoryLoaded, PatternUsed
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.nodes import Piece

_KNOWN_NODES = query("traces/known_nodes")
_DECISIONS = query("traces/decisions_by_trace")
_KNOWN_VERSIONS = query("traces/known_versions")
_KNOWN_EXPERIMENTS = query("traces/known_experiments")
_CALLS_NESTED_IN = query("traces/calls_nested_in")
_KNOWN_LOGS = query("traces/known_logs")
_KNOWN_POINTS = query("traces/known_points")


_OTEL_TRACE_ID = re.compile(r"[0-9a-f]{32}")


async def load(tx: Transaction, pieces: Sequence[Piece], received_at: datetime, pricing: Pricing) -> Batch:
    """The batch that the events are folded into; calls of models are priced by ``pricing``."""
    ids = _Ids.of(pieces)

    async def rows(statement: Query, name: str, ids: Collection[str]) -> list[Row]:
        return await tx.run(statement, **{name: sorted(ids)}) if ids else []

    nodes: defaultdict[str, list[Row]] = defaultdict(list)
    if ids.traces or ids.hooks or ids.calls or ids.sessions or ids.otel_traces:
        for row in await tx.run(
            _KNOWN_NODES,
            correlation_ids=sorted(ids.traces),
            execution_ids=sorted(ids.hooks),
            call_ids=sorted(ids.calls),
            session_ids=sorted(ids.sessions),
            otel_trace_ids=sorted(ids.otel_traces),
        ):
            nodes[row["kind"]] += row["nodes"]
    new_hooks = ids.hooks - {hook["execution_id"] for hook in nodes["hook"]}
    from_spans = any(item.otel_trace_id for item in pieces)
    waiting = _properties(await rows(_CALLS_NESTED_IN, "execution_ids", new_hooks if from_spans else ()))
    experiments = await rows(_KNOWN_EXPERIMENTS, "experiment_ids", ids.experiments)
    return Batch(
        received_at,
        traces=nodes["trace"],
        hooks=nodes["hook"],
        calls=[*waiting, *nodes["call"]],
        sessions=nodes["session"],
        naming=nodes["naming"],
        prompts=nodes["prompt"],
        decisions=_properties(await rows(_DECISIONS, "correlation_ids", ids.decisions)),
        logs=_properties(await rows(_KNOWN_LOGS, "record_ids", ids.logs)),
        points=_properties(await rows(_KNOWN_POINTS, "point_ids", ids.points)),
        versions=[row["node_id"] for row in await rows(_KNOWN_VERSIONS, "node_ids", ids.versions)],
        experiments={
            row["experiment_id"]: {
                row["control_node_id"]: Arm.CONTROL,
                **dict.fromkeys(row["treatment_node_ids"], Arm.TREATMENT),
            }
            for row in experiments
        },
        shares={row["experiment_id"]: row["treatment_share"] for row in experiments if row["treatment_share"]},
        staged={row["experiment_id"] for row in experiments if row["staged"]},
        pricing=pricing,
    )


def _properties(rows: Iterable[Row]) -> list[Row]:
    return [row["properties"] for row in rows]


@dataclass
class _Ids:
    """The ids of what events are about."""

    traces: set[str] = field(default_factory=set)
    hooks: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    experiments: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    logs: set[str] = field(default_factory=set)
    points: set[str] = field(default_factory=set)
    otel_traces: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Self:
        ids = cls()
        for item in pieces:
            ids._add(item)
        return ids

    def _add(self, item: Piece) -> None:
        trace_id = item.correlation_id
        match item.event:
            case HookExecuted() as event:
                self.hooks.add(event.execution_id)
                self.versions |= _some(event.node_id)
                self.experiments |= _some(event.experiment_id)
            case EndpointCalled() as event:
                self.calls.add(event.call_id)
                self.hooks |= _some(event.hook_execution_id)
            case RoutingDecided():
                self.decisions |= _some(trace_id)
            case SessionSeen() as event:
                self.sessions.add(event.session_id)
            case LogRecorded() as event:
                self.logs.add(event.record_id)
            case MetricMeasured() as event:
                self.points.add(event.point_id)
            case TraceStarted() | TraceCompleted():
                self.traces |= _some(trace_id)
                of_prompt = type(item.event) is TraceStarted and not item.event.agent_id
                self.sessions |= _some(item.given.get("session_id") if of_prompt and item.observation else None)
            case PatternUsed() as event:
                self.hooks.add(event.execution_id)
            case MemoryLoaded() as event:
                self.sessions.add(event.session_id)
                self.traces |= _some(event.loaded_for)
        if item.may_be_of_prompt and trace_id and _OTEL_TRACE_ID.fullmatch(trace_id):
            self.otel_traces.add(trace_id)
        if item.observation:
            self.traces |= _some(trace_id)
            self.traces |= _some(item.root_id)  # whether a subagent is left behind follows from its prompt
            self.hooks |= _some(item.observation.nested_in)
            self.calls |= _some(item.observation.nested_in)  # a step that tells what it cost is a call, too


def _some(id_: str | None) -> set[str]:
    return {id_} if id_ else set()
