"""Reads what signals are told from: what followed prompts in their sessions, and the steps that concern files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.events import ABANDONED, TraceStatus
from loopgraph.contracts.traces.signals import FileStep, Prompt, SessionPart
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.traces.reading.reads import reader_of

_PROMPTS = query("signals/prompts")
_FILE_STEPS = query("signals/file_steps")
_TRACES_OF_VERSION = query("signals/traces_of_version")
_TRACES_OF_VERSIONS = query("signals/traces_of_versions")

AT_ONCE: Final = 2_000
"""So many traces are read by one statement."""

_CHARACTERS: Final = 1_000
"""Of a prompt so much is read: what it asks for is in its beginning."""

_FOLLOWING: Final = 10
"""So many of the following prompts are looked at: who repeats what they asked for does it soon."""

_MOST_STEPS: Final = 200
"""So many steps that concern files are looked at of one trace and what follows it."""


class UsingTrace(NamedTuple):
    """A prompt in which a version was used, the unit that used it, and how many executions it had of those that were read."""

    correlation_id: str
    unit: str
    executions: int


class SignalReads:
    """Reads parts of sessions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def parts(
        self, correlation_ids: Collection[str], tools: Collection[str], principal: Principal | None
    ) -> dict[str, SessionPart]:
        """Traces with what followed each in its session, in two statements for ``AT_ONCE``; unknown and hidden ones are absent.

        ``tools`` are the tools that write files. Times are UTC.
        """
        ids, found = sorted(set(correlation_ids)), dict[str, SessionPart]()
        for begin in range(0, len(ids), AT_ONCE):
            found |= await self._parts(ids[begin : begin + AT_ONCE], tools, principal)
        return found

    async def _parts(
        self, ids: Sequence[str], tools: Collection[str], principal: Principal | None
    ) -> dict[str, SessionPart]:
        rows = await self._graph.read(
            _PROMPTS,
            correlation_ids=ids,
            reader=reader_of(principal),
            abandoned=ABANDONED,
            characters=_CHARACTERS,
            following=_FOLLOWING,
        )
        parts = {row["prompt"]["correlation_id"]: _part(row) for row in rows}
        asked = [
            {"id": id_, "traces": [id_, *(one.correlation_id for one in part.following)]} for id_, part in parts.items()
        ]
        if not asked:
            return {}
        steps = await self._graph.read(_FILE_STEPS, rows=asked, tools=sorted(tools), limit=_MOST_STEPS)
        for row in steps:
            parts[row["id"]] = parts[row["id"]]._replace(steps=_in_order(parts[row["id"]], row["steps"]))
        return parts

    async def traces_of_versions(
        self, node_ids: Sequence[str], since: datetime, until: datetime, limit: int, principal: Principal | None
    ) -> dict[str, list[UsingTrace]]:
        """The prompts in which each version was used from an instant on and before another, the latest first, from its latest
        ``limit`` executions: one statement. Of one version they are read in their order, of several all are sorted."""
        found: dict[str, list[UsingTrace]] = {id_: [] for id_ in node_ids}
        above, before = time_key(since, ""), time_key(until, "")
        more = {"reader": reader_of(principal), "limit": limit}
        if len(found) == 1:
            [id_] = found
            keys = {"above": f"{id_}|{above}", "before": f"{id_}|{before}"}
            rows = [{"node_id": id_, **row} for row in await self._graph.read(_TRACES_OF_VERSION, **keys, **more)]
        else:
            rows = await self._graph.read(_TRACES_OF_VERSIONS, node_ids=list(found), above=above, before=before, **more)
        for row in rows:
            found[row["node_id"]].append(UsingTrace(row["correlation_id"], row["unit"], row["executions"]))
        return found


def _part(row: Row) -> SessionPart:
    asked: Mapping[str, Any] = row["prompt"]
    following = [_prompt(one) for one in row["following"] if one["correlation_id"] is not None]
    of_person = asked["agent_id"] is None and asked["session_id"] is not None
    return SessionPart(_prompt(asked), tuple(following), row["ended_at"], of_person)


def _prompt(row: Mapping[str, Any]) -> Prompt:
    return Prompt(
        correlation_id=row["correlation_id"],
        status=TraceStatus(row["status"]),
        at=row["at"],
        completed_at=row["completed_at"],
        text=row["text"],
        rewound=row["rewound"],
        asked_back=row["asked_back"],
    )


def _in_order(part: SessionPart, rows: Sequence[Mapping[str, Any]]) -> tuple[FileStep, ...]:
    """Steps of one prompt come in the order of time; prompts that work at once are taken one after the other."""
    place = {
        id_: number
        for number, id_ in enumerate([part.prompt.correlation_id, *(one.correlation_id for one in part.following)])
    }
    steps = [
        FileStep(
            row["prompt_id"],
            row["execution_id"],
            row["correlation_id"],
            row["tool_name"],
            json_value(row["tool_input"]),
        )
        for row in rows
    ]
    return tuple(sorted(steps, key=lambda step: place[step.prompt_id]))
