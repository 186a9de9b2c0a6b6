"""The formats of exports."""

from __future__ import annotations

from enum import StrEnum


class TableFormat(StrEnum):
    """A format of tables and series; the values are also the suffixes of files."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class GraphFormat(StrEnum):
    """A format of graphs.

    - GRAPHML: for NetworkX, Gephi, yEd. DOT: for Graphviz. MERMAID: for Markdown.
    - CYTOSCAPE: Cytoscape JSON, for Cytoscape and cytoscape.js. JGF: JSON Graph Format, version 2.
    """

    GRAPHML = "graphml"
    MERMAID = "mermaid"
    DOT = "dot"
    CYTOSCAPE = "cytoscape"
    JGF = "jgf"


class Formulas(StrEnum):
    """What becomes of texts in CSV that a spreadsheet would run.

    - ESCAPE: a text that begins with ``= + - @``, their full-width forms, a tab, CR, LF or an apostrophe gets one apostrophe more
      before it, so that taking one away gives back every text. Numbers, instants and JSON are no such texts.
    - KEEP: every text as it is.
    """

    ESCAPE = "escape"
    KEEP = "keep"


MEDIA_TYPES: dict[TableFormat | GraphFormat, str] = {
    TableFormat.CSV: "text/csv; charset=utf-8; header=present",
    TableFormat.NDJSON: "application/x-ndjson",
    TableFormat.PARQUET: "application/vnd.apache.parquet",
    GraphFormat.GRAPHML: "application/graphml+xml; charset=utf-8",
    GraphFormat.MERMAID: "text/vnd.mermaid; charset=utf-8",
    GraphFormat.DOT: "text/vnd.graphviz; charset=utf-8",
    GraphFormat.CYTOSCAPE: "application/json",
    GraphFormat.JGF: "application/vnd.jgf+json",
}
"""What HTTP calls each format."""

SUFFIXES: dict[GraphFormat, str] = {
    GraphFormat.GRAPHML: "graphml",
    GraphFormat.MERMAID: "mmd",
    GraphFormat.DOT: "dot",
    GraphFormat.CYTOSCAPE: "cyjs",
    GraphFormat.JGF: "jgf.json",
}
"""How the files of graphs end."""
