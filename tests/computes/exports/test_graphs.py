"""A lineage with hostile names, read back by the tools that each format is for."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.exports.graphs import exported, joined, written
from loopgraph.computes.exports.plain import SHOWN, for_drawing, for_xml
from loopgraph.contracts.exports.formats import GraphFormat
from loopgraph.contracts.exports.graphs import ExportedGraph
from loopgraph.contracts.exports.requests import LineageQuery, LineageRequest
from loopgraph.contracts.lineage.patterns import LineagePath
from support.exports import NOON, edge, hostile_lineage, version

JAVASCRIPT = Path(__file__).parent / "javascript"

LINEAGE = hostile_lineage()
NAMES = [node.version.pattern_name for node in LINEAGE.nodes]
REQUEST = LineageRequest(query=LineageQuery.ANCESTORS, node_id="v-0")
GRAPH = exported(LINEAGE, REQUEST, NOON)


def text_of(format: GraphFormat, graph: ExportedGraph = GRAPH) -> str:
    return b"".join(joined(written(graph, format), 1_000)).decode()


def assert_whole(graph: Any, name: str, plain: Any = lambda told: told) -> None:
    """All versions and edges are there, and what they are called."""
    import networkx

    assert isinstance(graph, networkx.MultiDiGraph)
    assert set(graph.nodes) == {node.version.node_id for node in LINEAGE.nodes}
    assert graph.number_of_edges() == len(LINEAGE.edges)
    assert [graph.nodes[f"v-{place}"][name] for place in range(len(NAMES))] == [
        plain(f"{called} v{place + 1}") for place, called in enumerate(NAMES)
    ]
    assert {(source, target, data["relationship_type"]) for source, target, data in graph.edges(data=True)} == {
        (e.source_node_id, e.target_node_id, e.relationship_type.value) for e in LINEAGE.edges
    }


def test_networkx_reads_graphml() -> None:
    import networkx

    graph = networkx.read_graphml(io.BytesIO(text_of(GraphFormat.GRAPHML).encode()))
    assert_whole(graph, "label", for_xml)
    assert graph.nodes["v-3"]["version"] == 4
    assert graph.nodes["v-3"]["usage_count"] == 3
    assert graph.nodes["v-3"]["success_rate"] == pytest.approx(2 / 3)
    assert graph.nodes["v-3"]["created_at"] == "2026-03-01T12:00:00.123456Z"
    assert [graph.nodes[f"v-{place}"]["change_summary"] for place in range(len(NAMES))] == list(map(for_xml, NAMES))
    assert graph.graph == {
        "query": "ancestors", "node_id": "v-0", "relationship_types": graph.graph["relationship_types"],
        "as_of": "2026-03-01T12:00:00.123456Z", "truncated": True,
        **{name: told for name, told in graph.graph.items() if name.endswith("_default")},
    }  # fmt: skip


def test_networkx_reads_cytoscape_json() -> None:
    import networkx

    told = json.loads(text_of(GraphFormat.CYTOSCAPE))
    assert told["data"]["truncated"] is True
    ids = [element["data"]["id"] for kind in ("nodes", "edges") for element in told["elements"][kind]]
    assert len(set(ids)) == len(ids)
    assert_whole(networkx.cytoscape_graph(told), "name")


def test_json_graph_is_as_its_specification_has_it() -> None:
    """The rules of the schema of version 2: which members there are, and of which types; none besides."""
    import networkx

    told = json.loads(text_of(GraphFormat.JGF))
    assert set(told) == {"graph"}
    graph = told["graph"]
    assert {name: type(value) for name, value in graph.items()} == {
        "directed": bool, "type": str, "label": str, "metadata": dict, "nodes": dict, "edges": list,
    }  # fmt: skip
    for node in graph["nodes"].values():
        assert {name: type(value) for name, value in node.items()} == {"label": str, "metadata": dict}
    for one in graph["edges"]:
        kinds = {"id": str, "source": str, "target": str, "relation": str, "directed": bool, "metadata": dict}
        assert {name: type(value) for name, value in one.items()} == kinds
        assert {one["source"], one["target"]} <= graph["nodes"].keys()
    assert graph["metadata"]["truncated"] is True
    read = networkx.MultiDiGraph()
    read.add_nodes_from((id_, {"label": node["label"]}) for id_, node in graph["nodes"].items())
    read.add_edges_from((e["source"], e["target"], e["id"], e["metadata"]) for e in graph["edges"])
    assert_whole(read, "label")


def unquoted(text: str) -> str:
    """What a label of DOT says."""
    inside = text[1:-1].replace('\\"', '"')
    lines = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], inside)
    return lines.replace("&amp;", "&")


@pytest.mark.lengthy
def test_a_parser_of_dot_reads_dot() -> None:
    import pydot

    [graph] = pydot.graph_from_dot_data(text_of(GraphFormat.DOT))
    nodes = {node.get_name(): node for node in graph.get_nodes() if node.get_name().startswith('"v-')}
    assert len(nodes) == len(NAMES)
    for place, name in enumerate(NAMES):
        label = nodes[f'"v-{place}"'].get("label")
        assert unquoted(label) == f"{for_drawing(f'{name} v{place + 1}')}\nactive"
    assert {(one.get_source(), one.get_destination(), one.get("id")) for one in graph.get_edges()} == {
        (f'"{e.source_node_id}"', f'"{e.target_node_id}"', f'"{e.edge_id}"') for e in LINEAGE.edges
    }


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_lays_dot_out() -> None:
    done = subprocess.run(
        ["dot", "-Tjson0"], input=text_of(GraphFormat.DOT), capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert len(told["objects"]) == len(NAMES)
    assert len(told["edges"]) == len(LINEAGE.edges)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
@pytest.mark.skipif(not (JAVASCRIPT / "node_modules").is_dir(), reason="the packages are not installed: make clients")
@pytest.mark.parametrize(
    ("script", "format"),
    [("mermaid.mjs", GraphFormat.MERMAID), ("cytoscape.mjs", GraphFormat.CYTOSCAPE), ("graphviz.mjs", GraphFormat.DOT)],
)
def test_javascript_reads_what_is_for_it(script: str, format: GraphFormat) -> None:
    done = subprocess.run(
        ["node", script], cwd=JAVASCRIPT, input=text_of(format), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["nodes"], told["edges"]) == (len(NAMES), len(LINEAGE.edges))
    if format is GraphFormat.CYTOSCAPE:
        assert told["labels"] == [f"{name} v{place + 1}" for place, name in enumerate(NAMES)]
    else:  # blanks at the edge of a label, and marks without a width, may go
        shown = [label.replace("\xa0", " ").lstrip(" \ufeff") for label in told["labels"]]
        labels = [f"{for_drawing(f'{name} v{place + 1}')}\nactive" for place, name in enumerate(NAMES)]
        assert shown == [label.lstrip(" \ufeff") for label in labels]


def test_mermaid_has_one_statement_a_line_and_no_mark_of_a_name_is_left() -> None:
    lines = text_of(GraphFormat.MERMAID).splitlines()
    assert lines[0] == "flowchart LR"
    assert "  %% truncated: True" in lines
    form = re.compile(
        r'  n\d+\["((?:[^!-/:-@\[-`{-~]|#\d+;)*)<br/>active"\]:::active|  n\d+ (-->|-\.->)\|[A-Z_]+\| n\d+'
    )
    others = [line for line in lines[1:] if not line.startswith(("  %% ", "  classDef "))]
    assert [line for line in others if not form.fullmatch(line)] == []
    assert len(others) == len(NAMES) + len(LINEAGE.edges)


def test_a_path_counts_its_depth_from_its_beginning() -> None:
    versions = tuple(version(f"v-{n}", n + 1, "a") for n in range(3))
    edges = tuple(edge(f"e-{n}", f"v-{n}", f"v-{n + 1}", "", LINEAGE.edges[0].relationship_type) for n in range(2))
    path = LineagePath.model_construct(versions=versions, edges=edges, cost=2.0)
    request = LineageRequest(query=LineageQuery.PATH, source_node_id="v-0", target_node_id="v-2")
    graph = exported(path, request, NOON)
    assert [(node.depth, node.in_degree, node.out_degree) for node in graph.nodes] == [(0, 0, 1), (1, 1, 1), (2, 1, 0)]
    assert (graph.title, graph.truncated) == ("path of v-0 to v-2", False)


def test_drawings_show_the_beginning_of_a_long_name_on_one_line() -> None:
    assert for_drawing("a\r\n\tb") == "a b"
    assert len(for_drawing("x" * 1_000_000)) == SHOWN
    assert for_drawing("\x1b[31m") == "\ufffd[31m"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"query": "ancestors"}, "node_id"),
        ({"query": "path", "source_node_id": "a"}, "target_node_id"),
        ({"query": "pattern", "pattern_id": "p", "node_id": "n"}, "node_id"),
        ({"query": "path", "source_node_id": "a", "target_node_id": "b", "max_depth": 3}, "max_depth"),
    ],
)
def test_a_request_has_what_its_query_needs_and_nothing_else(given: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be"):
        LineageRequest.model_validate(given)
