"""How the use of subjects develops, and who of their users stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import AnalyticsBasis
from loopgraph.api.graphql.types.analytics.subjects import AboutSubject
from loopgraph.api.graphql.types.common import Info, Long, shape
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.enums import NoFigure, Period, TrendClass, TrendDirection
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts.analytics import trends as contracts
from loopgraph.contracts.analytics.subjects import Subject

_WEEKS = 58
"""The weeks of the longest window."""


@strawberry.type(
    description="Whether and how fast something goes up or down, without its season: the slope of Theil and Sen, and the test of "
    "Mann and Kendall on the series whitened by what is left of it about the line."
)
class TrendFigures:
    period: Period = strawberry.field(
        description="What was looked at: days in which little happens are summed to weeks."
    )
    count: int = strawberry.field(description="How many values are known.")
    slope: float | None = strawberry.field(description="By how much it changes in a day, in units of the values.")
    slope_interval: Interval | None = strawberry.field(description="Where the true slope lies, at 95 %.")
    change: float | None = strawberry.field(
        description="What the slope comes to from first period to last, as a part of the mean; null unless that is above 0."
    )
    tau: float | None = strawberry.field(description="Kendall's rank correlation with time, -1..1.")
    p_value: float | None = strawberry.field(description="Two-sided, of no trend, for this series alone.")
    adjusted_p_value: float | None = strawberry.field(
        description="The same, adjusted for all series that were looked at (Benjamini and Hochberg); below 0.05 it is a trend."
    )
    autocorrelation: float | None = strawberry.field(description="Of what is left of the series about the line.")
    direction: TrendDirection | None = strawberry.field(description="Where it goes; null where that cannot be told.")
    reason: NoFigure | None = strawberry.field(description="Why there is no trend to tell; null if there is one.")

    @classmethod
    def of(cls, trend: contracts.Trend) -> Self:
        return shape(cls, trend, period=trend.step, count=trend.n, slope_interval=Interval.of(trend.slope_interval))


@strawberry.type(description="The last days against as many before them: sums of counts, means of other values.")
class GrowthFigures:
    days: int = strawberry.field(description="How many days: a week, or four weeks, which have the same weekdays.")
    before: float | None = strawberry.field(description="What there was in the days before.")
    after: float | None = strawberry.field(description="What there was in the last days.")
    rate: float | None = strawberry.field(
        description="By how much it grew, as a part of what was before: 0.15 is 15 % more."
    )
    reason: NoFigure | None = strawberry.field(description="Why there is no rate; null if there is one.")


@strawberry.type(description="How fast something is used, and how that changes.")
class UsageVelocity:
    per_day: float | None = strawberry.field(description="Executions a day in the last week.")
    acceleration: float | None = strawberry.field(
        description="The change of that against the week before: executions a day, per day."
    )
    reason: NoFigure | None = strawberry.field(description="Why one of them is not known; null if both are.")


@presents(contracts.SubjectTrend)
@strawberry.type(description="How the use of one subject develops, by whole days of UTC that are over.")
class SubjectTrend(AboutSubject):
    subject: strawberry.Private[Subject]
    label: str = strawberry.field(description="What people call it: a pattern by its name.")
    classification: TrendClass | None = strawberry.field(description="How it develops; null where that cannot be told.")
    rule: str = strawberry.field(description="By which rule, in words, with the numbers that led to it.")
    reason: NoFigure | None = strawberry.field(description="Why it cannot be told; null if it can.")
    days: int = strawberry.field(description="How many days were looked at.")
    executions: Long
    days_used: int = strawberry.field(description="On how many of the days it was used.")
    silent_days: int | None = strawberry.field(description="Days since the last one on which it was used.")
    longest_gap_days: int | None = strawberry.field(description="The most days without a use before that.")
    age_days: int | None = strawberry.field(description="How many days ago its first use was, as far as that is known.")
    velocity: UsageVelocity = strawberry.field(description="How fast it is used.")
    weekly_growth: GrowthFigures = strawberry.field(description="Week over week.")
    monthly_growth: GrowthFigures = strawberry.field(description="Four weeks over four weeks.")
    trend: TrendFigures = strawberry.field(description="Where it goes, since its first use.")

    @classmethod
    def of(cls, one: contracts.SubjectTrend) -> Self:
        usage = one.usage
        return shape(
            cls,
            usage,
            subject=one.subject,
            label=one.label,
            executions=Long(int(usage.executions)),
            velocity=shape(UsageVelocity, usage.velocity),
            weekly_growth=shape(GrowthFigures, usage.weekly),
            monthly_growth=shape(GrowthFigures, usage.monthly),
            trend=TrendFigures.of(usage.trend),
        )


@strawberry.type(
    description="How the uses of the subjects of a kind develop; their p-values are adjusted for each other."
)
class UsageTrends:
    chosen: strawberry.Private[Sequence[contracts.SubjectTrend]]
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    subjects: int = strawberry.field(description="How many were looked at: those that were used at all, the most used.")
    more: bool = strawberry.field(description="Whether there are others that were used.")

    @classmethod
    def of(cls, found: contracts.UsageTrends, chosen: Sequence[contracts.SubjectTrend]) -> Self:
        return cls(chosen=chosen, basis=shape(AnalyticsBasis, found.basis), subjects=found.subjects, more=found.more)

    @strawberry.field(description="How many of them were asked for.")
    def total_count(self) -> int:
        return len(self.chosen)

    @strawberry.field(description="Those that were asked for.")
    def trends(self, info: Info, first: int = 20) -> list[SubjectTrend]:
        return [SubjectTrend.of(one) for one in self.chosen[: checked_size(info, first)]]


@strawberry.type(description="The users of one week.")
class UserWeek:
    start: datetime = strawberry.field(description="When the week begins.")
    active: int = strawberry.field(description="How many there were.")
    new: int = strawberry.field(description="How many of them for the first time.")
    retained: int = strawberry.field(description="How many of those of the week before.")
    retention: float | None = strawberry.field(description="Which part that is of them; null where there were none.")


@strawberry.type(description="The users who came first in one week.")
class UserCohort:
    start: datetime = strawberry.field(description="When the week begins.")
    size: int = strawberry.field(description="How many there are.")
    retained: list[int] = strawberry.field(
        directives=[at_most(_WEEKS)], description="How many of them were there in this week, the next one, and so on."
    )


@strawberry.type(
    description="How many users come back so many weeks after their first, over the cohorts that are old enough."
)
class RetentionPoint:
    age: int = strawberry.field(description="How many weeks after the first.")
    retained: int = strawberry.field(description="How many came back.")
    of: int = strawberry.field(description="Of how many.")
    rate: float = strawberry.field(description="Which part that is.")
    interval: Interval = strawberry.field(description="Wilson's interval of it, at 95 %.")


@strawberry.type(description="Who comes and who stays, by whole weeks that are over, which end with the last day.")
class UserRetention:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    users: int = strawberry.field(description="How many users there were.")
    at_least: bool = strawberry.field(
        description="Whether some are missing: on some day there were more than are told apart."
    )
    adoption_rate: float | None = strawberry.field(
        description="Which part they are of the users of anything in this time."
    )
    reason: NoFigure | None = strawberry.field(description="Why there is no retention; null if there is.")
    weeks: list[UserWeek] = strawberry.field(directives=[at_most(_WEEKS)], description="Each week.")
    cohorts: list[UserCohort] = strawberry.field(
        directives=[at_most(_WEEKS)],
        description="By the week of their first use; users of the four weeks before are in none.",
    )
    curve: list[RetentionPoint] = strawberry.field(
        directives=[at_most(_WEEKS)], description="How many come back, by the time since their first use."
    )

    @classmethod
    def of(cls, found: contracts.RetainedUsers) -> Self:
        kept = found.retention
        return cls(
            basis=shape(AnalyticsBasis, found.basis),
            users=kept.users,
            at_least=found.at_least,
            adoption_rate=kept.adoption_rate,
            reason=kept.reason,
            weeks=[UserWeek(**week._asdict()) for week in kept.periods],
            cohorts=[
                UserCohort(start=cohort.start, size=cohort.size, retained=list(cohort.retained)) for cohort in kept.cohorts
            ],
            curve=[
                RetentionPoint(
                    age=at.age, retained=at.retained, of=at.of, rate=at.rate,
                    interval=Interval(low=at.interval[0], high=at.interval[1]),
                )
                for at in kept.curve
            ],
        )  # fmt: skip
