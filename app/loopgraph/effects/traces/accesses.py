"""Events of the audit trail for what changes nothing: executions of versions, and looks at a lineage."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from loopgraph.assets import query
from loopgraph.contracts.audit import ActorType, EventType, LineageEvent, Origin
from loopgraph.contracts.traces.events import OF_PATTERN
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import mapping
from loopgraph.effects.lineage.audit import make_event

_EXECUTED = query("traces/executed_versions")
_CREATE = query("lineage/create_accesses")


class Accesses:
    """Writes events of accesses."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def executions(self, execution_ids: Collection[str], correlation_ids: Collection[str]) -> list[LineageEvent]:
        """The events of those of these executions, and of the uses of patterns in these traces, that are over and ran a version.

        Their ids follow from what they tell, so that whoever makes them again makes the same: an execution that is corrected,
        or was of another version, has another event.
        """
        rows = await self._graph.read(
            _EXECUTED,
            execution_ids=sorted(set(execution_ids)),
            correlation_ids=sorted(set(correlation_ids)),
            pattern=OF_PATTERN,
        )
        return [_execution(row) for row in rows]

    async def write(self, events: Sequence[LineageEvent]) -> None:
        """Writes events; those that are there already are left as they are."""

        async def work(tx: Transaction) -> None:
            await tx.run(_CREATE, events=[mapping.event_properties(event) for event in events])

        await self._graph.transaction(work)


def _execution(row: Row) -> LineageEvent:
    agent = row.pop("agent")
    who = {"actor_type": ActorType.AGENT, "actor_id": agent} if agent else {}
    origin = Origin(correlation_id=row.pop("correlation_id"), **who)
    place = {"pattern_id": row.pop("pattern_id"), "node_id": row.pop("node_id")}
    told = "|".join(str(value) for value in (row["execution_id"], place["node_id"], row["status"]))
    event = make_event(
        EventType.EXECUTION_RECORDED,
        origin,
        **place,
        data={name: value for name, value in row.items() if value is not None},
    )
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return event.model_copy(update={"event_id": f"ran-{digest}"})
