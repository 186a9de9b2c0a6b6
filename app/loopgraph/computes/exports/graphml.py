"""GraphML (http://graphml.graphdrawing.org), with the types of attributes, for NetworkX, Gephi, yEd and igraph.

Control characters, which XML cannot hold, are U+FFFD. What is null has no ``data``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from loopgraph.computes.exports.json import json_text
from loopgraph.computes.exports.plain import for_xml
from loopgraph.computes.exports.values import instant_text
from loopgraph.computes.exports.vertices import arcs, vertices
from loopgraph.contracts.exports.columns import Column, ColumnType, Values
from loopgraph.contracts.exports.graphs import ExportedGraph, Pieces

_TYPES: Final = {ColumnType.INTEGER: "long", ColumnType.NUMBER: "double", ColumnType.BOOLEAN: "boolean"}
_LINE_ENDS: Final = {"\r": "&#13;"}
"""Else a parser makes line feeds of them."""
_IN_QUOTES: Final = {**_LINE_ENDS, "\n": "&#10;", "\t": "&#9;", '"': "&quot;"}


def graphml(graph: ExportedGraph) -> Pieces:
    """The document."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
    )
    yield from (_fact_key(name, value) for name, value in graph.facts.items())
    yield '  <key id="v_label" for="node" attr.name="label" attr.type="string"/>\n'
    yield from (_key("v", "node", column) for column in graph.vertex_columns)
    yield from (_key("e", "edge", column) for column in graph.arc_columns)
    yield f'  <graph id="{_quoted(graph.title)}" edgedefault="directed">\n'
    yield from (f'    <data key="g_{name}">{_fact(value)}</data>\n' for name, value in graph.facts.items())
    for vertex in vertices(graph):
        data = _data("v", graph.vertex_columns, vertex.values)
        label = f'<data key="v_label">{_content(vertex.label)}</data>'
        yield f'    <node id="{_quoted(vertex.id)}">{label}{data}</node>\n'
    for arc in arcs(graph):
        ends = f'source="{_quoted(arc.source)}" target="{_quoted(arc.target)}"'
        yield f'    <edge id="{_quoted(arc.id)}" {ends}>{_data("e", graph.arc_columns, arc.values)}</edge>\n'
    yield "  </graph>\n</graphml>\n"


def _fact_key(name: str, value: Any) -> str:
    kind = "boolean" if isinstance(value, bool) else "long" if isinstance(value, int) else "string"
    return f'  <key id="g_{name}" for="graph" attr.name="{name}" attr.type="{kind}"/>\n'


def _key(prefix: str, of: str, column: Column) -> str:
    kind = _TYPES.get(column.type, "string")
    unit = f" Unit: {column.unit}." if column.unit else ""
    told = f"<desc>{_content(column.description + unit)}</desc>"
    return f'  <key id="{prefix}_{column.name}" for="{of}" attr.name="{column.name}" attr.type="{kind}">{told}</key>\n'


def _fact(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _content(str(value))


def _data(prefix: str, columns: Sequence[Column], values: Values) -> str:
    return "".join(
        f'<data key="{prefix}_{column.name}">{_content(_form(column, value))}</data>'
        for column, value in zip(columns, values, strict=True)
        if value is not None
    )


def _form(column: Column, value: Any) -> str:
    match column.type:
        case ColumnType.BOOLEAN:
            return "true" if value else "false"
        case ColumnType.INSTANT:
            return instant_text(value)
        case ColumnType.JSON | ColumnType.TEXTS:
            return json_text(value)
        case ColumnType.NUMBER:
            return repr(value)
        case _:
            return str(value)


def _content(text: str, more: Mapping[str, str] = _LINE_ENDS) -> str:
    return escape(for_xml(text), dict(more))


def _quoted(text: str) -> str:
    return _content(text, _IN_QUOTES)
