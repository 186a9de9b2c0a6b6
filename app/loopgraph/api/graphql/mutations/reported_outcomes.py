"""The mutation by which others report what came of work."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.mutations.inputs import described
from loopgraph.api.graphql.types.changes import ActorInput, ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info, plain
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.loop.reported_outcomes import ReportedOutcome
from loopgraph.contracts.loop.reported_outcomes import NewOutcome
from loopgraph.errors import NotFound


@strawberry.input(
    description="Exactly one of `executionId`, `correlationId`, `sessionId`, and `nodeId` with `unit`; and one of `holds` and "
    "`value`."
)
class ReportOutcomeInput:
    execution_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The execution that it is about, by its own id or its global one."
    )
    correlation_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The trace that it is about, by its own id or its global one; it counts for what was used in it.",
    )
    session_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The session that it is about, by its own id or its global one; it counts for all of its traces.",
    )
    node_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The version whose use by `unit` it is about, by its own id or its global one.",
    )
    unit: str | None = strawberry.field(
        default=strawberry.UNSET, description="The unit that used the version, as it is in its executions."
    )
    name: str = strawberry.field(
        description="What was looked at, such as `tests` or `reward`: letters, digits and `_ . -`, at most 64 characters."
    )
    holds: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it holds.")
    value: float | None = strawberry.field(default=strawberry.UNSET, description="Or a number, in any unit.")
    source: str = strawberry.field(
        description="Who found it out, such as `ci`. A later report of the same source and name counts in place of this one."
    )
    at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When that was found out, from 1970 to a day from now; left out, now. The latest counts.",
    )
    rule: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="On what it rests that it belongs here, where that was concluded: `exact: …` or `inferred: …`.",
    )
    evidence: str | None = strawberry.field(
        default=strawberry.UNSET, description="From what that was concluded, at most 2,000 characters."
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="What else there is to say: an object."
    )
    outcome_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Your own id makes a retry safe; left out, one is made."
    )
    actor: ActorInput | None = strawberry.field(
        default=None, description="Who says it. Left out: the principal of the request, or an anonymous user."
    )


@strawberry.type(description="What came of an outcome that was reported.")
class ReportedOutcomePayload:
    outcome: ReportedOutcome = strawberry.field(description="The outcome as it is kept.")
    repeated: bool = strawberry.field(description="Whether it had been there already; then nothing was changed.")


ReportOutcomeResult = Annotated[ReportedOutcomePayload | Expected, strawberry.union("ReportOutcomeResult")]


@strawberry.type
class ReportedOutcomeMutation:
    @mutation(
        "Reports what came of an execution, of a trace, of a session, or of a unit's use of a version. The same with the same "
        "`outcomeId` changes nothing; a later one of the same source and name counts in place of the earlier."
    )
    async def report_outcome(self, info: Info, input: ReportOutcomeInput) -> ReportOutcomeResult:
        given = {name: value for name, value in plain(input).items() if name != "actor" and value is not None}
        new = described(NewOutcome, given)
        origin = origin_of(info, ChangeInput(actor=input.actor))
        outcomes = info.context.services.reported_outcomes
        outcome, repeated = await outcomes.report(new, origin, info.context.principal)
        kept = await info.context.loaders.outcome.load(outcome.outcome_id)
        if kept is None:  # pruned with its trace since it was reported
            raise NotFound("ReportedOutcome", outcome.outcome_id)
        return ReportedOutcomePayload(outcome=ReportedOutcome.of(kept), repeated=repeated)
