"""A graph on its way into a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from loopgraph.contracts.exports.columns import Column, Values
from loopgraph.contracts.lineage.patterns import LineageEdge, LineageNode


class Vertex(NamedTuple):
    """A version: its id, what it is called, and its attributes."""

    id: str
    label: str
    values: Values


class Arc(NamedTuple):
    """An edge from the earlier version to the later."""

    id: str
    source: str
    target: str
    relation: str
    values: Values


@dataclass(frozen=True)
class ExportedGraph:
    """The versions and edges of an answer. ``facts`` are of the graph as a whole, ``truncated`` among them."""

    title: str
    facts: Mapping[str, Any]
    nodes: Sequence[LineageNode]
    edges: Sequence[LineageEdge]
    vertex_columns: tuple[Column, ...]
    arc_columns: tuple[Column, ...]

    @property
    def truncated(self) -> bool:
        """Whether there is more than is shown."""
        return bool(self.facts["truncated"])


Pieces = Iterator[str]
"""The parts of a text, in their order."""
