"""What others report of what came of work, and what it comes to."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import ActorType
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import SESSION, STEP, TRACE, VERSION, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts.loop import reported_outcomes as contracts


@presents(contracts.OutcomeStanding)
@strawberry.type(
    description="What somebody outside reported of what came of work: that tests passed, a reward, what became of a commit."
)
class ReportedOutcome(Loaded, relay.Node):
    loader = "outcome"
    outcome_id: relay.NodeID[str]
    execution_id: strawberry.ID | None = strawberry.field(
        description="The own id of the execution that it is about; null if it is about something else."
    )
    correlation_id: strawberry.ID | None = strawberry.field(
        description="The correlation id of the trace that it is about; null if it is about something else."
    )
    session_id: strawberry.ID | None = strawberry.field(
        description="The own id of the session that it is about; null if it is about something else."
    )
    node_id: strawberry.ID | None = strawberry.field(
        description="The own id of the version whose use by `unit` it is about; null if it is about something else."
    )
    unit: str | None = strawberry.field(
        description="The unit that used the version; null if it is about something else."
    )
    name: str = strawberry.field(description="What was looked at, such as `tests`, `reward` or `merged`.")
    holds: bool | None = strawberry.field(description="Whether it holds; null where it is a number.")
    value: float = strawberry.field(description="The number; 1 or 0 of what holds or does not.")
    source: str = strawberry.field(description="Who found it out, such as `ci` or `git`.")
    at: datetime = strawberry.field(description="When that was found out, in UTC.")
    rule: str | None = strawberry.field(
        description="On what it rests that it belongs here: `exact: …` or `inferred: …`; null where its sender says nothing."
    )
    evidence: str | None = strawberry.field(description="From what that was concluded, as far as content is kept.")
    metadata: JSON = strawberry.field(description="What else its sender says, as far as content is kept.")
    reported_at: datetime = strawberry.field(description="When it was reported, in UTC.")
    actor_type: ActorType
    created_by: str
    counts: bool = strawberry.field(
        description="Whether it counts: no later one of its source and name is about the same. The others stay as they were said."
    )

    @classmethod
    def of(cls, standing: contracts.OutcomeStanding) -> Self:
        return shape(cls, standing.outcome, counts=standing.counts)

    raw_id = own_id("outcome_id")
    execution = link(
        "hook_execution", "execution_id", STEP, "The execution that it is about; null if it is another thing."
    )
    trace = link("head", "correlation_id", TRACE, "The trace that it is about; null if it is another thing.")
    session = link("session", "session_id", SESSION, "The session that it is about; null if it is another thing.")
    version = link("version", "node_id", VERSION, "The version whose use it is about; null if it is another thing.")


@strawberry.type(
    description="What the outcomes of one name come to, over units: those of one unit are not independent."
)
class OutcomeFigures:
    name: str = strawberry.field(description="What was looked at.")
    boolean: bool = strawberry.field(
        description="Whether all of them say if something holds; then the mean is a share."
    )
    outcomes: Long = strawberry.field(description="How many outcomes count; what was corrected does not.")
    units: Long = strawberry.field(description="How many units they are of.")
    mean: float = strawberry.field(
        description="The mean of the units' means, in the unit of the outcome; 0..1 if boolean."
    )
    interval: Interval | None = strawberry.field(
        description="At 95 %: Wilson's where every unit's mean is 0 or 1, else Student's over the units' means, which is rough "
        "below some 20 units. Null below two units, and where all are equal."
    )

    @classmethod
    def of(cls, figures: contracts.OutcomeFigures) -> Self:
        return shape(
            cls,
            figures,
            outcomes=Long(figures.outcomes),
            units=Long(figures.units),
            interval=Interval.of(figures.interval),
        )


@presents(contracts.OutcomeSummary)
@strawberry.type(description="What the outcomes that others reported come to.")
class OutcomeSummary:
    figures: list[OutcomeFigures] = strawberry.field(
        description="For each name, those with the most units first.", directives=[at_most(contracts.TOP_NAMES)]
    )

    @classmethod
    def of(cls, summary: contracts.OutcomeSummary) -> Self:
        return cls(figures=[OutcomeFigures.of(one) for one in summary.figures])
