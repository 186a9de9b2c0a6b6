"""Recorded sessions of real agent clients that told of them by hooks, OpenTelemetry and transcript at once, under fresh ids."""

from __future__ import annotations

import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.agents.ids import digest_id
from loopgraph.computes.otel.json import read_logs, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.computes.transcripts.codex.reader import CodexReader
from loopgraph.computes.transcripts.gemini import GeminiReader
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.traces import statement

Json = dict[str, Any]

FOLDER = Path(__file__).parent.parent / "data" / "agent_clients"
_IDS = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})\b|\b(?:call|resp)_[0-9a-f]{24}\b")
_RECORDED_AT = datetime.fromisoformat("2026-11-29T12:00:00+00:00")


@dataclass(frozen=True)
class Told:
    """What arrived at once: ``door`` is that of hooks, logs, traces, or the transcript."""

    door: str
    events: tuple[Observation, ...]


def recorded(name: str) -> tuple[str, list[Told]]:
    """The id of a recorded session, and what was told of it; each log record by itself."""
    fresh: dict[str, str] = {}
    text = _IDS.sub(lambda found: fresh.setdefault(found[0], _fresh(found[0])), (FOLDER / f"{name}.jsonl").read_text())
    told = [one for line in text.splitlines() for one in _told(json.loads(line))]
    bodies = [json.loads(line).get("body", {}) for line in text.splitlines()]
    return next(body["session_id"] for body in bodies if "session_id" in body), told


def _fresh(id_: str) -> str:
    if id_.startswith(("call_", "resp_")):
        return f"{id_[:5]}{secrets.token_hex(12)}"
    return new_id() if "-" in id_ else secrets.token_hex(16)


def _told(sent: Json) -> Iterator[Told]:
    if "file" in sent:
        yield from _of_file(sent)
    elif sent["path"].startswith("/api/hooks/"):
        client, body, at = sent["path"].rpartition("/")[2], sent["body"], datetime.fromisoformat(sent["at"])
        yield Told("hooks", tuple(DIALECTS[client](body, Arrival(at, True, digest_id(body, at)))))
    elif "resourceSpans" in sent["body"]:
        yield Told("traces", tuple(observe_spans(read_spans(sent["body"])).observations))
    else:
        for resource in sent["body"]["resourceLogs"]:
            for scope in resource["scopeLogs"]:
                for record in scope["logRecords"]:
                    alone = {"resourceLogs": [{**resource, "scopeLogs": [{**scope, "logRecords": [record]}]}]}
                    yield Told("logs", tuple(observe_logs(read_logs(alone)).observations))


def _of_file(sent: Json) -> Iterator[Told]:
    reader = (CodexReader if ".codex" in sent["file"] else GeminiReader)(TranscriptFile(path=sent["file"]))
    for line in sent["lines"]:
        if told := reader.read(orjson.dumps(line)):
            yield Told("transcript", tuple(told))


async def tell(graph: Graph, told: Sequence[Told], *, size: int = 1) -> None:
    """Records it, ``size`` arrivals at a time."""
    writes = TraceWrites(graph)
    for first in range(0, len(told), size):
        events = [event for one in told[first : first + size] for event in one.events]
        outcomes = await writes.record(events, received_at=_RECORDED_AT)
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


async def picture(graph: Graph, session_id: str) -> list[Json]:
    """The prompts of a session by time, with all that is in them; a subagent after its prompt."""
    traces = await statement(
        graph, "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) RETURN properties(t) AS t", id=session_id
    )
    found = []
    for row in sorted((row["t"] for row in traces), key=lambda trace: str(trace.get("started_at"))):
        parts = {}
        for name, relationship in (
            ("steps", "RAN"),
            ("calls", "CALLED"),
            ("logs", "LOGGED"),
        ):  # together they are a product
            query = f"MATCH (t:Trace {{correlation_id: $id}})-[:{relationship}]->(n) RETURN properties(n) AS properties"
            rows = await statement(graph, query, id=row["correlation_id"])
            parts[name] = [row["properties"] for row in rows]
        steps = sorted(parts["steps"], key=lambda step: str(step.get("started_at") or step.get("completed_at")))
        kinds: defaultdict[str, int] = defaultdict(int)
        for step in steps:
            kinds[step["hook_type"]] += 1
        found.append(
            {
                "source": row.get("source"),
                "prompt": row.get("prompt_text"),
                "status": row["status"],
                "answer": row.get("response_text"),
                "tools": [(step["tool_name"], step["status"]) for step in steps if step["hook_type"] == "ToolUse"],
                "steps": dict(sorted(kinds.items())),
                "tokens": sorted((call.get("input_tokens"), call.get("output_tokens")) for call in parts["calls"]),
                "logs": len(parts["logs"]),
                "spawned_by": row.get("spawn_rule"),
            }
        )
    return found


def only(told: Sequence[Told], *doors: str) -> list[Told]:
    """What came by some doors."""
    return [one for one in told if one.door in doors]
