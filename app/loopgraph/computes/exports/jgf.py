"""JSON Graph Format, version 2 (https://jsongraphformat.info). What is null is left out."""

from __future__ import annotations

from loopgraph.computes.exports.json import JsonObjects, json_text
from loopgraph.computes.exports.vertices import arcs, vertices
from loopgraph.contracts.exports.graphs import ExportedGraph, Pieces


def jgf(graph: ExportedGraph) -> Pieces:
    """The document."""
    yield f'{{"graph":{{"directed":true,"type":"pattern lineage","label":{json_text(graph.title)},\n'
    yield f'"metadata":{json_text(dict(graph.facts))},\n"nodes":{{'
    attributes = JsonObjects(graph.vertex_columns)
    for place, vertex in enumerate(vertices(graph)):
        node = {"label": vertex.label, "metadata": attributes.present(vertex.values)}
        yield f"{',' if place else ''}\n{json_text(vertex.id)}:{json_text(node)}"
    yield '\n},"edges":['
    attributes = JsonObjects(graph.arc_columns)
    for place, arc in enumerate(arcs(graph)):
        ends = {"source": arc.source, "target": arc.target, "relation": arc.relation, "directed": True}
        edge = {"id": arc.id, **ends, "metadata": attributes.present(arc.values)}
        yield f"{',' if place else ''}\n{json_text(edge)}"
    yield "\n]}}\n"
