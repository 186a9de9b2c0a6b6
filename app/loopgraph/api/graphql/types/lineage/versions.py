"""Versions of patterns."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph import errors
from loopgraph.api.graphql.types.analytics.signals import SignalSummary
from loopgraph.api.graphql.types.analytics.subjects import UTC, AnalyticsWindowInput, SubjectAnalytics, span_asked
from loopgraph.api.graphql.types.common import Info, Long, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing, sliced
from loopgraph.api.graphql.types.enums import (
    EvolutionType,
    PatternStatus,
    RelationshipType,
)
from loopgraph.api.graphql.types.lineage.events import EventFilterInput, LineageEvent, events_connection
from loopgraph.api.graphql.types.lineage.traversal import OF_TRAVERSAL, LineageGraph, TraversalInput
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.nodes import (
    DECISION,
    DISTINCTIONS,
    EDGE,
    FEEDBACK,
    FEEDBACK_SUMMARY,
    FEEDBACKS,
    OUTCOME,
    OUTCOME_SUMMARY,
    OUTCOMES,
    PATTERN,
    STEP,
    WATCH,
    Loaded,
    both,
    link,
    own_id,
    paged,
    summed,
)
from loopgraph.api.graphql.types.presentation import later, present, presents
from loopgraph.api.graphql.types.text_form import TextForm
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.computes.analytics.quality import form_now
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.lineage import patterns as contracts
from loopgraph.contracts.lineage.resources import MOST_STATES, ResourceState
from loopgraph.contracts.traces.records import HookExecution
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.effects.traces.recording.mapping import step_key

_EXECUTIONS = Listing[HookExecution]("executions of a version", step_key, BY_TIME)
_EDGES = Listing[contracts.LineageEdge]("edges", lambda edge: edge.edge_id)


@strawberry.type(
    description="What lay beside a skill's text from an instant on: its scripts, references and other files."
)
class SkillResources:
    digest: str | None = strawberry.field(
        description="sha256 over their paths and git's ids of what they hold; null where there were none, or very many."
    )
    since: datetime = strawberry.field(
        description="When they became so: the time of the commit, or as a scan has seen it."
    )
    label: str | None = strawberry.field(description="The commit that made them so; null if no commit has them.")

    @classmethod
    def of(cls, state: ResourceState) -> Self:
        """A state as it is stored."""
        return cls(digest=state.digest, since=state.since, label=state.label)


@strawberry.type(description="Performance of a version when it became active.")
class Baseline:
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    avg_duration_ms: float | None

    @classmethod
    def of(cls, baseline: contracts.Baseline | None) -> Self | None:
        if baseline is None:
            return None
        return cls(p50_ms=baseline.p50, p95_ms=baseline.p95, p99_ms=baseline.p99, avg_duration_ms=baseline.avg_duration)


def text_in(metadata: Any, key: str) -> str | None:
    """What stands under this key, if it is a text."""
    value = metadata.get(key)
    return value if isinstance(value, str) else None


def _edge_lists(instead_of_slice: str, direction: contracts.Direction, description: str) -> tuple[Any, Any]:
    """The fields of a version for its edges of one direction: the connection, whose name is given, and the old slice."""

    async def connection(
        root: Any,
        info: Info,
        relationship_types: list[RelationshipType] | None = None,
        active_only: bool = True,
        first: int = 100,
        after: str | None = None,
    ) -> Any:
        found = await root.edges_of(info, direction, relationship_types, active_only)
        return _EDGES.whole(info, found, first, after, present)

    async def slice_(
        root: Any,
        info: Info,
        relationship_types: list[RelationshipType] | None = None,
        active_only: bool = True,
        first: int = 100,
        offset: int = 0,
    ) -> Any:
        found = await root.edges_of(info, direction, relationship_types, active_only)
        return [present(edge) for edge in sliced(info, found, first, offset)]

    return both(connection, slice_, EDGE, description, instead_of_slice)


@presents(contracts.PatternVersion)
@strawberry.type(description="One immutable state of a pattern: a node of the lineage graph.")
class PatternVersion(Loaded, relay.Node):
    loader = "version"
    node_id: relay.NodeID[str]
    raw_pattern_id: strawberry.Private[str]
    kept: strawberry.Private[contracts.PatternVersion]
    version: int
    label: str | None
    pattern_name: str
    pattern_type: str
    status: PatternStatus
    evolution_type: EvolutionType
    template_code: str
    template_hash: str = strawberry.field(description="sha256 over the bytes of the template.")
    body_digest: str | None = strawberry.field(
        description="sha256 over what a model is given of a skill, command, subagent or memory file: without front matter, blank "
        "space around it and at the ends of lines; null for patterns of other types."
    )
    resources: list[SkillResources] = strawberry.field(
        directives=[at_most(MOST_STATES)],
        description="What lay beside a skill's text while this version stood, state by state: its scripts, references and other "
        "files. Empty for others, and where there were none.",
    )
    parameters: JSON
    change_summary: str
    tags: list[str] = short_list()
    metadata: JSON
    confidence_score: float | None
    performance_baseline: Baseline | None
    quality_baseline: float | None
    success_rate_baseline: float | None
    correlation_id: strawberry.ID | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    activated_at: datetime | None
    deprecated_at: datetime | None
    deprecation_reason: str | None
    archived_at: datetime | None
    usage_count: Long = strawberry.field(description="Executions recorded.")
    success_count: Long
    success_rate: float | None = strawberry.field(
        description="Executions that ended well over executions; null before any use. What came of uses by the criteria of "
        "success is in `executions { use { success } }`."
    )
    avg_execution_time_ms: float | None = strawberry.field(
        description="Running mean over the executions that reported a duration; null before the first."
    )
    first_used_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, version: contracts.PatternVersion) -> Self:
        return shape(
            cls,
            version,
            raw_pattern_id=version.pattern_id,
            performance_baseline=Baseline.of(version.performance_baseline),
            kept=version,
            resources=[SkillResources.of(state) for state in version.resources],
            usage_count=version.usage.usage_count,
            success_count=version.usage.success_count,
            success_rate=version.usage.success_rate,
            avg_execution_time_ms=version.usage.avg_execution_time_ms,
            first_used_at=version.usage.first_used_at,
            last_used_at=version.usage.last_used_at,
        )

    @strawberry.field(
        description="How good what a model is given of its text is by its form; null for one without words."
    )
    def text_form(self) -> TextForm | None:
        form = form_now(self.kept)
        return TextForm.of(form) if form else None

    @classmethod
    def maybe(cls, version: contracts.PatternVersion | None) -> Self | None:
        return cls.of(version) if version else None

    raw_id = own_id("node_id")

    @strawberry.field(description="How much it is used, what comes of it, how long it takes and what it costs.")
    async def analytics(
        self, info: Info, window: AnalyticsWindowInput | None = None, time_zone: str = UTC
    ) -> SubjectAnalytics:
        about = Subject(SubjectKind.PATTERN_VERSION, self.node_id)
        return await SubjectAnalytics.over(info, about, window, time_zone)

    @strawberry.field(
        description="How often its prompts were retried, corrected, abandoned, interrupted, taken back, and how long they took, "
        "of the latest in which it was used. They are read for each version: ask for few at once.",
        directives=[READS_MUCH],
    )
    async def signal_summary(self, info: Info, window: AnalyticsWindowInput | None = None) -> SignalSummary:
        found = await info.context.loaders.signal_summary_of_version.load((self.node_id, span_asked(window)))
        return SignalSummary.of(found)

    @strawberry.field(
        description="What distinguishes its executions that fail or take long from the others: observed, tested by unit, and "
        "corrected for looking at all. They are read for each version: ask for few at once.",
        graphql_type=later(*DISTINCTIONS),
        directives=[READS_MUCH],
    )
    async def distinctions(self, info: Info, window: AnalyticsWindowInput | None = None) -> Any:
        return present(await info.context.loaders.distinctions_of_version.load((self.node_id, span_asked(window))))

    @strawberry.field(description="Where its file was, if it was imported or found by a scan; else null.")
    def path(self) -> str | None:
        return text_in(self.metadata, "path")

    @strawberry.field(description="The own id of the pattern that it is a state of.")
    def pattern_id(self) -> strawberry.ID:
        return strawberry.ID(self.raw_pattern_id)

    @strawberry.field(
        description="Whether it is the one in use: its pattern's `currentVersion`. All versions of a history have been active, "
        "and of those only one is in use; none is where the file is gone."
    )
    async def in_use(self, info: Info) -> bool:
        pattern = await info.context.loaders.pattern.load(self.raw_pattern_id)
        return pattern is not None and pattern.current_node_id == self.node_id

    pattern = link("pattern", "raw_pattern_id", PATTERN, "The pattern that it is a state of.")
    decision = link(
        "decision_of_version",
        "node_id",
        DECISION,
        "The decision that approved this version; null if the loop did not apply it.",
    )
    watch = link(
        "watch_of_version",
        "node_id",
        WATCH,
        "How it has done since it was applied, held against the proof of its decision; null where no experiment speaks for it.",
    )

    feedback = paged(
        "feedback_of_version",
        "node_id",
        FEEDBACKS,
        FEEDBACK,
        "What was said of it, of its uses, and of the traces in which it was used, newest first.",
    )
    feedback_summary = summed("feedback_summary_of_version", "node_id", FEEDBACK_SUMMARY, "What all of that comes to.")
    outcomes = paged(
        "outcomes_of_version",
        "node_id",
        OUTCOMES,
        OUTCOME,
        "What others reported of units that used it, the latest first; what they said of executions, traces, sessions is there.",
    )
    outcome_summary = summed(
        "outcome_summary_of_version",
        "node_id",
        OUTCOME_SUMMARY,
        "What the outcomes of its uses, of the traces and sessions in which it was used, and of its units come to.",
    )

    @strawberry.field(
        description="What this version descends from. Cost is linear in the edges reached.", directives=[OF_TRAVERSAL]
    )
    async def ancestors(self, info: Info, traversal: TraversalInput | None = None) -> LineageGraph:
        return await self._reached(info, contracts.Direction.ANCESTORS, traversal)

    @strawberry.field(
        description="What descends from this version. Cost is linear in the edges reached.", directives=[OF_TRAVERSAL]
    )
    async def descendants(self, info: Info, traversal: TraversalInput | None = None) -> LineageGraph:
        return await self._reached(info, contracts.Direction.DESCENDANTS, traversal)

    async def _reached(
        self, info: Info, direction: contracts.Direction, traversal: TraversalInput | None
    ) -> LineageGraph:
        wanted = traversal or TraversalInput()
        # Checked here: what a loader raises reaches everything that it loads at once.
        limit = wanted.limit(info)
        graph = await info.context.loaders.traversal.load((self.node_id, wanted.filter(direction), limit))
        if graph is None:
            raise errors.NotFound("PatternVersion", self.node_id)
        return LineageGraph.of(graph)

    incoming_edges_connection, incoming_edges = _edge_lists(
        "incomingEdgesConnection",
        contracts.Direction.ANCESTORS,
        "Edges from earlier versions into this one, in order of creation.",
    )
    outgoing_edges_connection, outgoing_edges = _edge_lists(
        "outgoingEdgesConnection",
        contracts.Direction.DESCENDANTS,
        "Edges from this version to later ones, in order of creation.",
    )

    @strawberry.field(
        description="Its executions that are over, newest first. `totalCount` counts all that were ever recorded, archived ones "
        "too; null for who may not see everybody's.",
        graphql_type=Connection[later(*STEP)],  # type: ignore[misc]  # a type that is known when the schema is made
    )
    async def executions(self, info: Info, first: int = 20, after: str | None = None) -> Any:
        page = _EXECUTIONS.page(info, first, after)
        found = await info.context.loaders.executions_of_version.load((self.node_id, page))
        total = self.usage_count if reader_of(info.context.principal) is None else None
        return _EXECUTIONS.connection(found.items, present, has_more=found.has_more, after=after, total=total)

    @strawberry.field(description="Whether no open ancestry edge leads into this version.")
    async def is_root(self, info: Info) -> bool:
        return not await self._ancestry(info, contracts.Direction.ANCESTORS)

    @strawberry.field(description="Whether no open ancestry edge leads out of this version.")
    async def is_leaf(self, info: Info) -> bool:
        return not await self._ancestry(info, contracts.Direction.DESCENDANTS)

    @strawberry.field(description="The audit trail of this version, newest first.")
    async def events(
        self, info: Info, first: int = 20, after: str | None = None, filter: EventFilterInput | None = None
    ) -> Connection[LineageEvent]:
        return await events_connection(info, first, after, filter, node_id=self.node_id)

    async def _ancestry(self, info: Info, direction: contracts.Direction) -> list[contracts.LineageEdge]:
        return await self.edges_of(info, direction, list(contracts.ANCESTRY), active_only=True)

    async def edges_of(
        self,
        info: Info,
        direction: contracts.Direction,
        types: list[contracts.RelationshipType] | None,
        active_only: bool,
    ) -> list[contracts.LineageEdge]:
        """Its edges of one direction, of some types or all. Raises InvalidInput where the types are none."""
        wanted = frozenset(contracts.RelationshipType if types is None else types)
        if not wanted:
            raise errors.InvalidInput("relationshipTypes", "must name at least one type")
        edges = await info.context.loaders.edges_of_version.load((self.node_id, direction, wanted))
        return [edge for edge in edges if edge.valid_to is None or not active_only]
