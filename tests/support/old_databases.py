"""Databases as older programs left them, to be opened by this one: ``tests/data/databases``."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from loopgraph.assets import statements_of
from loopgraph.effects.graph.client import Graph

FOLDER = Path(__file__).parents[1] / "data" / "databases"
VERSIONS = (1, 2)
Json = dict[str, Any]


def nodes(version: int, label: str) -> list[Json]:
    """The properties of the nodes of a label, as they were stored."""
    return [line["properties"] for line in _lines(version) if label in line.get("labels", ())]


async def load(graph: Graph, version: int) -> None:
    """Makes an empty database what a program of this schema version left."""
    for statement in statements_of(FOLDER / f"schema-{version}" / f"{graph.server.engine.value}.cypher"):
        await graph.run_alone(statement)
    by_label: dict[str, list[Json]] = defaultdict(list)
    by_ends: dict[tuple[str, str, str], list[Json]] = defaultdict(list)
    labels: dict[int, str] = {}
    for line in _lines(version):
        if "node" in line:
            (label,) = line["labels"]
            labels[line["node"]] = label
            by_label[label].append({"number": line["node"], "properties": line["properties"]})
        else:
            by_ends[labels[line["from"]], line["relationship"], labels[line["to"]]].append(line)
    for label, rows in by_label.items():
        text = f"UNWIND $rows AS row CREATE (n:{label}) SET n = row.properties, n.loaded_as = row.number"
        await graph.run_alone(text, {"rows": rows})
    for (start, kind, end), rows in by_ends.items():
        text = (
            f"UNWIND $rows AS row MATCH (a:{start} {{loaded_as: row.from}}), (b:{end} {{loaded_as: row.to}}) "
            f"CREATE (a)-[r:{kind}]->(b) SET r = row.properties RETURN count(*) AS made"
        )
        [made] = await graph.run_alone(text, {"rows": rows})
        assert made["made"] == len(rows)
    for label in by_label:
        await graph.run_alone(f"MATCH (n:{label}) REMOVE n.loaded_as")


async def make_empty(graph: Graph) -> None:
    """Removes everything from a graph."""
    await graph.run_alone("MATCH (n) DETACH DELETE n")
    for row in await graph.run_alone("SHOW CONSTRAINTS"):
        await graph.run_alone(f"DROP CONSTRAINT `{row['name']}` IF EXISTS")
    for row in await graph.run_alone("SHOW INDEXES"):
        if row["type"] != "LOOKUP":
            await graph.run_alone(f"DROP INDEX `{row['name']}` IF EXISTS")


async def catalogue(graph: Graph) -> set[tuple[object, ...]]:
    """Every constraint and index of a database, without their names."""
    found: set[tuple[object, ...]] = set()
    for row in await graph.run_alone("SHOW CONSTRAINTS"):
        kind = (row["type"], row["entityType"], *row["labelsOrTypes"], *row["properties"], row.get("propertyType"))
        found.add(("constraint", *kind))
    for row in await graph.run_alone("SHOW INDEXES"):
        found.add(("index", row["type"], row["entityType"], *(row["labelsOrTypes"] or ()), *(row["properties"] or ())))
    return found


def _lines(version: int) -> list[Json]:
    text = (FOLDER / f"schema-{version}" / "graph.jsonl").read_text(encoding="utf-8")
    return [json.loads(line, object_hook=_instant) for line in text.splitlines()]


def _instant(value: Json) -> Any:
    return datetime.fromisoformat(value["instant"]) if value.keys() == {"instant"} else value
