"""Patterns."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph import errors
from loopgraph.api.graphql.types.analytics.subjects import UTC, AnalyticsWindowInput, SubjectAnalytics
from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import Connection, Listing
from loopgraph.api.graphql.types.enums import (
    DefinitionOrigin,
)
from loopgraph.api.graphql.types.lineage.events import EventFilterInput, LineageEvent, events_connection
from loopgraph.api.graphql.types.lineage.traversal import OF_TRAVERSAL, LineageGraph, TraversalInput
from loopgraph.api.graphql.types.lineage.versions import PatternVersion, text_in
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.nodes import (
    FEEDBACK_SUMMARY,
    VERSION,
    Loaded,
    link,
    own_id,
    summed,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.lineage import definitions as contracts_of_definitions
from loopgraph.contracts.lineage import patterns as contracts

_VERSIONS = Listing[contracts.PatternVersion]("versions", lambda version: str(version.version), r"[1-9][0-9]{0,9}")
_ORIGINS = frozenset(contracts_of_definitions.DefinitionOrigin)


@presents(contracts.Pattern)
@strawberry.type(description="A reusable way of working: a prompt, a skill, a code template, a learned execution plan.")
class Pattern(Loaded, relay.Node):
    loader = "pattern"
    pattern_id: relay.NodeID[str]
    current_node_id: strawberry.Private[str | None]
    name: str
    pattern_type: str
    description: str
    tags: list[str] = short_list()
    metadata: JSON
    latest_version: int = strawberry.field(description="Number of the newest version; numbers have no gaps.")
    created_at: datetime
    created_by: str
    updated_at: datetime

    @classmethod
    def of(cls, pattern: contracts.Pattern) -> Self:
        return shape(cls, pattern)

    raw_id = own_id("pattern_id")

    @strawberry.field(
        description="Who brings it, if it is what people wrote in files and a scan has found it; else null."
    )
    def origin(self) -> DefinitionOrigin | None:
        said = self._found_by_scan("origin")
        return contracts_of_definitions.DefinitionOrigin(said) if said else None

    @strawberry.field(
        description="Whose it is, if a scan has found it: `git:` and the identity of a repository, `folder:` and a folder "
        "outside git, `user:` and a login, or `plugin:` and a plugin's name; else null."
    )
    def scope(self) -> str | None:
        return self._found_by_scan("scope")

    @strawberry.field(description="Where its file is in its scope, if a scan has found it; else null.")
    def path(self) -> str | None:
        return self._found_by_scan("path")

    def _found_by_scan(self, key: str) -> str | None:
        return text_in(self.metadata, key) if text_in(self.metadata, "origin") in _ORIGINS else None

    current_version = link(
        "version",
        "current_node_id",
        VERSION,
        "The version in use; null if there is none: all are drafts, or were taken out of use.",
    )

    @strawberry.field(description="Versions, newest first.")
    async def versions(self, info: Info, first: int = 20, after: str | None = None) -> Connection[PatternVersion]:
        page = _VERSIONS.page(info, first, after)
        below = int(page.after) if page.after else None
        found = await info.context.loaders.versions_of_pattern.load((self.pattern_id, first, below))
        return _VERSIONS.connection(
            found.versions, PatternVersion.of, has_more=found.has_more, after=after, total=self.latest_version
        )

    @strawberry.field(
        description="How much its versions are used, what comes of it, how long it takes and what it costs."
    )
    async def analytics(
        self, info: Info, window: AnalyticsWindowInput | None = None, time_zone: str = UTC
    ) -> SubjectAnalytics:
        return await SubjectAnalytics.over(info, Subject(SubjectKind.PATTERN, self.pattern_id), window, time_zone)

    @strawberry.field(description="When a version of it was last used by anybody, in UTC; null: never.")
    async def last_used_at(self, info: Info) -> datetime | None:
        return await info.context.loaders.last_use_of_pattern.load(self.pattern_id)

    feedback_summary = summed(
        "feedback_summary_of_pattern",
        "pattern_id",
        FEEDBACK_SUMMARY,
        "What was said of its versions, of their uses, and of the traces in which they were used comes to.",
    )

    @strawberry.field(
        description="All versions of the pattern, their ancestors and descendants, and the edges between.",
        directives=[OF_TRAVERSAL],
    )
    async def lineage(self, info: Info, traversal: TraversalInput | None = None) -> LineageGraph:
        graph = await pattern_lineage(info, self.pattern_id, traversal)
        if graph is None:
            raise errors.NotFound("Pattern", self.pattern_id)
        return graph

    @strawberry.field(description="The audit trail of the pattern, newest first.")
    async def events(
        self, info: Info, first: int = 20, after: str | None = None, filter: EventFilterInput | None = None
    ) -> Connection[LineageEvent]:
        return await events_connection(info, first, after, filter, pattern_id=self.pattern_id)


async def pattern_lineage(info: Info, pattern_id: str, traversal: TraversalInput | None) -> LineageGraph | None:
    """The lineage of a pattern, None if there is no such pattern."""
    wanted = traversal or TraversalInput()
    limit = wanted.limit(info)
    key = (pattern_id, wanted.filter(contracts.Direction.ANCESTORS), limit)
    graph = await info.context.loaders.lineage_of_pattern.load(key)
    return LineageGraph.of(graph) if graph else None
