"""What differs between two traces."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import ChangedField, RowKind, StepKind, TraceStatus
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.nodes import TRACE, VERSION, link
from loopgraph.contracts.traces import diff as contracts
from loopgraph.orchestrators.traces.diff import MAX_STEPS


@strawberry.type(description="A trace, hook execution or endpoint call, as one side of a comparison.")
class DiffStep:
    kind: StepKind
    step_id: strawberry.ID
    correlation_id: strawberry.ID = strawberry.field(description="The trace it is in.")
    name: str = strawberry.field(description="Its tool or type, its endpoint, or the type of its agent.")
    status: TraceStatus
    started_at: datetime | None
    duration_ms: float | None
    input: JSON | None
    output: JSON | None
    error_type: str | None
    error_message: str | None
    model: str | None
    node_id: strawberry.ID | None = strawberry.field(description="The own id of the pattern version that it ran.")
    trace = link("head", "correlation_id", TRACE, "The trace it is in.")
    version = link("version", "node_id", VERSION, "The pattern version that it ran.")

    @classmethod
    def maybe(cls, step: contracts.DiffStep | None) -> Self | None:
        return shape(cls, step) if step else None


@strawberry.type(description="Two steps that correspond, or one that has no counterpart.")
class DiffRow:
    kind: RowKind
    path: list[str] = short_list("Names of the steps around it, from the root.")
    a: DiffStep | None
    b: DiffStep | None
    changed: list[ChangedField] = strawberry.field(directives=[at_most(len(ChangedField))])
    duration_ratio: float | None = strawberry.field(description="That of b to that of a; it makes no row CHANGED.")

    @classmethod
    def of(cls, row: contracts.DiffRow) -> Self:
        return shape(cls, row, a=DiffStep.maybe(row.a), b=DiffStep.maybe(row.b))


@strawberry.type(
    description="Where two traces begin to differ: a changed pair, or what each side has there that the other has not."
)
class Divergence:
    path: list[str] = short_list("Names of the steps around it, from the root.")
    a: DiffStep | None
    b: DiffStep | None
    changed: list[ChangedField] = strawberry.field(directives=[at_most(len(ChangedField))])

    @classmethod
    def maybe(cls, found: contracts.Divergence | None) -> Self | None:
        return shape(cls, found, a=DiffStep.maybe(found.a), b=DiffStep.maybe(found.b)) if found else None


@strawberry.type(description="Sums over a trace and all that it spawned; null where nothing is known.")
class TraceTotals:
    steps: int = strawberry.field(description="Steps of the work, and endpoint calls; uses of patterns are none.")
    failures: int
    duration_ms: float | None = strawberry.field(description="Of the trace itself.")
    input_tokens: Long | None
    output_tokens: Long | None
    cost_usd: float | None


@strawberry.type(description="What differs between two traces and all that they spawned, step by step.")
class TraceDiff:
    found: strawberry.Private[contracts.TraceDiff]
    first_divergence: Divergence | None = strawberry.field(description="Null if nothing differs.")
    a: TraceTotals
    b: TraceTotals
    difference: TraceTotals = strawberry.field(description="b's totals minus a's.")

    @classmethod
    def of(cls, diff: contracts.TraceDiff) -> Self:
        return cls(
            found=diff,
            first_divergence=Divergence.maybe(diff.first_divergence),
            a=shape(TraceTotals, diff.a),
            b=shape(TraceTotals, diff.b),
            difference=shape(TraceTotals, diff.difference),
        )

    @strawberry.field(
        description="In the order of the trees, a's before b's where neither side has a counterpart.",
        directives=[at_most(2 * MAX_STEPS)],
    )
    def rows(self, differences_only: bool = False) -> list[DiffRow]:
        return [
            DiffRow.of(row) for row in self.found.rows if not differences_only or row.kind is not contracts.RowKind.SAME
        ]
