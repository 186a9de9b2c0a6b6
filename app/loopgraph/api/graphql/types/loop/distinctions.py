"""What distinguishes executions of a version that fail or take long from the others."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import DistinguishedMeasure, Factor, NoEstimate
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts.loop import distinctions as contracts


@strawberry.type(description="The executions of a level, or all others.")
class DistinctionSide:
    units: int = strawberry.field(description="How many units they are of.")
    executions: int = strawberry.field(description="How many they are.")
    value: float = strawberry.field(
        description="Of the failure rate, the mean of the units' rates, 0..1; of durations, the median of the units' means, in "
        "milliseconds."
    )


@strawberry.type(description="A level of a factor, such as one model, compared with all else.")
class Distinction:
    factor: Factor = strawberry.field(description="In what the executions differ.")
    level: str = strawberry.field(description="Which agent, model, …; of the input's size, a range of characters.")
    measure: DistinguishedMeasure = strawberry.field(description="What is compared.")
    inside: DistinctionSide = strawberry.field(description="The executions of this level.")
    outside: DistinctionSide = strawberry.field(description="The others of which it is known.")
    superiority: float | None = strawberry.field(
        description="Probability that a unit inside has more than one outside, ties counting half; null where `reason` says why."
    )
    p_value: float | None = strawberry.field(
        description="Of Mann and Whitney's test, two-sided, by itself; null likewise."
    )
    adjusted_p_value: float | None = strawberry.field(
        description="The same, corrected for all comparisons that were made, after Benjamini and Hochberg; null likewise."
    )
    distinguishes: bool = strawberry.field(
        description=f"Whether that is at most {contracts.FALSE_SHARE}. Of those called so, no larger share is to be false. "
        "What goes with a level need not come of it: nobody assigned it."
    )
    reason: NoEstimate | None = strawberry.field(description="Why a figure is null; null where none is.")
    execution_ids: list[str] = strawberry.field(
        description="The worst executions inside: those that failed, or the slowest.",
        directives=[at_most(contracts.MOST_EVIDENCE)],
    )

    @classmethod
    def of(cls, one: contracts.Distinction) -> Self:
        inside, outside = shape(DistinctionSide, one.inside), shape(DistinctionSide, one.outside)
        return shape(cls, one, inside=inside, outside=outside)


@presents(contracts.Distinctions)
@strawberry.type(description="What distinguishes executions of a version that fail or take long from the others.")
class Distinctions:
    executions: int = strawberry.field(description="How many were looked at.")
    units: int = strawberry.field(description="How many units they are of.")
    truncated: bool = strawberry.field(
        description=f"Whether there were more; the latest {contracts.MOST_EXECUTIONS:,} were looked at."
    )
    items: list[Distinction] = strawberry.field(
        description=f"All that was compared, what distinguishes first: levels with {contracts.LEAST_UNITS} units at least, "
        "and as many outside.",
        directives=[at_most(contracts.MOST_ITEMS)],
    )

    @classmethod
    def of(cls, found: contracts.Distinctions) -> Self:
        return shape(cls, found, items=[Distinction.of(one) for one in found.items])
