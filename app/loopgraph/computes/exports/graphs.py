"""Answers about the lineage as graphs that are exported, and the writer of each format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from loopgraph.computes.exports.cytoscape import cytoscape
from loopgraph.computes.exports.dot import dot
from loopgraph.computes.exports.graphml import graphml
from loopgraph.computes.exports.jgf import jgf
from loopgraph.computes.exports.mermaid import mermaid
from loopgraph.computes.exports.values import instant_text
from loopgraph.contracts.exports.formats import GraphFormat
from loopgraph.contracts.exports.graphs import ExportedGraph, Pieces
from loopgraph.contracts.exports.lineage_tables import EDGE_ATTRIBUTES, NODE_ATTRIBUTES
from loopgraph.contracts.exports.requests import LineageRequest
from loopgraph.contracts.lineage.patterns import LineageGraph, LineageNode, LineagePath

WRITERS: dict[GraphFormat, Callable[[ExportedGraph], Pieces]] = {
    GraphFormat.GRAPHML: graphml,
    GraphFormat.MERMAID: mermaid,
    GraphFormat.DOT: dot,
    GraphFormat.CYTOSCAPE: cytoscape,
    GraphFormat.JGF: jgf,
}


def exported(answer: LineageGraph | LineagePath, request: LineageRequest, as_of: datetime) -> ExportedGraph:
    """The graph of an answer. Of a path, ``depth`` is the number of edges from its beginning."""
    if isinstance(answer, LineagePath):
        last = len(answer.versions) - 1
        nodes = tuple(
            LineageNode(version=version, depth=place, in_degree=int(place > 0), out_degree=int(place < last))
            for place, version in enumerate(answer.versions)
        )
        truncated = False
    else:
        nodes, truncated = answer.nodes, answer.truncated
    return ExportedGraph(
        title=_title(request),
        facts={**_facts(request), "as_of": instant_text(as_of), "truncated": truncated},
        nodes=nodes,
        edges=answer.edges,
        vertex_columns=NODE_ATTRIBUTES,
        arc_columns=EDGE_ATTRIBUTES,
    )


def _title(request: LineageRequest) -> str:
    ends = (request.source_node_id, request.target_node_id)
    about = " to ".join(filter(None, ends)) or request.node_id or request.pattern_id
    return f"{request.query.value} of {about}"


def _facts(request: LineageRequest) -> dict[str, Any]:
    """What was asked for, without what was left out."""
    asked = request.model_dump(mode="json", exclude={"format", "as_of"}, exclude_none=True)
    return {name: ",".join(sorted(value)) if isinstance(value, list) else value for name, value in asked.items()}


def written(graph: ExportedGraph, format: GraphFormat) -> Iterator[str]:
    """The text of a graph, in parts."""
    return WRITERS[format](graph)


def joined(pieces: Iterable[str], characters: int) -> Iterator[bytes]:
    """The parts of a text put together, so that each but the last has about so many characters or more."""
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= characters:
            yield "".join(waiting).encode("utf-8", "replace")
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode("utf-8", "replace")
