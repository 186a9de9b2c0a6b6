"""Queries over the improvement loop."""

from __future__ import annotations

import strawberry
from strawberry import relay

from loopgraph.api.graphql.types.common import Info, connection, page_of
from loopgraph.api.graphql.types.enums import ImprovementStatus, RunStatus
from loopgraph.api.graphql.types.feedback import Assignment, Decision, Experiment, FeedbackRun, Improvement
from loopgraph.effects.clock import time_key


@strawberry.type
class FeedbackQuery:
    @strawberry.field(description="A run of the loop by its own id; null if there is none.")
    async def feedback_run(self, info: Info, id: strawberry.ID) -> FeedbackRun | None:
        run = await info.context.loaders.run.load(id)
        return FeedbackRun.of(run) if run else None

    @strawberry.field(description="Runs of the loop, newest first.")
    async def feedback_runs(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        pattern_id: strawberry.ID | None = None,
        status: RunStatus | None = None,
    ) -> relay.Connection[FeedbackRun]:
        reads, page = info.context.services.feedback, page_of(info, first, after)
        if pattern_id is None:
            found = await reads.runs_page(page, status)
        else:
            found = (await reads.runs_of_patterns([pattern_id], page, status))[pattern_id]
        items = ((time_key(run.created_at, run.run_id), FeedbackRun.of(run)) for run in found.runs)
        return connection(items, has_more=found.has_more, after=after)

    @strawberry.field(description="An improvement by its own id; null if there is none.")
    async def improvement(self, info: Info, improvement_id: strawberry.ID) -> Improvement | None:
        found = await info.context.loaders.improvement.load(improvement_id)
        return Improvement.of(found) if found else None

    @strawberry.field(description="Improvements of a pattern, newest first.")
    async def improvements(
        self,
        info: Info,
        pattern_id: strawberry.ID,
        first: int = 20,
        after: str | None = None,
        status: ImprovementStatus | None = None,
    ) -> relay.Connection[Improvement]:
        page = page_of(info, first, after)
        pages = await info.context.services.feedback.improvements_of_patterns([pattern_id], page, status)
        items = (
            (time_key(improvement.created_at, improvement.improvement_id), Improvement.of(improvement))
            for improvement in pages[pattern_id].improvements
        )
        return connection(items, has_more=pages[pattern_id].has_more, after=after)

    @strawberry.field(description="An experiment by its own id; null if there is none.")
    async def experiment(self, info: Info, experiment_id: strawberry.ID) -> Experiment | None:
        found = await info.context.loaders.experiment.load(experiment_id)
        return Experiment.of(found) if found else None

    @strawberry.field(description="A decision by its own id; null if there is none.")
    async def decision(self, info: Info, decision_id: strawberry.ID) -> Decision | None:
        found = await info.context.loaders.decision.load(decision_id)
        return Decision.of(found) if found else None

    @strawberry.field(
        description="Which version of a pattern to run for a unit of work (a task, a session, a user): the same unit gets "
        "the same answer throughout an experiment. Run it, and record the execution with its nodeId, experimentId and unit."
    )
    async def assign_variant(self, info: Info, pattern_id: strawberry.ID, unit: str) -> Assignment:
        return Assignment.of(await info.context.services.assignments.assign_variant(pattern_id, unit))
