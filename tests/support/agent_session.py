"""A recorded session of a real agent client: what it sent, told again under fresh ids, and what the graph makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.computes.otel.json import read_logs, read_points, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.computes.otel.report import Report
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from support.traces import statement

RECORDING = Path(__file__).parent.parent / "data" / "agent_session.jsonl"
SESSION = "d7d63342-bdd4-4aa3-898f-af4f6bf3429b"
PROMPT, NOTICE = "6f1ddef3-908f-46a0-9b91-16d5d11cda05", "3a19123d-d22b-41ca-86e7-67caf51dace3"
AGENT = "a071d2c6062a0f303"


@dataclass(frozen=True)
class Sent:
    """One thing that the client sent: the body of a hook, or an OTLP export and the path it went to."""

    at: str
    path: str
    body: Any

    @property
    def is_hook(self) -> bool:
        return self.path == "/api/hooks/claude-code"


@dataclass(frozen=True)
class Telling:
    """The session under ids of its own."""

    sent: tuple[Sent, ...]
    session_id: str
    names: dict[str, str]

    def plain(self, text: str) -> str:
        """A text in which the ids are those of the recording again."""
        for fresh, recorded in self.names.items():
            text = text.replace(fresh, recorded)
        return text


def tell() -> Telling:
    """The recorded session under fresh ids, so that it can be told many times into one graph."""
    text = RECORDING.read_text()
    traces = sorted(set(re.findall(r'"traceId":\s*"([0-9a-f]{32})"', text)))
    fresh = {id_: new_id() for id_ in (SESSION, PROMPT, NOTICE)}
    fresh |= {id_: new_id().replace("-", "")[:17] for id_ in (AGENT,)}
    fresh |= {id_: new_id().replace("-", "") for id_ in traces}
    for recorded, id_ in fresh.items():
        text = text.replace(recorded, id_)
    sent = tuple(_sent(json.loads(line)) for line in text.splitlines())
    return Telling(sent, fresh[SESSION], {id_: recorded for recorded, id_ in fresh.items()})


def _sent(line: dict[str, Any]) -> Sent:
    return Sent(line["at"], "/api/hooks/claude-code" if line["k"] == "hook" else line["u"], line["j"])


async def story(graph: Graph, telling: Telling) -> dict[str, Any]:
    """What the graph holds of the session, as one nested value under the ids of the recording."""
    session_id = telling.session_id
    traces = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)
        OPTIONAL MATCH (parent:Trace)-[:SPAWNED]->(t)
        OPTIONAL MATCH (hook:HookExecution)-[by:SPAWNED]->(t)
        OPTIONAL MATCH (earlier:Trace)-[:CONTINUED_BY]->(t)
        RETURN properties(t) AS t, parent.correlation_id AS parent, hook.execution_id AS hook, by.rule AS rule,
               by.evidence AS evidence, earlier.correlation_id AS earlier""",
        id=session_id,
    )
    hooks = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(h:HookExecution)
        RETURN t.correlation_id AS trace, properties(h) AS h""",
        id=session_id,
    )
    calls = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:CALLED]->(c:EndpointCall)
        RETURN t.correlation_id AS trace, properties(c) AS c""",
        id=session_id,
    )
    logs = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:LOGGED]->(l:LogRecord)
        RETURN t.correlation_id AS trace, l.name AS name, l.at AS at""",
        id=session_id,
    )
    told = {
        "traces": _sorted(_trace(row) for row in traces),
        "hooks": _sorted({"trace": row["trace"], **_only(row["h"], _HOOK)} for row in hooks),
        "calls": _sorted({"trace": row["trace"], **_only(row["c"], _CALL)} for row in calls),
        "logs": _sorted(logs),
    }
    plain: dict[str, Any] = json.loads(telling.plain(json.dumps(told, default=str)))
    return {name: _sorted(rows) for name, rows in plain.items()}


_TRACE = (
    "correlation_id", "source", "status", "prompt_text", "response_text", "agent_id", "agent_type", "root_id", "parent_id",
    "spawned_by", "spawn_rule", "continues", "continued_from", "otel_trace_id",
)  # fmt: skip
_HOOK = (
    "execution_id", "correlation_id", "root_id", "hook_type", "tool_name", "tool_use_id", "status", "error_message",
    "duration_ms", "tool_input", "tool_response", "span_id",
)  # fmt: skip
_CALL = ("call_id", "correlation_id", "service_name", "endpoint_path", "status", "model", "input_tokens", "cost_usd")


def _trace(row: Row) -> Row:
    return {
        **_only(row["t"], _TRACE),
        **{name: row[name] for name in ("parent", "hook", "rule", "evidence", "earlier")},
    }


def _only(properties: Row, names: Iterable[str]) -> Row:
    return {name: properties.get(name) for name in names}


def _sorted(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def observations(sent: Sent) -> list[Observation]:
    """What one thing sent says, as the doors read it."""
    if sent.is_hook:
        at = datetime.fromisoformat(sent.at)
        return list(observe_hook(sent.body, Arrival(at=at, stamped=False, execution_id=new_id())))
    report = _READERS[sent.path](sent.body)
    assert not report.refused
    return report.observations


_READERS: dict[str, Callable[[Any], Report]] = {
    "/v1/traces": lambda body: observe_spans(read_spans(body)),
    "/v1/logs": lambda body: observe_logs(read_logs(body)),
    "/v1/metrics": lambda body: observe_points(read_points(body)),
}


def batches(sent: Sequence[Sent], size: int) -> list[list[Sent]]:
    """The things sent in groups that arrive together."""
    return [list(sent[i : i + size]) for i in range(0, len(sent), size)]
