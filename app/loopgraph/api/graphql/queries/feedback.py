"""Queries over the improvement loop."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import ImprovementStatus, RunStatus
from loopgraph.api.graphql.types.loop.experiments import Assignment, Decision, Experiment
from loopgraph.api.graphql.types.loop.runs import IMPROVEMENTS, RUNS, FeedbackRun, Improvement


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
    ) -> Connection[FeedbackRun]:
        reads, page = info.context.services.feedback, RUNS.page(info, first, after)
        if pattern_id is None:
            found = await reads.runs_page(page, status)
        else:
            found = (await reads.runs_of_patterns([pattern_id], page, status))[pattern_id]
        return RUNS.connection(found.runs, FeedbackRun.of, has_more=found.has_more, after=after)

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
    ) -> Connection[Improvement]:
        page = IMPROVEMENTS.page(info, first, after)
        pages = await info.context.services.feedback.improvements_of_patterns([pattern_id], page, status)
        found = pages[pattern_id]
        return IMPROVEMENTS.connection(found.improvements, Improvement.of, has_more=found.has_more, after=after)

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
        "the same answer throughout an experiment. Ask for it past the client's cache: an experiment may begin at any moment. "
        "Run it, and record the execution with its nodeId, experimentId and unit."
    )
    async def assign_variant(self, info: Info, pattern_id: strawberry.ID, unit: str) -> Assignment:
        return Assignment.of(await info.context.services.assignments.assign_variant(pattern_id, unit))
