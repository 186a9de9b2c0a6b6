"""What is told of work without anybody saying it."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import SignalKind
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.contracts.traces import signals as contracts

_ONE_EACH = at_most(len(contracts.SignalKind))


@strawberry.type(description="Something that is told of a trace without anybody saying it.")
class Signal:
    kind: SignalKind = strawberry.field(description="What it is about.")
    holds: bool | None = strawberry.field(description="Whether it holds; null where that is not known, or not yet.")
    rule: str = strawberry.field(
        description="By which rule: `exact: …`, `inferred: …`, or `unknown: …`, as docs/feedback.md has them."
    )
    evidence: str | None = strawberry.field(
        description="The words, the likeness or the files that tell it; null where the rule says all."
    )
    correlation_ids: list[str] = short_list("The later traces that tell it, or some of them.")
    execution_ids: list[str] = short_list("The steps that tell it, or some of them.")


@strawberry.type(description="What is told of a trace by what was done, and by what followed it in its session.")
class TraceSignals:
    signals: list[Signal] = strawberry.field(description="One of each kind.", directives=[_ONE_EACH])
    completed_ms: float | None = strawberry.field(
        description="From its prompt to its end, in milliseconds; null where one is not known."
    )
    resolved_ms: float | None = strawberry.field(
        description="From its prompt to the end of the last of its rounds, in milliseconds; null where that is open."
    )
    rounds: int = strawberry.field(
        description="How many prompts it took: itself, and those that correct it one after the other; at most 11 are looked at."
    )

    @classmethod
    def of(cls, told: contracts.TraceSignals) -> Self:
        return shape(cls, told, signals=[shape(Signal, one) for one in told.signals])


@strawberry.type(description="How often a signal holds.")
class SignalRate:
    kind: SignalKind = strawberry.field(description="What it is about.")
    traces: int = strawberry.field(description="Traces that were looked at.")
    known: int = strawberry.field(description="Those of which it is known whether it holds.")
    holding: int = strawberry.field(description="Those of which it holds.")
    units: int = strawberry.field(description="Units with a trace of which it is known.")
    holding_units: int = strawberry.field(description="Units in which it holds of one trace at least.")
    rate: float | None = strawberry.field(description="The share of these units, 0..1; null without any.")
    interval: Interval | None = strawberry.field(
        description="Wilson's interval of the rate at 95 %; null without units."
    )


@strawberry.type(description="What the signals come to of the prompts in which a version was used.")
class SignalSummary:
    traces: int = strawberry.field(description="How many prompts were looked at.")
    units: int = strawberry.field(description="How many units they are of.")
    truncated: bool = strawberry.field(
        description=f"Whether there were more; the latest {contracts.MOST_TRACES} were looked at."
    )
    rates: list[SignalRate] = strawberry.field(description="One for each kind of signal.", directives=[_ONE_EACH])
    median_completed_ms: float | None = strawberry.field(
        description="Median of the time from prompt to end, in milliseconds; null where none is known."
    )
    median_resolved_ms: float | None = strawberry.field(
        description="Median of the time until nobody corrected any more, in milliseconds; null where none is known."
    )

    @classmethod
    def of(cls, summary: contracts.SignalSummary) -> Self:
        rates = [shape(SignalRate, one, interval=Interval.of(one.interval)) for one in summary.rates]
        return shape(cls, summary, rates=rates)
