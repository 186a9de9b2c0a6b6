"""Queries over the improvement loop."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, validated
from loopgraph.api.graphql.types.connections import Connection, checked_size
from loopgraph.api.graphql.types.enums import Horizon, ImprovementStatus, Metric, RunStatus, WatchStatus
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.loop.estimates import ExperimentPower, ExperimentStanding
from loopgraph.api.graphql.types.loop.experiments import Assignment, Decision, Experiment
from loopgraph.api.graphql.types.loop.results import ExperimentCourse
from loopgraph.api.graphql.types.loop.runs import FOR_REVIEW, IMPROVEMENTS, RUNS, FeedbackRun, Improvement
from loopgraph.api.graphql.types.loop.watches import WATCHES, Watch
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.loop import design, experiments, outlook
from loopgraph.contracts.statistics import plans
from loopgraph.errors import InvalidInput


def _comparison(experiment: experiments.Experiment | None, node_id: str | None) -> experiments.Experiment | None:
    """One candidate of an experiment against its control; without an id, the first. Raises InvalidInput for none of its own."""
    if experiment is None:
        return None
    candidates = [each.node_id for each in experiment.candidates]
    if node_id is not None and node_id not in candidates:
        raise InvalidInput("treatmentNodeId", f"must be a candidate of the experiment: {', '.join(candidates)}")
    return experiment.comparison_with(node_id or candidates[0])


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

    @strawberry.field(
        description="What waits for a reviewer, the oldest first; `explanation` says of each why the loop did not decide."
    )
    async def improvements_awaiting_review(
        self, info: Info, first: int = 20, after: str | None = None, pattern_id: strawberry.ID | None = None
    ) -> Connection[Improvement]:
        page = FOR_REVIEW.page(info, first, after)
        found = await info.context.services.feedback.improvements_for_review(page, pattern_id)
        return FOR_REVIEW.connection(found.improvements, Improvement.of, has_more=found.has_more, after=after)

    @strawberry.field(description="An experiment by its own id; null if there is none.")
    async def experiment(self, info: Info, experiment_id: strawberry.ID) -> Experiment | None:
        found = await info.context.loaders.experiment.load(experiment_id)
        return Experiment.of(found) if found else None

    @strawberry.field(
        description="How an experiment went: its effect with an interval that holds however often one looks, as executions "
        "came in; null if there is none.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["points"]), READS_MUCH],
    )
    async def experiment_course(
        self, info: Info, experiment_id: strawberry.ID, first: int = 50, treatment_node_id: strawberry.ID | None = None
    ) -> ExperimentCourse | None:
        size = checked_size(info, first)
        found = _comparison(await info.context.loaders.experiment.load(experiment_id), treatment_node_id)
        return ExperimentCourse.of(await info.context.services.courses.course(found, size)) if found else None

    @strawberry.field(
        description="How an experiment stands by what is there, or how it ended: its estimate, its guardrails, and the units "
        "that are still needed for a gain that matters; null if there is none.",
        directives=[READS_MUCH],
    )
    async def experiment_standing(
        self,
        info: Info,
        experiment_id: strawberry.ID,
        gain: float | None = None,
        treatment_node_id: strawberry.ID | None = None,
    ) -> ExperimentStanding | None:
        if gain is not None and not 0.0 < gain <= 10.0:
            raise InvalidInput("gain", f"must be above 0 and at most 10, such as 0.1 for a tenth, not {gain!r}")
        found = _comparison(await info.context.loaders.experiment.load(experiment_id), treatment_node_id)
        return ExperimentStanding.of(await info.context.services.planning.standing(found, gain)) if found else None

    @strawberry.field(
        description="What an experiment on a pattern's version in use would find, by how its units have varied: the units that "
        "find a gain, and how surely the planned ones do.",
        directives=[READS_MUCH],
    )
    async def experiment_power(
        self,
        info: Info,
        pattern_id: strawberry.ID,
        gain: float = 0.1,
        metric: Metric = design.Metric.DURATION_MS,
        horizon: Horizon = plans.Horizon.ALWAYS_VALID,
        treatment_share: float = 0.5,
        min_sample_size: int = 30,
        significance_level: float = 0.05,
        power: float = 0.8,
        time_window_days: int = 30,
        candidates: int = 1,
    ) -> ExperimentPower:
        asked = {
            "pattern_id": pattern_id,
            "gain": gain,
            "metric": metric,
            "horizon": horizon,
            "treatment_share": treatment_share,
            "min_sample_size": min_sample_size,
            "significance_level": significance_level,
            "power": power,
            "time_window_days": time_window_days,
            "candidates": candidates,
        }
        wanted = validated(outlook.PowerAsked, asked, path="")
        return ExperimentPower.of(await info.context.services.planning.power(wanted))

    @strawberry.field(description="A decision by its own id; null if there is none.")
    async def decision(self, info: Info, decision_id: strawberry.ID) -> Decision | None:
        found = await info.context.loaders.decision.load(decision_id)
        return Decision.of(found) if found else None

    @strawberry.field(description="A watch on an applied version by its own id; null if there is none.")
    async def watch(self, info: Info, watch_id: strawberry.ID) -> Watch | None:
        found = await info.context.loaders.watch.load(watch_id)
        return Watch.of(found) if found else None

    @strawberry.field(description="Watches on applied versions, newest first. REGRESSED ones wait for a reviewer.")
    async def watches(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        pattern_id: strawberry.ID | None = None,
        status: WatchStatus | None = None,
    ) -> Connection[Watch]:
        page = WATCHES.page(info, first, after)
        found = await info.context.services.watch_reads.page(page, pattern_id, status)
        return WATCHES.connection(found.watches, Watch.of, has_more=found.has_more, after=after)

    @strawberry.field(
        description="Which version of a pattern to run for a unit of work (a task, a session, a user): the same unit gets "
        "the same answer throughout an experiment. Ask for it past the client's cache: an experiment may begin at any moment. "
        "Run it, and record the execution with its nodeId, experimentId and unit."
    )
    async def assign_variant(self, info: Info, pattern_id: strawberry.ID, unit: str) -> Assignment:
        return Assignment.of(await info.context.services.assignments.assign_variant(pattern_id, unit))
