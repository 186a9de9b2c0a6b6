"""A recorded session of a real agent client: what it sent, told again under fresh ids, and what the graph makes of it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopgraph.effects.clock import new_id
from loopgraph.effects.graph import Graph, Row
from support.traces import statement

RECORDING = Path(__file__).parent.parent / "data" / "agent_session.jsonl"
SESSION = "d7d63342-bdd4-4aa3-898f-af4f6bf3429b"
PROMPT, NOTICE = "6f1ddef3-908f-46a0-9b91-16d5d11cda05", "3a19123d-d22b-41ca-86e7-67caf51dace3"
AGENT = "a071d2c6062a0f303"
OTEL_TRACES = ("9ca9e824b3659a0e27f8505c82c2b1f9", "719bbd")


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
    """What the graph holds of the session, as one nested value under the ids of the recording, without what depends on arrival."""
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
        RETURN t.correlation_id AS trace, l.record_id AS l""",
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
    return {**_only(row["t"], _TRACE), **{name: row[name] for name in ("parent", "hook", "rule", "evidence", "earlier")}}


def _only(properties: Row, names: Iterable[str]) -> Row:
    return {name: properties.get(name) for name in names}


def _sorted(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def batches(sent: Sequence[Sent], sizes: Iterable[int]) -> list[list[Sent]]:
    """The things sent in groups that arrive together."""
    rest = iter(sent)
    return [group for size in itertools.cycle(sizes) if (group := list(itertools.islice(rest, size)))] if sent else []
