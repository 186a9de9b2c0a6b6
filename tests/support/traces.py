"""What tests of traces share: a version to run, an experiment, a whole trace as events, and statements of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from loopgraph.assets import Access, Query
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.assembly import Skeleton
from loopgraph.contracts.traces.events import (
    Alternative,
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """``seconds`` after noon."""
    return NOON + timedelta(seconds=seconds)


async def statement(graph: Graph, text: str, **parameters: Any) -> list[Row]:
    """The rows of a statement that only a test runs."""
    query = Query("test", "", Access.WRITE, frozenset(parameters), (), frozenset(), ((None, text),))
    return await graph.write(query, **parameters)


async def make_version(graph: Graph) -> str:
    """The node id of a new pattern's first, active version."""
    origin = Origin(actor_type=ActorType.USER, actor_id="tester")
    created = await Lineage(graph).create_pattern(NewPattern(name="sort"), NewVersion(activate=True), origin)
    return created.version.node_id


async def make_experiment(graph: Graph, control: str, treatment: str, treatment_share: float | None = None) -> str:
    """The id of an experiment on two versions, with what the recording of traces reads of it."""
    experiment_id = new_id()
    await statement(
        graph,
        "CREATE (:Experiment {experiment_id: $id, control_node_id: $control, treatment_node_id: $treatment, "
        "treatment_share: $treatment_share})",
        id=experiment_id,
        control=control,
        treatment=treatment,
        treatment_share=treatment_share,
    )
    return experiment_id


class Traces(TraceWrites, TraceReads):
    """Records traces and reads what became of them."""


async def record(traces: TraceWrites, *events: TraceEvent) -> list[Recorded]:
    """Records events that must all be accepted."""
    outcomes = await traces.record(events, received_at=NOON)
    assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    return [outcome for outcome in outcomes if isinstance(outcome, Recorded)]


async def refused(traces: TraceWrites, event: TraceEvent) -> UserError:
    """The error of an event that must not be accepted."""
    [outcome] = await traces.record([event], received_at=NOON)
    assert isinstance(outcome, UserError)
    return outcome


def story(trace: str, node_id: str) -> list[TraceEvent]:
    """Everything that happens in one trace and starts its child, in the order in which it happened."""
    return [
        TraceStarted(
            correlation_id=trace,
            timestamp=at(0),
            session_id=f"{trace}-session",
            parent_id=f"{trace}-parent",
            root_id=f"{trace}-parent",
            prompt_text="sort the list",
            context={"cwd": "/src", "nested": {"deep": [1, 2.5, None, "ü"]}},
            tags=("sorting", "demo"),
        ),
        RoutingDecided(
            correlation_id=trace,
            timestamp=at(1),
            user_request="sort the list",
            selected_agent="sorter",
            confidence_total=0.875,
            alternatives=(Alternative(agent="searcher", confidence=0.5), Alternative(agent="asker")),
        ),
        HookExecuted(
            correlation_id=trace,
            execution_id=f"{trace}-hook",
            hook_type="ToolUse",
            tool_name="Bash",
            timestamp=at(2),
            node_id=node_id,
            context={"command": "sort", "attempt": 1},
        ),
        HookExecuted(
            correlation_id=trace,
            execution_id=f"{trace}-nested",
            parent_id=f"{trace}-hook",
            hook_type="Check",
            started_at=at(3),
            duration_ms=250.0,
            success=True,
            quality_gates_validated=("SV-001", "QC-001"),
            intelligence_functions_executed=("IC-001",),
            rag_queries_executed=({"query": "how to sort", "hits": 3},),
            modifications_made={"file": "a.txt"},
        ),
        EndpointCalled(
            correlation_id=trace,
            call_id=f"{trace}-begun-call",
            hook_execution_id=f"{trace}-hook",
            service_name="search",
            endpoint_path="/api/rag/query",
            http_method="GET",
            started_at=at(4),
            headers={"accept": "application/json"},
        ),
        EndpointCalled(
            correlation_id=trace,
            call_id=f"{trace}-begun-call",
            service_name="search",
            endpoint_path="/api/rag/query",
            timestamp=at(5),
            success=False,
            response_status=504,
            error_type="timeout",
            error_message="no answer",
            retry_count=2,
        ),
        EndpointCalled(
            correlation_id=trace,
            call_id=f"{trace}-call",
            service_name="search",
            endpoint_path="/health",
            started_at=at(6),
            completed_at=at(6.5),
            success=True,
            request_body=0,
            response_body=["ok", {"n": 1}],
        ),
        HookExecuted(
            correlation_id=trace,
            execution_id=f"{trace}-hook",
            hook_type="ToolUse",
            timestamp=at(7),
            success=True,
            quality_score=0.75,
            context={"attempt": 2, "exit": 0},
        ),
        TraceStarted(correlation_id=f"{trace}-child", parent_id=trace, root_id=f"{trace}-parent", timestamp=at(8)),
        TraceCompleted(correlation_id=trace, timestamp=at(9), status=TraceStatus.ERROR, error_type="late"),
    ]


async def skeleton(reads: TraceReads, ids: Sequence[str], principal: Principal | None) -> Skeleton:
    """The spans of some traces, read whole."""
    found = await reads.skeleton_unless(lambda _: False, None, ids, principal)
    assert found is not None
    return found
