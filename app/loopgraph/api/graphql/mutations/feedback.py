"""Mutations of the improvement loop."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.changes import ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info, checked, plain, validated
from loopgraph.api.graphql.types.enums import FeedbackType, ImprovementType, LoopProfile
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.loop.designs import ExperimentDesignInput
from loopgraph.api.graphql.types.loop.runs import FeedbackRun, Improvement
from loopgraph.api.graphql.types.loop.watches import Watch
from loopgraph.computes.loop.experiments.asked import check_asked, check_sample_size
from loopgraph.contracts.base import Id, Text
from loopgraph.contracts.loop import feedback as contracts


@strawberry.input
class ProposeImprovementInput(ChangeInput):
    pattern_id: strawberry.ID
    improvement_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    base_node_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The version to improve; left out, the current one."
    )
    template_code: str | None = strawberry.field(default=strawberry.UNSET, description="Left out: the base's.")
    parameters: JSON | None = strawberry.field(default=strawberry.UNSET, description="Left out: the base's.")
    improvement_type: ImprovementType = contracts.ImprovementType.PERFORMANCE
    description: str = ""
    expected_delta: float | None = strawberry.UNSET


@strawberry.input
class LoopOptionsInput(ChangeInput):
    """What every run of the loop is told, whether one is started or many."""

    profile: LoopProfile | None = strawberry.field(
        default=None, description="Sets the inputs that are left out: how careful the loop is with a pattern."
    )
    feedback_type: FeedbackType | None = strawberry.field(
        default=strawberry.UNSET, description="What the run tries to improve; left out: PERFORMANCE, or the profile's."
    )
    time_window_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Executions of the last so many days before the start of the run are analysed, 1 to 3,650; left out: 7, or "
        "the profile's.",
    )
    auto_apply_threshold: float | None = strawberry.field(
        default=strawberry.UNSET,
        description="Least confidenceScore for applying without review; 1 never applies by itself. Left out: 0.95, or the "
        "profile's.",
    )
    min_sample_size: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Units that each arm is planned to have, at least 10; left out: 30, or the profile's.",
    )
    significance_level: float | None = strawberry.field(
        default=strawberry.UNSET,
        description="Probability of a false positive that the test allows, from 1e-9 to below 1; left out: 0.05, or the "
        "profile's.",
    )
    enable_ab_testing: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Without experiments every improvement is left for review. Left out: true, or what the profile says.",
    )
    design: ExperimentDesignInput | None = strawberry.field(
        default=None,
        description="How the experiments are made; left out: one metric, arms of one size, and looks that hold at any time.",
    )


@strawberry.input(
    description="What a run of the loop is to do. Nothing is applied that no experiment or reviewer approved."
)
class StartFeedbackLoopInput(LoopOptionsInput):
    pattern_id: strawberry.ID
    run_id: strawberry.ID | None = strawberry.field(
        default=None, description="Your own id makes a retry safe; left out, one is made."
    )


@strawberry.input
class CancelFeedbackRunInput(ChangeInput):
    run_id: strawberry.ID


@strawberry.input
class ApproveImprovementInput(ChangeInput):
    improvement_id: strawberry.ID
    note: str = ""


@strawberry.input
class RejectImprovementInput(ChangeInput):
    improvement_id: strawberry.ID
    reason: str = ""


@strawberry.input
class ApproveRollbackInput(ChangeInput):
    watch_id: strawberry.ID
    note: str = ""


@strawberry.input
class DismissRegressionInput(ChangeInput):
    watch_id: strawberry.ID
    reason: str = ""


@strawberry.type
class WatchPayload:
    watch: Watch


@strawberry.type
class ImprovementPayload:
    improvement: Improvement


@strawberry.type
class FeedbackRunPayload:
    run: FeedbackRun


ProposeImprovementResult = Annotated[ImprovementPayload | Expected, strawberry.union("ProposeImprovementResult")]
StartFeedbackLoopResult = Annotated[FeedbackRunPayload | Expected, strawberry.union("StartFeedbackLoopResult")]
CancelFeedbackRunResult = Annotated[FeedbackRunPayload | Expected, strawberry.union("CancelFeedbackRunResult")]
ApproveImprovementResult = Annotated[ImprovementPayload | Expected, strawberry.union("ApproveImprovementResult")]
RejectImprovementResult = Annotated[ImprovementPayload | Expected, strawberry.union("RejectImprovementResult")]
ApproveRollbackResult = Annotated[WatchPayload | Expected, strawberry.union("ApproveRollbackResult")]
DismissRegressionResult = Annotated[WatchPayload | Expected, strawberry.union("DismissRegressionResult")]

_CHANGE = ("actor", "correlation_id")
_OPTIONS = frozenset(contracts.LoopInput.model_fields) - {"design"}


def loop_input(input: LoopOptionsInput, pattern_id: str) -> contracts.LoopInput:
    """The inputs of a run: those that were given, else the profile's, else the usual. Raises InvalidInput."""
    given = {name: value for name, value in plain(input).items() if name in _OPTIONS and value is not None}
    if input.design is not None:
        given["design"] = input.design.data()
    if (units := given.get("min_sample_size")) is not None:
        check_sample_size(units)
    profile = input.profile.inputs if input.profile else {}
    wanted = validated(contracts.LoopInput, {**profile, **given, "pattern_id": pattern_id})
    check_asked(wanted)
    return wanted


@strawberry.type
class FeedbackMutation:
    @mutation("Registers a candidate: a draft version that a run of the loop will test against the current one.")
    async def propose_improvement(self, info: Info, input: ProposeImprovementInput) -> ProposeImprovementResult:
        data = {name: value for name, value in plain(input).items() if name not in _CHANGE}
        new = validated(contracts.NewImprovement, data)
        return ImprovementPayload(
            improvement=Improvement.of(
                await info.context.services.loop.propose_improvement(new, origin_of(info, input))
            )
        )

    @mutation("Starts a run of the loop over a pattern: collect, analyse, propose, validate, apply, track.")
    async def start_feedback_loop(self, info: Info, input: StartFeedbackLoopInput) -> StartFeedbackLoopResult:
        wanted = loop_input(input, input.pattern_id)
        run_id = checked(Id | None, input.run_id, "input.runId")
        run = await info.context.services.loop.start(wanted, origin_of(info, input), run_id)
        info.context.services.worker.poke()
        return FeedbackRunPayload(run=FeedbackRun.of(run))

    @mutation("Ends an open run; what it has not decided stays proposed.")
    async def cancel_feedback_run(self, info: Info, input: CancelFeedbackRunInput) -> CancelFeedbackRunResult:
        run = await info.context.services.loop.cancel(input.run_id, origin_of(info, input))
        return FeedbackRunPayload(run=FeedbackRun.of(run))

    @mutation("Applies an improvement that waits for review.")
    async def approve_improvement(self, info: Info, input: ApproveImprovementInput) -> ApproveImprovementResult:
        origin, note = origin_of(info, input), checked(Text, input.note, "input.note")
        improvement = await info.context.services.loop.approve_improvement(input.improvement_id, origin, note)
        return ImprovementPayload(improvement=Improvement.of(improvement))

    @mutation("Rejects an improvement that waits for review, or that no run has taken up.")
    async def reject_improvement(self, info: Info, input: RejectImprovementInput) -> RejectImprovementResult:
        origin, reason = origin_of(info, input), checked(Text, input.reason, "input.reason")
        improvement = await info.context.services.loop.reject_improvement(input.improvement_id, reason, origin)
        return ImprovementPayload(improvement=Improvement.of(improvement))

    @mutation(
        "Rolls back an applied version whose regression waits for review: what was in use before is in use again."
    )
    async def approve_rollback(self, info: Info, input: ApproveRollbackInput) -> ApproveRollbackResult:
        origin, note = origin_of(info, input), checked(Text, input.note, "input.note")
        return WatchPayload(
            watch=Watch.of(await info.context.services.watcher.approve_rollback(input.watch_id, origin, note))
        )

    @mutation("Lets an applied version stay in use whose regression waits for review; it is not watched any more.")
    async def dismiss_regression(self, info: Info, input: DismissRegressionInput) -> DismissRegressionResult:
        origin, reason = origin_of(info, input), checked(Text, input.reason, "input.reason")
        return WatchPayload(
            watch=Watch.of(await info.context.services.watcher.dismiss_regression(input.watch_id, reason, origin))
        )
