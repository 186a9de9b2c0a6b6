"""Mutations of the improvement loop."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.changes import ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info, checked, plain, validated
from loopgraph.api.graphql.types.enums import FeedbackType, ImprovementType
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.loop.runs import FeedbackRun, Improvement
from loopgraph.contracts import feedback as contracts
from loopgraph.contracts.base import Id, Text


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


@strawberry.input(
    description="What a run of the loop is to do. Nothing is applied that no experiment or reviewer approved."
)
class StartFeedbackLoopInput(ChangeInput):
    pattern_id: strawberry.ID
    run_id: strawberry.ID | None = strawberry.field(
        default=None, description="Your own id makes a retry safe; left out, one is made."
    )
    feedback_type: FeedbackType = contracts.FeedbackType.PERFORMANCE
    time_window_days: int = 7
    auto_apply_threshold: float = strawberry.field(
        default=0.95, description="Least confidenceScore for applying without review; 1 never applies by itself."
    )
    min_sample_size: int = strawberry.field(default=30, description="Units that each arm needs, at least 10.")
    significance_level: float = 0.05
    enable_ab_testing: bool = strawberry.field(
        default=True, description="Without experiments every improvement is left for review."
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

_CHANGE = ("actor", "correlation_id")


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
        data = {name: value for name, value in plain(input).items() if name not in ("actor", "run_id")}
        wanted = validated(contracts.LoopInput, data)
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
