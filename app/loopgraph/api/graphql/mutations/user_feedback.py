"""The mutation by which people and agents say what they think of work that was done."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.mutations.inputs import described
from loopgraph.api.graphql.types.changes import ActorInput, ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info, plain
from loopgraph.api.graphql.types.enums import Sentiment
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.loop.user_feedback import Feedback
from loopgraph.contracts.loop.user_feedback import NewFeedback


@strawberry.input(
    description="Exactly one of `executionId`, `correlationId` and `nodeId`, and at least one of `rating`, `sentiment`, "
    "`comment` and `tags`."
)
class SubmitFeedbackInput:
    execution_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The execution that it is about, by its own id or its global one."
    )
    correlation_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The trace that it is about, by its own id or its global one; it counts for the versions used in it.",
    )
    node_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The version that it is about, by its own id or its global one."
    )
    rating: int | None = strawberry.field(default=strawberry.UNSET, description="1 (worst) to 5 (best).")
    sentiment: Sentiment | None = strawberry.field(
        default=strawberry.UNSET, description="Left out, what the words of the comment tell, if they tell any."
    )
    comment: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="In one's own words, at most 10,000 characters; secrets in it are not kept.",
    )
    tags: list[str] | None = strawberry.field(default=strawberry.UNSET, description="At most 20 tags.")
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="What else there is to say: an object."
    )
    feedback_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    actor: ActorInput | None = strawberry.field(
        default=None, description="Who says it. Left out: the principal of the request, or an anonymous user."
    )


@strawberry.type(description="What came of feedback that was submitted.")
class FeedbackPayload:
    feedback: Feedback = strawberry.field(description="The feedback as it is kept.")
    repeated: bool = strawberry.field(description="Whether it had been there already; then nothing was changed.")


SubmitFeedbackResult = Annotated[FeedbackPayload | Expected, strawberry.union("SubmitFeedbackResult")]


@strawberry.type
class UserFeedbackMutation:
    @mutation(
        "Says what somebody thinks of an execution, of a trace, or of a version. "
        "The same with the same `feedbackId` changes nothing."
    )
    async def submit_feedback(self, info: Info, input: SubmitFeedbackInput) -> SubmitFeedbackResult:
        given = {name: value for name, value in plain(input).items() if name != "actor" and value is not None}
        new = described(NewFeedback, given)
        origin = origin_of(info, ChangeInput(actor=input.actor))
        said = info.context.services.user_feedback
        feedback, repeated = await said.submit(new, origin, info.context.principal)
        return FeedbackPayload(feedback=Feedback.of(feedback), repeated=repeated)
