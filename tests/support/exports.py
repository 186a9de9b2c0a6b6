"""What tests of exports share: names that try to break every format, rows of every type, and a small lineage with such names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from loopgraph.contracts.exports.columns import (
    Column,
    Values,
    boolean,
    instant,
    integer,
    json,
    number,
    text,
    texts,
)
from loopgraph.contracts.lineage.patterns import (
    Baseline,
    EvolutionType,
    LineageEdge,
    LineageGraph,
    LineageNode,
    PatternStatus,
    PatternVersion,
    RelationshipType,
    Usage,
)

NOON: Final = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

HOSTILE: Final = (
    "plain",
    "",
    " ",
    'say "hi"',
    '"',
    '""',
    "a,b;c\td",
    "first\nsecond\r\nthird\rfourth",
    "ends with a backslash \\",
    '\\"; \\n \\N \\G',
    "]]>",
    '"] --> evil["x',
    "n0 --> n1",
    "%% comment",
    "%%{init: {'theme': 'dark'}}%%",
    "end",
    "subgraph x",
    'click n0 href "javascript:alert(1)"',
    "<script>alert(1)</script><b>bold</b>",
    "&lt; &amp; &quot; &#65; &nbsp;",
    "#quot; #35; #9829;",
    "`**markdown**`",
    "fa:fa-car :::draft @{ shape: rect }",
    "=1+1",
    "+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "'quoted",
    "''twice",
    "-",
    "null",
    "NaN",
    "true",
    "1e5",
    "0012",
    "2026-03-01",
    "ünï→ çødé",
    "日本語 中文",
    "مرحبا بالعالم",
    "\u202eevil\u202c",
    "\u200bzero\u200d",
    "👩‍👩‍👧‍👦 🏴",
    "\x01\x02\x1b[31m\x7f\x85",
    "\x0b\x0c",
    "nul\x00nul",
    "\u2028line\u2029",
    "\ufeffmark",
    "\ufffe\uffff",
    "x" * 100_000,
)
"""Texts that mean something else to some reader of some format."""

COLUMNS: Final[tuple[Column, ...]] = (
    integer("row", "Its number."),
    text("words", "A text."),
    integer("whole", "A whole number.", "tokens"),
    number("real", "A number.", "ms"),
    boolean("flag", "Whether."),
    instant("at", "When."),
    json("free", "Anything."),
    texts("tags", "Texts."),
)
"""One column of each type."""


def rows() -> list[Values]:
    """Rows with each of the hostile texts, and one in which everything is null."""
    found: list[Values] = []
    for place, hostile in enumerate(HOSTILE):
        free: Any = {"said": hostile, "n": place, "deep": [None, True, {"x": 0.1}]}
        values = (2**53 + 1 + place, -0.1 * place, place % 2 == 0, NOON + timedelta(hours=place), free, [hostile, "b"])
        found.append((place, hostile, *values))
    found.append((len(HOSTILE), None, None, None, None, None, None, None))
    found.append((len(HOSTILE) + 1, "edges", -(2**63), 1e300, False, datetime(1, 1, 1, tzinfo=UTC), "=just a text", []))
    return found


def version(node_id: str, number_: int, name: str, **more: Any) -> PatternVersion:
    """A version of a pattern with this name."""
    return PatternVersion.model_construct(
        node_id=node_id, pattern_id="p", version=number_, label=None, pattern_name=name, pattern_type="prompt",
        status=PatternStatus.ACTIVE, evolution_type=EvolutionType.REFINEMENT, template_code="", template_hash="0" * 64,
        change_summary=name, created_at=NOON, created_by=name, updated_at=NOON,
        usage=Usage(usage_count=3, success_count=2, timed_count=1, total_execution_time_ms=7.5), tags=(), metadata={},
        parameters={}, performance_baseline=Baseline(p50=1.0), **more,
    )  # fmt: skip


def edge(edge_id: str, source: str, target: str, summary: str, kind: RelationshipType) -> LineageEdge:
    """An edge that says something of itself."""
    return LineageEdge(
        edge_id=edge_id, source_node_id=source, target_node_id=target, source_pattern_id="p", target_pattern_id="p",
        relationship_type=kind, change_summary=summary, created_at=NOON, created_by="tester", valid_from=NOON,
    )  # fmt: skip


def hostile_lineage() -> LineageGraph:
    """A chain with a version for each hostile text, all of them related to the first, and one edge beside another."""
    names = [name for name in HOSTILE if name]
    nodes = tuple(
        LineageNode.model_construct(
            version=version(f"v-{place}", place + 1, name), depth=place, in_degree=1, out_degree=1
        )
        for place, name in enumerate(names)
    )
    derived, related = RelationshipType.DERIVED_FROM, RelationshipType.RELATED_TO
    chain = [edge(f"e-{i}", f"v-{i}", f"v-{i + 1}", name, derived) for i, name in enumerate(names[1:])]
    beside = [edge(f"r-{i}", "v-0", f"v-{i}", "", related) for i in range(1, len(names))]
    return LineageGraph.model_construct(
        start_ids=("v-0",), nodes=nodes, edges=(*chain, *beside), reached=len(nodes), truncated=True
    )
