"""Applied versions under watch: what they are held against, what was seen since, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay

from loopgraph.api.graphql.types.common import Info, Long, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Edge, Listing
from loopgraph.api.graphql.types.enums import GuardrailStatus, Metric, NoEstimate, RegressionReview, WatchStatus
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import (
    DECISION,
    EXPERIMENT,
    IMPROVEMENT,
    PATTERN,
    VERSION,
    Loaded,
    link,
    own_id,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.steps import HookExecution
from loopgraph.contracts.loop import feedback, watching
from loopgraph.contracts.statistics.decisions import Guardrail
from loopgraph.effects.clock import time_key
from loopgraph.effects.loop.evidence import Evidence

WATCHES = Listing[watching.Watch]("watches", lambda watch: time_key(watch.since, watch.watch_id), BY_TIME)
_EXECUTIONS = Listing[Evidence](
    "executions of a watch", lambda evidence: evidence.key, r"[^|]+\|(?:\d{16}|:\d{18})\|.+"
)


@strawberry.type(description="One metric of a watched version against its proof, by a test that holds at every look.")
class WatchGuard:
    metric: Metric
    status: GuardrailStatus
    proof_units: int = strawberry.field(description="Units of the version in its experiment that report the metric.")
    proof_mean: float | None = strawberry.field(
        description="Mean of their values, in the unit of the metric; null without units."
    )
    units: int = strawberry.field(description="Units since that report it.")
    mean: float | None = strawberry.field(description="Mean of their values; null without units.")
    loss: float | None = strawberry.field(
        description="By how much it got worse, negative where it got better; null where that cannot be told."
    )
    loss_interval: Interval | None = strawberry.field(
        description="By how much at least and at most, at 1 - 2 * level; null where that cannot be told."
    )
    margin: float = strawberry.field(description="By how much it may get worse.")
    relative: bool = strawberry.field(
        description="Whether loss and margin are shares of the proof's value; else they are in the unit of the metric."
    )
    level: float = strawberry.field(
        description="Probability of finding it worse by more than the margin where it is not, over all looks."
    )
    reason: NoEstimate | None = strawberry.field(description="Why the loss has no interval; null where it has one.")

    @classmethod
    def of(
        cls,
        metric: feedback.Metric,
        guard: Guardrail | None,
        proof: watching.UnitMoments,
        seen: watching.UnitMoments,
    ) -> Self | None:
        if guard is None:
            return None
        return cls(
            metric=metric,
            status=guard.status,
            proof_units=proof.n,
            proof_mean=proof.mean if proof.n else None,
            units=seen.n,
            mean=seen.mean if seen.n else None,
            loss=guard.loss,
            loss_interval=Interval.of(guard.loss_interval),
            margin=guard.margin.value,
            relative=guard.margin.relative,
            level=guard.level,
            reason=guard.reason,
        )


@strawberry.type(description="An execution of a watched version, as it was recorded.")
class WatchExecutionEdge(Edge[HookExecution]):
    evidence: bool = strawberry.field(description="Whether the regression was found in it, among others.")

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        return cls(
            node=HookExecution.of(evidence.execution),
            cursor=_EXECUTIONS.cursor(evidence.key),
            evidence=evidence.decision_id is not None,
        )


@strawberry.type(description="The executions of a watched version since it was applied.")
class WatchExecutionConnection(Connection[HookExecution]):
    edges: list[WatchExecutionEdge]  # type: ignore[assignment]  # its edges say more than the base's


@presents(watching.Watch)
@strawberry.type(
    description="An applied version, held against its own proof: the units that use it since, against those of the treatment of "
    "its experiment. What regresses is rolled back."
)
class Watch(Loaded, relay.Node):
    loader = "watch"
    watch_id: relay.NodeID[str]
    pattern_id: strawberry.ID
    node_id: strawberry.ID
    decision_id: strawberry.ID
    experiment_id: strawberry.ID
    improvement_id: strawberry.ID
    restores_node_id: strawberry.ID | None = strawberry.field(
        description="The own id of the version whose content a rollback restores: the one in use before; null where none was."
    )
    restored_node_id: strawberry.ID | None = strawberry.field(
        description="The own id of the version that the rollback made; null where nothing was rolled back."
    )
    metric: Metric
    status: WatchStatus
    review: RegressionReview | None = strawberry.field(
        description="Why a reviewer is to look at the regression; null where none was asked."
    )
    breached: list[Metric] = strawberry.field(
        description="The metrics on which a regression is shown.", directives=[at_most(len(feedback.Metric))]
    )
    still_better: bool = strawberry.field(
        description="Whether the version, though it regressed, is shown to be better than the one that it replaced."
    )
    units: int = strawberry.field(description="Units that have used it since, at the last look.")
    execution_count: Long = strawberry.field(description="Executions since, at the last look.")
    unnamed_count: Long = strawberry.field(
        description="Executions since, at the last look, that name no unit and no session, where those of the proof do: "
        "they are in no other number."
    )
    max_units: int = strawberry.field(description="After so many units it is not watched any more.")
    metric_guard: WatchGuard | None = strawberry.field(
        description="The experiment's metric against the proof, at the last look; null before the first."
    )
    success_guard: WatchGuard | None = strawberry.field(
        description="The successes against the proof, at the last look; null before the first, and where they are the metric."
    )
    since: datetime
    ends_at: datetime = strawberry.field(description="When it ends at the latest, in UTC.")
    updated_at: datetime
    ended_at: datetime | None = strawberry.field(description="When it ended, in UTC; null while it goes on.")
    ended_by: str | None = strawberry.field(description="`loop`, or the reviewer; null while it goes on.")
    note: str

    @classmethod
    def of(cls, watch: watching.Watch) -> Self:
        finding, proof = watch.finding, watch.proof.treatment
        return shape(
            cls,
            watch,
            breached=list(finding.breached),
            still_better=finding.still_better,
            units=finding.units,
            execution_count=finding.executions,
            unnamed_count=finding.unnamed,
            max_units=watch.rules.max_units,
            metric_guard=WatchGuard.of(watch.metric, finding.metric_guard, proof.metric, finding.seen.metric),
            success_guard=WatchGuard.of(
                feedback.Metric.SUCCESS_RATE, finding.success_guard, proof.success, finding.seen.success
            ),
        )

    raw_id = own_id("watch_id")

    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that the version is a state of.")
    version = link("version", "node_id", VERSION, "The version that is watched.")
    decision = link("decision", "decision_id", DECISION, "The decision whose proof it is held against.")
    experiment = link("experiment", "experiment_id", EXPERIMENT, "The experiment that the proof comes from.")
    improvement = link("improvement", "improvement_id", IMPROVEMENT, "The improvement that was applied.")
    restores = link("version", "restores_node_id", VERSION, "The version whose content a rollback restores.")
    restored = link("version", "restored_node_id", VERSION, "The version that the rollback made.")

    @strawberry.field(
        description="The finished executions that it looks at, the oldest first: those of the version since it was applied, "
        "outside experiments or as the control of one."
    )
    async def executions(self, info: Info, first: int = 100, after: str | None = None) -> WatchExecutionConnection:
        page = _EXECUTIONS.page(info, first, after)
        found = await info.context.loaders.executions_of_watch.load((self.watch_id, page))
        edges = [WatchExecutionEdge.of(evidence) for evidence in found.evidence]
        about = _EXECUTIONS.about(edges, has_more=found.has_more, after=after)
        return WatchExecutionConnection(edges=edges, page_info=about)
