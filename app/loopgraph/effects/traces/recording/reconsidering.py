"""Uses that are looked at again, because there are more versions that they may be of, or because their trace has been closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.uses import Choosing, definition_key
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import Properties
from loopgraph.effects.traces.recording.usage import store_usage
from loopgraph.effects.traces.recording.uses import conclude_uses

_NEW_VERSIONS = query("uses/new_versions")
_LOOK_AGAIN = query("uses/look_again")
_USES_OF_NAME = query("traces/uses_of_name")
_KNOWN_NODES = query("traces/known_nodes")
_USES_OF_TRACES = query("traces/uses_of_traces")
_CHANGE_HOOKS = query("traces/change_hooks")

PAGE = 200
"""So many versions are looked at together, and so many uses in one transaction."""
_MOST_USES = 100_000
_LONGEST_RECORDING = timedelta(minutes=2)
"""A recording that began before a version was there may choose without it: after this time it is over, and is looked at once
more."""


class NewVersion(NamedTuple):
    """A version whose uses have yet to be looked at again."""

    node_id: str
    pattern_type: str
    pattern_name: str
    body_digest: str | None
    link_key: str
    updated_at: datetime

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of uses that it may be better for: a skill may be called like a command."""
        kinds = {self.pattern_type, *([DefinitionKind.COMMAND] if self.pattern_type == DefinitionKind.SKILL else [])}
        return tuple(sorted(definition_key(kind, self.pattern_name) for kind in kinds))


class Reconsidering:
    """Looks at uses again. Any process may, and several at a time: what is concluded follows from what is stored."""

    def __init__(self, graph: Graph, choosing: Choosing) -> None:
        self._graph = graph
        self._choosing = choosing

    async def new_versions(self, at: datetime) -> list[NewVersion]:
        """Some of the versions that are due to be looked at."""
        rows = await self._graph.read(_NEW_VERSIONS, before=time_key(at, "~"), limit=PAGE)
        return [NewVersion(**row) for row in rows]

    async def uses_of(self, versions: Iterable[NewVersion]) -> list[str]:
        """The executions that may be of these versions, by their ids."""
        versions = list(versions)
        keys = sorted({key for version in versions for key in version.keys})
        digests = sorted({version.body_digest for version in versions if version.body_digest})
        rows = await self._graph.read(_USES_OF_NAME, keys=keys, digests=digests, limit=_MOST_USES)
        return sorted({row["execution_id"] for row in rows})

    async def reconsider(self, execution_ids: Sequence[str], at: datetime) -> None:
        """Chooses the versions of these uses anew, in one transaction."""
        turn = new_id()

        async def work(tx: Transaction) -> None:
            nodes: dict[str, list[str]] = {
                "correlation_ids": [],
                "call_ids": [],
                "session_ids": [],
                "otel_trace_ids": [],
            }
            rows = await tx.run(_KNOWN_NODES, execution_ids=sorted(execution_ids), **nodes)
            batch = Batch(at, hooks=[node for row in rows if row["kind"] == "hook" for node in row["nodes"]])
            for hook in list(batch.hooks.all()):
                batch.hooks.put(hook)
            await conclude_uses(tx, batch, (), self._choosing, at, again=True)
            await _store(tx, batch, turn, at)

        await self._graph.transaction(work)

    async def looked_at(self, versions: Iterable[NewVersion], at: datetime) -> None:
        """These versions have been looked at; those that are so new that a recording may not have seen them are due again."""
        rows: list[Row] = []
        for version in versions:
            settled = version.updated_at + _LONGEST_RECORDING
            next_key = None if at >= settled else time_key(settled, version.node_id)
            rows.append({"node_id": version.node_id, "link_key": version.link_key, "next_key": next_key})
        await self._graph.write(_LOOK_AGAIN, rows=rows)


async def end_uses(tx: Transaction, traces: Sequence[Properties], at: datetime, turn: str) -> None:
    """Ends the uses that end with traces that have just ended."""
    ids = sorted(trace["correlation_id"] for trace in traces if trace.get("uses"))
    if not ids:
        return
    hooks = [row["properties"] for row in await tx.run(_USES_OF_TRACES, correlation_ids=ids)]
    batch = Batch(at, traces=traces, hooks=hooks)
    for hook in hooks:
        batch.hooks.put(hook)
    await conclude_uses(tx, batch, (), None, at)
    await _store(tx, batch, turn, at)


async def _store(tx: Transaction, batch: Batch, turn: str, at: datetime) -> None:
    await tx.write(_CHANGE_HOOKS, batch.hooks.changes(), turn=turn)
    await store_usage(tx, batch, turn, at)
