"""What traversals take and answer: subgraphs, paths, common ancestors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, shape, validated
from loopgraph.api.graphql.types.enums import PatternStatus, RelationshipType
from loopgraph.api.graphql.types.list_size import ListSize, at_most
from loopgraph.api.graphql.types.nodes import EDGE, VERSION
from loopgraph.api.graphql.types.presentation import later, later_list, present
from loopgraph.computes.lineage import algorithms
from loopgraph.contracts.lineage import patterns as contracts
from loopgraph.errors import InvalidInput

_VERSIONS, _EDGES = later_list(*VERSION), later_list(*EDGE)


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

    def limit(self, info: Info) -> int:
        """The number of nodes that may be returned. Raises InvalidInput."""
        try:
            return info.context.services.traversals.limit(self.max_nodes)
        except InvalidInput as error:
            raise InvalidInput(f"traversal.{error.field}", error.problem) from error


OF_TRAVERSAL = ListSize(
    slicing_arguments=["traversal.maxNodes"], sized_fields=["startIds", "nodes", "edges", "roots", "leaves"]
)
"""The lists of a graph are as long as its traversal may be; of edges, there may be twice as many."""

EDGES_PER_NODE, FEW_EDGES = 2, 500
PATH, ANCESTORS = 10_000, 10_000
"""So much of a path and of the common ancestors is shown."""


@strawberry.type(description="A version in a traversal's answer.")
class LineageNode:
    version: Any = strawberry.field(graphql_type=later(*VERSION))
    depth: int = strawberry.field(description="Fewest edges from a start; 0 for a start itself.")
    in_degree: int = strawberry.field(description="Edges of the answer into this version.")
    out_degree: int = strawberry.field(description="Edges of the answer out of this version.")


@strawberry.type(description="Versions in breadth-first order and the distinct edges between them.")
class LineageGraph:
    graph: strawberry.Private[contracts.LineageGraph]
    presented: strawberry.Private[dict[str, Any]]
    start_ids: list[strawberry.ID]
    reached: int = strawberry.field(description="Versions found before the filter by status.")
    truncated: bool = strawberry.field(
        description="Whether there is more than is shown: beyond `maxDepth`, beyond `maxNodes`, or more edges than twice the "
        "nodes (and 500)."
    )

    @classmethod
    def of(cls, graph: contracts.LineageGraph) -> Self:
        return cls(
            graph=graph,
            presented={},
            start_ids=[strawberry.ID(start) for start in graph.start_ids],
            reached=graph.reached,
            truncated=graph.truncated or len(graph.edges) > most_edges(len(graph.nodes)),
        )

    # These lists can be long: their objects are made as they are completed, which is done in slices.

    @strawberry.field(graphql_type=list[LineageNode])
    def nodes(self) -> Iterator[LineageNode]:
        return (shape(LineageNode, node, version=self._version(node.version)) for node in self.graph.nodes)

    @strawberry.field(graphql_type=_EDGES)
    def edges(self) -> Iterator[Any]:
        return map(present, self.graph.edges[: most_edges(len(self.graph.nodes))])

    @strawberry.field
    def node_count(self) -> int:
        return len(self.graph.nodes)

    @strawberry.field
    def edge_count(self) -> int:
        return len(self.graph.edges)

    @strawberry.field(
        description="Versions of the answer without an ancestry edge of the answer into them.",
        graphql_type=_VERSIONS,
    )
    def roots(self) -> Iterator[Any]:
        return self._chosen(algorithms.roots(self._ids(), self.graph.edges))

    @strawberry.field(
        description="Versions of the answer without an ancestry edge of the answer out of them.",
        graphql_type=_VERSIONS,
    )
    def leaves(self) -> Iterator[Any]:
        return self._chosen(algorithms.leaves(self._ids(), self.graph.edges))

    def _ids(self) -> list[str]:
        return [node.version.node_id for node in self.graph.nodes]

    def _chosen(self, ids: tuple[str, ...]) -> Iterator[Any]:
        versions = {node.version.node_id: node.version for node in self.graph.nodes}
        return (self._version(versions[node_id]) for node_id in ids)

    def _version(self, version: contracts.PatternVersion) -> Any:
        """The object of a version, which is made once for all lists that it is in."""
        if (object_ := self.presented.get(version.node_id)) is None:
            object_ = self.presented[version.node_id] = present(version)
        return object_


def most_edges(nodes: int) -> int:
    """So many edges are shown of a graph of so many nodes."""
    return max(EDGES_PER_NODE * nodes, FEW_EDGES)


@strawberry.type(description="A path from an earlier version to a later one.")
class LineagePath:
    versions: list[Any] = strawberry.field(graphql_type=_VERSIONS, directives=[at_most(PATH)])
    edges: list[Any] = strawberry.field(graphql_type=_EDGES, directives=[at_most(PATH)])
    truncated: bool = strawberry.field(description="Whether the path is longer than what is shown of its beginning.")
    cost: float = strawberry.field(description="Number of edges, or the sum of -ln(weight).")
    length: int = strawberry.field(description="Number of edges.")


@strawberry.type(description="Versions that are ancestors of all versions asked about; a version is its own ancestor.")
class CommonAncestors:
    all: list[Any] = strawberry.field(
        description="Nearest first.", graphql_type=_VERSIONS, directives=[at_most(ANCESTORS)]
    )
    nearest: list[Any] = strawberry.field(
        description="Those that are no ancestor of another common ancestor, as `git merge-base --all` has it.",
        graphql_type=_VERSIONS,
        directives=[at_most(ANCESTORS)],
    )
    truncated: bool = strawberry.field(description="Whether there are more than are shown.")
