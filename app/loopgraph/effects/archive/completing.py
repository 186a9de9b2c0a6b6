"""Nodes that are in the graph with less than an archive knows of them get the rest.

A late event to a trace that was archived and deleted makes it anew, and says little of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loopgraph.assets import Query, query
from loopgraph.contracts.traces.retention import KEYS, Node, NodeId
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.nodes import recounted, united

_NODES_BY_KEY = query("retention/nodes_by_key")
_UNITED: Mapping[str, tuple[Query, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "Trace": (query("traces/change_traces"), mapping.keyed_trace),
    "HookExecution": (query("traces/change_hooks"), mapping.keyed_hook),
    "EndpointCall": (query("traces/change_calls"), dict),  # what it cost is archived with it
    "Session": (query("traces/change_sessions"), mapping.keyed_session),
}
"""Nodes that come together piece by piece: how they are changed, and what gives them their keys."""


async def complete(tx: Transaction, label: str, nodes: Sequence[Node], turn: str) -> list[NodeId]:
    """Gives nodes that are there what their archived states know and they do not; those that lacked something. A late event
    makes a node anew of which it says little."""
    if label not in _UNITED or not nodes:
        return []
    change, keyed = _UNITED[label]
    archived = {node.id.key: dict(node.properties) for node in nodes}
    rows: list[Row] = []
    for row in await tx.run(_NODES_BY_KEY.choose(NODE_LABEL=label, NODE_KEY=KEYS[label]), keys=sorted(archived)):
        key, here = row["key"], row["properties"]
        whole = united(here, archived[key])
        if _changes(here, whole):
            changes, traces = _changes(here, keyed(whole)), sorted({*_traces(here), *_traces(whole)})
            rows.append(recounted({"id": key, "changes": changes, "turn": here.get("turn", ""), "traces": traces}))
    await tx.write(change, rows, turn=turn)
    return [NodeId(label, row["id"]) for row in rows]


def _traces(properties: Mapping[str, Any]) -> list[str]:
    return [id_] if (id_ := properties.get("correlation_id")) else []


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if before.get(name) != value}
