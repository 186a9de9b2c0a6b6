"""What tests of retention share: work of long ago, and a native look at all of it."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import (
    LogRecorded,
    MetricMeasured,
    Observation,
    Recordable,
    SessionSeen,
    SpawnRule,
    Temporality,
)
from loopgraph.contracts.traces.retention import KEYS
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import UserError
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.traces import Traces, statement


def counting(graph: Graph) -> Callable[[], Awaitable[None]]:
    """What counts before something is pruned."""
    return Rolling(graph, None).count_all


LATEST = datetime(2020, 1, 1, tzinfo=UTC)
"""What ``long_ago`` gives is older."""

_years = itertools.count(2019, -1)


def long_ago() -> datetime:
    """A day in a year of its own, before those of earlier tests: pruning what is older leaves theirs alone."""
    return datetime(next(_years), 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


async def forget_older(graph: Graph) -> None:
    """Removes what other tests on the same engine recorded of times so old that a pruning would count it, too."""
    before = time_key(LATEST, "")
    for label in ("Session", "Trace"):
        await statement(graph, f"MATCH (n:{label}) WHERE n.time_key < $before DETACH DELETE n", before=before)
    for label in ("LogRecord", "MetricPoint"):
        await statement(graph, f"MATCH (n:{label}) WHERE n.at < $before DETACH DELETE n", before=LATEST)


async def remember(graph: Graph, events: Sequence[Recordable], received_at: datetime) -> None:
    """Records events that must all be accepted."""
    outcomes = await Traces(graph).record(events, received_at=received_at)
    assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


def prompt(name: str, begun: datetime, *, node_id: str | None = None, continues: str | None = None) -> list[Recordable]:
    """A finished prompt with a subagent, as an agent's hooks and telemetry report it; everything is named after ``name``."""
    session = f"{name.partition('.')[0]}.session"

    def at(seconds: float) -> datetime:
        return begun + timedelta(seconds=seconds)

    def seen(event: Any, **more: Any) -> Observation:
        return Observation(event=event, source="test", **more)

    ids = {"correlation_id": name, "root_id": name, "session_id": session}
    agent = {"correlation_id": f"{name}.agent", "root_id": name, "session_id": session}
    return [
        seen(SessionSeen(session_id=session, timestamp=at(0), started_at=at(0), cwd="/src", context={"n": [1, 2.5, None]})),
        seen(
            TraceStarted(
                correlation_id=name, session_id=session, timestamp=at(1), prompt_text="sört «it»\n", tags=("a", "b"),
                continues=continues,
            ),
            otel_trace_id=f"{name}.otel",
        ),
        RoutingDecided(correlation_id=name, timestamp=at(1), user_request="sort", selected_agent="sorter"),
        seen(HookExecuted(**ids, execution_id=f"{name}.task", hook_type="ToolUse", tool_name="Agent", started_at=at(2))),
        seen(
            TraceStarted(**agent, timestamp=at(3), agent_id="a1", agent_type="Explore", spawned_by=f"{name}.task"),
            spawn_rule=SpawnRule.TOOL_RESPONSE,
        ),
        seen(
            HookExecuted(
                **agent, execution_id=f"{name}.bash", hook_type="ToolUse", tool_name="Bash", started_at=at(4),
                completed_at=at(5), success=False, duration_ms=999.5, node_id=node_id, tool_input={"command": "ls"},
            )
        ),
        seen(
            EndpointCalled(
                    correlation_id=f"{name}.agent", call_id=f"{name}.call", service_name="api", endpoint_path="/v1",
                    started_at=at(4), success=True,
            ),
            nested_in=f"{name}.bash",
        ),
        seen(TraceCompleted(correlation_id=f"{name}.agent", timestamp=at(6), success=True)),
        seen(LogRecorded(record_id=f"{name}.log", correlation_id=name, session_id=session, name="api", timestamp=at(6))),
        seen(LogRecorded(record_id=f"{name}.note", session_id=session, name="note", timestamp=at(6), body={"a": 1})),
        seen(
            MetricMeasured(
                point_id=f"{name}.point", session_id=session, name="cost", temporality=Temporality.DELTA, value=0.125,
                timestamp=at(7),
            )
        ),
        seen(HookExecuted(**ids, execution_id=f"{name}.task", hook_type="ToolUse", completed_at=at(7), success=True)),
        seen(TraceCompleted(correlation_id=name, timestamp=at(8), success=True, response_text="done")),
    ]  # fmt: skip


async def memory(graph: Graph, name: str) -> list[str]:
    """All nodes whose keys begin with a name, and all relationships that lead from them or to them, each as text."""
    found = []
    for label, key in KEYS.items():
        nodes = await statement(
            graph, f"MATCH (n:{label}) WHERE n.{key} STARTS WITH $name RETURN properties(n) AS properties", name=name
        )
        found += [f"{label} {sorted(row['properties'].items())!r}" for row in nodes]
        relationships = await statement(
            graph,
            f"MATCH (n:{label})-[r]->(m) WHERE n.{key} STARTS WITH $name "
            f"RETURN n.{key} AS start, type(r) AS type, properties(r) AS properties, labels(m) AS labels, properties(m) AS other",
            name=name,
        )
        for row in relationships:
            end = row["other"][KEYS[row["labels"][0]]]
            found.append(f"{label} {row['start']} {row['type']} {sorted(row['properties'].items())!r} {end}")
    return sorted(found)
