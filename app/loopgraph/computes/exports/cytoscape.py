"""Cytoscape JSON, for Cytoscape, cytoscape.js and NetworkX. What is null is left out."""

from __future__ import annotations

from loopgraph.computes.exports.json import JsonObjects, json_text
from loopgraph.computes.exports.vertices import arcs, vertices
from loopgraph.contracts.exports.graphs import ExportedGraph, Pieces


def cytoscape(graph: ExportedGraph) -> Pieces:
    """The document. ``value`` repeats the id of a node, by which NetworkX goes; the id of an edge has ``edge `` before it, for
    nodes and edges share their ids there."""
    facts = {"name": graph.title, **graph.facts}
    yield '{"format_version":"1.0","generated_by":"loopgraph","directed":true,"multigraph":true,\n"data":'
    yield f'{json_text(facts)},\n"elements":{{"nodes":['
    attributes = JsonObjects(graph.vertex_columns)
    for place, vertex in enumerate(vertices(graph)):
        data = {"id": vertex.id, "value": vertex.id, "name": vertex.label, **attributes.present(vertex.values)}
        yield f"{',' if place else ''}\n{json_text({'data': data})}"
    yield '\n],"edges":['
    attributes = JsonObjects(graph.arc_columns)
    for place, arc in enumerate(arcs(graph)):
        ends = {"source": arc.source, "target": arc.target, "key": arc.id, "interaction": arc.relation}
        data = {"id": f"edge {arc.id}", **ends, **attributes.present(arc.values)}
        yield f"{',' if place else ''}\n{json_text({'data': data})}"
    yield "\n]}}\n"
