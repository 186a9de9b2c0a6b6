"""Recorded sessions of real agent clients other than Claude Code: the hook events that they sent, told again under fresh ids."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.agents.ids import digest_id
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.recorded_endings import traces
from support.traces import statement

Json = dict[str, Any]

FOLDER = Path(__file__).parent.parent / "data" / "agent_clients"
_IDS = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(frozen=True)
class Sent:
    """One event as the shim handed it on."""

    client: str
    at: datetime
    body: Json

    @property
    def session_id(self) -> str:
        """The id that the client gives the session."""
        id_: str = self.body.get("session_id") or self.body.get("sessionId") or self.body["conversation_id"]
        return id_


def recorded(name: str) -> list[Sent]:
    """A recorded session under fresh ids; its name begins with that of the client."""
    fresh: dict[str, str] = {}
    text = _IDS.sub(lambda found: fresh.setdefault(found[0], new_id()), (FOLDER / f"{name}.jsonl").read_text())
    client = name.partition("_")[0]
    lines = [json.loads(line) for line in text.splitlines()]
    return [Sent(client, datetime.fromisoformat(line["at"]), line["body"]) for line in lines]


async def tell(graph: Graph, sent: Sequence[Sent], *, size: int = 1) -> None:
    """Records what was sent, ``size`` events at a time, each under the id that the shim gives it for good."""
    writes = TraceWrites(graph)
    for first in range(0, len(sent), size):
        some = sent[first : first + size]
        events = [
            observation
            for one in some
            for observation in DIALECTS[one.client](one.body, Arrival(one.at, True, digest_id(one.body, one.at)))
        ]
        outcomes = await writes.record(events, received_at=some[-1].at)
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


async def tree(graph: Graph, session_id: str) -> list[Json]:
    """The traces of a session by time, each with its source, status, texts, calls, and other steps; a subagent under its call."""
    rows = await statement(
        graph,
        "MATCH (h:HookExecution {session_id: $id}) "
        "RETURN properties(h) AS h ORDER BY coalesce(h.started_at, h.completed_at), h.execution_id",
        id=session_id,
    )
    steps = [row["h"] for row in rows]
    tools = {step["execution_id"]: step.get("tool_name") for step in steps}
    return [
        {
            "source": trace["source"],
            "status": trace["status"],
            "prompt": trace.get("prompt_text"),
            "answer": trace.get("response_text"),
            "calls": [
                (step["tool_name"], step["status"])
                for step in steps
                if step["hook_type"] == "ToolUse" and step["correlation_id"] == trace["correlation_id"]
            ],
            "steps": [
                step["hook_type"]
                for step in steps
                if step["hook_type"] != "ToolUse" and step["correlation_id"] == trace["correlation_id"]
            ],
            "spawned_by": (tools.get(trace.get("spawned_by") or ""), trace.get("spawn_rule")),
        }
        for trace in await traces(graph, session_id)
    ]


async def session(graph: Graph, session_id: str) -> Json:
    """What is stored of a session."""
    [row] = await statement(graph, "MATCH (s:Session {session_id: $id}) RETURN properties(s) AS s", id=session_id)
    stored: Json = row["s"]
    return stored
