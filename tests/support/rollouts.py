"""Transcripts that real agent clients wrote, read under fresh ids, so that they can be told many times into one graph."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.computes.agents.ids import digest_id
from loopgraph.computes.otel.json import read_logs
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.transcripts.reading import TranscriptFile, TranscriptReader
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.traces import statement

Json = dict[str, Any]
Reader = Callable[[TranscriptFile], TranscriptReader]

FOLDER = Path(__file__).parent.parent / "data" / "transcripts"
_UUIDS = re.compile(r"\b([0-9a-f]{8}-[0-9a-f]{4}-)[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HEX = re.compile(r"\b(resp_)?[0-9a-f]{32}\b")
NOW = datetime(2026, 11, 30, tzinfo=UTC)


@dataclass
class Fresh:
    """New ids for those of recordings: the same for the same. Those that tell their time go on telling it."""

    client: str
    names: dict[str, str]

    @classmethod
    def of(cls, client: str) -> Fresh:
        """For the recordings of a client."""
        return cls(client, {})

    def __getitem__(self, recorded: str) -> str:
        return self.names[recorded]

    def text(self, name: str) -> str:
        """A recorded file."""
        text = _UUIDS.sub(self._uuid, (FOLDER / self.client / name).read_text())
        return _HEX.sub(self._hex, text)

    def lines(self, name: str) -> list[bytes]:
        """A recorded file, line by line."""
        return [line.encode() for line in self.text(name).splitlines()]

    def _uuid(self, found: re.Match[str]) -> str:
        return self.names.setdefault(found[0], found[1] + new_id()[14:])

    def _hex(self, found: re.Match[str]) -> str:
        return self.names.setdefault(found[0], (found[1] or "") + new_id().replace("-", ""))


def read(reader: Reader, name: str, lines: Sequence[bytes], *, close: bool = False) -> list[Observation]:
    """All that a transcript says; ``close``: nothing more comes."""
    one = reader(TranscriptFile(name))
    told = [observation for line in lines for observation in one.read(line)]
    return [*told, *(one.close() if close else ())]


def sent(text: str) -> list[Observation]:
    """What a client sent to the doors of its hooks and of OTLP, by lines of ``{"at", "path", "body"}``."""
    told: list[Observation] = []
    for line in map(json.loads, text.splitlines()):
        at, body, path = datetime.fromisoformat(line["at"]), line["body"], line["path"]
        if path.startswith("/api/hooks/"):
            told += DIALECTS[path.rpartition("/")[2]](body, Arrival(at, True, digest_id(body, line["at"])))
        else:
            told += observe_logs(read_logs(body)).observations
    return told


async def record(graph: Graph, told: Sequence[Observation], *, size: int = 500) -> None:
    """Records observations, ``size`` at a time."""
    writes = TraceWrites(graph)
    for first in range(0, len(told), size):
        outcomes = await writes.record(list(told[first : first + size]), received_at=NOW)
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]


async def tokens(graph: Graph, session_id: str) -> tuple[int, int, int]:
    """How many calls of models the traces of a session have, and their tokens: given and made."""
    rows = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) "
        "MATCH (c:EndpointCall {correlation_id: t.correlation_id}) RETURN properties(c) AS c",
        id=session_id,
    )
    calls = [row["c"] for row in rows]
    return len(calls), sum(c["input_tokens"] for c in calls), sum(c["output_tokens"] for c in calls)


def of(kind: type[Any], told: Sequence[Observation]) -> list[Any]:
    """The events of one kind."""
    return [one.event for one in told if isinstance(one.event, kind)]


def prompts(told: Sequence[Observation]) -> list[str]:
    """The texts of the prompts."""
    return [event.prompt_text for event in of(TraceStarted, told) if event.prompt_text]


def ends(told: Sequence[Observation]) -> list[tuple[str, str]]:
    """Each call by its tool, and how it ended by the best that is told of it."""
    best: dict[str, tuple[int, str, str]] = {}
    for one in told:
        if isinstance(event := one.event, HookExecuted) and event.hook_type == "ToolUse":
            level = (
                -1 if event.outcome is TraceStatus.IN_PROGRESS else one.ending if one.ending is not None else one.rank
            )
            known = best.get(event.execution_id, (-2, "", ""))
            if level > known[0]:
                best[event.execution_id] = (level, event.tool_name or "", event.outcome.value)
    return [(tool, status) for _, tool, status in best.values()]
