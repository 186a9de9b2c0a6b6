"""What it takes to draw many versions at once: outlines of them, their patterns, and the edges between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import PatternStatus
from loopgraph.api.graphql.types.lineage.traversal import most_edges
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.nodes import EDGE, PATTERN, VERSION, link
from loopgraph.api.graphql.types.presentation import later_list, present
from loopgraph.contracts.lineage import maps as contracts

OF_MAP = ListSize(slicing_arguments=["maxNodes"], sized_fields=["patterns", "versions", "edges"])
"""The lists of a map are as long as its argument says; of edges, there may be twice as many."""


@strawberry.type(description="A version, as little of it as it takes to draw it; `whole` has all of it.")
class VersionOutline:
    node_id: strawberry.ID
    pattern_id: strawberry.ID
    version: int
    label: str | None
    status: PatternStatus
    created_at: datetime
    usage_count: Long = strawberry.field(description="Executions recorded.")
    in_use: bool = strawberry.field(description="Whether it is the one in use: its pattern's `currentVersion`.")

    @classmethod
    def of(cls, outline: contracts.VersionOutline) -> Self:
        return shape(cls, outline)

    whole = link("version", "node_id", VERSION, "All of the version.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that it is a state of.")


@strawberry.type(description="Many versions, their patterns, and the edges between them, to be drawn.")
class LineageMap:
    map: strawberry.Private[contracts.LineageMap]
    truncated: bool = strawberry.field(
        description="Whether there is more than is shown: beyond `maxNodes`, beyond the versions that one map looks at "
        "(`LOOPGRAPH_MAX_TRAVERSAL_NODES`), or more edges than twice the versions (and 500)."
    )

    @classmethod
    def of(cls, found: contracts.LineageMap) -> Self:
        return cls(map=found, truncated=found.truncated or len(found.edges) > most_edges(len(found.versions)))

    # These lists can be long: their objects are made as they are completed, which is done in slices.

    @strawberry.field(graphql_type=later_list(*PATTERN))
    def patterns(self) -> Iterator[Any]:
        return map(present, self.map.patterns)

    @strawberry.field(graphql_type=list[VersionOutline])
    def versions(self) -> Iterator[VersionOutline]:
        return map(VersionOutline.of, self.map.versions)

    @strawberry.field(graphql_type=later_list(*EDGE))
    def edges(self) -> Iterator[Any]:
        return map(present, self.map.edges[: most_edges(len(self.map.versions))])
