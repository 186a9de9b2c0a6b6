"""Recorded sessions of a real agent client in which not everything ended well, and how its own transcripts tell that it ended."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.agent_session import Sent, batches, observations
from support.traces import statement

FOLDER = Path(__file__).parent.parent / "data" / "endings"

RECORDED = ("denied", "refused", "interrupted", "stopped", "resumed", "subagent_fails", "nested")

_IDS = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|a[0-9a-f]{16})\b")


@dataclass(frozen=True)
class Recorded:
    """What the client sent, under ids of its own, and the status of each tool call by what it wrote into its transcripts."""

    sent: tuple[Sent, ...]
    session_id: str
    statuses: dict[str, str]

    def without_telemetry(self) -> list[Sent]:
        """The hooks alone."""
        return [sent for sent in self.sent if sent.is_hook]


def recorded(name: str) -> Recorded:
    """A recorded session under fresh ids, so that it can be told many times into one graph."""
    fresh: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        old = found[0]
        new = new_id() if "-" in old else new_id().replace("-", "")
        return fresh.setdefault(old, new if len(old) > 17 else f"a{new[:16]}")

    text = _IDS.sub(renamed, (FOLDER / f"{name}.jsonl").read_text())
    lines = [json.loads(line) for line in text.splitlines()]
    sent = tuple(Sent(line["at"], line["path"], line["body"]) for line in lines if "path" in line)
    told = [line["transcript"] for line in lines if "transcript" in line]
    session_id = next(one.body["session_id"] for one in sent if one.is_hook)
    return Recorded(sent, session_id, {call["tool_use_id"]: _status(call).value for call in told})


def _status(call: dict[str, Any]) -> TraceStatus:
    """How a tool call ended, by its result in the transcript and what stands beside it."""
    if call["interrupted"] or call["result"] is None or call["denial"] in ("interrupted", "cancelled"):
        return TraceStatus.INTERRUPTED
    if call["denial"]:
        return TraceStatus.DENIED
    return TraceStatus.ERROR if call["is_error"] else TraceStatus.SUCCESS


def shuffled(sent: list[Sent], seed: int) -> list[Sent]:
    """In another order."""
    other = list(sent)
    random.Random(seed).shuffle(other)
    return other


async def tell(graph: Graph, sent: list[Sent], *, size: int = 1) -> None:
    """Records what was sent, ``size`` things at a time."""
    traces = TraceWrites(graph)
    for batch in batches(sent, size):
        events = [event for one in batch for event in observations(one)]
        at = max(datetime.fromisoformat(one.at) for one in batch)
        outcomes = await traces.record(events, received_at=at)
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


async def calls(graph: Graph, session_id: str) -> dict[str, dict[str, Any]]:
    """What is stored of the tool calls of a session, by the client's ids."""
    rows = await statement(
        graph,
        "MATCH (h:HookExecution {session_id: $id}) WHERE h.hook_type = 'ToolUse' RETURN properties(h) AS h",
        id=session_id,
    )
    return {row["h"]["tool_use_id"]: row["h"] for row in rows}


async def traces(graph: Graph, session_id: str) -> list[dict[str, Any]]:
    """What is stored of the traces of a session, by time."""
    rows = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) RETURN properties(t) AS t ORDER BY t.time_key",
        id=session_id,
    )
    return [row["t"] for row in rows]
