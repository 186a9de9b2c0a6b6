"""DOT, the language of Graphviz. Nodes are named by the ids of their versions; names are shown as they are, without markup."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.exports.plain import for_drawing
from loopgraph.computes.exports.vertices import arcs, vertices
from loopgraph.contracts.exports.graphs import ExportedGraph, Pieces
from loopgraph.contracts.lineage.patterns import PatternStatus, RelationshipType

_FILLED: Final = {
    PatternStatus.DRAFT: "#fff3c4",
    PatternStatus.ACTIVE: "#d3f9d8",
    PatternStatus.DEPRECATED: "#ffe3e3",
    PatternStatus.ARCHIVED: "#e9ecef",
    PatternStatus.REJECTED: "#e9ecef",
}


def dot(graph: ExportedGraph) -> Pieces:
    """The document."""
    yield f"digraph {_quoted(graph.title)} {{\n"
    yield "".join(f"  // {name}: {for_drawing(str(value))}\n" for name, value in graph.facts.items())
    yield '  graph [rankdir=LR, charset="UTF-8"];\n  node [shape=box, style="rounded,filled", fontname="sans-serif"];\n'
    yield '  edge [fontname="sans-serif", fontsize=10];\n'
    for vertex, node in zip(vertices(graph), graph.nodes, strict=True):
        status = node.version.status
        label = _label(vertex.label, status.value)
        yield f'  {_quoted(vertex.id)} [label={label}, fillcolor="{_FILLED[status]}"];\n'
    for arc in arcs(graph):
        dashed = ", style=dashed" if arc.relation == RelationshipType.RELATED_TO else ""
        yield f"  {_quoted(arc.source)} -> {_quoted(arc.target)} [id={_quoted(arc.id)}, label={_label(arc.relation)}{dashed}];\n"
    yield "}\n"


def _quoted(text: str) -> str:
    return '"' + for_drawing(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(*lines: str) -> str:
    """A label that means its lines: in labels, Graphviz understands escapes and the entities of HTML."""
    shown = (for_drawing(line).replace("\\", "\\\\").replace("&", "&amp;").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(shown) + '"'
