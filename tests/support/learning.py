"""Prompts as an agent client tells of them, to be learned from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from loopgraph.orchestrators.learning.extraction import Learner
from support.traces import NOON, statement

JUDGE = OwnCriteria().judge

FIXING: Sequence[tuple[str, dict[str, Any]]] = (
    ("Read", {"file_path": "/src/app/parser.py"}),
    ("Edit", {"file_path": "/src/app/parser.py", "old_string": "a", "new_string": "b"}),
    ("Bash", {"command": "cd /src && python -m pytest -q tests/test_parser.py"}),
)
"""The steps of a fix: tools with what they were given."""


def word() -> str:
    """A word that no other test uses."""
    return "w" + "".join(random.choices("bcdfghjklmnpqrstvwxz", k=14))


def told(
    prompt: str | None,
    steps: Sequence[tuple[str, dict[str, Any]]] = FIXING,
    *,
    success: bool = True,
    failing: Sequence[int] = (),
    correlation_id: str | None = None,
    session_id: str | None = None,
    at: datetime = NOON,
    project: str | None = "/src",
    calls: Sequence[EndpointCalled] = (),
    ends: bool = True,
) -> list[TraceEvent]:
    """The events of a prompt: its steps a second each, those at ``failing`` without success."""
    id_ = correlation_id or new_id()
    events: list[TraceEvent] = [
        TraceStarted(
            correlation_id=id_,
            session_id=session_id or f"{id_}-session",
            prompt_text=prompt,
            project=project,
            context={"domain": "harbours"},
            timestamp=at,
        )
    ]
    for place, (tool, given) in enumerate(steps):
        began = at + timedelta(seconds=1 + place)
        events.append(
            HookExecuted(
                correlation_id=id_,
                execution_id=f"{id_}-{place}",
                hook_type="ToolUse",
                tool_name=tool,
                tool_input=given,
                started_at=began,
                duration_ms=500.0 + place,
                success=place not in failing,
            )
        )
    events += [
        call.model_copy(update={"correlation_id": id_, "call_id": f"{id_}-call-{place}", "started_at": at})
        for place, call in enumerate(calls)
    ]
    if ends:
        end = at + timedelta(seconds=2 + len(steps))
        status = TraceStatus.SUCCESS if success else TraceStatus.ERROR
        events.append(TraceCompleted(correlation_id=id_, status=status, timestamp=end))
    return events


async def tell(graph: Graph, *stories: Sequence[TraceEvent]) -> list[str]:
    """Records prompts; returns their ids."""
    events = [event for story in stories for event in story]
    outcomes = await TraceWrites(graph).record(events, received_at=NOON)
    assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    return [story[0].correlation_id for story in stories]


def learner(graph: Graph, **other: Any) -> Learner:
    """A learner that keeps prompts as they are."""
    return Learner(graph, JUDGE, **{"keep": str, "lease": timedelta(0), **other})


async def learn(learning: Learner, ids: Sequence[str]) -> None:
    """Has these traces learned from, when it is this learner's turn."""
    while not await learning.learn(ids):
        pass


async def taught(graph: Graph, ids: Sequence[str]) -> list[Row]:
    """What traces taught: pattern, role, and how often each is tied to it."""
    return await statement(
        graph,
        "UNWIND $ids AS id MATCH (t:Trace {correlation_id: id}) OPTIONAL MATCH (t)-[r:TAUGHT]->(l:LearnedPattern) "
        "RETURN id, l.pattern_id AS pattern_id, r.role AS role",
        ids=list(ids),
    )


async def learned(graph: Graph, pattern_id: str) -> Row:
    """A learned pattern with its version in use, how many there are, its steps, and the traces that support each and in which it
    failed."""
    [row] = await statement(
        graph,
        "MATCH (l:LearnedPattern {pattern_id: $id}) MATCH (p:Pattern {pattern_id: $id}) "
        "OPTIONAL MATCH (p)-[:CURRENT_VERSION]->(v:PatternVersion) "
        "RETURN properties(l) AS learned, p.latest_version AS versions, p.pattern_type AS type, v.node_id AS node_id, "
        "v.template_code AS text",
        id=pattern_id,
    )
    steps = await statement(
        graph,
        "MATCH (v:PatternVersion {node_id: $id})-[:HAS_STEP]->(s:PlanStep) "
        "OPTIONAL MATCH (s)-[:SUPPORTED_BY]->(a:Trace) WITH s, collect(a.correlation_id) AS supporting "
        "OPTIONAL MATCH (s)-[:FAILED_IN]->(b:Trace) "
        "RETURN s.position AS position, s.name AS name, supporting, collect(b.correlation_id) AS failing ORDER BY position",
        id=row["node_id"],
    )
    exemplars = await statement(
        graph,
        "MATCH (e:Exemplar {pattern_id: $id})-[:EXEMPLIFIES]->(:LearnedPattern) RETURN e.text AS text",
        id=pattern_id,
    )
    return {**row, "steps": steps, "exemplars": sorted(one["text"] for one in exemplars)}
