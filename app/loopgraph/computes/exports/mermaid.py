"""Mermaid's flowcharts, for Markdown. Names are shown as they are: every mark that Mermaid understands is told by its number."""

from __future__ import annotations

import re
from typing import Final

from loopgraph.computes.exports.plain import for_drawing
from loopgraph.computes.exports.vertices import arcs, vertices
from loopgraph.contracts.exports.graphs import ExportedGraph, Pieces
from loopgraph.contracts.lineage.patterns import RelationshipType

_MARK: Final = re.compile(r"[!-/:-@\[-`{-~]")
"""Every mark of ASCII: some begin Markdown, HTML, icons or directives, or end the text."""
_COMMENTED: Final = re.compile(r"[{}%]")


def mermaid(graph: ExportedGraph) -> Pieces:
    """The document. Nodes have names of their own, since words such as ``end`` cannot be any; comments say whose they are."""
    yield "flowchart LR\n"
    yield f"  %% {_comment(graph.title)}\n"
    yield "".join(f"  %% {name}: {_comment(str(value))}\n" for name, value in graph.facts.items())
    names: dict[str, str] = {}
    for place, (vertex, node) in enumerate(zip(vertices(graph), graph.nodes, strict=True)):
        name = names[vertex.id] = f"n{place}"
        status = node.version.status.value
        yield f'  {name}["{_text(vertex.label)}<br/>{status}"]:::{status}\n'
    for arc in arcs(graph):
        line = "-.->" if arc.relation == RelationshipType.RELATED_TO else "-->"
        yield f"  {names[arc.source]} {line}|{arc.relation}| {names[arc.target]}\n"
    yield "  classDef draft stroke-dasharray:4\n  classDef active stroke-width:2px\n"
    yield "  classDef deprecated opacity:0.7\n  classDef archived opacity:0.5\n  classDef rejected opacity:0.5\n"


def _text(text: str) -> str:
    return _MARK.sub(lambda found: f"#{ord(found[0])};", for_drawing(text))


def _comment(text: str) -> str:
    return _COMMENTED.sub("\ufffd", for_drawing(text))
