"""What traversals take and answer: subgraphs, paths, common ancestors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from loopgraph.api.graphql.types.common import plain, validated
from loopgraph.api.graphql.types.enums import PatternStatus, RelationshipType
from loopgraph.computes.lineage import algorithms
from loopgraph.contracts import lineage as contracts

if TYPE_CHECKING:
    from loopgraph.api.graphql.types.lineage import LineageEdge, PatternVersion

Version = Annotated["PatternVersion", strawberry.lazy("loopgraph.api.graphql.types.lineage")]
Edge = Annotated["LineageEdge", strawberry.lazy("loopgraph.api.graphql.types.lineage")]


@strawberry.input(description="What a traversal follows and returns.")
class TraversalInput:
    max_depth: int | None = strawberry.field(default=None, description="Most edges from a start; null: no limit.")
    relationship_types: list[RelationshipType] | None = strawberry.field(
        default=None, description="Types that are followed; null: every ancestry type."
    )
    as_of: datetime | None = strawberry.field(
        default=None, description="Only edges that were valid at this instant are followed; null: now."
    )
    statuses: list[PatternStatus] | None = strawberry.field(
        default=None, description="Only versions of these statuses are returned; others are walked through."
    )
    max_nodes: int | None = strawberry.field(
        default=None, description="Most nodes returned, the nearest first; more set `truncated`."
    )

    def filter(self, direction: contracts.Direction) -> contracts.TraversalFilter:
        """The contract of this input. Raises InvalidInput."""
        data = {name: value for name, value in plain(self).items() if value is not None and name != "max_nodes"}
        return validated(contracts.TraversalFilter, {**data, "direction": direction}, "traversal")

    @property
    def limit(self) -> int | None:
        """The number of nodes wanted."""
        return self.max_nodes


@strawberry.type(description="A version in a traversal's answer.")
class LineageNode:
    version: Version
    depth: int = strawberry.field(description="Fewest edges from a start; 0 for a start itself.")
    in_degree: int = strawberry.field(description="Edges of the answer into this version.")
    out_degree: int = strawberry.field(description="Edges of the answer out of this version.")


@strawberry.type(description="Versions in breadth-first order and the distinct edges between them.")
class LineageGraph:
    graph: strawberry.Private[contracts.LineageGraph]
    start_ids: list[strawberry.ID]
    reached: int = strawberry.field(description="Versions found before the filter by status.")
    truncated: bool = strawberry.field(description="Whether more was reachable than the limit allowed.")

    @strawberry.field
    def nodes(self) -> list[LineageNode]:
        return [
            LineageNode(
                version=version_object(node.version),
                depth=node.depth,
                in_degree=node.in_degree,
                out_degree=node.out_degree,
            )
            for node in self.graph.nodes
        ]

    @strawberry.field
    def edges(self) -> list[Edge]:
        return [edge_object(edge) for edge in self.graph.edges]

    @strawberry.field
    def node_count(self) -> int:
        return len(self.graph.nodes)

    @strawberry.field
    def edge_count(self) -> int:
        return len(self.graph.edges)

    @strawberry.field(description="Versions of the answer without an ancestry edge of the answer into them.")
    def roots(self) -> list[Version]:
        return self._chosen(algorithms.roots(self._ids(), self.graph.edges))

    @strawberry.field(description="Versions of the answer without an ancestry edge of the answer out of them.")
    def leaves(self) -> list[Version]:
        return self._chosen(algorithms.leaves(self._ids(), self.graph.edges))

    def _ids(self) -> list[str]:
        return [node.version.node_id for node in self.graph.nodes]

    def _chosen(self, ids: tuple[str, ...]) -> list[Version]:
        versions = {node.version.node_id: node.version for node in self.graph.nodes}
        return [version_object(versions[node_id]) for node_id in ids]


@strawberry.type(description="A path from an earlier version to a later one.")
class LineagePath:
    versions: list[Version]
    edges: list[Edge]
    cost: float = strawberry.field(description="Number of edges, or the sum of -ln(weight).")
    length: int = strawberry.field(description="Number of edges.")


@strawberry.type(description="Versions that are ancestors of all versions asked about; a version is its own ancestor.")
class CommonAncestors:
    all: list[Version] = strawberry.field(description="Nearest first.")
    nearest: list[Version] = strawberry.field(
        description="Those that are no ancestor of another common ancestor, as `git merge-base --all` has it."
    )


def version_object(version: contracts.PatternVersion) -> PatternVersion:
    """The GraphQL object of a version."""
    from loopgraph.api.graphql.types.lineage import PatternVersion

    return PatternVersion.of(version)


def edge_object(edge: contracts.LineageEdge) -> LineageEdge:
    """The GraphQL object of an edge."""
    from loopgraph.api.graphql.types.lineage import LineageEdge

    return LineageEdge.of(edge)


def graph_object(graph: contracts.LineageGraph) -> LineageGraph:
    """The GraphQL object of a traversal's answer."""
    return LineageGraph(
        graph=graph,
        start_ids=[strawberry.ID(start) for start in graph.start_ids],
        reached=graph.reached,
        truncated=graph.truncated,
    )
